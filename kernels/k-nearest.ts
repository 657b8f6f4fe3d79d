import type { Matrix } from '../core/matrix.ts';
import { squaredDistance } from './distance.ts';

/**
 * The k nearest references of every row by Euclidean distance: indices and squared distances, nearest first, ties by the
 * lower index. One accumulator per (row, reference) runs over the columns in order, four references side by side, so a
 * row's result never depends on its neighbours in the batch. Squares that overflow count as `Number.MAX_VALUE`.
 *
 * @param k 1 to references.rows
 * @param index filled, rows x k
 * @param squared filled, rows x k
 * @example
 * const squared = new Float64Array(2);
 * kNearest(makeMatrix(1, 1, Float64Array.of(1)), makeMatrix(3, 1, Float64Array.of(9, 0, 3)), 2, new Int32Array(2), squared);
 * squared; // Float64Array [1, 4]
 */
export function kNearest(rows: Matrix, references: Matrix, k: number, index: Int32Array, squared: Float64Array): void {
  const all = new Float64Array(references.rows);
  for (let row = 0; row < rows.rows; row++) {
    squaredDistances(rows.values, row * rows.cols, references, all);
    smallest(all, -1, k, index, squared, row * k);
  }
}

/**
 * The same among the other references for each of the references themselves: a row is no neighbour of its own, its
 * duplicates are.
 *
 * @param k 1 to references.rows - 1
 * @param index filled, references.rows x k
 * @param squared filled, references.rows x k
 * @example
 * const squared = new Float64Array(3);
 * kNearestOthers(makeMatrix(3, 1, Float64Array.of(9, 0, 3)), 1, new Int32Array(3), squared);
 * squared; // Float64Array [36, 9, 9]
 */
export function kNearestOthers(references: Matrix, k: number, index: Int32Array, squared: Float64Array): void {
  const all = new Float64Array(references.rows);
  for (let row = 0; row < references.rows; row++) {
    squaredDistances(references.values, row * references.cols, references, all);
    smallest(all, row, k, index, squared, row * k);
  }
}

/**
 * Squared Euclidean distances of the one row that begins at `at` in `values` to every reference, `Number.MAX_VALUE` at most.
 * @param out filled, one entry a reference
 * @example
 * const out = new Float64Array(2);
 * squaredDistances(Float64Array.of(3, 4), 0, makeMatrix(2, 2, Float64Array.of(0, 0, 3, 9)), out);
 * out; // Float64Array [25, 25]
 */
export function squaredDistances(values: Float64Array, at: number, { rows: count, cols, values: refs }: Matrix, out: Float64Array): void {
  const blocked = count - (count % 4);
  for (let r = 0; r < blocked; r += 4) {
    let at0 = r * cols;
    let at1 = at0 + cols;
    let at2 = at1 + cols;
    let at3 = at2 + cols;
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let j = at; j < at + cols; j++) {
      const x = values[j];
      const d0 = x - refs[at0++];
      const d1 = x - refs[at1++];
      const d2 = x - refs[at2++];
      const d3 = x - refs[at3++];
      sum0 += d0 * d0;
      sum1 += d1 * d1;
      sum2 += d2 * d2;
      sum3 += d3 * d3;
    }
    out[r] = Math.min(sum0, Number.MAX_VALUE);
    out[r + 1] = Math.min(sum1, Number.MAX_VALUE);
    out[r + 2] = Math.min(sum2, Number.MAX_VALUE);
    out[r + 3] = Math.min(sum3, Number.MAX_VALUE);
  }
  for (let r = blocked; r < count; r++) out[r] = Math.min(squaredDistance(values, at, refs, r * cols, cols), Number.MAX_VALUE);
}

/** The k smallest of `all` but for entry `without`, ascending, by insertion from entry `to` on; ties by the lower index. */
function smallest(all: Float64Array, without: number, k: number, index: Int32Array, squared: Float64Array, to: number): void {
  let held = 0;
  for (let r = 0; r < all.length; r++) {
    const x = all[r];
    if (r === without || (held === k && !(x < squared[to + k - 1]))) continue;
    let place = to + (held < k ? held++ : k - 1);
    for (; place > to && x < squared[place - 1]; place--) {
      squared[place] = squared[place - 1];
      index[place] = index[place - 1];
    }
    squared[place] = x;
    index[place] = r;
  }
}
