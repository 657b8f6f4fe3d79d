import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import { columnMoments, isConstant } from './moments.ts';

describe('column moments', () => {
  it('counts, averages and squares the finite values of each column', () => {
    const { count, mean, squares } = columnMoments(
      makeMatrix(4, 3, new Float64Array([1, Number.NaN, 5, 2, Number.NaN, Number.POSITIVE_INFINITY, 6, Number.NaN, 7, Number.NaN, Number.NaN, 9])),
    );
    expect([...count]).toEqual([3, 0, 3]);
    expect([...mean]).toEqual([3, Number.NaN, 7]);
    expect([squares[0], squares[2]]).toEqual([14, 8]);
  });

  it('loses nothing to a large mean', () => {
    const values = Float64Array.from({ length: 1000 }, (_, i) => 1e9 + (i % 2 === 0 ? 0.25 : -0.25));
    const { mean, squares } = columnMoments(makeMatrix(1000, 1, values));
    expect(mean[0]).toBe(1e9);
    expect(squares[0]).toBeCloseTo(1000 / 16, 12);
  });

  it('agrees with sums in whole numbers, which are exact', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -1000, max: 1000 }), { minLength: 1, maxLength: 200 }), (column) => {
        const n = BigInt(column.length);
        const sum = column.reduce((total, x) => total + BigInt(x), 0n);
        const squared = column.reduce((total, x) => total + BigInt(x) * BigInt(x), 0n);
        const moments = columnMoments(makeMatrix(column.length, 1, Float64Array.from(column)));
        expect(moments.mean[0]).toBeCloseTo(Number(sum) / Number(n), 10);
        expect(moments.squares[0]).toBeCloseTo(Number(n * squared - sum * sum) / Number(n), 6);
      }),
    );
  });
});

describe('is a column constant', () => {
  it('tells rounding from variance', () => {
    const constant = columnMoments(makeMatrix(30_000, 1, new Float64Array(30_000).fill(0.1 * 3 * 1e6)));
    expect(isConstant(30_000, constant.mean[0], constant.squares[0] / 30_000)).toBe(true);
    expect(isConstant(1000, 1e6, 1e-6)).toBe(false);
    expect(isConstant(1000, 1e6, 1e-20)).toBe(true);
    expect(isConstant(5, 0, 0)).toBe(true);
    expect(isConstant(0, Number.NaN, Number.NaN)).toBe(true);
  });
});
