import { SluiceError } from '../core/errors.ts';

export interface Eigen {
  /** Descending; equal ones in the order of the tridiagonal form. */
  readonly values: Float64Array;
  /** Row-major n x n: row i is the unit eigenvector of values[i], its element of largest magnitude positive. */
  readonly vectors: Float64Array;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix (row-major n x n, finite): Householder's tridiagonal form and the
 * implicit QR iteration with Wilkinson's shift (Golub and Van Loan, Matrix Computations, 4th ed., algorithms 8.3.1 to
 * 8.3.3). About 9 n^3 operations. Backward stable: errors are some eps times the largest eigenvalue.
 *
 * @throws INTERNAL when the matrix is not finite.
 * @example
 * symmetricEigen(new Float64Array([2, 1, 1, 2]), 2).values; // Float64Array [3, 1]
 */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  let scale = 0;
  for (let i = 0; i < n * n; i++) scale = Math.max(scale, Math.abs(matrix[i]));
  if (!Number.isFinite(scale)) throw new SluiceError('INTERNAL', 'the eigenvalues of a matrix that is not finite were asked for');
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const vectors = new Float64Array(n * n);
  const a = scale === 0 ? new Float64Array(n * n) : matrix.map((x) => x / scale);
  tridiagonalise(a, n, diagonal, beside, vectors);
  diagonalise(diagonal, beside, vectors, n);
  for (let i = 0; i < n; i++) diagonal[i] *= scale;
  return sorted(diagonal, vectors, n);
}

/**
 * A = Q T Q': fills T's diagonal and the elements beside it (beside[k] = T[k][k+1]), and Q', row-major. Destroys `a`,
 * where each reflection's vector is left below the diagonal of its column.
 */
function tridiagonalise(a: Float64Array, n: number, diagonal: Float64Array, beside: Float64Array, q: Float64Array): void {
  const factors = new Float64Array(n);
  const v = new Float64Array(n);
  const w = new Float64Array(n);
  for (let k = 0; k < n - 2; k++) {
    const first = k + 1;
    let norm = 0;
    for (let i = first; i < n; i++) {
      v[i] = a[i * n + k];
      norm += v[i] * v[i];
    }
    norm = Math.sqrt(norm);
    const head = v[first];
    const alpha = head > 0 ? -norm : norm;
    beside[k] = alpha;
    if (norm === 0) continue;
    v[first] = head - alpha;
    for (let i = first; i < n; i++) a[i * n + k] = v[i];
    // v = x - alpha e1, so that v'v = 2 alpha (alpha - x1).
    const factor = 1 / (alpha * (alpha - head));
    factors[k] = factor;
    let along = 0;
    for (let i = first; i < n; i++) {
      let sum = 0;
      for (let j = first; j < n; j++) sum += a[i * n + j] * v[j];
      w[i] = factor * sum;
      along += w[i] * v[i];
    }
    for (let i = first; i < n; i++) w[i] -= 0.5 * factor * along * v[i];
    for (let i = first; i < n; i++) {
      for (let j = first; j < n; j++) a[i * n + j] -= v[i] * w[j] + w[i] * v[j];
    }
  }
  if (n > 1) beside[n - 2] = a[(n - 1) * n + n - 2];
  for (let i = 0; i < n; i++) {
    diagonal[i] = a[i * n + i];
    q[i * n + i] = 1;
  }
  // Q = H0 H1 ... and so Q' = ... H1 H0: from the last reflection backwards only the trailing block is touched.
  for (let k = n - 3; k >= 0; k--) {
    const factor = factors[k];
    if (factor === 0) continue;
    for (let i = k + 1; i < n; i++) v[i] = a[i * n + k];
    for (let i = k + 1; i < n; i++) {
      let along = 0;
      for (let j = k + 1; j < n; j++) along += q[i * n + j] * v[j];
      along *= factor;
      for (let j = k + 1; j < n; j++) q[i * n + j] -= along * v[j];
    }
  }
}

/** Rotates T to diagonal form, and the rows of `q` with it. */
function diagonalise(d: Float64Array, e: Float64Array, q: Float64Array, n: number): void {
  const negligible = (k: number): boolean => Math.abs(e[k]) <= Number.EPSILON * (Math.abs(d[k]) + Math.abs(d[k + 1])) || Math.abs(e[k]) < Number.EPSILON ** 2;
  let last = n - 1;
  for (let step = 0; last > 0; step++) {
    if (step > 60 * n) throw new SluiceError('INTERNAL', `the QR iteration did not converge for a ${n} x ${n} matrix`);
    if (negligible(last - 1)) {
      last--;
      continue;
    }
    let first = last - 1;
    while (first > 0 && !negligible(first - 1)) first--;
    const half = (d[last - 1] - d[last]) / 2;
    const below = e[last - 1];
    const root = Math.sqrt(half * half + below * below);
    let x = d[first] - (d[last] - (below * below) / (half + (half < 0 ? -root : root)));
    let z = e[first];
    for (let k = first; k < last; k++) {
      const r = Math.sqrt(x * x + z * z);
      const c = r === 0 ? 1 : x / r;
      const s = r === 0 ? 0 : z / r;
      if (k > first) e[k - 1] = r;
      const upper = d[k];
      const lower = d[k + 1];
      const side = e[k];
      d[k] = c * c * upper + 2 * c * s * side + s * s * lower;
      d[k + 1] = s * s * upper - 2 * c * s * side + c * c * lower;
      e[k] = c * s * (lower - upper) + (c * c - s * s) * side;
      x = e[k];
      if (k < last - 1) {
        z = s * e[k + 1];
        e[k + 1] *= c;
      }
      rotateRows(q, n, k, c, s);
    }
  }
}

function rotateRows(q: Float64Array, n: number, k: number, c: number, s: number): void {
  for (let j = 0, a = k * n, b = (k + 1) * n; j < n; j++, a++, b++) {
    const upper = q[a];
    const lower = q[b];
    q[a] = c * upper + s * lower;
    q[b] = c * lower - s * upper;
  }
}

function sorted(values: Float64Array, vectors: Float64Array, n: number): Eigen {
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => values[b] - values[a] || a - b);
  const out = { values: new Float64Array(n), vectors: new Float64Array(n * n) };
  for (let i = 0; i < n; i++) {
    const row = vectors.subarray(order[i] * n, (order[i] + 1) * n);
    let largest = 0;
    for (let j = 1; j < n; j++) if (Math.abs(row[j]) > Math.abs(row[largest])) largest = j;
    const sign = row[largest] < 0 ? -1 : 1;
    out.values[i] = values[order[i]];
    for (let j = 0; j < n; j++) out.vectors[i * n + j] = sign * row[j];
  }
  return out;
}
