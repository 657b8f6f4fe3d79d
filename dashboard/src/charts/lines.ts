import uPlot from 'uplot';
import { offsetLabel } from '../time.ts';
import { type Aligned, align } from './align.ts';
import { axisNumbers } from './number-text.ts';
import { drawLevels, drawRegionNames, drawRegions, drawStatus, drawUnits, drawZone } from './overlays.ts';
import { chartTheme, lineColor } from './theme.ts';
import { axisFont, cursorOf, gutterOf, hooksOf, type Plot, type PlotEvents, rightEdge, type TimeInput, timeAxisOf } from './time-plot.ts';
import type { ChartLevel, ChartRegion, ChartSeries } from './types.ts';
import { valueRange } from './value-range.ts';

/** All that a chart of lines shows at one moment. */
export interface LinesInput extends TimeInput {
  readonly series: readonly ChartSeries[];
  readonly levels: readonly ChartLevel[];
  readonly regions: readonly ChartRegion[];
  readonly hidden: ReadonlySet<string>;
  readonly log: boolean;
  readonly gap: number | undefined;
}

const banded = (series: ChartSeries) => series.min !== undefined && series.max !== undefined;
const unitOf = (series: ChartSeries | ChartLevel) => series.unit ?? '';

/** What a chart is built of: while it stays the same, new data are painted without building anew. */
export function linesShape(input: LinesInput): string {
  return JSON.stringify([input.log, input.timeAxis, input.group, input.series.map((one) => [unitOf(one), one.step === true, banded(one)])]);
}

export function createLines(host: HTMLElement, first: LinesInput, size: { width: number; height: number }, events: PlotEvents): Plot<LinesInput> {
  let input = first;
  let aligned: Aligned = { times: [], lines: [] };
  const units = [...new Set(first.series.map(unitOf))];
  const font = axisFont();
  const scaleOf = (level: ChartLevel) => `y:${level.unit ?? units[0] ?? ''}`;

  // A line with a band is three of uPlot's series: the values, then the upper and the lower edge.
  const series: uPlot.Series[] = [{}];
  const bands: uPlot.Band[] = [];
  const places: number[] = [];
  first.series.forEach((one, index) => {
    const color = () => lineColor(chartTheme(), input.series[index]?.color ?? index);
    const common = { scale: `y:${unitOf(one)}`, ...(one.step === true ? { paths: uPlot.paths.stepped!({ align: 1 }) } : {}) };
    places.push(series.length);
    series.push({ ...common, stroke: color, width: 1.5, points: { show: true, size: 4, filter: lonely, stroke: color, fill: color } });
    if (banded(one)) {
      bands.push({ series: [series.length, series.length + 1], fill: () => `${color()}33` });
      for (let edge = 0; edge < 2; edge++) series.push({ ...common, width: 0, points: { show: false } });
    }
  });

  const scales: uPlot.Scales = { x: { time: false, auto: false } };
  for (const unit of units) {
    const key = `y:${unit}`;
    scales[key] = {
      distr: first.log ? 3 : 1,
      range: (_plot, min, max) =>
        valueRange(
          min,
          max,
          levelsIn(input, (level) => scaleOf(level) === key),
          input.log,
        ),
    };
  }

  const text = () => chartTheme().quiet;
  const line = () => chartTheme().grid;
  const axes: uPlot.Axis[] = [
    timeAxisOf(() => input),
    ...units.map(
      (unit, index): uPlot.Axis => ({
        scale: `y:${unit}`,
        side: index % 2 === 0 ? 3 : 1,
        stroke: text,
        font,
        size: gutterOf,
        gap: 6,
        space: 28,
        ...(first.series.every((one) => one.step === true || unitOf(one) !== unit) ? { incrs: [1, 2, 5, 10, 20, 50, 100, 1000] } : {}),
        // Of powers of ten only the whole ones, the others would fill the plot.
        grid: { show: index === 0, stroke: line, width: 1, ...(first.log ? { filter: (_plot, splits) => splits.map((at) => (isPower(at) ? at : null)) } : {}) },
        ticks: { show: false },
        values: (_plot, splits, _axis, _space, increment) => (first.log ? splits.map(powerText) : axisNumbers(splits, increment)),
      }),
    ),
  ];

  const plot = new uPlot(
    {
      ...size,
      ms: 1,
      padding: [units.some((unit) => unit !== '') ? 24 : 10, units.length > 1 ? 0 : rightEdge, 0, 0],
      series,
      bands,
      scales,
      axes,
      legend: { show: false },
      cursor: cursorOf(first, events),
      hooks: {
        drawClear: [(self) => drawRegions(self, input.regions, chartTheme())],
        draw: [
          (self) => {
            const theme = chartTheme();
            drawLevels(self, input.levels, theme, scaleOf);
            drawStatus(
              self,
              aligned,
              (index) => {
                const one = input.series[index];
                return one === undefined || input.hidden.has(one.name) ? null : `y:${unitOf(one)}`;
              },
              theme,
            );
            drawRegionNames(self, input.regions, theme);
            drawUnits(self, units, theme);
            if (input.timeAxis) drawZone(self, offsetLabel(input.range.from, input.zone), theme);
          },
        ],
        ...hooksOf(events),
      },
    },
    undefined,
    host,
  );

  return {
    over: plot.over,
    paint(next) {
      input = next;
      const { from, to } = input.range;
      aligned = align(input.series, from, to, Math.max(50, Math.round(plot.bbox.width / devicePixelRatio)), input.gap);
      // Without a row uPlot would not draw its axes either.
      const times = aligned.times.length > 0 ? aligned.times : [from, to];
      const columns: Aligned['lines'][number]['values'][] = [];
      for (const one of aligned.lines) {
        columns.push(one.values);
        if (one.max !== undefined && one.min !== undefined) columns.push(one.max, one.min);
      }
      plot.batch(() => {
        input.series.forEach((one, index) => {
          const show = !input.hidden.has(one.name);
          const place = places[index];
          for (let at = place; at < place + (banded(one) ? 3 : 1); at++) if (plot.series[at].show !== show) plot.setSeries(at, { show });
        });
        plot.setData([times, ...(aligned.times.length > 0 ? columns : columns.map(() => [null, null]))], false);
        plot.setScale('x', { min: from, max: to });
      });
    },
    resize: (width, height) => plot.setSize({ width, height }),
    destroy: () => plot.destroy(),
  };
}

