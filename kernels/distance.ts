import type { Matrix } from '../core/matrix.ts';

/**
 * Nearest reference of every row by Euclidean distance: its index (ties go to the lower one) and the squared distance.
 * A row's result never depends on its neighbours in the batch.
 *
 * @param index filled, one entry a row
 * @param squared filled, one entry a row
 * @example
 * const squared = new Float64Array(1);
 * nearest(makeMatrix(1, 2, Float64Array.of(3, 4)), makeMatrix(2, 2, Float64Array.of(0, 0, 9, 9)), new Int32Array(1), squared);
 * squared[0]; // 25
 */
export function nearest(rows: Matrix, references: Matrix, index: Int32Array, squared: Float64Array): void {
  const distances = new Float64Array(references.rows);
  for (let row = 0; row < rows.rows; row++) {
    squaredDistances(rows.values, row * rows.cols, references, distances);
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let r = 0; r < distances.length; r++) {
      if (distances[r] < least) {
        least = distances[r];
        best = r;
      }
    }
    index[row] = best;
    squared[row] = least;
  }
}

/**
 * Squared Euclidean distances of the row that begins at `at` in `values` to all references. One accumulator per reference
 * runs over the columns in order, four references side by side.
 *
 * @param out filled, one entry a reference
 * @example
 * const out = new Float64Array(2);
 * squaredDistances(Float64Array.of(3, 4), 0, makeMatrix(2, 2, Float64Array.of(0, 0, 3, 6)), out);
 * out; // Float64Array [25, 4]
 */
export function squaredDistances(values: Float64Array, at: number, references: Matrix, out: Float64Array): void {
  const { rows: count, cols, values: refs } = references;
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
    out[r] = sum0;
    out[r + 1] = sum1;
    out[r + 2] = sum2;
    out[r + 3] = sum3;
  }
  for (let r = blocked; r < count; r++) out[r] = squaredDistance(values, at, refs, r * cols, cols);
}

/**
 * Squared Euclidean distance between the `cols` values of `a` from `aAt` on and those of `b` from `bAt` on.
 * @example
 * squaredDistance(Float64Array.of(0, 0), 0, Float64Array.of(3, 4), 0, 2); // 25
 */
export function squaredDistance(a: Float64Array, aAt: number, b: Float64Array, bAt: number, cols: number): number {
  let sum = 0;
  for (let j = 0; j < cols; j++) {
    const difference = a[aAt + j] - b[bAt + j];
    sum += difference * difference;
  }
  return sum;
}

/**
 * Euclidean length of a vector without overflow of its squares: they are taken in units of the largest magnitude
 * (Blue 1978, doi:10.1145/355769.355771). A length past the range of doubles is given as Number.MAX_VALUE.
 * @example
 * euclideanNorm(Float64Array.of(3e200, 4e200)); // 5e200
 * euclideanNorm(Float64Array.of(1.5e308, 1.5e308)); // 1.7976931348623157e+308
 */
export function euclideanNorm(vector: Float64Array): number {
  const largest = largestMagnitude(vector);
  return largest === 0 ? 0 : Math.min(Number.MAX_VALUE, largest * scaledNorm(vector, largest));
}

/**
 * Fills `out` with the vector divided by its length, also where that length is past the range of doubles; zeros for a vector of zeros.
 * @param vector finite
 * @param out as long as the vector, which it may be
 * @example
 * unitVector(Float64Array.of(3e307, -4e307), new Float64Array(2)); // Float64Array [0.6, -0.8]
 */
export function unitVector(vector: Float64Array, out: Float64Array): Float64Array {
  const largest = largestMagnitude(vector);
  if (largest === 0) return out.fill(0);
  const length = scaledNorm(vector, largest);
  for (let j = 0; j < vector.length; j++) out[j] = vector[j] / largest / length;
  return out;
}

function largestMagnitude(vector: Float64Array): number {
  let largest = 0;
  for (let j = 0; j < vector.length; j++) largest = Math.max(largest, Math.abs(vector[j]));
  return largest;
}

/** In units of the largest magnitude, so from 1 to the root of the number of entries. */
function scaledNorm(vector: Float64Array, largest: number): number {
  let sum = 0;
  for (let j = 0; j < vector.length; j++) {
    const part = vector[j] / largest;
    sum += part * part;
  }
  return Math.sqrt(sum);
}
