import 'uplot/dist/uPlot.min.css';
import './charts.css';
import { useSignal } from '@preact/signals';
import { useId, useLayoutEffect, useRef } from 'preact/hooks';
import { ChartLegend } from './chart-legend.tsx';
import { attachPanZoom, keyed } from './pan-zoom.ts';
import { createPlot, type Plot, type PlotInput, plotShape } from './plot.ts';
import { chartSummary } from './summary.ts';
import { themeChanges } from './theme.ts';
import type { ChartLevel, ChartRegion, ChartSeries, TimeRange } from './types.ts';

export interface TimeChartProps {
  /** What it shows, in a few words: its heading and accessible name. */
  title: string;
  /** Leaves the heading out of sight; it stays the accessible name. */
  quietTitle?: boolean;
  series: readonly ChartSeries[];
  /** The stretch of time in sight; without it, that of the rows. */
  range?: TimeRange | undefined;
  /** IANA name of the zone whose clock the axis shows. */
  zone: string;
  /** Of the plot with its axes, in CSS pixels. */
  height?: number;
  levels?: readonly ChartLevel[];
  regions?: readonly ChartRegion[];
  /** The cursors of charts with the same group move together. */
  group?: string | undefined;
  /** Powers of ten; what is not above 0 lies on the lower edge. */
  log?: boolean;
  /** false: without the labels of time, for a chart that stands on another. */
  timeAxis?: boolean;
  legend?: boolean;
  /** Milliseconds without a row from which on the line is broken; without it, five times what is usual. */
  gap?: number | undefined;
  loading?: boolean;
  /** What is said when there is no row. */
  empty?: string;
  /** The user zoomed or moved. Without it the chart keeps the range for itself. */
  onRange?: (range: TimeRange) => void;
  /** Double click, 0 or Escape. */
  onReset?: () => void;
}

const noLevels: readonly ChartLevel[] = [];
const noRegions: readonly ChartRegion[] = [];

function extent(series: readonly ChartSeries[]): TimeRange | null {
  let from = Number.POSITIVE_INFINITY;
  let to = Number.NEGATIVE_INFINITY;
  for (const { times } of series) {
    if (times.length === 0) continue;
    from = Math.min(from, times[0]);
    to = Math.max(to, times[times.length - 1]);
  }
  return from > to ? null : from === to ? { from: from - 1000, to: to + 1000 } : { from, to };
}

/** Lines over time. Drag to zoom, shift-drag or ← → to move, the wheel or + − to zoom, double click or 0 for the whole. */
export function TimeChart(props: TimeChartProps) {
  const { title, series, zone, height = 220, levels = noLevels, regions = noRegions, timeAxis = true } = props;
  const id = useId();
  const frame = useRef<HTMLDivElement>(null);
  const host = useRef<HTMLDivElement>(null);
  const own = useSignal<TimeRange | null>(null);
  const hidden = useSignal<ReadonlySet<string>>(new Set());
  const pointer = useSignal<number | null>(null);
  const width = useSignal(0);
  const summary = useRef({ text: '', at: 0 });
  const theme = themeChanges.value;

  const whole = extent(series);
  const range = props.range ?? own.value ?? whole ?? { from: 0, to: 60_000 };
  const input: PlotInput = {
    series,
    range,
    zone,
    levels,
    regions,
    hidden: hidden.value,
    log: props.log === true,
    timeAxis,
    gap: props.gap,
    group: props.group,
  };
  // Nothing says which stretch of time to show.
  const blank = whole === null && props.range === undefined;
  const latest = useRef({ input, props, height, blank });
  latest.current = { input, props, height, blank };

  const setRange = (next: TimeRange) => {
    const { onRange } = latest.current.props;
    if (onRange === undefined) own.value = next;
    else onRange(next);
  };
  const reset = () => {
    own.value = null;
    latest.current.props.onReset?.();
  };

  const plot = useRef<{ plot: Plot; shape: string; size: string; detach: () => void } | null>(null);
  const awaited = useRef(0);
  const drop = () => {
    plot.current?.detach();
    plot.current?.plot.destroy();
    plot.current = null;
  };

  // One drawing per frame of the screen, however often the rows change in between; none while the page is hidden.
  useLayoutEffect(() => {
    if (awaited.current !== 0) return;
    awaited.current = requestAnimationFrame(() => {
      awaited.current = 0;
      const { input, height, blank } = latest.current;
      if (host.current === null || width.peek() === 0) return;
      if (blank) return drop();
      const shape = `${plotShape(input)} ${theme}`;
      const size = `${width.peek()} ${height}`;
      if (plot.current?.shape !== shape) drop();
      if (plot.current === null) {
        const made = createPlot(
          host.current,
          input,
          { width: width.peek(), height },
          {
            select: setRange,
            reset,
            cursor: (time) => {
              pointer.value = time;
            },
          },
        );
        const view = {
          range: () => latest.current.input.range,
          set: setRange,
          focused: () => frame.current !== null && frame.current === document.activeElement,
        };
        plot.current = { plot: made, shape, size, detach: attachPanZoom(made.over, view) };
      } else if (plot.current.size !== size) {
        plot.current.plot.resize(width.peek(), height);
        plot.current.size = size;
      }
      plot.current.plot.paint(input);
    });
  });

  useLayoutEffect(() => {
    const element = host.current;
    if (element === null) return;
    const observer = new ResizeObserver(([entry]) => {
      width.value = Math.floor(entry!.contentRect.width);
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      cancelAnimationFrame(awaited.current);
      awaited.current = 0;
      drop();
    };
  }, []);

  const now = Date.now();
  if (now - summary.current.at > 2000 || summary.current.text === '') summary.current = { text: chartSummary(series, range, zone, levels, regions), at: now };
  // Read here so that a new size draws anew.
  const ready = width.value > 0;

  return (
    <figure class="chart" data-ready={ready} aria-busy={props.loading === true}>
      <figcaption id={`${id}-title`} class={props.quietTitle ? 'visually-hidden' : 'chart-title'}>
        {title}
      </figcaption>
      {props.legend === false ? null : (
        <ChartLegend
          series={series}
          levels={levels}
          hidden={hidden.value}
          onToggle={(name) => {
            const next = new Set(hidden.value);
            if (!next.delete(name)) next.add(name);
            hidden.value = next;
          }}
          at={pointer.value ?? range.to}
          pointed={pointer.value !== null}
          zone={zone}
        />
      )}
      <div
        ref={frame}
        class="chart-frame"
        role="application"
        aria-roledescription="chart"
        aria-labelledby={`${id}-title`}
        aria-describedby={`${id}-summary`}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: keys move and zoom it
        tabIndex={0}
        style={{ height: `${height}px` }}
        onKeyDown={(event) => {
          const next = keyed(event, range);
          if (next === null) return;
          event.preventDefault();
          if (next === 'reset') reset();
          else setRange(next);
        }}
      >
        <div ref={host} class="chart-host" />
        {props.loading === true ? <div class="chart-loading" /> : null}
        {whole === null && props.loading !== true ? (
          <p class={blank ? 'chart-empty chart-blank' : 'chart-empty'}>{props.empty ?? 'No rows in this stretch of time.'}</p>
        ) : null}
      </div>
      <p id={`${id}-summary`} class="visually-hidden">
        {summary.current.text} Arrow keys move, plus and minus zoom, 0 resets.
      </p>
    </figure>
  );
}
