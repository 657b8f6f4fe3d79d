import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Matrix } from '../../core/matrix.ts';
import { cholesky, invertLower, multiplyLower, multiplyLowerTransposed } from '../../kernels/cholesky.ts';
import { ledoitWolf, shrink } from '../../kernels/covariance.ts';
import { euclideanNorm } from '../../kernels/distance.ts';
import { keepSumFinite } from '../../kernels/finite-sum.ts';
import { whitenedNorms } from '../../kernels/whitened-norm.ts';

/** `whitening`: inverse Cholesky factor of the covariance, lower triangular, packed row by row. */
type Model = { readonly mean: Float64Array; readonly whitening: Float64Array; readonly shrinkage: number };

/** Kept between a column and what the others lead one to expect of it, so that the difference is a number whatever the row. */
const farthest = 1e307;

/** Used only where the estimate is singular: the least shrinkage that makes it safely invertible. */
const leastShrinkage = 1e-6;

export default defineDetector({
  type: 'mahalanobis',
  summary: 'Distance from the training mean in standard deviations, along the directions in which the tags usually move together.',
  fails:
    'Valves and pumps row by row: one that moves in one row of thirty stands five deviations off in it, however usual that is; smooth them first. ' +
    'Plants with several operating modes: what lies between the modes looks normal, and the modes themselves widen every direction. Training rows with ' +
    'gross outliers, which inflate the covariance. Anything that only shows over time, such as a changed rhythm.',
  cost: 'Scoring: columns^2 / 2 multiply-adds a row. Fitting: rows x columns^2 / 2, then columns^3 / 2. Model: columns^2 / 2 doubles.',
  source:
    'Mahalanobis 1936, "On the generalised distance in statistics"; covariance: Ledoit and Wolf 2004, ' +
    '"A well-conditioned estimator for large-dimensional covariance matrices", doi:10.1016/S0047-259X(03)00096-4',
  finds: ['point', 'shift', 'drift', 'correlation', 'novelty'],
  attribution:
    'By leaving one out. With mean m, inverse covariance P and g = P (x - m), the squared distance falls by g[j]^2 / P[j][j] where column j is what the others ' +
    'lead one to expect of it (Mason, Tracy and Young 1995, doi:10.1080/00224065.1995.11979573: the conditional terms). The score is shared out in these ' +
    'parts, all >= 0, so that they add up to it. A tag is above (+) or below (-) what the others lead one to expect.',
  options: z.strictObject({}),
  fit(rows): Model {
    if (!anyMoves(rows)) {
      throw new SluiceError('TRAINING_UNFIT', `mahalanobis cannot learn a covariance: all ${rows.rows} training rows x ${rows.cols} columns are equal`, {
        fix: 'Train on rows in which at least one tag moves.',
      });
    }
    const { mean, covariance, shrinkage } = ledoitWolf(rows);
    const lower = cholesky(covariance, rows.cols);
    if (lower) return { mean, whitening: invertLower(lower, rows.cols), shrinkage };
    const invertible = cholesky(shrink(covariance, leastShrinkage), rows.cols);
    if (!invertible) {
      throw new SluiceError('TRAINING_UNFIT', `mahalanobis cannot invert the covariance of ${rows.rows} training rows x ${rows.cols} columns`, {
        fix: 'Put the columns on one scale first, for example with the step standardise.',
      });
    }
    return { mean, whitening: invertLower(invertible, rows.cols), shrinkage: Math.max(shrinkage, leastShrinkage) };
  },
  score(model, rows, out) {
    whitenedNorms(rows, model.mean, model.whitening, out);
  },
  explain({ mean, whitening }, _state, row, out) {
    const { precision, difference, whitened } = companion(whitening, row.length);
    let largest = 0;
    for (let j = 0; j < row.length; j++) largest = Math.max(largest, Math.abs(row[j] - mean[j]));
    for (let j = 0; j < row.length; j++) difference[j] = largest > 0 ? (row[j] - mean[j]) / largest : 0;
    multiplyLower(whitening, difference, whitened);
    const distance = euclideanNorm(whitened);
    const gradient = multiplyLowerTransposed(whitening, whitened, difference);
    let sum = 0;
    for (let j = 0; j < row.length; j++) sum += (gradient[j] * gradient[j]) / precision[j];
    for (let j = 0; j < row.length; j++) {
      const residual = bounded(largest * (gradient[j] / precision[j]), farthest);
      out.reference[j] = bounded(row[j] - residual, Number.MAX_VALUE);
      out.weight[j] = sum === 0 ? 0 : (distance * gradient[j]) / sum;
    }
    keepSumFinite(row, out);
  },
});

const bounded = (x: number, limit: number): number => Math.max(-limit, Math.min(limit, x));

/** What explaining with a model takes, an entry a column: the diagonal of W'W, and memory for one row. */
interface Companion {
  readonly precision: Float64Array;
  readonly difference: Float64Array;
  readonly whitened: Float64Array;
}

const companions = new WeakMap<Float64Array, Companion>();

/** Made once for a model. */
function companion(whitening: Float64Array, cols: number): Companion {
  let known = companions.get(whitening);
  if (!known) {
    const precision = new Float64Array(cols);
    for (let i = 0, at = 0; i < cols; i++) for (let j = 0; j <= i; j++, at++) precision[j] += whitening[at] ** 2;
    known = { precision, difference: new Float64Array(cols), whitened: new Float64Array(cols) };
    companions.set(whitening, known);
  }
  return known;
}

function anyMoves({ rows, cols, values }: Matrix): boolean {
  for (let i = cols; i < rows * cols; i++) if (values[i] !== values[i % cols]) return true;
  return false;
}
