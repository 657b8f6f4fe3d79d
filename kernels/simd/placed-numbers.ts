import { type Placed, place, vectorsWanted } from './simd.ts';

const known = new WeakMap<Float64Array, Placed | null>();

/**
 * Numbers of a model where the vector kernels can read them, for as long as the model is held.
 * @param numbers never changed after the first call
 * @param arrange what is placed, where that is not the numbers as they are
 * @returns null where there is no room for them
 */
export function placedNumbers(numbers: Float64Array, arrange: (numbers: Float64Array) => Float64Array): Placed | null {
  if (!vectorsWanted()) return null;
  let placed = known.get(numbers);
  if (placed === undefined) {
    placed = place(arrange(numbers)) ?? null;
    known.set(numbers, placed);
  }
  return placed;
}

/** Rows of `cols` numbers eight side by side, filled up with zeros: column j of row r at ((r >> 3) * cols + j) * 8 + (r & 7). */
export function eightSideBySide(rows: Float64Array, cols: number): Float64Array {
  const count = rows.length / cols;
  const out = new Float64Array(Math.ceil(count / 8) * 8 * cols);
  for (let r = 0, from = 0; r < count; r++) for (let j = 0; j < cols; j++) out[((r >> 3) * cols + j) * 8 + (r & 7)] = rows[from++];
  return out;
}
