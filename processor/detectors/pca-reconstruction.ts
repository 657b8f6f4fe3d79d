import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Matrix } from '../../core/matrix.ts';
import { componentsKeeping, distinctComponents, principalComponents } from '../../kernels/principal-components.ts';
import { quantile } from '../../kernels/quantile.ts';
import { applyLinear, type LinearMap } from '../../kernels/ridge.ts';

type Model = {
  readonly mean: Float64Array;
  /** Components x columns, row-major, orthonormal rows. */
  readonly loadings: Float64Array;
  /** Variance along each component, n - 1 in the denominator, > 0. */
  readonly variance: Float64Array;
  /** The score is T2 times the one plus Q times the other. */
  readonly perT2: number;
  readonly perQ: number;
};

/** The quantile of a statistic over the fit rows that `both` takes as its unit. */
const unitQuantile = 0.999;
/**
 * Q's unit is no less than this part of the mean column variance: where columns depend on each other exactly, all training leaves of Q is
 * rounding. T2's is no less than this part of the number of components, its mean: where all but a few rows are equal, the quantile may be 0.
 */
const leastUnit = 1e-4;
/** Differences from the mean are bounded to this, far past any reading, so that squares stay finite. */
const farthest = 1e140;

export default defineDetector({
  type: 'pca-reconstruction',
  summary: 'How far a row lies out along the principal components (T2), and how far off them (Q): what they cannot reconstruct.',
  fails:
    'Plants with several operating modes, whose differences become components of their own: what lies between the modes looks normal. Columns in different ' +
    'units (standardise first). Training rows with gross outliers, which turn the components towards themselves. Sensors that no longer move together, where the ' +
    'components leave room for it: over 20 fixture plants its AUC there is 0.95 in the mean, but below 0.9 on three and 0.80 on one. Anything that only shows ' +
    'over time, such as a changed rhythm.',
  cost: 'Scoring: 2 x components x columns multiply-adds a row. Fitting: rows x columns^2 / 2 + 9 columns^3. Model: components x columns doubles.',
  source:
    'Jackson and Mudholkar 1979, "Control procedures for residuals associated with principal component analysis", doi:10.1080/00401706.1979.10489779; ' +
    'T2: Hotelling 1947; their sum: Yue and Qin 2001, "Reconstruction-based fault identification using a combined index", doi:10.1021/ie000141+; ' +
    'number of components as scikit-learn PCA(variance)',
  finds: ['point', 'shift', 'drift', 'novelty'],
  attribution:
    "Exact. With difference c = x - mean, loadings P and variances L of the components, column j contributes c[j] (P L^-1 P' c)[j] to T2 and " +
    "c[j] (c - P P' c)[j] to Q, which add up to c' P L^-1 P' c = T2 and to |c - P P' c|^2 = Q, and in units of each to the score. A contribution can be " +
    "negative: that tag's deviation is what its neighbours' would lead one to expect. A tag is above (+) or below (-) its training mean.",
  options: z.strictObject({
    statistic: z
      .enum(['both', 't2', 'q'])
      .default('both')
      .describe(`t2: Hotelling's T2. q: the squared prediction error. both: their sum, each in units of its ${unitQuantile} quantile over the fit rows.`),
    variance: z
      .number()
      .positive()
      .max(1)
      .default(0.95)
      .describe(
        'As many components as it takes to keep more than this part of the variance. What is left out is watched by Q, which tells a broken relation the better the less of common movement is in it.',
      ),
    components: z.int().min(1).optional().describe('This many components instead; fewer where the training rows vary in fewer directions.'),
  }),
  fit(rows, _columns, { statistic, variance: part, components }): Model {
    const { mean, loadings, variance, total } = learn(rows);
    const kept = components === undefined ? componentsKeeping(variance, part) : Math.min(components, distinctComponents(variance));
    const model = { mean, loadings: loadings.slice(0, kept * rows.cols), variance: variance.slice(0, kept) };
    if (statistic === 't2') return { ...model, perT2: 1, perQ: 0 };
    const whole = kept === rows.cols;
    if (statistic === 'q') {
      if (!whole) return { ...model, perT2: 0, perQ: 1 };
      throw new SluiceError('TRAINING_UNFIT', `pca-reconstruction keeps all ${kept} components of ${rows.cols} columns, which leaves nothing for q`, {
        fix: 'Keep less variance or fewer components, or use the statistic t2.',
      });
    }
    const usual = (alone: Model): number => {
      const values = new Float64Array(rows.rows);
      scoreRows(alone, rows, values);
      return quantile(values.sort(), unitQuantile);
    };
    const perT2 = 1 / Math.max(usual({ ...model, perT2: 1, perQ: 0 }), leastUnit * kept);
    // All components together leave nothing over but rounding.
    if (whole) return { ...model, perT2, perQ: 0 };
    return { ...model, perT2, perQ: 1 / Math.max(usual({ ...model, perT2: 0, perQ: 1 }), (leastUnit * total) / rows.cols) };
  },
  score: scoreRows,
  explain(model, _state, row, out) {
    const { mean, loadings, variance, perT2, perQ } = model;
    const cols = row.length;
    const parts = makeParts(model);
    split(model, row, 0, parts);
    out.reference.set(mean);
    for (let c = 0; c < variance.length; c++) parts.along[c] = perT2 > 0 ? (parts.along[c] / variance[c]) * perT2 : 0;
    for (let j = 0; j < cols; j++) {
      let weight = parts.across[j] * perQ;
      for (let c = 0; c < variance.length; c++) weight += loadings[c * cols + j] * parts.along[c];
      const difference = row[j] - mean[j];
      // What of a difference was cut off is cut off its weight.
      out.weight[j] = Math.abs(difference) <= farthest ? weight : weight * (farthest / Math.abs(difference));
    }
  },
});

