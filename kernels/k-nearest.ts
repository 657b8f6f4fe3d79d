import type { Matrix } from '../core/matrix.ts';
import { halfBounds, type NeighbourIndex } from './neighbour-index.ts';
import { squaredDistancesTo, squaredDistanceTo } from './packed-rows.ts';
import { vectorSearch } from './simd/vector-search.ts';

/**
 * The k nearest references of every row by Euclidean distance: indices and squared distances, nearest first, ties by the
 * lower index. Squares that overflow count as `Number.MAX_VALUE`. The result is that of a search through all differences,
 * bit for bit: bounds only leave out references that cannot be among the nearest. It never depends on a row's neighbours in
 * the batch.
 *
 * @param k 1 to the number of references
 * @param index filled, rows x k
 * @param squared filled, rows x k
 * @example
 * const squared = new Float64Array(2);
 * kNearest(makeMatrix(1, 1, Float64Array.of(1)), indexRows(makeMatrix(3, 1, Float64Array.of(9, 0, 3))), 2, new Int32Array(2), squared);
 * squared; // Float64Array [1, 4]
 */
export function kNearest(rows: Matrix, references: NeighbourIndex, k: number, index: Int32Array, squared: Float64Array): void {
  searchAll(rows, references, k, false, index, squared);
}

/**
 * The same for each of the references among the others: a row is no neighbour of its own, its duplicates are.
 *
 * @param rows the references before they were packed
 * @param k 1 to the number of references - 1
 * @param index filled, references x k
 * @param squared filled, references x k
 * @example
 * const rows = makeMatrix(3, 1, Float64Array.of(9, 0, 3));
 * const squared = new Float64Array(3);
 * kNearestOthers(rows, indexRows(rows), 1, new Int32Array(3), squared);
 * squared; // Float64Array [36, 9, 9]
 */
export function kNearestOthers(rows: Matrix, references: NeighbourIndex, k: number, index: Int32Array, squared: Float64Array): void {
  searchAll(rows, references, k, true, index, squared);
}

/** Of one row to its candidates: memory for all calls. */
let distances = new Float64Array(0);

/** `others`: row i is reference i, and no neighbour of its own. */
function searchAll(rows: Matrix, references: NeighbourIndex, k: number, others: boolean, index: Int32Array, squared: Float64Array): void {
  const vector = vectorSearch(references.packed, k);
  if (distances.length < references.packed.rows) distances = new Float64Array(references.packed.rows);
  let bounds: Float64Array | undefined;
  const memory = new Float64Array(2 * rows.cols);
  for (let row = 0; row < rows.rows; row += 2) {
    const count = Math.min(2, rows.rows - row);
    const bounded = vector?.bound(rows, row, count, others) ?? false;
    for (let i = 0; i < count; i++) {
      if (bounded && vector) {
        const candidates = vector.candidates(rows, row + i, i);
        squaredDistancesTo(references.packed, candidates, candidates.length, rows.values, (row + i) * rows.cols, distances);
        keepNearest(candidates, distances, k, index, squared, (row + i) * k);
      } else {
        bounds ??= new Float64Array(references.packed.halves.length);
        search(rows, row + i, references, k, others ? row + i : -1, index, squared, bounds, memory);
      }
    }
  }
}

/** The k smallest of distances to references in ascending order. */
function keepNearest(candidates: Int32Array, distances: Float64Array, k: number, index: Int32Array, squared: Float64Array, from: number): void {
  let last = Number.POSITIVE_INFINITY;
  for (let i = 0, held = 0; i < candidates.length; i++) {
    if (distances[i] >= last) continue;
    held = insert(distances[i], candidates[i], held, k, index, squared, from);
    if (held === k) last = squared[from + k - 1];
  }
}

/** Fills the entries of one row, from row * k on, by bounds in double precision. `bounds`, `memory`: memory. */
function search(
  { cols, values }: Matrix,
  row: number,
  references: NeighbourIndex,
  k: number,
  without: number,
  index: Int32Array,
  squared: Float64Array,
  bounds: Float64Array,
  memory: Float64Array,
): void {
  const { packed } = references;
  const at = row * cols;
  const from = row * k;
  const error = halfBounds(references, values, at, bounds, memory);
  const bounded = error < Number.POSITIVE_INFINITY;
  if (!bounded) bounds.fill(0);
  if (without >= 0) bounds[without] = Number.POSITIVE_INFINITY;
  let most = 0;
  if (bounded) {
    let last = Number.POSITIVE_INFINITY;
    for (let r = 0, held = 0; r < packed.rows; r++) {
      if (bounds[r] < last) {
        held = insert(bounds[r], r, held, k, index, squared, from);
        if (held === k) last = squared[from + k - 1];
      }
    }
    // So many lie no further off than these k: what must lie further is not among the nearest.
    let worst = 0;
    for (let i = from; i < from + k; i++) worst = Math.max(worst, squaredDistanceTo(packed, index[i], values, at));
    most = worst / 2 + error;
  }
  let last = Number.POSITIVE_INFINITY;
  for (let r = 0, held = 0; r < packed.rows; r++) {
    if (bounds[r] <= most) {
      const distance = squaredDistanceTo(packed, r, values, at);
      if (distance < last) {
        held = insert(distance, r, held, k, index, squared, from);
        if (held === k) last = squared[from + k - 1];
      }
    }
  }
}

/** Puts x behind all that are no larger in an ascending list of `held` entries, k at most; returns how many it holds then. */
function insert(x: number, r: number, held: number, k: number, index: Int32Array, list: Float64Array, from: number): number {
  let place = from + Math.min(held, k - 1);
  for (; place > from && x < list[place - 1]; place--) {
    list[place] = list[place - 1];
    index[place] = index[place - 1];
  }
  list[place] = x;
  index[place] = r;
  return Math.min(held + 1, k);
}
