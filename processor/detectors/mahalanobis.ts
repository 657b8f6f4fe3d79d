import { z } from 'zod';
import { type Column, defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { cholesky, invertLower, multiplyLower, multiplyLowerTransposed } from '../../kernels/cholesky.ts';
import { ledoitWolf, shrink } from '../../kernels/covariance.ts';
import { euclideanNorm } from '../../kernels/distance.ts';
import { keepSumFinite } from '../../kernels/finite-sum.ts';
import { whitenedNorms } from '../../kernels/whitened-norm.ts';

type Model = {
  /** Columns in the order of mean and whitening: those that are given first. Empty = as they come. */
  readonly order: Int32Array;
  readonly mean: Float64Array;
  /** Inverse Cholesky factor of the covariance, lower triangular, packed row by row; zero for columns that are given. */
  readonly whitening: Float64Array;
  readonly shrinkage: number;
};

/** Used only where the estimate is singular: the least shrinkage that makes it safely invertible. */
const leastShrinkage = 1e-6;

export default defineDetector({
  type: 'mahalanobis',
  summary: 'Distance from the training mean in standard deviations, along the directions in which the tags usually move together.',
  fails:
    'Plants with several operating modes: what lies between the modes looks normal, and the modes themselves widen every direction. Training rows with ' +
    'gross outliers, which inflate the covariance. Anything that only shows over time, such as a changed rhythm.',
  cost: 'Scoring: columns^2 / 2 multiply-adds a row. Fitting: rows x columns^2 / 2, then columns^3 / 2. Model: columns^2 / 2 doubles.',
  source:
    'Mahalanobis 1936, "On the generalised distance in statistics"; covariance: Ledoit and Wolf 2004, ' +
    '"A well-conditioned estimator for large-dimensional covariance matrices", doi:10.1016/S0047-259X(03)00096-4',
  finds: ['point', 'shift', 'drift', 'correlation', 'novelty'],
  attribution:
    'Exact. With mean m, inverse covariance P and distance d, column j contributes (x[j] - m[j]) (P (x - m))[j] / d; they add up to the score, since ' +
    "(x - m)' P (x - m) = d^2. Of discrete columns that are given, the part of P that belongs to them alone is left out of it. A contribution can be negative: that tag's deviation is what its neighbours' would lead one to expect. " +
    'A tag is above (+) or below (-) its training mean.',
  options: z.strictObject({
    discrete: z
      .enum(['given', 'judged'])
      .default('given')
      .describe(
        'Whether the others are judged by what the discrete columns (valves, pumps) say, or these are judged too: a state that is rare is far off then.',
      ),
  }),
  fit(rows, columns, { discrete }): Model {
    if (!anyMoves(rows)) {
      throw new SluiceError('TRAINING_UNFIT', `mahalanobis cannot learn a covariance: all ${rows.rows} training rows x ${rows.cols} columns are equal`, {
        fix: 'Train on rows in which at least one tag moves.',
      });
    }
    const given = discrete === 'given' ? discreteOf(columns) : [];
    const order = given.length > 0 && given.length < rows.cols ? givenFirst(given, rows.cols) : new Int32Array(0);
    const { mean, covariance, shrinkage } = ledoitWolf(ordered(rows, order));
    const lower = cholesky(covariance, rows.cols);
    const whiteningOf = (factor: Float64Array): Float64Array => withoutFirst(invertLower(factor, rows.cols), order.length > 0 ? given.length : 0);
    if (lower) return { order, mean, whitening: whiteningOf(lower), shrinkage };
    const invertible = cholesky(shrink(covariance, leastShrinkage), rows.cols);
    if (!invertible) {
      throw new SluiceError('TRAINING_UNFIT', `mahalanobis cannot invert the covariance of ${rows.rows} training rows x ${rows.cols} columns`, {
        fix: 'Put the columns on one scale first, for example with the step standardise.',
      });
    }
    return { order, mean, whitening: whiteningOf(invertible), shrinkage: Math.max(shrinkage, leastShrinkage) };
  },
  score(model, rows, out) {
    whitenedNorms(ordered(rows, model.order), model.mean, model.whitening, out);
  },
  explain({ order, mean, whitening }, _state, came, out) {
    const row = ordered(makeMatrix(1, came.length, came), order).values;
    const largest = row.reduce((most, x, j) => Math.max(most, Math.abs(x - mean[j])), 0);
    const difference = row.map((x, j) => (largest === 0 ? 0 : (x - mean[j]) / largest));
    const whitened = multiplyLower(whitening, difference, new Float64Array(row.length));
    const distance = euclideanNorm(whitened);
    const weight = multiplyLowerTransposed(whitening, whitened, new Float64Array(row.length));
    for (let i = 0; i < row.length; i++) {
      const column = order.length > 0 ? order[i] : i;
      out.reference[column] = mean[i];
      out.weight[column] = distance === 0 ? 0 : weight[i] / distance;
    }
    keepSumFinite(came, out);
  },
});

const discreteOf = (columns: readonly Column[]): number[] => columns.flatMap(({ kind }, j) => (kind === 'discrete' ? [j] : []));

function givenFirst(given: readonly number[], cols: number): Int32Array {
  return Int32Array.of(...given, ...[...Array(cols).keys()].filter((j) => !given.includes(j)));
}

/** The same rows with their columns in this order. */
function ordered(rows: Matrix, order: Int32Array): Matrix {
  if (order.length === 0) return rows;
  const { cols, values } = rows;
  const out = makeMatrix(rows.rows, cols);
  for (let at = 0; at < values.length; at += cols) for (let i = 0; i < cols; i++) out.values[at + i] = values[at + order[i]];
  return out;
}

/** What is left of a distance when the first so many columns are given: their components of the whitened row are left out. */
function withoutFirst(whitening: Float64Array, given: number): Float64Array {
  return whitening.fill(0, 0, (given * (given + 1)) / 2);
}

function anyMoves({ rows, cols, values }: Matrix): boolean {
  for (let i = cols; i < rows * cols; i++) if (values[i] !== values[i % cols]) return true;
  return false;
}
