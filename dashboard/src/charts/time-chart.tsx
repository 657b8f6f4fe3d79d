import { useSignal } from '@preact/signals';
import { ChartFrame } from './chart-frame.tsx';
import { ChartLegend } from './chart-legend.tsx';
import { createLines, type LinesInput, linesShape } from './lines.ts';
import { linesSummary } from './summary.ts';
import type { ChartLevel, ChartRegion, ChartSeries, TimeRange } from './types.ts';

export interface TimeChartProps {
  /** What it shows, in a few words: its heading and accessible name. */
  readonly title: string;
  /** Leaves the heading out of sight; it stays the accessible name. */
  readonly quietTitle?: boolean;
  readonly series: readonly ChartSeries[];
  /** The stretch of time in sight; without it, that of the rows. */
  readonly range?: TimeRange | undefined;
  /** IANA name of the zone whose clock the axis shows. */
  readonly zone: string;
  /** Of the plot with its axes, in CSS pixels. */
  readonly height?: number;
  readonly levels?: readonly ChartLevel[];
  readonly regions?: readonly ChartRegion[];
  /** The cursors of charts with the same group move together. */
  readonly group?: string | undefined;
  /** Powers of ten; what is not above 0 lies on the lower edge. */
  readonly log?: boolean;
  /** false: without the labels of time, for a chart that stands on another. */
  readonly timeAxis?: boolean;
  readonly legend?: boolean;
  /** Milliseconds without a row from which on the line is broken; without it, five times what is usual. */
  readonly gap?: number | undefined;
  readonly loading?: boolean;
  /** What is said when there is no row. */
  readonly empty?: string;
  /** The user zoomed or moved. Without it the chart keeps the range for itself. */
  readonly onRange?: ((range: TimeRange) => void) | undefined;
  /** Double click, 0 or Escape. */
  readonly onReset?: (() => void) | undefined;
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
  const { title, series, zone, levels = noLevels, regions = noRegions } = props;
  const own = useSignal<TimeRange | null>(null);
  const hidden = useSignal<ReadonlySet<string>>(new Set());
  const pointer = useSignal<number | null>(null);
  const whole = extent(series);
  const range = props.range ?? own.value ?? whole ?? { from: 0, to: 60_000 };
  const input: LinesInput = {
    series,
    range,
    zone,
    levels,
    regions,
    hidden: hidden.value,
    log: props.log === true,
    timeAxis: props.timeAxis ?? true,
    gap: props.gap,
    group: props.group,
  };
  const toggle = (name: string) => {
    const next = new Set(hidden.value);
    if (!next.delete(name)) next.add(name);
    hidden.value = next;
  };
  return (
    <ChartFrame
      title={title}
      quietTitle={props.quietTitle === true}
      height={props.height ?? 220}
      input={input}
      shape={linesShape(input)}
      create={createLines}
      onRange={(next) => {
        if (props.onRange === undefined) own.value = next;
        else props.onRange(next);
      }}
      onReset={() => {
        own.value = null;
        props.onReset?.();
      }}
      onPoint={(time) => {
        pointer.value = time;
      }}
      summary={() => linesSummary(series, range, zone, levels, regions)}
      empty={whole === null ? (props.empty ?? 'No rows in this stretch of time.') : undefined}
      blank={whole === null && props.range === undefined}
      loading={props.loading === true}
    >
      {props.legend === false ? null : (
        <ChartLegend
          series={series}
          levels={levels}
          hidden={hidden.value}
          onToggle={toggle}
          at={pointer.value ?? range.to}
          pointed={pointer.value !== null}
          zone={zone}
          timed={input.timeAxis}
        />
      )}
    </ChartFrame>
  );
}
