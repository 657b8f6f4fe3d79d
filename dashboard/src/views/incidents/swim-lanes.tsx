import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ApiIncident } from '../../../../serve/api.ts';
import { timeLabels, timeMarks } from '../../charts/time-marks.ts';
import { navigate } from '../../router.ts';
import { zone } from '../../time.ts';
import { describeIncident } from './describe.ts';
import { LaneTooltip } from './lane-tooltip.tsx';
import { type Bar, type Direction, type Lane, type LaneKind, layLanes, neighbour, type Span } from './lanes.ts';
import { useDragZoom } from './use-drag-zoom.ts';

interface SwimLanesProps {
  readonly incidents: readonly ApiIncident[];
  readonly kind: LaneKind;
  /** Lanes that are shown even when they are empty. */
  readonly names: readonly string[];
  readonly range: Span;
  /** Time of the newest row: open incidents run on to it. */
  readonly now: number;
  readonly selected: string | undefined;
  readonly hrefOf: (incident: ApiIncident) => string;
  /** A stretch was chosen by dragging. */
  readonly onZoom: (range: Span) => void;
}

/** A bar narrower than this would not be seen, px. */
const narrowest = 7;
/** Below this width the names of the lanes stand above them, px. */
const wide = 640;
/** Width for the names of lanes, px: a character takes about so much. */
const gutterWidth = { least: 88, most: 200, character: 7.4, around: 22 };
const axisHeight = 36;
const nameHeight = 18;
const padding = 7;
/** Of one row of bars, px: less where many lie below each other. */
const rowHeight = { most: 20, least: 8, lane: 120 };

interface Laid extends Lane {
  readonly top: number;
  readonly height: number;
  readonly row: number;
}

const arrows: Readonly<Record<string, Direction>> = { ArrowLeft: 'earlier', ArrowRight: 'later', ArrowUp: 'up', ArrowDown: 'down' };

/**
 * Incidents as bars on a lane for each stage or detector. Drag over a stretch to zoom into it; the arrow keys walk from bar to bar.
 */
export function SwimLanes({ incidents, kind, names, range, now, selected, hrefOf, onZoom }: SwimLanesProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [shown, setShown] = useState<Bar | undefined>();
  useLayoutEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry!.contentRect.width)));
    observer.observe(frame.current!);
    return () => observer.disconnect();
  }, []);

  const gutter = width < wide ? 0 : gutterFor(names);
  const plot = Math.max(1, width - gutter);
  const perPixel = (range.to - range.from) / plot;
  const x = (time: number) => gutter + (time - range.from) / perPixel;
  const timeAt = (px: number) => range.from + (Math.min(Math.max(px, gutter), width) - gutter) * perPixel;
  const shortest = perPixel * narrowest;
  const lanes = useMemo(() => layLanes(incidents, { kind, names, now, shortest }), [incidents, kind, names, now, shortest]);
  const laid = place(lanes, gutter === 0 ? nameHeight : 0);
  const height = laid.reduce((sum, lane) => sum + lane.height, 0);
  const bars = lanes.flatMap((lane) => lane.bars);
  // One stop of the tab key for all bars: the chosen one, or the newest.
  const stop = bars.some(({ incident }) => incident.id === selected) ? selected : newest(bars)?.incident.id;
  const marks = timeMarks(range.from, range.to, Math.max(2, Math.floor(plot / 110)), zone.value);
  const labels = timeLabels(marks.at, marks.step, zone.value);

  const { chosen, handlers } = useDragZoom(timeAt, onZoom);
  // A bar that is gone, or out of sight, has nothing to tell.
  const told = shown === undefined ? undefined : bars.find(({ incident }) => incident.id === shown.incident.id);
  useEffect(() => setShown(undefined), [range.from, range.to]);

  const onKeyDown = (event: KeyboardEvent) => {
    const id = (event.target as Element).closest<SVGAElement>('[data-incident]')?.dataset.incident;
    const direction = arrows[event.key];
    if (event.key === 'Escape') setShown(undefined);
    if (id === undefined || direction === undefined) return;
    event.preventDefault();
    const next = neighbour(lanes, id, direction);
    if (next) frame.current?.querySelector<SVGAElement>(`[data-incident="${CSS.escape(next.incident.id)}"]`)?.focus();
  };

  return (
    <div class="lanes" ref={frame}>
      {width === 0 ? null : (
        // biome-ignore lint/a11y/useSemanticElements: a drawing is no fieldset; dragging over it is a shortcut for buttons, its keys belong to the links inside
        <svg
          class={chosen === undefined ? 'lanes-plot' : 'lanes-plot lanes-dragging'}
          width={width}
          height={height + axisHeight}
          role="group"
          aria-label={`Incidents by ${kind}`}
          onKeyDown={onKeyDown}
          {...handlers}
        >
          {laid.map((lane, k) => (
            <g key={lane.name} transform={`translate(0 ${lane.top})`}>
              <rect class={k % 2 === 0 ? 'lane lane-even' : 'lane'} width={width} height={lane.height} />
              <text class="lane-name" x={gutter === 0 ? 4 : 10} y={gutter === 0 ? 13 : lane.height / 2} dominant-baseline={gutter === 0 ? 'auto' : 'central'}>
                {shortened(lane.name)}
                <title>{lane.name}</title>
              </text>
            </g>
          ))}
          {marks.at.map((at, k) => (
            <g key={at} transform={`translate(${x(at)} 0)`}>
              <path class="lanes-grid" d={`M0 0V${height + 4}`} />
              {labels[k].split('\n').map((line, row) => (
                <text key={line} class="lanes-tick" y={height + 16 + row * 14} text-anchor={anchor(x(at), gutter, width)}>
                  {line}
                </text>
              ))}
            </g>
          ))}
          {now > range.from && now < range.to ? <path class="lanes-now" d={`M${x(now)} 0V${height}`} /> : null}
          {laid.map((lane) => (
            <g key={lane.name} transform={`translate(0 ${lane.top + padding + (gutter === 0 ? nameHeight : 0)})`}>
              {lane.bars.map((bar) => {
                const left = Math.max(gutter, x(bar.from));
                const right = Math.min(width, Math.max(x(bar.to), left + narrowest));
                if (right <= gutter || left >= width) return null;
                return (
                  <IncidentBar
                    key={bar.incident.id}
                    bar={bar}
                    box={{ x: Math.min(left, width - narrowest), y: bar.row * lane.row, width: right - left, height: lane.row - Math.min(4, lane.row / 4) }}
                    href={hrefOf(bar.incident)}
                    current={bar.incident.id === selected}
                    stop={bar.incident.id === stop}
                    onShow={setShown}
                  />
                );
              })}
            </g>
          ))}
          {chosen === undefined ? null : (
            <rect class="lanes-chosen" x={x(chosen.from)} width={Math.max(1, (chosen.to - chosen.from) / perPixel)} height={height} />
          )}
        </svg>
      )}
      {told === undefined || chosen !== undefined ? null : <LaneTooltip incident={told.incident} now={now} {...besides(told, laid, x, gutter, width)} />}
    </div>
  );
}

