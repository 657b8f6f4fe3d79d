import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import { squaredDistance } from './distance.ts';
import { halfForms, packRows, squaredDistanceTo, unpackRows } from './packed-rows.ts';

/** Rows of all sizes, and one more row x of the same columns. */
const rowsAndOne = fc
  .record({ rows: fc.integer({ min: 0, max: 20 }), cols: fc.integer({ min: 1, max: 12 }), exponent: fc.constantFrom(0, 8, -100, 148, -155, -170) })
  .chain(({ rows, cols, exponent }) => {
    const cell = fc.double({ min: -10, max: 10, noNaN: true }).map((x) => x * 10 ** exponent);
    const cells = (length: number) => fc.array(cell, { minLength: length, maxLength: length }).map((values) => Float64Array.from(values));
    return fc.record({ values: cells(rows * cols), x: cells(cols) }).map(({ values, x }) => ({ matrix: makeMatrix(rows, cols, values), x }));
  });

describe('packed rows', () => {
  it('come back as they were, also some of them and twice', () => {
    fc.assert(
      fc.property(rowsAndOne, fc.infiniteStream(fc.nat()), ({ matrix, x }, stream) => {
        const packed = packRows(matrix);
        expect(
          unpackRows(
            packed,
            Int32Array.from({ length: matrix.rows }, (_, row) => row),
          ),
        ).toEqual(matrix);
        if (matrix.rows === 0) return;
        const index = Int32Array.from({ length: 5 }, () => (stream.next().value as number) % matrix.rows);
        const some = unpackRows(packed, index).values;
        index.forEach((row, i) => {
          expect(some.slice(i * x.length, (i + 1) * x.length)).toEqual(matrix.values.slice(row * x.length, (row + 1) * x.length));
        });
      }),
    );
  });

  it('give the distance by differences, bit for bit', () => {
    fc.assert(
      fc.property(rowsAndOne, ({ matrix, x }) => {
        const packed = packRows(matrix);
        for (let r = 0; r < matrix.rows; r++) expect(squaredDistanceTo(packed, r, x, 0)).toBe(squaredDistance(x, 0, matrix.values, r * x.length, x.length));
      }),
    );
    expect(squaredDistanceTo(packRows(makeMatrix(1, 1, Float64Array.of(-1e300))), 0, Float64Array.of(1e300), 0)).toBe(Number.MAX_VALUE);
  });

  it('give half of it by inner products, no further off than they say', () => {
    fc.assert(
      fc.property(rowsAndOne, ({ matrix, x }) => {
        const packed = packRows(matrix);
        const out = new Float64Array(packed.halves.length).fill(Number.NaN);
        const error = halfForms(packed, x, 0, out);
        expect(error).toBeLessThan(Number.POSITIVE_INFINITY);
        for (let r = 0; r < matrix.rows; r++) {
          expect(Math.abs(out[r] - squaredDistanceTo(packed, r, x, 0) / 2)).toBeLessThanOrEqual(error);
        }
        expect(out.subarray(matrix.rows).every((form) => form === Number.POSITIVE_INFINITY)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('say when squares come near overflow, by the row or by a packed one', () => {
    const out = new Float64Array(8);
    const packed = (value: number) => packRows(makeMatrix(2, 1, Float64Array.of(1, value)));
    expect(halfForms(packed(1), Float64Array.of(1e151), 0, out)).toBe(Number.POSITIVE_INFINITY);
    expect(halfForms(packed(1e200), Float64Array.of(1), 0, out)).toBe(Number.POSITIVE_INFINITY);
    expect(halfForms(packed(1), Float64Array.of(1e149), 0, out)).toBeLessThan(Number.POSITIVE_INFINITY);
  });
});
