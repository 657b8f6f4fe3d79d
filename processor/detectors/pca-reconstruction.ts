import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { componentsKeeping, distinctComponents, principalComponents } from '../../kernels/principal-components.ts';
import { quantile } from '../../kernels/quantile.ts';
import { applyLinearAlong, applyTransposed, linearMapOf } from '../../kernels/ridge.ts';

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
    const parts = makeParts(model, 1);
    split(model, makeMatrix(1, cols, row), 0, 1, parts);
    out.reference.set(mean);
    for (let c = 0; c < variance.length; c++) parts.along[c] = perT2 > 0 ? (parts.along[c] / variance[c]) * perT2 : 0;
    for (let j = 0; j < cols; j++) out.weight[j] = parts.across[j] * perQ;
    applyTransposed(loadings, cols, variance.length, parts.along, out.weight);
    for (let j = 0; j < cols; j++) {
      const difference = Math.abs(row[j] - mean[j]);
      // What of a difference was cut off is cut off its weight.
      if (!(difference <= farthest)) out.weight[j] *= farthest / difference;
    }
  },
});

function scoreRows(model: Model, rows: Matrix, out: Float64Array): void {
  const { variance, perT2, perQ } = model;
  const { cols } = rows;
  const parts = makeParts(model, Math.min(rows.rows, rowsAtOnce));
  const { along, across } = parts;
  for (let from = 0; from < rows.rows; from += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows.rows - from);
    split(model, rows, from, count, parts);
    for (let row = 0, c = 0, j = 0; row < count; row++) {
      let t2 = 0;
      if (perT2 > 0) for (let n = 0; n < variance.length; n++, c++) t2 += (along[c] * along[c]) / variance[n];
      let q = 0;
      if (perQ > 0) for (const end = j + cols; j < end; j++) q += across[j] * across[j];
      out[from + row] = Math.min(Number.MAX_VALUE, t2 * perT2 + q * perQ);
    }
  }
}

/** Rows whose parts are taken together, while they are in the cache. */
const rowsAtOnce = 64;

/** Differences of rows from the mean: their components, and what of them lies across those. */
interface Parts {
  readonly along: Float64Array;
  readonly across: Float64Array;
}

function makeParts({ mean, variance }: Model, rows: number): Parts {
  return { along: new Float64Array(rows * variance.length), across: new Float64Array(rows * mean.length) };
}

/** Of `count` rows from row `from` on. */
function split({ mean, loadings, variance }: Model, { cols, values }: Matrix, from: number, count: number, { along, across }: Parts): void {
  const components = variance.length;
  for (let row = 0, to = 0, at = from * cols; row < count; row++) {
    for (let j = 0; j < cols; j++) across[to++] = Math.max(-farthest, Math.min(farthest, values[at++] - mean[j]));
  }
  applyLinearAlong(linearMapOf(loadings, components), across, cols, count, along);
  for (let row = 0; row < count; row++) subtract(loadings, cols, components, along, row * components, across, row * cols);
}

/** Takes what lies along the components out of one row: four columns side by side, each component after the other. */
function subtract(loadings: Float64Array, cols: number, components: number, along: Float64Array, from: number, across: Float64Array, at: number): void {
  const blocked = cols - (cols % 4);
  for (let j = 0; j < blocked; j += 4) {
    let rest0 = across[at + j];
    let rest1 = across[at + j + 1];
    let rest2 = across[at + j + 2];
    let rest3 = across[at + j + 3];
    for (let c = 0, l = j; c < components; c++, l += cols) {
      const length = along[from + c];
      rest0 -= loadings[l] * length;
      rest1 -= loadings[l + 1] * length;
      rest2 -= loadings[l + 2] * length;
      rest3 -= loadings[l + 3] * length;
    }
    across[at + j] = rest0;
    across[at + j + 1] = rest1;
    across[at + j + 2] = rest2;
    across[at + j + 3] = rest3;
  }
  for (let j = blocked; j < cols; j++) for (let c = 0, l = j; c < components; c++, l += cols) across[at + j] -= loadings[l] * along[from + c];
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