interface IncidentBarProps {
  readonly bar: Bar;
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
  readonly href: string;
  readonly current: boolean;
  readonly stop: boolean;
  readonly onShow: (bar: Bar | undefined) => void;
}

function IncidentBar({ bar, box, href, current, stop, onShow }: IncidentBarProps) {
  const { incident } = bar;
  const kind = incident.mark?.alarm === 'false' ? 'bar-dismissed' : incident.peak.grade >= 1 ? 'bar-error' : 'bar-warning';
  return (
    <a
      class={`bar ${kind} ${incident.open ? 'bar-open' : ''} ${current ? 'bar-current' : ''}`}
      href={href}
      data-incident={incident.id}
      aria-label={describeIncident(incident)}
      aria-current={current ? 'true' : undefined}
      tabindex={stop ? 0 : -1}
      draggable={false}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
        event.preventDefault();
        navigate(href);
      }}
      onPointerEnter={() => onShow(bar)}
      onPointerLeave={() => onShow(undefined)}
      onFocus={() => onShow(bar)}
      onBlur={() => onShow(undefined)}
    >
      <rect {...box} rx={Math.min(3, box.height / 3)} />
    </a>
  );
}

function gutterFor(names: readonly string[]): number {
  const { least, most, character, around } = gutterWidth;
  return Math.round(Math.min(most, Math.max(least, Math.max(0, ...names.map((name) => name.length)) * character + around)));
}

/** A name that fits into the widest gutter. */
function shortened(name: string): string {
  const characters = Math.floor((gutterWidth.most - gutterWidth.around) / gutterWidth.character);
  return name.length <= characters ? name : `${name.slice(0, characters - 1)}…`;
}

function place(lanes: readonly Lane[], above: number): Laid[] {
  let top = 0;
  return lanes.map((lane) => {
    const row = Math.max(rowHeight.least, Math.min(rowHeight.most, rowHeight.lane / lane.depth));
    const height = above + 2 * padding + lane.depth * row;
    top += height;
    return { ...lane, row, height, top: top - height };
  });
}

const newest = (bars: readonly Bar[]) => bars.reduce<Bar | undefined>((last, bar) => (last === undefined || bar.from > last.from ? bar : last), undefined);

/** Labels at the edges stay inside. */
const anchor = (at: number, left: number, right: number) => (at - left < 30 ? 'start' : right - at < 30 ? 'end' : 'middle');

/** Where the tooltip stands: above the middle of what is to be seen of the bar. */
function besides(bar: Bar, laid: readonly Laid[], x: (time: number) => number, left: number, right: number) {
  const lane = laid.find(({ bars }) => bars.some(({ incident }) => incident.id === bar.incident.id))!;
  const middle = (Math.max(left, x(bar.from)) + Math.min(right, x(bar.to))) / 2;
  const above = lane.height - 2 * padding - lane.depth * lane.row;
  return { x: middle, y: lane.top + above + padding + bar.row * lane.row, right };
}
