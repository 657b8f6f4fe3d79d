import type { Matrix } from '../core/matrix.ts';

/**
 * Nearest reference of every row by Euclidean distance: its index (ties go to the lower one) and the squared distance.
 * One accumulator per (row, reference) runs over the columns in order, four references side by side, so a row's result
 * never depends on its neighbours in the batch.
 *
 * @param index filled, one entry a row
 * @param squared filled, one entry a row
 * @example
 * const squared = new Float64Array(1);
 * nearest(makeMatrix(1, 2, Float64Array.of(3, 4)), makeMatrix(2, 2, Float64Array.of(0, 0, 9, 9)), new Int32Array(1), squared);
 * squared[0]; // 25
 */
export function nearest(rows: Matrix, references: Matrix, index: Int32Array, squared: Float64Array): void {
  const { cols, values } = rows;
  const count = references.rows;
  const refs = references.values;
  const blocked = count - (count % 4);
  for (let row = 0; row < rows.rows; row++) {
    const at = row * cols;
    let best = 0;
    let least = Number.POSITIVE_INFINITY;
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
      if (sum0 < least) {
        least = sum0;
        best = r;
      }
      if (sum1 < least) {
        least = sum1;
        best = r + 1;
      }
      if (sum2 < least) {
        least = sum2;
        best = r + 2;
      }
      if (sum3 < least) {
        least = sum3;
        best = r + 3;
      }
    }
    for (let r = blocked; r < count; r++) {
      const sum = squaredDistance(values, at, refs, r * cols, cols);
      if (sum < least) {
        least = sum;
        best = r;
      }
    }
    index[row] = best;
    squared[row] = least;
  }
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
 * (Blue 1978, doi:10.1145/355769.355771).
 * @example
 * euclideanNorm(Float64Array.of(3e200, 4e200)); // 5e200
 */
export function euclideanNorm(vector: Float64Array): number {
  let largest = 0;
  for (let j = 0; j < vector.length; j++) largest = Math.max(largest, Math.abs(vector[j]));
  if (largest === 0) return 0;
  let sum = 0;
  for (let j = 0; j < vector.length; j++) {
    const part = vector[j] / largest;
    sum += part * part;
  }
  return largest * Math.sqrt(sum);
}
