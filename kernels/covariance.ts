import type { Matrix } from '../core/matrix.ts';
import { columnMeans } from './moments.ts';

/** Mean of every column and the covariance between columns (columns x columns, row-major, symmetric). */
export interface Covariance {
  readonly mean: Float64Array;
  readonly covariance: Float64Array;
}

/** A covariance pulled towards a multiple of the identity. */
export interface ShrunkCovariance extends Covariance {
  /** 0 = the empirical covariance, 1 = the multiple of the identity. */
  readonly shrinkage: number;
}

/**
 * Maximum-likelihood covariance: the mean of (x - mean)(x - mean)', divided by the number of rows.
 *
 * @param rows at least one, complete
 * @example
 * empiricalCovariance(makeMatrix(2, 2, Float64Array.of(0, 0, 2, 4))).covariance; // Float64Array [1, 2, 2, 4]
 */
export function empiricalCovariance(rows: Matrix): Covariance {
  const { cols, values } = rows;
  const mean = columnMeans(rows);
  const covariance = new Float64Array(cols * cols);
  const centred = new Float64Array(cols);
  for (let row = 0; row < rows.rows; row++) {
    for (let j = 0; j < cols; j++) centred[j] = values[row * cols + j] - mean[j];
    for (let i = 0; i < cols; i++) {
      const x = centred[i];
      for (let j = 0, at = i * cols; j <= i; j++) covariance[at++] += x * centred[j];
    }
  }
  for (let i = 0; i < cols; i++) {
    for (let j = 0; j <= i; j++) {
      covariance[i * cols + j] /= rows.rows;
      covariance[j * cols + i] = covariance[i * cols + j];
    }
  }
  return { mean, covariance };
}

/**
 * Ledoit-Wolf shrinkage: (1 - s) S + s m I with S the empirical covariance of n rows, m = trace(S) / p, and s the
 * minimiser of the expected squared error, estimated by
 *
 *     s = min(b2, d2) / d2,   d2 = |S - m I|^2,   b2 = (mean of |x|^4 - |S|^2) / n
 *
 * with x the centred rows and |.| the Frobenius norm (Ledoit and Wolf 2004, "A well-conditioned estimator for
 * large-dimensional covariance matrices", doi:10.1016/S0047-259X(03)00096-4, lemmas 3.2 to 3.5). Of a single column
 * nothing is to be shrunk.
 *
 * @param rows at least one, complete
 * @example
 * ledoitWolf(makeMatrix(4, 2, Float64Array.of(1, 0, -1, 0, 0, 2, 0, -2))).shrinkage; // 0.9444444444444444
 */
export function ledoitWolf(rows: Matrix): ShrunkCovariance {
  const { cols, values } = rows;
  const { mean, covariance } = empiricalCovariance(rows);
  let trace = 0;
  for (let j = 0; j < cols; j++) trace += covariance[j * cols + j];
  const scale = trace / cols;
  let squares = 0;
  for (let i = 0; i < covariance.length; i++) squares += covariance[i] ** 2;
  let fourth = 0;
  for (let row = 0; row < rows.rows; row++) {
    let norm = 0;
    for (let j = 0; j < cols; j++) norm += (values[row * cols + j] - mean[j]) ** 2;
    fourth += norm * norm;
  }
  const distance = squares - cols * scale * scale;
  const error = Math.max(0, (fourth / rows.rows - squares) / rows.rows);
  const shrinkage = cols === 1 || error === 0 ? 0 : error >= distance ? 1 : error / distance;
  return { mean, covariance: shrink(covariance, shrinkage), shrinkage };
}

/**
 * (1 - s) S + s m I with m = trace(S) / p, as a new array.
 * @example
 * shrink(Float64Array.of(2, 1, 1, 4), 0.5); // Float64Array [2.5, 0.5, 0.5, 3.5]
 */
export function shrink(covariance: Float64Array, shrinkage: number): Float64Array {
  const cols = Math.sqrt(covariance.length);
  const shrunk = covariance.map((value) => (1 - shrinkage) * value);
  let trace = 0;
  for (let j = 0; j < cols; j++) trace += covariance[j * cols + j];
  for (let j = 0; j < cols; j++) shrunk[j * cols + j] += shrinkage * (trace / cols);
  return shrunk;
}
