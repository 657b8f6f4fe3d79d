import type { Matrix } from '../core/matrix.ts';
import { squaredDistances } from './distance.ts';
import { ReferenceDistances } from './simd/reference-distances.ts';

/**
 * Radial basis function kernel of one row with every reference: out[i] = exp(-gamma |x - reference i|^2), in [0, 1].
 * Symmetric to the last bit: k(a, b) and k(b, a) are the same double.
 *
 * @param values where the row lies, its `references.cols` values from `at` on
 * @param gamma inverse squared length, > 0
 * @param out filled, one entry a reference
 * @example
 * const kernel = new Float64Array(2);
 * rbfKernel(Float64Array.of(1, 2), 0, makeMatrix(2, 2, Float64Array.of(1, 2, 1, 4)), Math.LN2 / 4, kernel);
 * kernel[0]; // 1
 * kernel[1].toFixed(12); // '0.500000000000'
 */
export function rbfKernel(values: Float64Array, at: number, references: Matrix, gamma: number, out: Float64Array): void {
  squaredDistances(values, at, references, out);
  for (let i = 0; i < references.rows; i++) out[i] = Math.exp(-gamma * out[i]);
}

/**
 * Negative logarithm of the weighted mean of the kernel, -log sum_i share[i] exp(-gamma |x - reference i|^2), for every row.
 * The nearest reference's exponent is taken out before the sum, so it keeps growing as gamma |x|^2 where the kernel itself is
 * long rounded to 0. At least 0, at most the largest double. A row's result never depends on its neighbours in the batch.
 *
 * @param references their values never change after the first call
 * @param share one entry a reference, > 0, adding up to 1
 * @param gamma inverse squared length, > 0
 * @param out filled, one entry a row
 * @param posterior when given: filled with the references' parts in the last row's sum, adding up to 1
 * @example
 * const out = new Float64Array(1);
 * negativeLogKernelMean(makeMatrix(1, 1, Float64Array.of(100)), makeMatrix(2, 1, Float64Array.of(0, 99)), Float64Array.of(0.5, 0.5), 1, out);
 * out[0].toFixed(12); // '1.693147180560'
 */
export function negativeLogKernelMean(rows: Matrix, references: Matrix, share: Float64Array, gamma: number, out: Float64Array, posterior?: Float64Array): void {
  const vector = ReferenceDistances.to(references);
  const plain = vector ? undefined : new Float64Array(references.rows);
  for (let row = 0; row < rows.rows; row += 2) {
    const count = Math.min(2, rows.rows - row);
    const pair = vector?.of(rows.values, row * rows.cols, count);
    for (let i = 0; i < count; i++) {
      const squared = pair?.[i] ?? (plain as Float64Array);
      if (plain) squaredDistances(rows.values, (row + i) * rows.cols, references, plain);
      out[row + i] = negativeLogMean(squared, share, gamma, row + i === rows.rows - 1 ? posterior : undefined);
    }
  }
}

/** Of one row; `posterior` is filled when given. */
function negativeLogMean(squared: Float64Array, share: Float64Array, gamma: number, posterior: Float64Array | undefined): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < share.length; i++) if (squared[i] < least) least = squared[i];
  // Squares that overflow leave nothing to tell the references apart by.
  if (least === Number.POSITIVE_INFINITY) {
    posterior?.set(share);
    return Number.MAX_VALUE;
  }
  let sum = 0;
  for (let i = 0; i < share.length; i++) {
    const part = share[i] * Math.exp(-gamma * (squared[i] - least));
    if (posterior) posterior[i] = part;
    sum += part;
  }
  if (posterior) for (let i = 0; i < share.length; i++) posterior[i] /= sum;
  return Math.min(Number.MAX_VALUE, Math.max(0, gamma * least - Math.log(sum)));
}
