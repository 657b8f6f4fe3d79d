import { type Matrix, makeMatrix } from '../core/matrix.ts';
import { kNearest } from './k-nearest.ts';
import type { NeighbourIndex } from './neighbour-index.ts';

/** Row-major rows x k, nearest first; they hold until the next search among the same references. */
export interface Neighbours {
  readonly index: Int32Array;
  readonly squared: Float64Array;
}

/** Of more rows than these at once nothing is kept: they are training's, or a backlog's. */
const mostRows = 1024;

/** The last search among some references. */
interface Recent {
  k: number;
  /** Rows of it, and where one was last found again. */
  rows: number;
  at: number;
  /** Per row the sum of its values, to find it by. */
  sums: Float64Array;
  values: Float64Array;
  index: Int32Array;
  squared: Float64Array;
}

const recents = new WeakMap<NeighbourIndex, Recent>();

/** What `kNearest` gives for the rows, which are known to `nearestOf` afterwards. */
export function nearestOfAll(rows: Matrix, references: NeighbourIndex, k: number): Neighbours {
  if (rows.rows > mostRows) {
    const found = { index: new Int32Array(rows.rows * k), squared: new Float64Array(rows.rows * k) };
    kNearest(rows, references, k, found.index, found.squared);
    return found;
  }
  const recent = recentOf(references);
  makeRoom(recent, rows, k);
  recent.rows = 0;
  kNearest(rows, references, k, recent.index, recent.squared);
  for (let row = 0, at = 0; row < rows.rows; row++) {
    let sum = 0;
    for (let j = 0; j < rows.cols; j++, at++) {
      const x = rows.values[at];
      recent.values[at] = x;
      sum += x;
    }
    recent.sums[row] = sum;
  }
  recent.k = k;
  recent.rows = rows.rows;
  recent.at = 0;
  return recent;
}

/**
 * What `kNearest` gives for one row, without a search where the row was in the last one.
 * @example
 * const references = indexRows(makeMatrix(3, 1, Float64Array.of(9, 0, 3)));
 * nearestOfAll(makeMatrix(2, 1, Float64Array.of(7, 1)), references, 1);
 * nearestOf(Float64Array.of(1), references, 1); // { index: Int32Array [1], squared: Float64Array [1] }
 */
export function nearestOf(row: Float64Array, references: NeighbourIndex, k: number): Neighbours {
  const recent = recents.get(references);
  const at = recent?.k === k ? find(recent, row) : -1;
  if (recent && at >= 0) return { index: recent.index.subarray(at * k, (at + 1) * k), squared: recent.squared.subarray(at * k, (at + 1) * k) };
  const found = { index: new Int32Array(k), squared: new Float64Array(k) };
  kNearest(makeMatrix(1, row.length, row), references, k, found.index, found.squared);
  return found;
}

function recentOf(references: NeighbourIndex): Recent {
  let recent = recents.get(references);
  if (!recent) {
    const none = new Float64Array(0);
    recent = { k: 0, rows: 0, at: 0, sums: none, values: none, index: new Int32Array(0), squared: none };
    recents.set(references, recent);
  }
  return recent;
}

function makeRoom(recent: Recent, { rows, cols }: Matrix, k: number): void {
  if (recent.sums.length < rows) recent.sums = new Float64Array(rows);
  if (recent.values.length < rows * cols) recent.values = new Float64Array(rows * cols);
  if (recent.index.length < rows * k) {
    recent.index = new Int32Array(rows * k);
    recent.squared = new Float64Array(rows * k);
  }
}

/** The row's place in the last search, -1 where it was not in it. Rows are mostly asked for in order: it begins where one was found last. */
function find(recent: Recent, row: Float64Array): number {
  const { rows, sums } = recent;
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += row[j];
  for (let n = 0, at = recent.at; n < rows; n++, at++) {
    if (at === rows) at = 0;
    if (sums[at] === sum && equals(recent.values, at * row.length, row)) {
      recent.at = at;
      return at;
    }
  }
  return -1;
}

function equals(values: Float64Array, from: number, row: Float64Array): boolean {
  for (let j = 0; j < row.length; j++) if (values[from + j] !== row[j]) return false;
  return true;
}
