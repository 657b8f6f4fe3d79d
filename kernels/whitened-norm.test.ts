import { describe, expect, it } from 'vitest';
import { makeMatrix, rowsOf } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { multiplyLower } from './cholesky.ts';
import { whitenedNorms } from './whitened-norm.ts';

const random = makeRandom(1, 'whitened-norm');
const cols = 6;
const rows = makeMatrix(
  23,
  cols,
  new Float64Array(23 * cols).map(() => random.normal()),
);
const mean = new Float64Array(cols).map(() => random.normal());
const lower = new Float64Array((cols * (cols + 1)) / 2).map(() => random.normal());
const norms = (matrix: typeof rows): Float64Array => {
  const out = new Float64Array(matrix.rows).fill(-1);
  whitenedNorms(matrix, mean, lower, out);
  return out;
};

describe('whitenedNorms', () => {
  it('is the length of the transformed difference', () => {
    norms(rows).forEach((norm, row) => {
      const difference = mean.map((m, j) => rows.values[row * cols + j] - m);
      expect(norm).toBeCloseTo(Math.hypot(...multiplyLower(lower, difference, new Float64Array(cols))), 12);
    });
  });

  it('is the same bit for bit wherever a row stands in its batch', () => {
    const whole = norms(rows);
    for (let from = 0; from < rows.rows; from++) {
      for (const length of [1, 2, 3, 4, 7]) {
        const to = Math.min(rows.rows, from + length);
        expect(norms(rowsOf(rows, from, to))).toEqual(whole.slice(from, to));
      }
    }
  });

  it('ends at the largest double, also where infinities cancel', () => {
    const far = makeMatrix(
      2,
      cols,
      new Float64Array(2 * cols).map((_, i) => (i < cols ? 1e200 : i % 2 ? Number.MAX_VALUE : -Number.MAX_VALUE)),
    );
    expect([...norms(far)]).toEqual([Number.MAX_VALUE, Number.MAX_VALUE]);
  });

  it('of no rows does nothing', () => {
    expect(norms(rowsOf(rows, 0, 0))).toEqual(new Float64Array(0));
  });
});