function scoreRows(model: Model, rows: Matrix, out: Float64Array): void {
  const { variance, perT2, perQ } = model;
  const parts = makeParts(model);
  for (let row = 0; row < rows.rows; row++) {
    split(model, rows.values, row * rows.cols, parts);
    let t2 = 0;
    if (perT2 > 0) for (let c = 0; c < variance.length; c++) t2 += (parts.along[c] * parts.along[c]) / variance[c];
    let q = 0;
    if (perQ > 0) for (let j = 0; j < rows.cols; j++) q += parts.across[j] * parts.across[j];
    out[row] = Math.min(Number.MAX_VALUE, t2 * perT2 + q * perQ);
  }
}

/** A row's difference from the mean: its components, and what of it lies across them. */
interface Parts {
  readonly along: Float64Array;
  readonly across: Float64Array;
  readonly projection: LinearMap;
}

function makeParts({ mean, loadings, variance }: Model): Parts {
  const components = variance.length;
  return {
    along: new Float64Array(components),
    across: new Float64Array(mean.length),
    projection: { intercept: new Float64Array(components), coefficients: loadings },
  };
}

function split({ mean, loadings, variance }: Model, values: Float64Array, at: number, { along, across, projection }: Parts): void {
  const cols = mean.length;
  for (let j = 0; j < cols; j++) across[j] = Math.max(-farthest, Math.min(farthest, values[at + j] - mean[j]));
  applyLinear(projection, across, along);
  for (let c = 0, from = 0; c < variance.length; c++) {
    const length = along[c];
    for (let j = 0; j < cols; j++) across[j] -= loadings[from++] * length;
  }
}

/** @throws TRAINING_UNFIT when there are no components to learn. */
function learn(rows: Matrix) {
  const shape = `${rows.rows} training rows x ${rows.cols} columns`;
  if (rows.rows < 2) throw new SluiceError('TRAINING_UNFIT', `pca-reconstruction cannot learn from ${shape}`, { fix: 'Give at least two complete rows.' });
  if (rows.values.subarray(0, rows.rows * rows.cols).some((x) => !(Math.abs(x) < farthest))) {
    throw new SluiceError('TRAINING_UNFIT', `pca-reconstruction cannot tell how ${shape} vary: they reach past ${farthest}`, {
      fix: 'Put the columns on one scale first, for example with the step standardise.',
    });
  }
  const found = principalComponents(rows);
  if (found.total > 0) return found;
  throw new SluiceError('TRAINING_UNFIT', `pca-reconstruction cannot learn components: all ${shape} are equal`, {
    fix: 'Train on rows in which at least one tag moves.',
  });
}
