import { type Matrix, makeMatrix } from '../core/matrix.ts';
import { empiricalCovariance } from './covariance.ts';
import { symmetricEigen } from './eigen.ts';
import { halfForms, type PackedRows, packRows } from './packed-rows.ts';

/**
 * Rows among which neighbours are sought. Where a few directions hold most of how the rows differ, `reduced` has each row's
 * coordinates along them and, as last column, its distance from what they span: distances between such rows are never
 * larger than those between the rows themselves. Plain data, to be kept in a model.
 */
export type NeighbourIndex = {
  readonly packed: PackedRows;
  readonly mean: Float64Array;
  /** Directions x columns, row-major; none, and nothing reduced, where that would not help. */
  readonly axes: Float64Array;
  readonly reduced: PackedRows | null;
};

/** Part of the variance that the axes have to hold, */
const enoughVariance = 0.9;
/** and the part of the columns that they and the distance may come to: beyond it little is saved. */
const mostColumns = 1 / 3;
/** Rows of more columns are not reduced: finding axes takes 9 columns^3 operations. */
const widest = 256;
/** Unit axes are at right angles up to this, or not used. */
const squareness = 1e-12;
/** Rounding of the reduced rows, of squares: 4 columns x axes x 2^-53 in the worst case, and for the axes. */
const reducedRounding = 1e-9;

/**
 * @param rows complete
 * @example
 * indexRows(makeMatrix(2, 1, Float64Array.of(3, 4))).packed.rows; // 2
 */
export function indexRows(rows: Matrix): NeighbourIndex {
  const packed = packRows(rows);
  const { mean, axes } =
    rows.rows > 0 && packed.largest < 1e280 && rows.cols <= widest ? mainAxes(rows) : { mean: new Float64Array(0), axes: new Float64Array(0) };
  if (axes.length === 0) return { packed, mean, axes, reduced: null };
  const width = axes.length / rows.cols + 1;
  const reduced = makeMatrix(rows.rows, width);
  const rest = new Float64Array(rows.cols);
  for (let row = 0; row < rows.rows; row++) reduce(mean, axes, rows.values, row * rows.cols, rest, reduced.values, row * width);
  return { packed, mean, axes, reduced: packRows(reduced) };
}

/**
 * For the row that begins at `at` in `values`: bounds[r] is no more than half of `squaredDistanceTo` packed row r, plus the error that is
 * returned; it is infinite where bounds are of no use, with squares near overflow.
 *
 * @param bounds filled, one entry a packed row, infinite for those that fill up
 * @param memory at least 2 columns long
 * @example
 * const bounds = new Float64Array(8);
 * halfBounds(indexRows(makeMatrix(1, 2, Float64Array.of(3, 4))), Float64Array.of(0, 0), 0, bounds, new Float64Array(4)) < 1e-13; // true
 * bounds[0]; // 12.5
 */
export function halfBounds(
  { packed, mean, axes, reduced }: NeighbourIndex,
  values: Float64Array,
  at: number,
  bounds: Float64Array,
  memory: Float64Array,
): number {
  if (reduced === null) return halfForms(packed, values, at, bounds);
  const { cols } = packed;
  const size = reduce(mean, axes, values, at, memory, memory, cols);
  const error = halfForms(reduced, memory, cols, bounds);
  return error < Number.POSITIVE_INFINITY ? error + reducedRounding * (size + 2 * reduced.largest) : error;
}

/** Axes of the largest variances, as few as hold enough of it; none where these are too many. */
function mainAxes(rows: Matrix): { mean: Float64Array; axes: Float64Array } {
  const { cols } = rows;
  const { mean, covariance } = empiricalCovariance(rows);
  const { values, vectors } = symmetricEigen(covariance, cols);
  const total = values.reduce((sum, value) => sum + Math.max(0, value), 0);
  let count = 0;
  for (let held = 0; held < enoughVariance * total; count++) held += values[count];
  const axes = count + 1 <= mostColumns * cols ? vectors.slice(0, count * cols) : new Float64Array(0);
  for (let a = 0; a < axes.length; a += cols) {
    for (let b = 0; b <= a; b += cols) {
      let product = a === b ? -1 : 0;
      for (let j = 0; j < cols; j++) product += axes[a + j] * axes[b + j];
      if (!(Math.abs(product) <= squareness / count)) return { mean, axes: new Float64Array(0) };
    }
  }
  return { mean, axes };
}

/** Coordinates along the axes and the distance from what they span, from out[to] on; returns the sum of their squares. `rest`: memory, an entry a column. */
function reduce(mean: Float64Array, axes: Float64Array, values: Float64Array, at: number, rest: Float64Array, out: Float64Array, to: number): number {
  const cols = mean.length;
  for (let j = 0; j < cols; j++) rest[j] = values[at + j] - mean[j];
  let size = 0;
  let place = to;
  for (let axis = 0; axis < axes.length; axis += cols, place++) {
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += (values[at + j] - mean[j]) * axes[axis + j];
    out[place] = sum;
    size += sum * sum;
  }
  for (let axis = 0, a = to; axis < axes.length; axis += cols, a++) for (let j = 0; j < cols; j++) rest[j] -= out[a] * axes[axis + j];
  let squares = 0;
  for (let j = 0; j < cols; j++) squares += rest[j] * rest[j];
  out[place] = Math.sqrt(squares);
  return size + squares;
}
