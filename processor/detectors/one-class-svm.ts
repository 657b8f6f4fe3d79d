import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import { euclideanNorm, unitVector } from '../../kernels/distance.ts';
import { keepSumFinite } from '../../kernels/finite-sum.ts';
import { oneClassSmo } from '../../kernels/one-class-smo.ts';
import { negativeLogKernelMean, rbfKernel } from '../../kernels/rbf-kernel.ts';
import { applyTransposed } from '../../kernels/ridge.ts';
import { sampleRows } from '../../kernels/sample-rows.ts';

/**
 * `supports`: support vectors x columns, row-major. `share`: their alpha, adding up to 1. `border`: -log(S / sum alpha) where
 * the kernel sum S is rho, > 0.
 */
type Model = { readonly supports: Float64Array; readonly share: Float64Array; readonly gamma: number; readonly border: number };

/** For kernel rows while fitting; all of them up to 2800 rows. */
const cacheBytes = 64 * 2 ** 20;
/** The largest tolerance that makes sense: the kernel of a row with itself. */
const loosest = 1;
/** A border nearer than this is rounding error: the support vectors are one point. */
const rounding = 1e-12;

/**
 * The kernel sum S itself would rank nothing beyond a few kernel widths, where it is rounded to 0. Its negative logarithm has
 * the same order wherever S > 0 and goes on as the squared distance beyond.
 */
export default defineDetector({
  type: 'one-class-svm',
  summary: 'How far outside the region that holds all but a small part of the training rows; 1 = on its border.',
  fails:
    'Columns of different scale (standardise first). A kernel that does not fit: too wide (small gamma) and what lies between operating modes looks normal, ' +
    'too narrow and only rows like those seen do. An operating mode that training never showed it finds on most plants, not on all: over 20 fixture plants ' +
    'its AUC there is 0.99 in the mean, but 0.87 on one. Sensors that are each in range but no longer move together, and in many columns a deviation of one ' +
    'tag. Anything that only shows over time, such as a stuck sensor.',
  cost:
    'Scoring: support vectors x columns multiply-adds and one exponential per support vector a row; support vectors are at least nu x references. ' +
    'Fitting: references^2 x columns at most up to 2800 references, whose kernel fits in 64 MB, and references x iterations. Model: support vectors x (columns + 1) doubles.',
  source:
    'Schoelkopf, Platt, Shawe-Taylor, Smola and Williamson 2001, "Estimating the support of a high-dimensional distribution", ' +
    'doi:10.1162/089976601750264965; solver: Fan, Chen and Lin 2005, "Working set selection using second order information for training support vector ' +
    'machines", JMLR 6, pages 1889-1918',
  finds: ['point', 'shift', 'drift'],
  attribution:
    'Exact. The gradient of the score at row x points away from m, the mean of the support vectors weighted by their parts in the kernel sum, so column j ' +
    'contributes in proportion to (x[j] - m[j])^2. All contributions are >= 0 and scaled to add up to the score; a row at m itself has none. A tag is above (+) or ' +
    'below (-) its value at m. The reference is m, or a point beyond m where x lies close to m for its score, so that contributions stay moderate on the ' +
    'way back through PCA.',
  options: z.strictObject({
    nu: z.number().gt(0).max(1).default(0.01).describe('Part of the reference rows that may lie outside the region, at most.'),
    gamma: z
      .union([z.literal('scale'), z.number().positive()])
      .default('scale')
      .describe("The kernel is exp(-gamma x squared distance); 'scale' = 1 / (columns x variance of all entries)."),
    tolerance: z
      .number()
      .min(1e-12)
      .max(loosest)
      .default(1e-6)
      .describe(
        'Fitting ends when the optimality conditions hold to within this, in units of the kernel sum. 1e-3, as in LIBSVM, leaves scores open in their third or fourth digit; 1e-6 settles five and takes about twice the iterations at most.',
      ),
    iterations: z
      .int()
      .min(1)
      .default(1_000_000)
      .describe(
        'Pairs of rows moved at most, where hundreds are usual, and tens of thousands with a narrow kernel; training that needs more is refused. A million take half a minute on 2000 references.',
      ),
    references: z.int().min(1).max(20_000).default(2000).describe('Training rows to fit at most; of more, so many are chosen at random.'),
    seed: z.int().optional().describe("Seed of the random choices; default: the pipeline's."),
  }),
  fit(rows, _columns, { nu, gamma, tolerance, iterations, references, seed }, context): Model {
    if (rows.rows === 0 || rows.cols === 0) {
      throw new SluiceError('TRAINING_UNFIT', `one-class-svm cannot learn from ${rows.rows} rows x ${rows.cols} columns`, {
        fix: 'Give it at least one complete row of one column.',
      });
    }
    const sample = sampleRows(rows, references, seed === undefined ? context.random : makeRandom(seed, 'one-class-svm'));
    const width = gamma === 'scale' ? scaleGamma(sample) : gamma;
    const n = sample.rows;
    const solution = oneClassSmo(n, nu, (i, out) => rbfKernel(sample.values, i * sample.cols, sample, width, out), { tolerance, iterations, cacheBytes });
    if (!solution.converged) throw unfinished(solution.gap, tolerance, iterations);
    const chosen = [...solution.alpha.keys()].filter((i) => solution.alpha[i] > 0);
    const total = chosen.reduce((sum, i) => sum + solution.alpha[i], 0);
    const supports = new Float64Array(chosen.length * sample.cols);
    chosen.forEach((i, at) => {
      supports.set(sample.values.subarray(i * sample.cols, (i + 1) * sample.cols), at * sample.cols);
    });
    const border = -Math.log(solution.rho / total);
    return {
      supports,
      share: Float64Array.from(chosen, (i) => solution.alpha[i] / total),
      gamma: width,
      border: border > rounding ? border : 1,
    };
  },
  score(model, rows, out) {
    negativeLogKernelMean(rows, supportsOf(model), model.share, model.gamma, out);
    for (let row = 0; row < rows.rows; row++) out[row] = Math.min(Number.MAX_VALUE, out[row] / model.border);
  },
  explain(model, _state, row, out) {
    const raw = new Float64Array(1);
    const { share, gamma, border } = model;
    const part = new Float64Array(share.length);
    negativeLogKernelMean(makeMatrix(1, row.length, row), supportsOf(model), share, gamma, raw, part);
    const score = Math.min(Number.MAX_VALUE, raw[0] / border);
    const { reference, weight } = out;
    reference.fill(0);
    applyTransposed(model.supports, row.length, part.length, part, reference);
    const difference = new Float64Array(row.length);
    for (let j = 0; j < row.length; j++) difference[j] = row[j] - reference[j];
    const distance = euclideanNorm(difference);
    // Where a single support vector would give the same score; less than half of that is close.
    const least = Math.sqrt(raw[0]) / Math.sqrt(gamma) / 2;
    if (distance > 0 && distance < least) {
      for (let j = 0; j < row.length; j++) {
        reference[j] = row[j] - (difference[j] / distance) * least;
        difference[j] = row[j] - reference[j];
      }
    }
    unitVector(difference, weight);
    for (let j = 0; j < row.length; j++) weight[j] = difference[j] === 0 ? 0 : (score * weight[j] * weight[j]) / difference[j];
    keepSumFinite(row, out);
  },
});

