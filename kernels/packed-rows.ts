import { type Matrix, makeMatrix } from '../core/matrix.ts';

/**
 * Rows laid out for distances to all of them: eight side by side, so that one pass over the columns serves eight.
 * Plain data, to be kept in a model.
 */
export type PackedRows = {
  readonly rows: number;
  readonly cols: number;
  /** Column j of row r stands at ((r >> 3) * cols + j) * 8 + (r & 7); the last eight are filled up with zeros. */
  readonly values: Float64Array;
  /** Half the squared length of every row; infinite for those that fill up. */
  readonly halves: Float64Array;
  /** The largest of the rows' halves. */
  readonly largest: number;
};

/**
 * @example
 * packRows(makeMatrix(1, 2, Float64Array.of(3, 4))).largest; // 12.5
 */
export function packRows({ rows, cols, values }: Matrix): PackedRows {
  const blocks = Math.ceil(rows / 8);
  const packed = new Float64Array(blocks * 8 * cols);
  const halves = new Float64Array(blocks * 8).fill(Number.POSITIVE_INFINITY);
  let largest = 0;
  for (let r = 0; r < rows; r++) {
    let sum = 0;
    for (let j = 0; j < cols; j++) {
      const x = values[r * cols + j];
      packed[((r >> 3) * cols + j) * 8 + (r & 7)] = x;
      sum += x * x;
    }
    halves[r] = sum / 2;
    largest = Math.max(largest, halves[r]);
  }
  return { rows, cols, values: packed, halves, largest };
}

/**
 * The rows of the given indices, as they were before they were packed.
 * @example
 * unpackRows(packRows(makeMatrix(3, 1, Float64Array.of(7, 8, 9))), Int32Array.of(2, 0)).values; // Float64Array [9, 7]
 */
export function unpackRows({ cols, values }: PackedRows, index: Int32Array): Matrix {
  const out = makeMatrix(index.length, cols);
  for (let i = 0, at = 0; i < index.length; i++) {
    const block = (index[i] >> 3) * cols;
    for (let j = 0; j < cols; j++, at++) out.values[at] = values[(block + j) * 8 + (index[i] & 7)];
  }
  return out;
}

/**
 * Squared Euclidean distance of the row that begins at `at` in `values` to packed row r, `Number.MAX_VALUE` at most. One
 * accumulator runs over the columns in order.
 * @example
 * squaredDistanceTo(packRows(makeMatrix(1, 2, Float64Array.of(3, 4))), 0, Float64Array.of(0, 0), 0); // 25
 */
export function squaredDistanceTo({ cols, values: packed }: PackedRows, r: number, values: Float64Array, at: number): number {
  let sum = 0;
  for (let j = 0, from = (r >> 3) * cols * 8 + (r & 7); j < cols; j++, from += 8) {
    const difference = values[at + j] - packed[from];
    sum += difference * difference;
  }
  return Math.min(sum, Number.MAX_VALUE);
}

/**
 * The same for packed rows index[0..count), four side by side.
 * @param out filled, `count` entries
 * @example
 * const out = new Float64Array(1);
 * squaredDistancesTo(packRows(makeMatrix(1, 2, Float64Array.of(3, 4))), Int32Array.of(0), 1, Float64Array.of(0, 0), 0, out);
 * out; // Float64Array [25]
 */
export function squaredDistancesTo(packed: PackedRows, index: Int32Array, count: number, values: Float64Array, at: number, out: Float64Array): void {
  const { cols, values: refs } = packed;
  const placeOf = (r: number): number => (r >> 3) * cols * 8 + (r & 7);
  const grouped = count - (count % 4);
  for (let i = 0; i < grouped; i += 4) {
    let at0 = placeOf(index[i]);
    let at1 = placeOf(index[i + 1]);
    let at2 = placeOf(index[i + 2]);
    let at3 = placeOf(index[i + 3]);
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    for (let j = at; j < at + cols; j++) {
      const x = values[j];
      const d0 = x - refs[at0];
      const d1 = x - refs[at1];
      const d2 = x - refs[at2];
      const d3 = x - refs[at3];
      sum0 += d0 * d0;
      sum1 += d1 * d1;
      sum2 += d2 * d2;
      sum3 += d3 * d3;
      at0 += 8;
      at1 += 8;
      at2 += 8;
      at3 += 8;
    }
    out[i] = Math.min(sum0, Number.MAX_VALUE);
    out[i + 1] = Math.min(sum1, Number.MAX_VALUE);
    out[i + 2] = Math.min(sum2, Number.MAX_VALUE);
    out[i + 3] = Math.min(sum3, Number.MAX_VALUE);
  }
  for (let i = grouped; i < count; i++) out[i] = squaredDistanceTo(packed, index[i], values, at);
}

/**
 * Half the squared distances of the row x that begins at `at` in `values` to all packed rows r, by inner products:
 * out[r] = |x|^2 / 2 + |r|^2 / 2 - x'r. Half the work of the differences, but with their rounding in units of |x|^2 + |r|^2:
 * it tells which rows cannot be meant. Returned is how far out[r] and half of `squaredDistanceTo` can lie apart at
 * most, infinite where the squares come near overflow (out is not to be used then).
 *
 * The bound: a sum of n products is off by n u / (1 - n u) times the sum of their magnitudes at most, u = 2^-53 (Higham 2002,
 * "Accuracy and stability of numerical algorithms", section 3.1, doi:10.1137/1.9780898718027). All sums here together have
 * magnitudes of no more than 3 (|x|^2 + |r|^2); rounded up to 4, and n by 4.
 *
 * @param out filled, one entry a packed row, infinite for those that fill up
 * @example
 * const out = new Float64Array(8);
 * halfForms(packRows(makeMatrix(1, 2, Float64Array.of(3, 4))), Float64Array.of(0, 0), 0, out) < 1e-13; // true
 * out[0]; // 12.5
 */
export function halfForms({ cols, values: packed, halves, largest }: PackedRows, values: Float64Array, at: number, out: Float64Array): number {
  const end = at + cols;
  let own = 0;
  for (let j = at; j < end; j++) own += values[j] * values[j];
  if (!(own + 2 * largest < 1e300)) return Number.POSITIVE_INFINITY;
  const half = own / 2;
  for (let r = 0, p = 0; r < halves.length; r += 8) {
    let sum0 = 0;
    let sum1 = 0;
    let sum2 = 0;
    let sum3 = 0;
    let sum4 = 0;
    let sum5 = 0;
    let sum6 = 0;
    let sum7 = 0;
    for (let j = at; j < end; j++, p += 8) {
      const x = values[j];
      sum0 += x * packed[p];
      sum1 += x * packed[p + 1];
      sum2 += x * packed[p + 2];
      sum3 += x * packed[p + 3];
      sum4 += x * packed[p + 4];
      sum5 += x * packed[p + 5];
      sum6 += x * packed[p + 6];
      sum7 += x * packed[p + 7];
    }
    out[r] = half + halves[r] - sum0;
    out[r + 1] = half + halves[r + 1] - sum1;
    out[r + 2] = half + halves[r + 2] - sum2;
    out[r + 3] = half + halves[r + 3] - sum3;
    out[r + 4] = half + halves[r + 4] - sum4;
    out[r + 5] = half + halves[r + 5] - sum5;
    out[r + 6] = half + halves[r + 6] - sum6;
    out[r + 7] = half + halves[r + 7] - sum7;
  }
  // The last term covers products that underflow.
  return 4 * (cols + 4) * 2 ** -53 * (own + 2 * largest) + 1e-290;
}
