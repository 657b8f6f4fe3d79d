import { z } from 'zod';
import { defineStep } from '../../core/component.ts';
import { duration } from '../../core/config/duration.ts';

type Model = { smoothed: Uint8Array; window: number; halfLife: number };

/** By column. */
type State = {
  /** Window: readings so far; row-major columns x window: readings of this block, then sums from here to the end of the last block; sum of this block. */
  seen: Float64Array;
  block: Float64Array;
  head: Float64Array;
  /** Half-life: time of the newest reading, ns after the stream's first row; decayed sum of readings and of their weights. */
  origin: bigint | undefined;
  newest: Float64Array;
  sum: Float64Array;
  mass: Float64Array;
};

export default defineStep({
  type: 'smooth',
  summary: "Replaces each reading by the mean of its tag's last readings, all alike or the newer ones counting more.",
  fails: 'Faults shorter than the window, which it flattens; it delays every change by about half of it.',
  cost: 'Window: three additions a cell however long it is, and window doubles a column and stream. Half-life: one exponential a cell.',
  source:
    'Moving average by blocks (van Herk 1992, doi:10.1016/0167-8655(92)90069-C, for sums: nothing is subtracted, so no error stays behind); decay in event time: Brown 1963',
  options: z.strictObject({
    window: z.int().min(1).max(100_000).default(10).describe('Mean of so many last readings of the tag; missing values are not counted.'),
    halfLife: duration().optional().describe('Instead of the window: a reading counts half as much when it is this much older than the newest one.'),
    discrete: z.enum(['pass', 'smooth']).default('pass').describe('Whether discrete columns (valves, pumps) pass as they are or are smoothed too.'),
  }),
  shorthand: 'window',
  fit(_rows, columns, { window, halfLife, discrete }) {
    const smoothed = Uint8Array.from(columns, ({ kind }) => (kind === 'continuous' || discrete === 'smooth' ? 1 : 0));
    return { model: { smoothed, window: halfLife === undefined ? window : 0, halfLife: (halfLife ?? 0) * 1e6 }, columns };
  },
  start({ smoothed, window }: Model): State {
    const zeros = (n: number): Float64Array => new Float64Array(n);
    const cols = smoothed.length;
    const [byCount, byTime] = window > 0 ? [cols, 0] : [0, cols];
    return {
      seen: zeros(byCount),
      block: zeros(byCount * window),
      head: zeros(byCount),
      origin: undefined,
      newest: zeros(byTime),
      sum: zeros(byTime),
      mass: zeros(byTime),
    };
  },
  apply({ smoothed, window, halfLife }: Model, state: State, { rows, cols, values }, times, out) {
    for (let i = 0, at = 0; i < rows; i++) {
      state.origin ??= times[i];
      const now = window > 0 ? 0 : Number(times[i] - state.origin);
      for (let j = 0; j < cols; j++, at++) {
        const x = values[at];
        // What is not finite would never leave a decayed sum: it passes by itself.
        if (smoothed[j] === 0 || !Number.isFinite(x)) out[at] = x;
        else out[at] = window > 0 ? windowMean(window, state, j, x) : decayedMean(halfLife, state, j, x, now);
      }
    }
  },
});

function windowMean(window: number, state: State, j: number, x: number): number {
  const { seen, block, head } = state;
  const count = seen[j]++;
  // The remainder of whole numbers is quick where they are known to be whole.
  const place = count < 2 ** 31 ? (count | 0) % window : count % window;
  const base = j * window;
  block[base + place] = x;
  head[j] = place === 0 ? x : head[j] + x;
  const mean = (place + 1 < window ? head[j] + block[base + place + 1] : head[j]) / Math.min(count + 1, window);
  if (place === window - 1) for (let p = place - 1; p >= 0; p--) block[base + p] += block[base + p + 1];
  return mean;
}

/** A late reading counts as much as its age leaves it, and does not turn the clock back. */
function decayedMean(halfLife: number, state: State, j: number, x: number, now: number): number {
  const { newest, sum, mass } = state;
  const first = mass[j] === 0;
  const ahead = first ? 0 : now - newest[j];
  const decay = ahead > 0 ? 2 ** (-ahead / halfLife) : 1;
  const fresh = ahead < 0 ? 2 ** (ahead / halfLife) : 1;
  sum[j] = sum[j] * decay + x * fresh;
  mass[j] = mass[j] * decay + fresh;
  if (first || ahead > 0) newest[j] = now;
  return sum[j] / mass[j];
}
