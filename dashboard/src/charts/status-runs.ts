import { gapOf, lowerBound } from './align.ts';
import { type ChartRegion, statusError, statusOk, statusUndefined, statusWarning } from './types.ts';

/** What one detector said over time: -1 error, 0 warning, 1 OK, 2 undefined; `times` ascend. */
export interface Lane {
  readonly name: string;
  readonly times: ArrayLike<number>;
  readonly status: ArrayLike<number>;
  /** Its incidents: a line above the strip. */
  readonly regions?: readonly ChartRegion[];
}

/** The same status from `from` until `to`, ms. */
export interface Run {
  readonly from: number;
  readonly to: number;
  readonly status: number;
}

/**
 * Rows of the same status as stretches, in time order. A status holds until the next row; where none comes for longer than usual,
 * as long as usual.
 */
export function statusRuns({ times, status }: Lane, from: number, to: number): Run[] {
  const gap = gapOf(times);
  const runs: { from: number; to: number; status: number }[] = [];
  const end = Math.min(times.length, lowerBound(times, to));
  for (let row = Math.max(0, lowerBound(times, from) - 1); row < end; row++) {
    const start = times[row];
    const next = times[row + 1] ?? Number.POSITIVE_INFINITY;
    const usual = Number.isFinite(gap) ? gap / 5 : 0;
    const until = next - start > gap || next === Number.POSITIVE_INFINITY ? start + usual : next;
    const last = runs[runs.length - 1];
    if (last !== undefined && last.status === status[row] && last.to === start) last.to = until;
    else runs.push({ from: start, to: until, status: status[row] });
  }
  return runs;
}

const words = new Map([
  [statusError, 'error'],
  [statusWarning, 'warning'],
  [statusOk, 'OK'],
  [statusUndefined, 'no verdict'],
]);

export const statusWord = (status: number): string => words.get(status) ?? 'no verdict';

/** The share of a range that each status had, in words. */
export function laneSummary(lane: Lane, from: number, to: number): string {
  const lengths = new Map<number, number>();
  let all = 0;
  for (const run of statusRuns(lane, from, to)) {
    const length = Math.max(0, Math.min(run.to, to) - Math.max(run.from, from));
    lengths.set(run.status, (lengths.get(run.status) ?? 0) + length);
    all += length;
  }
  if (all === 0) return `${lane.name}: no verdicts.`;
  const parts = [...words].flatMap(([status, word]) => {
    const share = ((lengths.get(status) ?? 0) / all) * 100;
    return share === 0 ? [] : [`${word} ${share < 0.1 ? 'under 0.1' : share.toFixed(1)} %`];
  });
  return `${lane.name}: ${parts.join(', ')} of the time.`;
}
