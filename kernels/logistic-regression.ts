import type { Matrix } from '../core/matrix.ts';
import { cholesky, solveCholesky } from './cholesky.ts';

/** The log-odds of class 1 at a row x are intercept + coefficients . x. */
export type LogisticRegression = { readonly coefficients: Float64Array; readonly intercept: number };

/** Newton's method doubles the digits a step; well-posed problems are done after ten. */
const maxSteps = 100;
const maxHalvings = 40;
/** Half the squared Newton decrement, in units of the objective, at which a step is the last: what it leaves is rounding error. */
const enough = 1e-18;
/** What the objective's rounding may hide, in its own units: near the minimum it no longer tells steps apart, and they are taken in full. */
const rounding = 1e-12;

/**
 * L2-regularised logistic regression: minimises |w|^2 / 2 + c sum log(1 + exp(-y (w . x + b))), y = +-1, the intercept b free, by
 * Newton's method with step halving (Hastie, Tibshirani and Friedman 2009, The Elements of Statistical Learning, section 4.4.1).
 * The penalty bounds w where a plane separates the classes.
 *
 * @param rows complete
 * @param labels 1 or 0, one a row
 * @param c weight of the rows against the penalty, > 0
 * @returns undefined where there is no minimum, as all labels are equal, or the columns' scales leave no digits to find it with
 * @example
 * logisticRegression(makeMatrix(2, 1, Float64Array.of(1, -1)), Int8Array.of(1, 0), 2 * Math.log(3))?.coefficients; // Float64Array [1.0986122886681]
 */
export function logisticRegression(rows: Matrix, labels: Int8Array, c: number): LogisticRegression | undefined {
  const positives = labels.reduce((sum, label) => sum + label, 0);
  if (positives === 0 || positives === rows.rows) return undefined;
  const size = rows.cols + 1;
  // Coefficients, then the intercept.
  let weights = new Float64Array(size);
  weights[rows.cols] = Math.log(positives / (rows.rows - positives));
  let objective = objectiveAt(weights, rows, labels, c);
  for (let taken = 0; taken < maxSteps; taken++) {
    const { gradient, hessian } = derivatives(weights, rows, labels, c);
    const lower = cholesky(hessian, size);
    if (!lower) return undefined;
    const step = solveCholesky(lower, gradient.slice());
    const decrement = gradient.reduce((sum, x, j) => sum + x * step[j], 0);
    if (!Number.isFinite(decrement)) return undefined;
    let scale = 1;
    let next = moved(weights, step, scale);
    let reached = objectiveAt(next, rows, labels, c);
    const slack = rounding * objective;
    for (let halvings = 0; !(reached <= objective + slack - 1e-4 * scale * decrement) && halvings < maxHalvings; halvings++) {
      scale /= 2;
      next = moved(weights, step, scale);
      reached = objectiveAt(next, rows, labels, c);
    }
    weights = next;
    objective = reached;
    if (decrement / 2 <= enough * objective) return { coefficients: weights.slice(0, rows.cols), intercept: weights[rows.cols] };
  }
  return undefined;
}

/**
 * log(1 + exp(x)) without overflow.
 * @example
 * softplus(1000); // 1000
 */
export function softplus(x: number): number {
  return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
}

/**
 * Fills `out` with the log-odds of the rows: finite whatever their size. One sum a row, columns in order.
 * @example
 * logOdds({ coefficients: Float64Array.of(2, -1), intercept: 3 }, makeMatrix(1, 2, Float64Array.of(10, 5)), new Float64Array(1)); // Float64Array [18]
 */
export function logOdds({ coefficients, intercept }: LogisticRegression, { rows, cols, values }: Matrix, out: Float64Array): Float64Array {
  for (let row = 0; row < rows; row++) {
    const at = row * cols;
    let sum = intercept;
    for (let j = 0; j < cols; j++) sum += coefficients[j] * values[at + j];
    out[row] = Number.isFinite(sum) ? sum : farLogOdds(coefficients, intercept, values.subarray(at, at + cols));
  }
  return out;
}

/** In units of the largest term, where the terms overflow; the end of the number range at most. */
function farLogOdds(coefficients: Float64Array, intercept: number, row: Float64Array): number {
  const largest = row.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  let sum = intercept / largest;
  for (let j = 0; j < row.length; j++) sum += coefficients[j] * (row[j] / largest);
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, sum * largest));
}

function moved(weights: Float64Array, step: Float64Array, scale: number): Float64Array<ArrayBuffer> {
  return Float64Array.from(weights, (w, j) => w - scale * step[j]);
}

function objectiveAt(weights: Float64Array, { rows, cols, values }: Matrix, labels: Int8Array, c: number): number {
  let sum = 0;
  for (let row = 0; row < rows; row++) {
    const odds = oddsAt(weights, values, row * cols, cols);
    sum += softplus(labels[row] === 1 ? -odds : odds);
  }
  let penalty = 0;
  for (let j = 0; j < cols; j++) penalty += weights[j] * weights[j];
  return penalty / 2 + c * sum;
}

function derivatives(weights: Float64Array, { rows, cols, values }: Matrix, labels: Int8Array, c: number) {
  const size = cols + 1;
  const gradient = Float64Array.from(weights, (w, j) => (j < cols ? w : 0));
  const hessian = new Float64Array(size * size);
  for (let j = 0; j < cols; j++) hessian[j * size + j] = 1;
  for (let row = 0; row < rows; row++) {
    const at = row * cols;
    const odds = oddsAt(weights, values, at, cols);
    // The smaller of the two chances, which keeps its digits.
    const rare = Math.exp(-softplus(Math.abs(odds)));
    const chance = odds < 0 ? rare : 1 - rare;
    const error = c * (labels[row] === 0 ? chance : odds < 0 ? rare - 1 : -rare);
    const curvature = c * rare * (1 - rare);
    for (let j = 0; j < cols; j++) {
      const x = values[at + j];
      gradient[j] += error * x;
      const bent = curvature * x;
      for (let k = 0; k <= j; k++) hessian[j * size + k] += bent * values[at + k];
      hessian[cols * size + j] += bent;
    }
    gradient[cols] += error;
    hessian[cols * size + cols] += curvature;
  }
  return { gradient, hessian };
}

function oddsAt(weights: Float64Array, values: Float64Array, at: number, cols: number): number {
  let sum = weights[cols];
  for (let j = 0; j < cols; j++) sum += weights[j] * values[at + j];
  return sum;
}
