import { expect, it } from 'vitest';
import { makeMatrix, rowsOf } from './matrix.ts';

it('a matrix is zeroed, or lies in the memory that is given, which may be longer', () => {
  expect(makeMatrix(2, 3)).toEqual({ rows: 2, cols: 3, values: new Float64Array(6) });
  const memory = new Float64Array(10);
  expect(makeMatrix(2, 3, memory).values).toBe(memory);
});

it('rows of a matrix share its memory', () => {
  const whole = makeMatrix(3, 2, Float64Array.of(1, 2, 3, 4, 5, 6));
  const last = rowsOf(whole, 1, 3);
  expect(last).toEqual({ rows: 2, cols: 2, values: Float64Array.of(3, 4, 5, 6) });
  last.values[0] = 9;
  expect(whole.values[2]).toBe(9);
  expect(rowsOf(whole, 1, 1)).toEqual({ rows: 0, cols: 2, values: new Float64Array(0) });
});
