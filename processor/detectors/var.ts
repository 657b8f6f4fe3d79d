import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, rowsOf } from '../../core/matrix.ts';
import { columnMoments, isConstant } from '../../kernels/moments.ts';
import { applyLinear, applyLinearAlong, ridge } from '../../kernels/ridge.ts';

type Model = {
  readonly order: number;
  readonly intercept: Float64Array;
  /** Columns x (order x columns), row-major: what each column is predicted with from the rows before, the oldest first. */
  readonly coefficients: Float64Array;
  /** Prediction error of each column that counts as one, > 0: the usual one, of a discrete column the largest of training. */
  readonly scale: Float64Array;
};

/** The rows before, the oldest first, and how many have come. */
type State = { seen: number; readonly memory: Float64Array };

/**
 * Added to a column's usual error, in its standard deviations: a column that training predicts perfectly would otherwise be held
 * to its last digit.
 */
const floor = 0.01;
/** Bounds that keep every intermediate finite, far past any reading: cells remembered, predictions, errors in units of the scale. */
const farthest = { cell: 1e100, prediction: 1e290, error: 1e150 } as const;

/** Numbers a row is predicted from: beyond, the normal equations take over 200 MB and minutes. */
const mostInputs = 5000;

export default defineDetector({
  type: 'var',
  summary:
    'Error of a linear prediction of each row from the rows before it, in units of the usual error; of valves and pumps, which nobody can predict to the row, of the largest.',
  fails:
    'An anomaly that keeps to how the tags move and move together: predictions are made from the rows before and follow it, so where all tags take part it ' +
    'shows at its beginning and end alone. After an anomaly the next `order` rows are predicted from its rows and score high as well. It knows rows, not ' +
    'times: the first rows after a gap, or after rows that were incomplete, are predicted from those before. A change of operating mode is an error at that ' +
    'row. A valve or pump that switches at a wrong moment looks as it does at a right one. Rows that come so fast that each nearly equals the last, unless `order` reaches back far enough.',
  cost:
    'Scoring: order x columns^2 multiply-adds a row. Fitting: rows x (order x columns)^2 / 2 + rows x order x columns^2, then (order x columns)^3 / 6. ' +
    'Model: order x columns^2 doubles. Memory: order x columns doubles.',
  source:
    'Lütkepohl 2005, New Introduction to Multiple Time Series Analysis, chapter 3, doi:10.1007/978-3-540-27752-1; ' +
    'ridge: Hoerl and Kennard 1970, doi:10.1080/00401706.1970.10488634',
  finds: ['point', 'shift', 'drift', 'correlation', 'novelty'],
  attribution:
    'Exact. The reference is the prediction p. With errors s that count as one, d columns and score e, column j contributes ((x[j] - p[j]) / s[j])^2 / (d e). All ' +
    'contributions are >= 0 and add up to the score, since e^2 is the mean of the squares. A tag is above (+) or below (-) its prediction.',
  options: z.strictObject({
    order: z.int().min(1).max(100).default(3).describe('Number of rows before that a row is predicted from.'),
    ridge: z
      .number()
      .min(0)
      .default(1)
      .describe(
        'Penalty on the squared coefficients, not on the intercept, in squared units of the columns; it suits columns on one scale. 0 = least squares.',
      ),
  }),
  fit(rows, columns, { order, ridge: penalty }): Model {
    if (rows.rows < order + 2) {
      throw new SluiceError('TRAINING_UNFIT', `var of order ${order} cannot learn from ${rows.rows} training rows`, {
        fix: `Give at least ${order + 2} complete rows, far more to be of use.`,
      });
    }
    const inputs = order * rows.cols;
    if (inputs > mostInputs) {
      throw new SluiceError('CONFIG_INVALID', `var of order ${order} over ${rows.cols} columns predicts from ${inputs} numbers, more than ${mostInputs}`, {
        fix: 'Lower order, or give it a view with fewer columns, for example through the step pca.',
      });
    }
    const deviation = deviations(rows);
    const targets = rowsOf(rows, order, rows.rows);
    const map = ridge({ rows: targets.rows, cols: inputs, stride: rows.cols, values: rows.values }, targets, penalty);
    if (!map) {
      throw new SluiceError(
        'TRAINING_UNFIT',
        `var of order ${order} cannot solve for its coefficients: columns depend on each other, or differ too much in scale`,
        {
          fix:
            penalty === 0
              ? 'Set ridge to 1 or more.'
              : `Put the columns on one scale first, for example with the step standardise, or raise ridge above ${penalty}.`,
        },
      );
    }
    const model = { order, ...map, scale: new Float64Array(rows.cols) };
    const prediction = new Float64Array(rows.cols);
    const largest = new Float64Array(rows.cols);
    for (let row = 0; row < targets.rows; row++) {
      applyLinear(model, rows.values.subarray(row * rows.cols), prediction);
      for (let j = 0; j < rows.cols; j++) {
        const error = targets.values[row * rows.cols + j] - prediction[j];
        model.scale[j] += error ** 2;
        largest[j] = Math.max(largest[j], Math.abs(error));
      }
    }
    for (let j = 0; j < rows.cols; j++) {
      const usual = Math.sqrt(model.scale[j] / targets.rows);
      model.scale[j] = (columns[j]?.kind === 'discrete' ? largest[j] : usual) + floor * deviation[j];
    }
    return model;
  },
  start: ({ order, scale }): State => ({ seen: 0, memory: new Float64Array(order * scale.length) }),
  /** The gate changes nothing: the coefficients stay as they were fitted, and the next prediction needs this row whatever it was. */
  step(model, state, rows, out, gate) {
    const predictions = predictAll(model, state, rows);
    const known = { model, predictions, at: 0 };
    predicted.set(state, known);
    try {
      for (let row = 0, at = 0; row < rows.rows; row++, at += rows.cols) {
        out[row] = state.seen < model.order ? Number.NaN : errorOf(model, rows.values, at, predictions, at);
        known.at = at;
        gate(row, out[row]);
        remember(state, model.order, rows.values, at, rows.cols);
      }
    } finally {
      predicted.delete(state);
    }
  },
  explain(model, state, row, out) {
    out.reference.set(row);
    out.weight.fill(0);
    if (state.seen < model.order) return;
    const known = predicted.get(state);
    if (known?.model === model) for (let j = 0; j < row.length; j++) out.reference[j] = known.predictions[known.at + j];
    else applyLinearAlong(model, state.memory, row.length, 1, out.reference);
    const score = errorOf(model, row, 0, out.reference, 0);
    if (score === 0) return;
    for (let j = 0; j < row.length; j++) {
      const difference = row[j] - out.reference[j];
      const error = standardised(difference, model.scale[j]);
      if (difference !== 0) out.weight[j] = (error * error) / (row.length * score) / difference;
    }
  },
});

