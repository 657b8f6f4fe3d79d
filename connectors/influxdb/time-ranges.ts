/**
 * At most `most` ranges [from, to) that hold all of these times, leaving out the longest stretches between them.
 * @param times ascending
 * @example
 * coveringRanges(BigInt64Array.of(1n, 2n, 90n, 91n), 2); // [{ from: 1n, to: 3n }, { from: 90n, to: 92n }]
 */
export function coveringRanges(times: BigInt64Array, most: number): { from: bigint; to: bigint }[] {
  if (times.length === 0) return [];
  // Where the longest stretches are: few are looked for, so each pass keeps them in order.
  const gaps: { before: number; length: bigint }[] = [];
  for (let i = 1; i < times.length && most > 1; i++) {
    const length = times[i] - times[i - 1];
    if (length <= 1n || (gaps.length === most - 1 && length <= gaps[gaps.length - 1].length)) continue;
    if (gaps.length === most - 1) gaps.pop();
    const at = gaps.findIndex((gap) => gap.length < length);
    gaps.splice(at < 0 ? gaps.length : at, 0, { before: i, length });
  }
  const cuts = gaps.map(({ before }) => before).sort((a, b) => a - b);
  return [0, ...cuts].map((first, i) => ({ from: times[first], to: times[(cuts[i] ?? times.length) - 1] + 1n }));
}
