import { type Matrix, makeMatrix } from '../core/matrix.ts';
import type { Random } from '../core/random.ts';

/**
 * `count` rows drawn without replacement, every set of them equally likely, in the order in which they stand (selection
 * sampling: Fan, Muller and Rezucha 1962, doi:10.1080/01621459.1962.10480667); all rows when there are no more. A copy.
 * @example
 * sampleRows(makeMatrix(3, 1, Float64Array.of(1, 2, 3)), 5, makeRandom(1)).values; // Float64Array [1, 2, 3]
 */
export function sampleRows({ rows, cols, values }: Matrix, count: number, random: Random): Matrix {
  const sample = makeMatrix(Math.min(rows, count), cols);
  for (let row = 0, taken = 0; taken < sample.rows; row++) {
    if (random.next() * (rows - row) >= sample.rows - taken) continue;
    sample.values.set(values.subarray(row * cols, (row + 1) * cols), taken * cols);
    taken++;
  }
  return sample;
}