const isPower = (value: number) => Math.abs(Math.log10(value) % 1) < 1e-9;
/** Only round values are named; the lower end of the axis need not be one. */
function powerText(value: number | null): string {
  if (value === null || value <= 0) return '';
  const leading = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  if (![1, 2, 5].some((round) => Math.abs(leading - round) < 1e-6)) return '';
  return value >= 1e5 || value < 1e-3 ? value.toExponential(0).replace('e+', 'e').replace('-', '−') : String(Number(value.toPrecision(6)));
}

/** Values of levels that hold somewhere in the range. */
function levelsIn({ levels, range }: LinesInput, belongs: (level: ChartLevel) => boolean): number[] {
  const values: number[] = [];
  for (const level of levels) {
    if (!belongs(level)) continue;
    level.steps.forEach((step, index) => {
      const until = level.steps[index + 1]?.time ?? Number.POSITIVE_INFINITY;
      if (step.time < range.to && until > range.from) values.push(step.value);
    });
  }
  return values;
}

/** Readings between two gaps: no line passes them, so they are drawn as points. */
function lonely(plot: uPlot, index: number): number[] {
  const values = plot.data[index] as ArrayLike<number | null | undefined>;
  const found: number[] = [];
  let previous = -1;
  let broken = true;
  for (let x = 0; x < values.length; x++) {
    const value = values[x];
    if (value === undefined) continue;
    if (value === null) {
      if (previous >= 0) found.push(previous);
      previous = -1;
      broken = true;
      continue;
    }
    previous = broken ? x : -1;
    broken = false;
  }
  if (previous >= 0) found.push(previous);
  return found;
}
