import type { Matrix } from '../core/matrix.ts';

/**
 * Fills out[i] = |W (x_i - mean)|: the length of each centred row after a lower triangular transform. With W the inverse
 * Cholesky factor of a covariance it is the Mahalanobis distance (Mahalanobis 1936): W'W is the inverse covariance.
 *
 * Four rows go side by side, each with an accumulator of its own per component, so a row's result is the same in any batch.
 * A length past the range of doubles is given as Number.MAX_VALUE.
 *
 * @param lower packed row by row: entry (i, j), j <= i, at i (i + 1) / 2 + j
 * @param out filled, one entry a row
 * @example
 * const out = new Float64Array(1);
 * whitenedNorms(makeMatrix(1, 2, Float64Array.of(4, 2)), Float64Array.of(1, 2), Float64Array.of(2, 1, 1), out);
 * out[0]; // 6.708203932499369
 */
export function whitenedNorms(rows: Matrix, mean: Float64Array, lower: Float64Array, out: Float64Array): void {
  const { cols, values } = rows;
  const centred = new Float64Array(4 * cols);
  for (let row = 0; row < rows.rows; row += 4) {
    const block = Math.min(4, rows.rows - row);
    // Rows interleaved, so that the inner loop reads forward; a short block leaves the rest of an earlier one in its places.
    for (let k = 0; k < block; k++) {
      for (let j = 0; j < cols; j++) centred[4 * j + k] = values[(row + k) * cols + j] - mean[j];
    }
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
    out[row] = bounded(Math.sqrt(norm0));
    if (block > 1) out[row + 1] = bounded(Math.sqrt(norm1));
    if (block > 2) out[row + 2] = bounded(Math.sqrt(norm2));
    if (block > 3) out[row + 3] = bounded(Math.sqrt(norm3));
  }
}

/** NaN arises here only where infinities of both signs meet. */
function bounded(norm: number): number {
  return Number.isFinite(norm) ? norm : Number.MAX_VALUE;
}
