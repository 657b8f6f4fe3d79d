import type { Matrix } from '../core/matrix.ts';
import { squaredDistance } from './distance.ts';

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
 * @param share one entry a reference, > 0, adding up to 1
 * @param gamma inverse squared length, > 0
 * @param out filled, one entry a row
 * @param posterior when given: filled with the references' parts in the last row's sum, adding up to 1
 * @example
 * const out = new Float64Array(1);
 * negativeLogKernelMean(makeMatrix(1, 1, Float64Array.of(100)), makeMatrix(2, 1, Float64Array.of(0, 99)), Float64Array.of(0.5, 0.5), 1, out);
 * out[0].toFixed(12); // '1.693147180560'
 */
export function negativeLogKernelMean(
  rows: Matrix,
  references: Matrix,
  share: Float64Array,
  gamma: number,
  out: Float64Array,
  posterior: Float64Array = new Float64Array(references.rows),
): void {
  const count = references.rows;
  for (let row = 0; row < rows.rows; row++) {
    squaredDistances(rows.values, row * rows.cols, references, posterior);
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < count; i++) if (posterior[i] < least) least = posterior[i];
    // Squares that overflow leave nothing to tell the references apart by.
    if (least === Number.POSITIVE_INFINITY) {
      out[row] = Number.MAX_VALUE;
      posterior.set(share);
      continue;
    }
    let sum = 0;
    for (let i = 0; i < count; i++) {
      posterior[i] = share[i] * Math.exp(-gamma * (posterior[i] - least));
      sum += posterior[i];
    }
    for (let i = 0; i < count; i++) posterior[i] /= sum;
    out[row] = Math.min(Number.MAX_VALUE, Math.max(0, gamma * least - Math.log(sum)));
  }
}

/** Squared Euclidean distance of one row to every reference; one accumulator each, four references side by side. */
function squaredDistances(values: Float64Array, at: number, references: Matrix, out: Float64Array): void {
  const { rows: count, cols, values: refs } = references;
  const blocked = count - (count % 4);
  for (let r = 0; r < blocked; r += 4) {
    let at0 = r * cols;
    let at1 = at0 + cols;
    let at2 = at1 + cols;
    let at3 = at2 + cols;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let j = at; j < at + cols; j++) {
      const x = values[j];
      const d0 = x - refs[at0++];
      const d1 = x - refs[at1++];
      const d2 = x - refs[at2++];
      const d3 = x - refs[at3++];
      sum0 += d0 * d0;
      sum1 += d1 * d1;
      sum2 += d2 * d2;
      sum3 += d3 * d3;
    }
    out[r] = sum0;
    out[r + 1] = sum1;
    out[r + 2] = sum2;
    out[r + 3] = sum3;
  }
  for (let r = blocked; r < count; r++) out[r] = squaredDistance(values, at, refs, r * cols, cols);
}
