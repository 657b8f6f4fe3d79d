import fc from 'fast-check';
import { expect, it } from 'vitest';
import { coveringRanges } from './time-ranges.ts';

const anyTimes = fc.array(fc.bigInt({ min: -1000n, max: 1000n }), { maxLength: 12 }).map((times) => BigInt64Array.from(times).sort());

const lengthOf = (ranges: readonly { from: bigint; to: bigint }[]): bigint => ranges.reduce((sum, { from, to }) => sum + to - from, 0n);

/** The least that any choice of cuts leaves, by trying all. */
function least(times: BigInt64Array, most: number): bigint {
  const gaps = Array.from({ length: Math.max(0, times.length - 1) }, (_, i) => (times[i + 1] - times[i] > 0n ? times[i + 1] - times[i] - 1n : 0n));
  const saved = gaps.sort((a, b) => Number(b - a)).slice(0, most - 1);
  return times[times.length - 1] - times[0] + 1n - saved.reduce((sum, gap) => sum + gap, 0n);
}

it('ranges hold all times, are few, in order, and as short as so many can be', () => {
  fc.assert(
    fc.property(anyTimes, fc.integer({ min: 1, max: 5 }), (times, most) => {
      const ranges = coveringRanges(times, most);
      expect(ranges.length).toBeLessThanOrEqual(most);
      for (const time of times) expect(ranges.some(({ from, to }) => from <= time && time < to)).toBe(true);
      for (const [i, { from, to }] of ranges.entries()) expect(from < to && (i === 0 || ranges[i - 1].to <= from)).toBe(true);
      expect(lengthOf(ranges)).toBe(times.length === 0 ? 0n : least(times, most));
    }),
  );
});
