import type { Matrix } from '../core/matrix.ts';
import { cholesky, solveCholesky } from './cholesky.ts';
import { columnMeans } from './moments.ts';
import { eightSideBySide, placedNumbers } from './simd/placed-numbers.ts';
import { doublesAt, scratch, simd } from './simd/simd.ts';

/** Rows of inputs that may overlap, as the windows of a series do: row i is `values` from i x stride on, `cols` long. */
export interface Windows {
  readonly rows: number;
  readonly cols: number;
  readonly stride: number;
  readonly values: Float64Array;
}

/** target[j] = intercept[j] + the sum over k of coefficients[j][k] x input[k]. */
export interface LinearMap {
  readonly intercept: Float64Array;
  /** Targets x inputs, row-major. */
  readonly coefficients: Float64Array;
}

/**
 * Ridge regression of every target on the same inputs: the minimiser of |Y - X B|^2 + penalty |B|^2 over centred columns, so
 * that the intercept is not penalised (Hoerl and Kennard 1970, doi:10.1080/00401706.1970.10488634, equation 2.1). Normal
 * equations by Cholesky: rows x inputs x (inputs / 2 + targets) multiply-adds. Penalty 0 is least squares.
 *
 * @param inputs at least one row, complete
 * @param targets as many rows
 * @param penalty >= 0, in squared units of the inputs
 * @returns undefined when the inputs depend on each other and the penalty is too small to tell them apart, or when sums are
 * past the range of doubles
 * @example
 * ridge({ rows: 3, cols: 1, stride: 1, values: Float64Array.of(1, 2, 3) }, makeMatrix(3, 1, Float64Array.of(5, 7, 9)), 0); // { intercept: Float64Array [3], coefficients: Float64Array [2] }
 */
export function ridge(inputs: Windows, targets: Matrix, penalty: number): LinearMap | undefined {
  const p = inputs.cols;
  const d = targets.cols;
  const inputMean = columnMeans(inputs);
  const targetMean = columnMeans(targets);
  const { gram, cross } = centredProducts(inputs, inputMean, targets, targetMean);
  for (let i = 0; i < p; i++) gram[i * p + i] += penalty;
  const lower = cholesky(gram, p);
  if (!lower) return undefined;
  const intercept = new Float64Array(d);
  const coefficients = new Float64Array(d * p);
  const solution = new Float64Array(p);
  for (let j = 0; j < d; j++) {
    for (let i = 0; i < p; i++) solution[i] = cross[i * d + j];
    solveCholesky(lower, solution);
    let sum = targetMean[j];
    for (let i = 0; i < p; i++) sum -= solution[i] * inputMean[i];
    if (!Number.isFinite(sum)) return undefined;
    intercept[j] = sum;
    coefficients.set(solution, j * p);
  }
  return { intercept, coefficients };
}

/**
 * Fills out = intercept + coefficients x input. One accumulator a target runs over the inputs in order, four targets side by
 * side.
 *
 * @param input at least as long as there are inputs
 * @param out one entry a target
 * @example
 * const out = new Float64Array(1);
 * applyLinear({ intercept: Float64Array.of(3), coefficients: Float64Array.of(2, 1) }, Float64Array.of(4, 5), out);
 * out[0]; // 16
 */
export function applyLinear({ intercept, coefficients }: LinearMap, input: Float64Array, out: Float64Array): void {
  const d = intercept.length;
  const p = coefficients.length / d;
  const blocked = d - (d % 4);
  for (let j = 0; j < blocked; j += 4) {
    let at0 = j * p;
    let at1 = at0 + p;
    let at2 = at1 + p;
    let at3 = at2 + p;
    let sum0 = intercept[j];
    let sum1 = intercept[j + 1];
    let sum2 = intercept[j + 2];
    let sum3 = intercept[j + 3];
    for (let k = 0; k < p; k++) {
      const x = input[k];
      sum0 += coefficients[at0++] * x;
      sum1 += coefficients[at1++] * x;
      sum2 += coefficients[at2++] * x;
      sum3 += coefficients[at3++] * x;
    }
    out[j] = sum0;
    out[j + 1] = sum1;
    out[j + 2] = sum2;
    out[j + 3] = sum3;
  }
  for (let j = blocked; j < d; j++) {
    let sum = intercept[j];
    for (let k = 0, at = j * p; k < p; k++) sum += coefficients[at++] * input[k];
    out[j] = sum;
  }
}

/**
 * The same for rows of a sequence: out row i = intercept + coefficients x the inputs that begin at row i of `values`, which are as many as
 * the coefficients want, whatever the width of a row. Bit for bit what `applyLinear` gives.
 *
 * @param map its numbers never change after the first call
 * @param values (rows - 1) x stride + inputs numbers at least
 * @param out filled, rows x targets
 * @example
 * const out = new Float64Array(2);
 * applyLinearAlong({ intercept: Float64Array.of(3), coefficients: Float64Array.of(2, 1) }, Float64Array.of(4, 5, 6), 1, 2, out);
 * out; // Float64Array [16, 19]
 */
