import type { Matrix } from '../core/matrix.ts';

export interface Moments {
  /** Finite values per column. */
  readonly count: Int32Array;
  /** NaN where there is none. */
  readonly mean: Float64Array;
  /** Sum of squared differences from the mean. */
  readonly squares: Float64Array;
}

/**
 * Count, mean and sum of squared differences of each column, over its finite values: the corrected two-pass algorithm
 * (Chan, Golub and LeVeque 1983, doi:10.2307/2683386, equation 1.7), which loses nothing to a large mean.
 *
 * @example
 * columnMoments({ rows: 3, cols: 1, values: new Float64Array([1, 2, 6]) }).squares; // Float64Array [14]
 */
export function columnMoments({ rows, cols, values }: Matrix): Moments {
  const count = new Int32Array(cols);
  const mean = new Float64Array(cols);
  const squares = new Float64Array(cols);
  const rest = new Float64Array(cols);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, at++) {
      const x = values[at];
      if (!Number.isFinite(x)) continue;
      count[j]++;
      mean[j] += x;
    }
  }
  for (let j = 0; j < cols; j++) mean[j] /= count[j];
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < cols; j++, at++) {
      const x = values[at];
      if (!Number.isFinite(x)) continue;
      const difference = x - mean[j];
      rest[j] += difference;
      squares[j] += difference * difference;
    }
  }
  for (let j = 0; j < cols; j++) squares[j] -= (rest[j] * rest[j]) / count[j];
  return { count, mean, squares };
}

/**
 * Mean of each column of complete rows, which begin every `stride` values. Two passes, the second over what the first
 * left, so that a constant column's mean is that constant.
 * @example
 * columnMeans({ rows: 2, cols: 2, stride: 1, values: Float64Array.of(1, 2, 6) }); // Float64Array [1.5, 4]
 */
export function columnMeans({ rows, cols, stride = cols, values }: Matrix & { readonly stride?: number }): Float64Array {
  const mean = new Float64Array(cols);
  const rest = new Float64Array(cols);
  for (let row = 0; row < rows; row++) for (let j = 0; j < cols; j++) mean[j] += values[row * stride + j];
  for (let j = 0; j < cols; j++) mean[j] /= rows;
  for (let row = 0; row < rows; row++) for (let j = 0; j < cols; j++) rest[j] += values[row * stride + j] - mean[j];
  for (let j = 0; j < cols; j++) mean[j] += rest[j] / rows;
  return mean;
}

/**
 * Is a column constant as far as its variance can be told from rounding? The bound is that of the two-pass algorithm's
 * error (the same paper, and scikit-learn's StandardScaler): n eps variance + (n mean eps)^2.
 */
export function isConstant(count: number, mean: number, variance: number): boolean {
  const eps = Number.EPSILON;
  return !(variance > count * eps * variance + (count * mean * eps) ** 2);
}