/** Tells of a search that was cut off, and a tolerance with which it would not have been. */
function unfinished(gap: number, tolerance: number, iterations: number): SluiceError {
  const enough = Number((1.1 * gap).toPrecision(2));
  const looser = enough <= loosest ? `, or its tolerance to ${enough}` : '';
  return new SluiceError('TRAINING_UNFIT', `one-class-svm is still ${gap} from its optimum after ${iterations} iterations, with tolerance ${tolerance}`, {
    fix: `Raise its iterations${looser}; a smaller gamma or fewer references need fewer iterations.`,
  });
}

function supportsOf({ supports, share }: Model): Matrix {
  return makeMatrix(share.length, supports.length / share.length, supports);
}

/** 1 / (columns x variance of all entries), and 1 where all are equal. */
function scaleGamma({ rows, cols, values }: Matrix): number {
  const count = rows * cols;
  let mean = 0;
  for (let i = 0; i < count; i++) mean += values[i] / count;
  let variance = 0;
  for (let i = 0; i < count; i++) variance += (values[i] - mean) ** 2 / count;
  if (variance === 0) return 1;
  const gamma = 1 / (cols * variance);
  if (gamma > 0 && gamma < Number.POSITIVE_INFINITY) return gamma;
  throw new SluiceError('TRAINING_UNFIT', `one-class-svm cannot take gamma: 'scale' of training values whose variance is ${variance}`, {
    fix: 'Put the columns on one scale first, for example with the step standardise.',
  });
}
