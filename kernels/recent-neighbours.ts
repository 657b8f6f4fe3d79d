import { type Matrix, makeMatrix } from '../core/matrix.ts';
import { kNearest } from './k-nearest.ts';
import type { NeighbourIndex } from './neighbour-index.ts';

/** Row-major rows x k, nearest first; they hold until the next search among the same references. */
export interface Neighbours {
  readonly index: Int32Array;
  readonly squared: Float64Array;
}

/** So many rows are kept at most, and no more than this part of the references, */
const [mostRows, mostPart] = [512, 1 / 2];
/** in room for so many at first. */
const fewRows = 64;

/** The rows that were searched for last among some references. */
interface Recent {
  readonly k: number;
  readonly cols: number;
  /** Room, in rows. */
  room: number;
  /** Where the next search goes, and where a row was last found again. */
  next: number;
  at: number;
  /** Per row the sum of its values, to find it by; NaN = none. */
  sums: Float64Array;
  values: Float64Array;
  index: Int32Array;
  squared: Float64Array;
}

const recents = new WeakMap<NeighbourIndex, Recent>();

/** What `kNearest` gives for the rows, which are known to `nearestOf` for a while. Of a search for very many rows nothing is kept. */
export function nearestOfAll(rows: Matrix, references: NeighbourIndex, k: number): Neighbours {
  if (rows.rows > mostRowsOf(references)) {
    const found = { index: new Int32Array(rows.rows * k), squared: new Float64Array(rows.rows * k) };
    kNearest(rows, references, k, found.index, found.squared);
    return found;
  }
  const recent = roomFor(rows, references, k);
  const from = recent.next;
  const index = recent.index.subarray(from * k, (from + rows.rows) * k);
  const squared = recent.squared.subarray(from * k, (from + rows.rows) * k);
  recent.sums.fill(Number.NaN, from, from + rows.rows);
  kNearest(rows, references, k, index, squared);
  for (let row = 0, at = 0, to = from * rows.cols; row < rows.rows; row++) {
    let sum = 0;
    for (let j = 0; j < rows.cols; j++) {
      const x = rows.values[at++];
      recent.values[to++] = x;
      sum += x;
    }
    recent.sums[from + row] = sum;
  }
  recent.at = from;
  recent.next = from + rows.rows;
  return { index, squared };
}

/**
 * What `kNearest` gives for one row, without a search where the row is known from one.
 * @example
 * const references = indexRows(makeMatrix(8, 1, Float64Array.of(9, 0, 3, 5, 7, 11, 13, 15)));
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

function mostRowsOf({ packed }: NeighbourIndex): number {
  return Math.min(mostRows, Math.floor(packed.rows * mostPart));
}

/** With room for the rows from `next` on: behind those before, in new memory while there may be more, else in place of the oldest. */
function roomFor({ rows, cols }: Matrix, references: NeighbourIndex, k: number): Recent {
  let recent = recents.get(references);
  if (recent?.k !== k) {
    const none = new Float64Array(0);
    recent = { k, cols, room: 0, next: 0, at: 0, sums: none, values: none, index: new Int32Array(0), squared: none };
    recents.set(references, recent);
  }
  const wanted = recent.next + rows;
  if (wanted <= recent.room) return recent;
  const most = mostRowsOf(references);
  if (recent.room < most) makeRoom(recent, Math.min(most, Math.max(fewRows, 2 * wanted)));
  if (wanted > recent.room) recent.next = 0;
  return recent;
}

function makeRoom(recent: Recent, room: number): void {
  const { k, cols, sums, values, index, squared } = recent;
  recent.sums = new Float64Array(room).fill(Number.NaN);
  recent.values = new Float64Array(room * cols);
  recent.index = new Int32Array(room * k);
  recent.squared = new Float64Array(room * k);
  recent.sums.set(sums);
  recent.values.set(values);
  recent.index.set(index);
  recent.squared.set(squared);
  recent.room = room;
}

/** The row's place, -1 where it is not known. Rows are mostly asked for in order: it begins where one was found last. */
function find(recent: Recent, row: Float64Array): number {
  const { room, sums } = recent;
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += row[j];
  for (let n = 0, at = recent.at; n < room; n++, at++) {
    if (at === room) at = 0;
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
