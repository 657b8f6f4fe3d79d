import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMatrix, rowsOf } from '../core/matrix.ts';
import { negativeLogKernelMean, rbfKernel } from './rbf-kernel.ts';

const cell = fc.double({ min: -5, max: 5, noNaN: true });
const rowsAndReferences = fc
  .record({ cols: fc.integer({ min: 1, max: 5 }), rows: fc.integer({ min: 1, max: 9 }), count: fc.integer({ min: 1, max: 11 }) })
  .chain(({ cols, rows, count }) =>
    fc.record({
      rows: fc.array(cell, { minLength: rows * cols, maxLength: rows * cols }).map((values) => makeMatrix(rows, cols, Float64Array.from(values))),
      references: fc.array(cell, { minLength: count * cols, maxLength: count * cols }).map((values) => makeMatrix(count, cols, Float64Array.from(values))),
    }),
  );
const even = (count: number): Float64Array => new Float64Array(count).fill(1 / count);

describe('rbfKernel', () => {
  it('gives by hand: exp of minus gamma times the squared distance', () => {
    const out = new Float64Array(5);
    rbfKernel(Float64Array.of(9, 3, 4), 1, makeMatrix(5, 2, Float64Array.of(3, 4, 0, 0, 3, 5, 2, 4, 0, 4)), 0.1, out);
    expect([...out]).toEqual([1, Math.exp(-2.5), Math.exp(-0.1), Math.exp(-0.1), Math.exp(-0.9)]);
  });

  it('is symmetric to the last bit', () => {
    fc.assert(
      fc.property(rowsAndReferences, ({ references }) => {
        const { rows: count, cols, values } = references;
        const gram = Array.from({ length: count }, (_, i) => {
          const out = new Float64Array(count);
          rbfKernel(values, i * cols, references, 0.3, out);
          return out;
        });
        for (let i = 0; i < count; i++) for (let k = 0; k < count; k++) expect(gram[i][k]).toBe(gram[k][i]);
      }),
    );
  });
});

describe('negativeLogKernelMean', () => {
  it('is minus the logarithm of the weighted mean of the kernel', () => {
    fc.assert(
      fc.property(rowsAndReferences, ({ rows, references }) => {
        const share = Float64Array.from({ length: references.rows }, (_, i) => (i + 1) / ((references.rows * (references.rows + 1)) / 2));
        const kernel = new Float64Array(references.rows);
        const out = new Float64Array(rows.rows);
        negativeLogKernelMean(rows, references, share, 0.2, out);
        out.forEach((value, row) => {
          rbfKernel(rows.values, row * rows.cols, references, 0.2, kernel);
          const mean = kernel.reduce((sum, k, i) => sum + share[i] * k, 0);
          expect(value).toBeCloseTo(-Math.log(mean), 10);
        });
      }),
    );
  });

  it('gives the same doubles for a row by itself', () => {
    fc.assert(
      fc.property(rowsAndReferences, ({ rows, references }) => {
        const together = new Float64Array(rows.rows);
        negativeLogKernelMean(rows, references, even(references.rows), 0.2, together);
        for (let row = 0; row < rows.rows; row++) {
          const alone = new Float64Array(1);
          negativeLogKernelMean(rowsOf(rows, row, row + 1), references, even(references.rows), 0.2, alone);
          expect(alone[0]).toBe(together[row]);
        }
      }),
    );
  });

  it('keeps growing as the squared distance where the kernel is rounded to 0', () => {
    const rows = makeMatrix(3, 1, Float64Array.of(101, 1001, 1e100));
    const out = new Float64Array(3);
    negativeLogKernelMean(rows, makeMatrix(2, 1, Float64Array.of(-1, 1)), Float64Array.of(0.75, 0.25), 2, out);
    expect(out[0]).toBeCloseTo(2 * 100 ** 2 - Math.log(0.25), 9);
    expect(out[1]).toBeCloseTo(2 * 1000 ** 2 - Math.log(0.25), 7);
    expect(out[2]).toBeCloseTo(2e200, -188);
  });

  it('tells each reference’s part in the sum', () => {
    const posterior = new Float64Array(2);
    const references = makeMatrix(2, 1, Float64Array.of(0, 1));
    negativeLogKernelMean(makeMatrix(1, 1, Float64Array.of(0.5)), references, Float64Array.of(0.75, 0.25), 1, new Float64Array(1), posterior);
    expect([...posterior]).toEqual([0.75, 0.25]);
    negativeLogKernelMean(makeMatrix(1, 1, Float64Array.of(1)), references, Float64Array.of(0.5, 0.5), Math.log(3), new Float64Array(1), posterior);
    expect(posterior[0]).toBeCloseTo(0.25, 14);
    expect(posterior[1]).toBeCloseTo(0.75, 14);
  });

  it('stays finite where squares overflow', () => {
    const out = new Float64Array(2);
    const posterior = new Float64Array(2);
    const rows = makeMatrix(2, 1, Float64Array.of(1e150, -1e300));
    negativeLogKernelMean(rows, makeMatrix(2, 1, Float64Array.of(0, 1)), Float64Array.of(0.75, 0.25), 1e10, out, posterior);
    expect([...out]).toEqual([Number.MAX_VALUE, Number.MAX_VALUE]);
    expect([...posterior]).toEqual([0.75, 0.25]);
  });
});
