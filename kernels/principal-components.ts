import type { Matrix } from '../core/matrix.ts';
import { empiricalCovariance } from './covariance.ts';
import { symmetricEigen } from './eigen.ts';

export interface PrincipalComponents {
  readonly mean: Float64Array;
  /** All components x columns, row-major: orthonormal rows, largest variance first. */
  readonly loadings: Float64Array;
  /** Variance along each component, n - 1 in the denominator, >= 0. */
  readonly variance: Float64Array;
  /** Sum of the variances. */
  readonly total: number;
}

/**
 * Principal components from the covariance's eigenvectors (Jolliffe, Principal Component Analysis, 2nd ed., chapter 2), as
 * scikit-learn's PCA(svd_solver="full") up to signs.
 *
 * @param rows at least two, complete
 * @throws INTERNAL when the covariance is past the range of doubles.
 * @example
 * principalComponents(makeMatrix(3, 2, Float64Array.of(0, 0, 3, 4, 6, 8))).variance[0]; // 25
 */
export function principalComponents(rows: Matrix): PrincipalComponents {
  const { mean, covariance } = empiricalCovariance(rows);
  const { values, vectors } = symmetricEigen(covariance, rows.cols);
  const variance = values.map((x) => Math.max(0, (x * rows.rows) / (rows.rows - 1)));
  return { mean, loadings: vectors, variance, total: variance.reduce((sum, x) => sum + x, 0) };
}

/**
 * How many components can be told from rounding error: those whose variance is above columns x eps of the largest.
 * @example
 * distinctComponents(Float64Array.of(4, 1, 1e-20)); // 2
 */
export function distinctComponents(variance: Float64Array): number {
  let k = 0;
  while (k < variance.length && variance[k] > variance.length * Number.EPSILON * variance[0]) k++;
  return k;
}

/**
 * The least number of components that keep more than `part` of the variance, as scikit-learn's PCA(part); at most those that
 * can be told from rounding error.
 * @example
 * componentsKeeping(Float64Array.of(6, 3, 1), 0.85); // 2
 */
export function componentsKeeping(variance: Float64Array, part: number): number {
  const distinct = distinctComponents(variance);
  const total = variance.reduce((sum, x) => sum + x, 0);
  for (let k = 0, kept = 0; k < distinct; k++) {
    if (kept / total > part) return k;
    kept += variance[k];
  }
  return distinct;
}
