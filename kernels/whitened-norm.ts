import type { Matrix } from '../core/matrix.ts';
import { placedNumbers } from './simd/placed-numbers.ts';
import { doublesAt, scratch, simd } from './simd/simd.ts';

/**
 * Fills out[i] = |W (x_i - mean)|: the length of each centred row after a lower triangular transform. With W the inverse
 * Cholesky factor of a covariance it is the Mahalanobis distance (Mahalanobis 1936): W'W is the inverse covariance.
 *
 * Rows go side by side, each with an accumulator of its own per component, so a row's result is the same in any batch.
 * A length past the range of doubles is given as Number.MAX_VALUE.
 *
 * @param lower packed row by row: entry (i, j), j <= i, at i (i + 1) / 2 + j; never changed after the first call
 * @param out filled, one entry a row
 * @example
 * const out = new Float64Array(1);
 * whitenedNorms(makeMatrix(1, 2, Float64Array.of(4, 2)), Float64Array.of(1, 2), Float64Array.of(2, 1, 1), out);
 * out[0]; // 6.708203932499369
 */
export function whitenedNorms(rows: Matrix, mean: Float64Array, lower: Float64Array, out: Float64Array): void {
  const placed = placedNumbers(lower, (numbers) => numbers);
  let row = 0;
  if (placed) {
    const { cols } = rows;
    const squares = scratch(64 + 64 * cols);
    const centred = squares + 64;
    for (; row < rows.rows; row += 8) {
      const count = Math.min(8, rows.rows - row);
      centre(rows, row, count, mean, doublesAt(centred, 8 * cols), 8);
      simd().squaredNorms8(centred, cols, placed.address, squares);
      const found = doublesAt(squares, count);
      for (let k = 0; k < count; k++) out[row + k] = bounded(Math.sqrt(found[k]));
    }
    return;
  }
  const centred = new Float64Array(4 * rows.cols);
  for (; row < rows.rows; row += 4) {
    const count = Math.min(4, rows.rows - row);
    centre(rows, row, count, mean, centred, 4);
    plainNorms(rows.cols, centred, lower, count, out, row);
  }
}

/** Rows minus the mean, side by side in places of `width`, so that loops over columns read forward; those of a short block keep what they held. */
function centre({ cols, values }: Matrix, row: number, count: number, mean: Float64Array, out: Float64Array, width: number): void {
  for (let k = 0; k < count; k++) for (let j = 0, at = (row + k) * cols; j < cols; j++) out[width * j + k] = values[at++] - mean[j];
}

/** Four rows, in plain TypeScript. */
function plainNorms(cols: number, centred: Float64Array, lower: Float64Array, count: number, out: Float64Array, row: number): void {
  let norm0 = 0;
  let norm1 = 0;
  let norm2 = 0;
  let norm3 = 0;
  for (let i = 0, at = 0; i < cols; i++) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let j = 0; j <= 4 * i; j += 4) {
      const w = lower[at++];
      sum0 += w * centred[j];
      sum1 += w * centred[j + 1];
      sum2 += w * centred[j + 2];
      sum3 += w * centred[j + 3];
    }
    norm0 += sum0 * sum0;
    norm1 += sum1 * sum1;
    norm2 += sum2 * sum2;
    norm3 += sum3 * sum3;
  }
  const norms = [norm0, norm1, norm2, norm3];
  for (let k = 0; k < count; k++) out[row + k] = bounded(Math.sqrt(norms[k]));
}

/** NaN arises here only where infinities of both signs meet. */
function bounded(norm: number): number {
  return Number.isFinite(norm) ? norm : Number.MAX_VALUE;
}
