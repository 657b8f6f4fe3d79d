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
 * Fills out = W v with W packed lower triangular. One accumulator an entry runs over the columns in order, four entries side by side.
 *
 * @param out not the vector itself
 * @example
 * multiplyLower(Float64Array.of(0.5, -0.25, 0.5), Float64Array.of(2, 4), new Float64Array(2)); // Float64Array [1, 1.5]
 */
export function multiplyLower(lower: Float64Array, vector: Float64Array, out: Float64Array): Float64Array {
  const size = vector.length;
  const blocked = size - (size % 4);
  for (let i = 0; i < blocked; i += 4) {
    let at0 = (i * (i + 1)) / 2;
    let at1 = at0 + i + 1;
    let at2 = at1 + i + 2;
    let at3 = at2 + i + 3;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let j = 0; j <= i; j++) {
      const x = vector[j];
      sum0 += lower[at0++] * x;
      sum1 += lower[at1++] * x;
      sum2 += lower[at2++] * x;
      sum3 += lower[at3++] * x;
    }
    const x1 = vector[i + 1];
    const x2 = vector[i + 2];
    out[i] = sum0;
    out[i + 1] = sum1 + lower[at1] * x1;
    out[i + 2] = sum2 + lower[at2] * x1 + lower[at2 + 1] * x2;
    out[i + 3] = sum3 + lower[at3] * x1 + lower[at3 + 1] * x2 + lower[at3 + 2] * vector[i + 3];
  }
  for (let i = blocked; i < size; i++) {
    let sum = 0;
    for (let j = 0, at = (i * (i + 1)) / 2; j <= i; j++) sum += lower[at++] * vector[j];
    out[i] = sum;
  }
  return out;
}

/**
 * Fills out = W' v with W packed lower triangular. One accumulator an entry runs over the rows in order, four entries side by side.
 *
 * @param out not the vector itself
 * @example
 * multiplyLowerTransposed(Float64Array.of(0.5, -0.25, 0.5), Float64Array.of(2, 4), new Float64Array(2)); // Float64Array [0, 2]
 */
export function multiplyLowerTransposed(lower: Float64Array, vector: Float64Array, out: Float64Array): Float64Array {
  const size = vector.length;
  const blocked = size - (size % 4);
  for (let j = 0; j < blocked; j += 4) {
    const at1 = ((j + 1) * (j + 2)) / 2 + j;
    const at2 = at1 + j + 2;
    const x0 = vector[j];
    const x1 = vector[j + 1];
    const x2 = vector[j + 2];
    let sum0 = 0 + lower[at1 - j - 1] * x0 + lower[at1] * x1 + lower[at2] * x2;
    let sum1 = 0 + lower[at1 + 1] * x1 + lower[at2 + 1] * x2;
    let sum2 = 0 + lower[at2 + 2] * x2;
    let sum3 = 0;
    for (let i = j + 3, at = at2 + j + 3; i < size; at += ++i) {
      const x = vector[i];
      sum0 += lower[at] * x;
      sum1 += lower[at + 1] * x;
      sum2 += lower[at + 2] * x;
      sum3 += lower[at + 3] * x;
    }
    out[j] = sum0;
    out[j + 1] = sum1;
    out[j + 2] = sum2;
    out[j + 3] = sum3;
  }
  for (let j = blocked; j < size; j++) {
    let sum = 0;
    for (let i = j, at = (j * (j + 1)) / 2 + j; i < size; at += ++i) sum += lower[at] * vector[i];
    out[j] = sum;
  }
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