export function applyLinearAlong(map: LinearMap, values: Float64Array, stride: number, rows: number, out: Float64Array): void {
  const targets = map.intercept.length;
  const inputs = map.coefficients.length / targets;
  const weights = placedNumbers(map.coefficients, (numbers) => eightSideBySide(numbers, inputs));
  const start = placedNumbers(map.intercept, (numbers) => eightSideBySide(numbers, 1));
  if (!(weights && start)) {
    for (let row = 0; row < rows; row++) applyLinear(map, values.subarray(row * stride), out.subarray(row * targets, (row + 1) * targets));
    return;
  }
  const blocks = Math.ceil(targets / 8);
  const most = Math.min(rows, rowsAtOnce);
  const x = scratch(8 * ((most - 1) * stride + inputs) + 64 * blocks * most);
  const found = x + 8 * ((most - 1) * stride + inputs);
  for (let from = 0; from < rows; from += rowsAtOnce) {
    const count = Math.min(rowsAtOnce, rows - from);
    const length = (count - 1) * stride + inputs;
    doublesAt(x, length).set(values.subarray(from * stride, from * stride + length));
    simd().linearMap(weights.address, start.address, blocks, inputs, x, stride, count, found);
    for (let row = 0; row < count; row++) out.set(doublesAt(found + 64 * blocks * row, targets), (from + row) * targets);
  }
}

const maps = new WeakMap<Float64Array, LinearMap>();

/** A map without an intercept, made once for its coefficients: so many targets x inputs, row-major, never changed afterwards. */
export function linearMapOf(coefficients: Float64Array, targets: number): LinearMap {
  let map = maps.get(coefficients);
  if (map?.intercept.length !== targets) {
    map = { intercept: new Float64Array(targets), coefficients };
    maps.set(coefficients, map);
  }
  return map;
}

/**
 * Adds the other way round: out[k] += the sum over j of coefficients[j][k] x input[j]. One accumulator an entry runs over j in order, four
 * side by side.
 *
 * @param coefficients targets x inputs, row-major
 * @param input an entry a target
 * @param out an entry an input
 * @example
 * const out = Float64Array.of(0, 1);
 * applyTransposed(Float64Array.of(1, 2, 3, 4), 2, 2, Float64Array.of(10, 100), out);
 * out; // Float64Array [310, 421]
 */
export function applyTransposed(coefficients: Float64Array, inputs: number, targets: number, input: Float64Array, out: Float64Array): void {
  const blocked = inputs - (inputs % 4);
  for (let k = 0; k < blocked; k += 4) {
    let sum0 = out[k];
    let sum1 = out[k + 1];
    let sum2 = out[k + 2];
    let sum3 = out[k + 3];
    for (let j = 0, at = k; j < targets; j++, at += inputs) {
      const x = input[j];
      sum0 += coefficients[at] * x;
      sum1 += coefficients[at + 1] * x;
      sum2 += coefficients[at + 2] * x;
      sum3 += coefficients[at + 3] * x;
    }
    out[k] = sum0;
    out[k + 1] = sum1;
    out[k + 2] = sum2;
    out[k + 3] = sum3;
  }
  for (let k = blocked; k < inputs; k++) for (let j = 0, at = k; j < targets; j++, at += inputs) out[k] += coefficients[at] * input[j];
}

/** Rows that are handed to the vector kernels at once. */
const rowsAtOnce = 64;

/** X'X (lower half of inputs x inputs) and X'Y (inputs x targets) of centred columns; four rows go side by side. */
function centredProducts(inputs: Windows, inputMean: Float64Array, targets: Matrix, targetMean: Float64Array) {
  const p = inputs.cols;
  const d = targets.cols;
  const gram = new Float64Array(p * p);
  const cross = new Float64Array(p * d);
  const x = new Float64Array(4 * p);
  const y = new Float64Array(4 * d);
  for (let row = 0; row < inputs.rows; row += 4) {
    const block = Math.min(4, inputs.rows - row);
    if (block < 4) {
      x.fill(0);
      y.fill(0);
    }
    for (let k = 0; k < block; k++) {
      for (let i = 0, at = (row + k) * inputs.stride; i < p; i++) x[4 * i + k] = inputs.values[at++] - inputMean[i];
      for (let j = 0, at = (row + k) * d; j < d; j++) y[4 * j + k] = targets.values[at++] - targetMean[j];
    }
    for (let i = 0; i < p; i++) {
      addProducts(x, i, x, i + 1, gram, i * p);
      addProducts(x, i, y, d, cross, i * d);
    }
  }
  return { gram, cross };
}

/** out[at + j] += the sum over four rows of a's column i times b's column j, for j < count. */
function addProducts(a: Float64Array, i: number, b: Float64Array, count: number, out: Float64Array, at: number): void {
  const a0 = a[4 * i];
  const a1 = a[4 * i + 1];
  const a2 = a[4 * i + 2];
  const a3 = a[4 * i + 3];
  for (let j = 0, from = 0; j < count; j++, from += 4) out[at + j] += a0 * b[from] + a1 * b[from + 1] + a2 * b[from + 2] + a3 * b[from + 3];
}
