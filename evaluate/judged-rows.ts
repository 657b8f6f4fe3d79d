import { formatTime } from '../core/time.ts';
import { quantile } from '../kernels/quantile.ts';
import { eventsOf, type IncidentRows, type RowRange } from './figures.ts';
import type { Scored } from './scored-rows.ts';

/** The scored rows that have a label: what figures are taken of. */
export interface JudgedRows {
  /** Where each stands among all scored rows; undefined = all of them. */
  readonly kept: Int32Array | undefined;
  readonly labels: Int8Array;
  readonly times: BigInt64Array;
  /** Since the first row, ascending: a row that came late counts with the newest time before it. */
  readonly seconds: Float64Array;
  readonly events: readonly RowRange[];
}

export function judgedRows({ labels, times }: Pick<Scored, 'labels' | 'times'>): JudgedRows {
  const rows = labels.reduce((n, label) => n + Number(label >= 0), 0);
  let kept: Int32Array | undefined;
  if (rows < labels.length) {
    kept = new Int32Array(rows);
    let n = 0;
    for (let row = 0; row < labels.length; row++) if (labels[row] >= 0) kept[n++] = row;
  }
  const ownLabels = kept ? Int8Array.from(kept, (row) => labels[row]) : labels;
  const ownTimes = kept ? BigInt64Array.from(kept, (row) => times[row]) : times;
  const seconds = new Float64Array(rows);
  for (let row = 1; row < rows; row++) seconds[row] = Math.max(seconds[row - 1], Number(ownTimes[row] - ownTimes[0]) / 1e9);
  return { kept, labels: ownLabels, times: ownTimes, seconds, events: eventsOf(ownLabels) };
}

/** A column over all scored rows, for the judged ones only. */
export function keptOf(column: Float64Array, kept: Int32Array | undefined): Float64Array {
  return kept ? Float64Array.from(kept, (row) => column[row]) : column;
}

/** ISO 8601 of the first and last of these rows, and the usual seconds between rows. */
export function spanOf({ times, seconds }: JudgedRows): { from: string; to: string; intervalSeconds: number } {
  const steps = Float64Array.from({ length: Math.max(0, seconds.length - 1) }, (_, row) => seconds[row + 1] - seconds[row]);
  const forward = steps.filter((step) => step > 0).sort();
  return {
    from: times.length === 0 ? '' : formatTime(times[0]),
    to: times.length === 0 ? '' : formatTime(times[times.length - 1]),
    intervalSeconds: forward.length === 0 ? Number.NaN : quantile(forward, 0.5),
  };
}

/**
 * Incidents as rows of the judged ones, those without a judged row left out. They begin and end at flagged rows: of several rows of one
 * time it is the flagged ones that count, and late rows stand at the newest time before them.
 *
 * @param spans times of the incidents' first and last flagged rows
 * @param scored flags and times of all scored rows
 */
export function incidentRows(
  spans: readonly { readonly start: bigint; readonly end: bigint }[],
  { flagged, times }: { readonly flagged: Uint8Array; readonly times: BigInt64Array },
  kept: Int32Array | undefined,
): IncidentRows[] {
  const newest = runningMaximum(times);
  return spans.flatMap(({ start, end }) => {
    let [from, to] = [countBelow(newest, start), countBelow(newest, end + 1n)];
    while (from < to && flagged[from] !== 1) from++;
    while (from < to && flagged[to - 1] !== 1) to--;
    if (!kept) return from < to ? [{ from, to }] : [];
    const judged = { from: countBelow(kept, from), to: countBelow(kept, to) };
    if (judged.from === judged.to) return [];
    return [kept[judged.from] === from ? judged : { ...judged, earlier: true }];
  });
}

function runningMaximum(times: BigInt64Array): BigInt64Array {
  const out = times.slice();
  for (let row = 1; row < out.length; row++) if (out[row] < out[row - 1]) out[row] = out[row - 1];
  return out;
}

/** How many of ascending values lie below a bound. */
function countBelow<T extends bigint | number>(values: ArrayLike<T>, bound: T): number {
  let [low, high] = [0, values.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
