/**
 * Lower triangular matrices are packed row by row: entry (i, j), j <= i, stands at i (i + 1) / 2 + j.
 */

/**
 * Cholesky factor L, A = L L', of a symmetric matrix (Golub and Van Loan 2013, Matrix Computations, algorithm 4.2.1).
 *
 * @param matrix size x size, row-major; only its lower half is read
 * @returns L packed, or undefined when the matrix is not positive definite: a pivot is at most 1e-13 of its diagonal
 * entry, below which it is rounding error
 * @example
 * cholesky(Float64Array.of(4, 2, 2, 5), 2); // Float64Array [2, 1, 2]
 */
export function cholesky(matrix: Float64Array, size: number): Float64Array | undefined {
  const lower = new Float64Array((size * (size + 1)) / 2);
  for (let i = 0; i < size; i++) {
    const rowI = (i * (i + 1)) / 2;
    for (let j = 0; j <= i; j++) {
      const rowJ = (j * (j + 1)) / 2;
      let sum = matrix[i * size + j];
      for (let k = 0; k < j; k++) sum -= lower[rowI + k] * lower[rowJ + k];
      if (i !== j) lower[rowI + j] = sum / lower[rowJ + j];
      else if (sum > 1e-13 * matrix[i * size + i]) lower[rowI + j] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return lower;
}

/**
 * Inverse of a lower triangular matrix by forward substitution, column by column; packed like its argument.
 * @example
 * invertLower(Float64Array.of(2, 1, 2), 2); // Float64Array [0.5, -0.25, 0.5]
 */
export function invertLower(lower: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(lower.length);
  for (let j = 0; j < size; j++) {
    for (let i = j; i < size; i++) {
      const rowI = (i * (i + 1)) / 2;
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= lower[rowI + k] * inverse[(k * (k + 1)) / 2 + j];
      inverse[rowI + j] = sum / lower[rowI + i];
    }
  }
  return inverse;
}

/**
 * Fills out = W v with W packed lower triangular.
 * @example
 * multiplyLower(Float64Array.of(0.5, -0.25, 0.5), Float64Array.of(2, 4), new Float64Array(2)); // Float64Array [1, 1.5]
 */
export function multiplyLower(lower: Float64Array, vector: Float64Array, out: Float64Array): Float64Array {
  for (let i = 0, at = 0; i < vector.length; i++) {
    let sum = 0;
    for (let j = 0; j <= i; j++) sum += lower[at++] * vector[j];
    out[i] = sum;
  }
  return out;
}

/**
 * Fills out = W' v with W packed lower triangular.
 * @example
 * multiplyLowerTransposed(Float64Array.of(0.5, -0.25, 0.5), Float64Array.of(2, 4), new Float64Array(2)); // Float64Array [0, 2]
 */
export function multiplyLowerTransposed(lower: Float64Array, vector: Float64Array, out: Float64Array): Float64Array {
  out.fill(0);
  for (let i = 0, at = 0; i < vector.length; i++) for (let j = 0; j <= i; j++) out[j] += lower[at++] * vector[i];
  return out;
}

/**
 * Solves L L' y = x with the Cholesky factor L, packed: forward, then backward substitution. x becomes y.
 * @example
 * solveCholesky(Float64Array.of(2, 1, 2), Float64Array.of(8, 12)); // Float64Array [1, 2]
 */
export function solveCholesky(lower: Float64Array, x: Float64Array): Float64Array {
  const n = x.length;
  for (let i = 0, at = 0; i < n; i++) {
    let sum = x[i];
    for (let k = 0; k < i; k++) sum -= lower[at++] * x[k];
    x[i] = sum / lower[at++];
  }
  for (let i = n - 1; i >= 0; i--) {
    const row = (i * (i + 1)) / 2;
    x[i] /= lower[row + i];
    for (let k = 0; k < i; k++) x[k] -= lower[row + k] * x[i];
  }
  return x;
}