/** While rows are taken in: what the row at hand is predicted to be, from `at` on, for whoever asks from within the gate why it scores as it does. */
const predicted = new WeakMap<State, { readonly model: Model; readonly predictions: Float64Array; at: number }>();

/** What each row is predicted to be from those before it, as far as there are enough of them. */
function predictAll(model: Model, { memory }: State, { rows, cols, values }: Matrix): Float64Array {
  const sequence = new Float64Array(memory.length + rows * cols);
  sequence.set(memory);
  for (let i = 0; i < rows * cols; i++) sequence[memory.length + i] = bounded(values[i], farthest.cell);
  const predictions = new Float64Array(rows * cols);
  applyLinearAlong(model, sequence, cols, rows, predictions);
  return predictions;
}

/** Root mean square of the errors in units of those that count as one; bounds the prediction, which begins at `from`. */
function errorOf({ scale }: Model, values: Float64Array, at: number, prediction: Float64Array, from: number): number {
  let sum = 0;
  for (let j = 0; j < scale.length; j++) {
    prediction[from + j] = bounded(prediction[from + j], farthest.prediction);
    const error = standardised(values[at + j] - prediction[from + j], scale[j]);
    sum += error * error;
  }
  return Math.sqrt(sum / scale.length);
}

function standardised(difference: number, scale: number): number {
  return bounded(difference / scale, farthest.error);
}

function remember(state: State, order: number, values: Float64Array, at: number, cols: number): void {
  const { memory } = state;
  memory.copyWithin(0, cols);
  for (let j = 0, to = (order - 1) * cols; j < cols; j++) memory[to++] = bounded(values[at + j], farthest.cell);
  if (state.seen < order) state.seen++;
}

/** NaN arises here only where infinities of both signs meet. */
function bounded(x: number, limit: number): number {
  return Number.isNaN(x) ? limit : Math.max(-limit, Math.min(limit, x));
}

/**
 * Standard deviation of every column; of one that did not move, the root mean square of all, so that it is held to no more than
 * the others.
 * @throws TRAINING_UNFIT when none moved.
 */
function deviations(rows: Matrix): Float64Array {
  const { count, mean, squares } = columnMoments(rows);
  const variance = squares.map((square, j) => {
    const own = square / count[j];
    return Number.isFinite(own) && isConstant(count[j], mean[j], own) ? 0 : own;
  });
  const overall = variance.reduce((sum, x) => sum + x / variance.length, 0);
  if (!(overall > 0 && overall < Number.POSITIVE_INFINITY)) {
    throw new SluiceError(
      'TRAINING_UNFIT',
      overall === 0
        ? `var cannot learn what follows what: all ${rows.rows} training rows x ${rows.cols} columns are equal`
        : `var cannot tell how much ${rows.rows} training rows x ${rows.cols} columns vary: past the range of numbers`,
      { fix: overall === 0 ? 'Train on rows in which at least one tag moves.' : 'Put the columns on one scale first, for example with the step standardise.' },
    );
  }
  return variance.map((x) => Math.sqrt(x === 0 ? overall : x));
}
