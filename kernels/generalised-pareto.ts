/** Generalised Pareto distribution of peaks y >= 0: P(Y > y) = (1 + shape y / scale)^(-1 / shape), exp(-y / scale) where shape is 0. */
export interface GeneralisedPareto {
  /** gamma: above 0 a heavy tail, 0 the exponential one, below 0 a tail that ends at -scale / shape. */
  readonly shape: number;
  /** sigma > 0, in the peaks' unit. */
  readonly scale: number;
}

/** Where the search begins and how near the end of the tail it comes, in parts of 1 / mean and 1 / largest. */
const nearest = 1e-6;
const nearestEnd = 2 ** -40;
/** Peaks smaller than this part of the largest count as this: the square of their reciprocal stays finite. */
const smallestPart = 1e-150;

/**
 * The generalised Pareto distribution that makes the peaks likeliest, shape at least -1 (below, the likelihood has no bound), by
 * Grimshaw 1993 (doi:10.1080/00401706.1993.10485040): for x = shape / scale the best shape is mean(log(1 + x y)), which leaves a
 * likelihood in x alone; its slope has the sign of u(x) v(x) - 1 with u = mean(1 / (1 + x y)), v = 1 + mean(log(1 + x y)). Each maximum
 * between -1 / largest and Grimshaw's upper bound 2 (mean - smallest) / smallest^2 is bracketed on a grid and found by bisection; the
 * likeliest of them, of the exponential distribution (x = 0) and of the uniform one (shape -1) is taken.
 *
 * @param peaks > 0, at least one, in any order
 * @returns with the natural logarithm of the likelihood
 * @example
 * fitGeneralisedPareto(Float64Array.of(1, 1, 1)).shape; // -1
 */
export function fitGeneralisedPareto(peaks: Float64Array): GeneralisedPareto & { readonly logLikelihood: number } {
  const n = peaks.length;
  const largest = peaks.reduce((max, y) => Math.max(max, y), 0);
  const y = peaks.map((peak) => Math.max(smallestPart, peak / largest));
  const mean = y.reduce((sum, part) => sum + part / n, 0);
  // As parts of the largest peak, the likelihood of the uniform distribution is 1.
  let best = { shape: -1, scale: 1, logLikelihood: 0 };
  const offer = (shape: number, scale: number): void => {
    const logLikelihood = -n * (Math.log(scale) + shape + 1);
    if (logLikelihood > best.logLikelihood) best = { shape, scale, logLikelihood };
  };
  offer(0, mean);
  const grid = searchGrid(y, mean).filter((x) => shapeOf(y, x) >= -1);
  for (let i = 1; i < grid.length; i++) {
    const around0 = grid[i - 1] < 0 && grid[i] > 0;
    if (around0 || slope(y, grid[i - 1]) <= 0 || slope(y, grid[i]) > 0) continue;
    const x = bisect(y, grid[i - 1], grid[i]);
    const shape = shapeOf(y, x);
    offer(shape, shape / x);
  }
  return { shape: best.shape, scale: best.scale * largest, logLikelihood: best.logLikelihood - n * Math.log(largest) };
}

/** Ascending, doubling away from 0 and from the end of the tail; peaks are parts of the largest. */
function searchGrid(y: Float64Array, mean: number): number[] {
  const smallest = y.reduce((min, part) => Math.min(min, part), 1);
  const upper = (2 * (mean - smallest)) / smallest / smallest;
  const below: number[] = [];
  for (let x = nearest / mean; x < 0.5; x *= 2) below.push(-x);
  for (let rest = 0.5; rest >= nearestEnd; rest /= 2) below.push(rest - 1);
  const above: number[] = [];
  for (let x = nearest / mean; x < upper; x *= 2) above.push(x);
  return [...below.reverse(), ...above, Math.max(upper, nearest / mean)];
}

function shapeOf(y: Float64Array, x: number): number {
  let sum = 0;
  for (let i = 0; i < y.length; i++) sum += Math.log1p(x * y[i]);
  return sum / y.length;
}

/** u v - 1 = (v - 1) - (1 - u) - (v - 1)(1 - u), term by term: the first two nearly cancel at small x. */
function slope(y: Float64Array, x: number): number {
  let difference = 0;
  let logs = 0;
  let parts = 0;
  for (let i = 0; i < y.length; i++) {
    const z = x * y[i];
    const log = Math.log1p(z);
    const part = z / (1 + z);
    difference += log - part;
    logs += log;
    parts += part;
  }
  const n = y.length;
  return difference / n - (logs / n) * (parts / n);
}

/** Where the slope falls through 0: it is above 0 at `low`, not at `high`. */
function bisect(y: Float64Array, from: number, to: number): number {
  let low = from;
  let high = to;
  for (;;) {
    const middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) return middle;
    if (slope(y, middle) > 0) low = middle;
    else high = middle;
  }
}

/**
 * The value that is exceeded with a given chance: scale / shape (chance^(-shape) - 1), and -scale log(chance) where shape is 0, which
 * it comes to continuously.
 *
 * @param chance in (0, 1]; above 1 the value is below 0
 * @example
 * exceededWith(0.01, { shape: 0.5, scale: 2 }); // 36
 * exceededWith(0.01, { shape: 0, scale: 2 }); // 9.21034037197618
 */
export function exceededWith(chance: number, { shape, scale }: GeneralisedPareto): number {
  const log = -Math.log(chance);
  return scale * (shape === 0 ? log : Math.expm1(shape * log) / shape);
}
