/**
 * Quantile of ascending numbers by linear interpolation between order statistics: type 7 of Hyndman and Fan 1996
 * (doi:10.1080/00031305.1996.10473566), the default of R, NumPy and Excel.
 *
 * @param sorted ascending, finite, at least one
 * @param q in [0, 1]
 * @example
 * quantile(Float64Array.of(1, 2, 3, 10), 0.9); // 7.9
 */
export function quantile(sorted: Float64Array, q: number): number {
  const position = (sorted.length - 1) * q;
  const below = Math.floor(position);
  const low = sorted[below];
  if (below === position) return low;
  const high = sorted[below + 1];
  // Halves first: their difference cannot overflow. The clamp keeps rounding from passing the neighbour.
  return Math.min(high, low + 2 * (position - below) * (high / 2 - low / 2));
}

/**
 * The next larger double after x.
 * @example
 * nextUp(1); // 1.0000000000000002
 */
export function nextUp(x: number): number {
  if (x === 0) return Number.MIN_VALUE;
  const number = Float64Array.of(x);
  const bits = new BigInt64Array(number.buffer);
  bits[0] += x > 0 ? 1n : -1n;
  return number[0];
}

/**
 * How many of the ascending numbers are at least x.
 * @example
 * countReaching(Float64Array.of(1, 2, 2, 3), 2); // 3
 */
export function countReaching(sorted: Float64Array, x: number): number {
  let from = 0;
  let to = sorted.length;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle] < x) from = middle + 1;
    else to = middle;
  }
  return sorted.length - from;
}
