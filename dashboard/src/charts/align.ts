import type { ChartSeries, Column } from './types.ts';
import { statusError, statusOk, statusUndefined, statusWarning } from './types.ts';

/** What uPlot draws: one ascending axis of times and one column a line. undefined: no row here, draw on; null: a gap, break the line. */
export type Line = (number | null | undefined)[];
export interface Aligned {
  times: number[];
  lines: { values: Line; min?: Line | undefined; max?: Line | undefined; status?: number[] | undefined }[];
}

/** The first index whose value is not below `wanted`. */
export function lowerBound(ascending: ArrayLike<number>, wanted: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * How long without a row counts as a gap: five times the usual distance of two rows, which is the median of the newest so many.
 * Infinity where there are too few rows to say.
 */
export function gapOf(times: ArrayLike<number>, newest = 201): number {
  const first = Math.max(1, times.length - newest);
  const distances: number[] = [];
  for (let i = first; i < times.length; i++) distances.push(times[i] - times[i - 1]);
  if (distances.length < 3) return Number.POSITIVE_INFINITY;
  distances.sort((a, b) => a - b);
  const usual = distances[distances.length >> 1];
  return usual > 0 ? 5 * usual : Number.POSITIVE_INFINITY;
}

const reading = (column: Column, index: number): number | null => {
  const value = column[index];
  return value === null || value === undefined || Number.isNaN(value) ? null : value;
};

const severity = (status: number) => (status === statusError ? 3 : status === statusWarning ? 2 : status === statusOk ? 1 : 0);

/**
 * Brings series with times of their own onto one axis, no finer than the screen can show.
 *
 * Few rows stay as they are. More are folded into stretches of equal length, at most `columns` of them in the range; each keeps its
 * least and greatest value in the order they came, so that no peak is lost. The stretches lie on multiples of their length, so that
 * a moving window does not make the line tremble.
 *
 * @param from milliseconds; one row before it is kept, for the line to reach the edge, and one after `to`
 * @param gap milliseconds without a row from which on a line is broken; without it, what is usual for each series
 */
export function align(series: readonly ChartSeries[], from: number, to: number, columns: number, gap?: number): Aligned {
  const spans = series.map(({ times }) => {
    const first = Math.max(0, lowerBound(times, from) - 1);
    const end = Math.min(times.length, lowerBound(times, to) + 1);
    return { first, end, gap: gap ?? gapOf(times) };
  });
  const most = spans.reduce((sum, { first, end }) => Math.max(sum, end - first), 0);
  return most > 2 * columns ? fold(series, spans, from, to, columns) : join(series, spans);
}

interface Span {
  first: number;
  end: number;
  gap: number;
}

/** Every row, on the union of the series' times. */
function join(series: readonly ChartSeries[], spans: readonly Span[]): Aligned {
  const all = new Set<number>();
  const breaks = series.map(() => new Set<number>());
  const seen = new Map<ArrayLike<number>, Set<number>>();
  series.forEach(({ times }, s) => {
    const done = seen.get(times);
    if (done !== undefined) {
      breaks[s] = done;
      return;
    }
    seen.set(times, breaks[s]);
    const { first, end, gap } = spans[s];
    for (let i = first; i < end; i++) {
      const at = times[i];
      if (i > first && at - times[i - 1] > gap) {
        const middle = (at + times[i - 1]) / 2;
        breaks[s].add(middle);
        all.add(middle);
      }
      all.add(at);
    }
  });
  const times = Float64Array.from(all).sort();
  const lines = series.map((one, s) => {
    const length = times.length;
    const line = newLine(one, length);
    const { first, end } = spans[s];
    let row = first;
    let drawn = -1;
    for (let x = 0; x < length && row < end; x++) {
      const at = times[x];
      if (one.times[row] === at) {
        // Of rows with equal times the last one is shown.
        while (row + 1 < end && one.times[row + 1] === at) row += 1;
        line.values[x] = reading(one.values, row);
        if (line.min !== undefined) line.min[x] = reading(one.min!, row);
        if (line.max !== undefined) line.max[x] = reading(one.max!, row);
        if (line.status !== undefined) line.status[x] = one.status![row];
        row += 1;
        drawn = x;
      } else if (breaks[s].has(at)) {
        // Points that other series have in the gap belong to it too.
        for (let hole = drawn + 1; hole <= x; hole++) breakLine(line, hole);
      }
    }
    return line;
  });
  return { times: Array.from(times), lines };
}

function fold(series: readonly ChartSeries[], spans: readonly Span[], from: number, to: number, columns: number): Aligned {
  const width = roundUp((to - from) / columns);
  const firstStretch = Math.floor(from / width) - 1;
  const stretches = Math.ceil(to / width) - firstStretch + 1;
  const times: number[] = new Array(2 * stretches);
  for (let k = 0; k < stretches; k++) {
    times[2 * k] = (firstStretch + k + 0.25) * width;
    times[2 * k + 1] = (firstStretch + k + 0.75) * width;
  }
  const lines = series.map((one, s) => {
    const line = newLine(one, 2 * stretches);
    const { first, end, gap } = spans[s];
    let row = first;
    let last = one.times[row] ?? 0;
    let drawn = -1;
    while (row < end) {
      const stretch = Math.min(stretches - 1, Math.max(0, Math.floor(one.times[row] / width) - firstStretch));
      const until = (firstStretch + stretch + 1) * width;
      const x = 2 * stretch;
      if (one.times[row] - last > gap) for (let hole = drawn + 1; hole < x; hole++) breakLine(line, hole);
      drawn = x + 1;
      let low = Number.POSITIVE_INFINITY;
      let high = Number.NEGATIVE_INFINITY;
      let lowAt = -1;
      let highAt = -1;
      let least = Number.POSITIVE_INFINITY;
      let greatest = Number.NEGATIVE_INFINITY;
      let worst: number = statusUndefined;
      const start = row;
      for (; row < end && (one.times[row] < until || row === start); row++) {
        last = one.times[row];
        const value = one.values[row];
        if (value !== null && value !== undefined && !Number.isNaN(value)) {
          if (value < low) {
            low = value;
            lowAt = row;
          }
          if (value >= high) {
            high = value;
            highAt = row;
          }
        }
        if (one.min !== undefined) least = Math.min(least, reading(one.min, row) ?? least);
        if (one.max !== undefined) greatest = Math.max(greatest, reading(one.max, row) ?? greatest);
        if (one.status !== undefined && severity(one.status[row]) > severity(worst)) worst = one.status[row];
      }
      if (lowAt < 0) {
        breakLine(line, x);
        breakLine(line, x + 1);
        continue;
      }
      // One value in the stretch is one point; two are two, the earlier one first.
      line.values[x] = lowAt <= highAt ? low : high;
      if (lowAt !== highAt && low !== high) line.values[x + 1] = lowAt <= highAt ? high : low;
      if (line.min !== undefined && least < Number.POSITIVE_INFINITY) line.min[x] = line.min[x + 1] = least;
      if (line.max !== undefined && greatest > Number.NEGATIVE_INFINITY) line.max[x] = line.max[x + 1] = greatest;
      if (line.status !== undefined) line.status[high === low || lowAt > highAt ? x : x + 1] = worst;
    }
    return line;
  });
  return { times, lines };
}

function newLine(one: ChartSeries, length: number): Aligned['lines'][number] {
  const banded = one.min !== undefined && one.max !== undefined;
  return {
    values: new Array(length).fill(undefined),
    min: banded ? new Array(length).fill(undefined) : undefined,
    max: banded ? new Array(length).fill(undefined) : undefined,
    status: one.status === undefined ? undefined : new Array(length).fill(statusUndefined),
  };
}

function breakLine(line: Aligned['lines'][number], x: number): void {
  line.values[x] = null;
  if (line.min !== undefined) line.min[x] = null;
  if (line.max !== undefined) line.max[x] = null;
}

/** The next of 1, 2, 5 times a power of ten, so that a small change of the range keeps the stretches. */
function roundUp(width: number): number {
  const power = 10 ** Math.floor(Math.log10(width));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= width) ?? 10;
  return step * power;
}
