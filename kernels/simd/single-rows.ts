import type { PackedRows } from '../packed-rows.ts';
import { type Placed, place, simd, vectorsWanted } from './simd.ts';

/** Packed rows in single precision, about their mean, sixteen side by side in the memory of the vector kernels. */
export interface SingleRows {
  readonly rows: number;
  readonly cols: number;
  /** Of sixteen rows. */
  readonly blocks: number;
  readonly centre: Float64Array;
  /** The largest half of a squared length about the centre. */
  readonly largest: number;
  readonly refs: Placed;
  readonly halves: Placed;
}

/** 2^-24: rounding to single precision. */
const rounding = 2 ** -24;
/** Squared lengths between these neither overflow in single precision nor lose digits below its normal numbers. */
const [shortest, longest] = [1e-20, 1e30];

const known = new WeakMap<PackedRows, SingleRows | null>();

/** Made once for packed rows. @returns null where single precision cannot hold them, or there is no room */
export function singleRowsOf(packed: PackedRows): SingleRows | null {
  if (!vectorsWanted()) return null;
  let made = known.get(packed);
  if (made === undefined) {
    made = makeSingleRows(packed);
    known.set(packed, made);
  }
  return made;
}

/**
 * Half the squared distances of one or two centred rows to all single rows, by inner products in single precision.
 *
 * @param x address of the rows, in single precision
 * @param own half of each row's squared length
 * @param count of rows, 1 or 2
 * @param out address, 16 x blocks a row
 */
export function singleHalfForms({ blocks, cols, refs, halves }: SingleRows, x: number, own: readonly number[], count: number, out: number): void {
  if (count === 2) simd().halfForms2(refs.address, blocks, cols, halves.address, x, own[0], own[1], out);
  else simd().halfForms1(refs.address, blocks, cols, halves.address, x, own[0], out);
}

/**
 * Fills out with the row about the centre. @returns half of its squared length
 * @param from the row's first place in `values`
 */
export function centreRow({ centre }: SingleRows, values: Float64Array, from: number, out: Float32Array): number {
  let squares = 0;
  for (let j = 0; j < centre.length; j++) {
    const x = values[from + j] - centre[j];
    out[j] = x;
    squares += x * x;
  }
  return squares / 2;
}

/**
 * How far the results of `singleHalfForms` and half the squared distances can lie apart at most; infinite where they say nothing.
 *
 * With u = 2^-24: both factors of a product are rounded, and a sum of n products is off by n u / (1 - n u) times the sum of their
 * magnitudes at most (Higham 2002, "Accuracy and stability of numerical algorithms", section 3.1, doi:10.1137/1.9780898718027), which is no more than
 * (|x|^2 + |r|^2) / 2; the halves and the two last sums add less than 4 u (|x|^2 + |r|^2). Rounded up to n + 16.
 */
export function singleError({ cols, largest }: SingleRows, own: number): number {
  const size = 2 * own + 2 * largest;
  return size > shortest && size < longest ? (cols + 16) * rounding * size : Number.POSITIVE_INFINITY;
}

function makeSingleRows({ rows, cols, values }: PackedRows): SingleRows | null {
  if (rows < 16) return null;
  const blocks = Math.ceil(rows / 16);
  const centre = new Float64Array(cols);
  const placeOf = (r: number, j: number): number => ((r >> 3) * cols + j) * 8 + (r & 7);
  for (let r = 0; r < rows; r++) for (let j = 0; j < cols; j++) centre[j] += values[placeOf(r, j)] / rows;
  const refs = new Float32Array(blocks * 16 * cols);
  const halves = new Float32Array(blocks * 16).fill(Number.POSITIVE_INFINITY);
  let largest = 0;
  for (let r = 0; r < rows; r++) {
    let squares = 0;
    for (let j = 0; j < cols; j++) {
      const x = values[placeOf(r, j)] - centre[j];
      refs[((r >> 4) * cols + j) * 16 + (r & 15)] = x;
      squares += x * x;
    }
    halves[r] = squares / 2;
    largest = Math.max(largest, squares / 2);
  }
  if (!(2 * largest > shortest && 2 * largest < longest)) return null;
  const [placedRefs, placedHalves] = [place(refs), place(halves)];
  return placedRefs && placedHalves ? { rows, cols, blocks, centre, largest, refs: placedRefs, halves: placedHalves } : null;
}
