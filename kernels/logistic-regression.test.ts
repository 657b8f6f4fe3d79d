import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix } from '../core/matrix.ts';
import fixture from './fixtures/logistic-regression.json' with { type: 'json' };
import { logisticRegression, logOdds, softplus } from './logistic-regression.ts';

const matrix = (cols: number, values: readonly number[]): Matrix => makeMatrix(values.length / cols, cols, Float64Array.from(values));

describe('logisticRegression', () => {
  for (const [name, { columns, c, rows, labels, coefficients, intercept }] of Object.entries(fixture.cases)) {
    it(`agrees with scikit-learn's LogisticRegression: ${name}`, () => {
      const found = logisticRegression(matrix(columns, rows.flat()), Int8Array.from(labels), c)!;
      const size = Math.max(1, ...coefficients.map(Math.abs));
      coefficients.forEach((w, j) => {
        expect(Math.abs(found.coefficients[j] - w), `coefficient ${j}`).toBeLessThan(1e-6 * size);
      });
      expect(Math.abs(found.intercept - intercept)).toBeLessThan(1e-6 * size);
    });
  }

  it('by hand: two rows, one of each kind', () => {
    // w = 2 c / (1 + exp(w)); for w = log 3 that is c / 2.
    const found = logisticRegression(matrix(1, [1, -1]), Int8Array.of(1, 0), 2 * Math.log(3))!;
    expect(found.coefficients[0]).toBeCloseTo(Math.log(3), 12);
    expect(found.intercept).toBeCloseTo(0, 12);
  });

  it('by hand: columns that tell nothing leave the log-odds of the labels', () => {
    const found = logisticRegression(matrix(2, Array(20).fill(0)), Int8Array.of(1, 1, 0, 0, 0, 0, 0, 0, 0, 0), 1)!;
    expect([...found.coefficients]).toEqual([0, 0]);
    expect(found.intercept).toBeCloseTo(Math.log(2 / 8), 12);
  });

  it('ends where the gradient is 0', () => {
    const numbers = fc.array(fc.record({ x: fc.double({ min: -9, max: 9, noNaN: true }), y: fc.double({ min: -9, max: 9, noNaN: true }), label: fc.nat(1) }), {
      minLength: 2,
      maxLength: 40,
    });
    fc.assert(
      fc.property(numbers, fc.constantFrom(0.01, 1, 100), (list, c) => {
        const labels = Int8Array.from(list, ({ label }) => label);
        const found = logisticRegression(
          matrix(
            2,
            list.flatMap(({ x, y }) => [x, y]),
          ),
          labels,
          c,
        );
        if (new Set(labels).size === 1) {
          expect(found).toBeUndefined();
          return;
        }
        const [u, v] = found!.coefficients;
        const errors = list.map(({ x, y, label }) => 1 / (1 + Math.exp(-(u * x + v * y + found!.intercept))) - label);
        const sum = (terms: number[]): number => terms.reduce((total, term) => total + term, 0);
        const scale = 1 + c * list.length;
        expect(Math.abs(u + c * sum(errors.map((e, i) => e * list[i].x))) / scale).toBeLessThan(1e-7);
        expect(Math.abs(v + c * sum(errors.map((e, i) => e * list[i].y))) / scale).toBeLessThan(1e-7);
        expect(Math.abs(c * sum(errors)) / scale).toBeLessThan(1e-7);
      }),
    );
  });

  it('has no answer for one kind of rows, nor for scales that leave no digits', () => {
    const rows = matrix(1, [1, 2, 3]);
    expect(logisticRegression(rows, Int8Array.of(1, 1, 1), 1)).toBeUndefined();
    expect(logisticRegression(rows, Int8Array.of(0, 0, 0), 1)).toBeUndefined();
    expect(logisticRegression(matrix(2, [1e200, 1, -1e200, 2, 3e200, 5]), Int8Array.of(0, 1, 1), 1)).toBeUndefined();
  });
});

describe('softplus', () => {
  it('by hand, and without overflow', () => {
    expect(softplus(0)).toBeCloseTo(Math.LN2, 15);
    expect(softplus(Math.log(3))).toBeCloseTo(Math.log(4), 14);
    expect(softplus(-40)).toBe(Math.exp(-40));
    expect(softplus(Number.MAX_VALUE)).toBe(Number.MAX_VALUE);
    expect(softplus(-Number.MAX_VALUE)).toBe(0);
  });
});

describe('logOdds', () => {
  const plane = { coefficients: Float64Array.of(2, -3), intercept: 0.5 };

  it('by hand', () => {
    expect([...logOdds(plane, matrix(2, [0, 0, 1, 0, 0, 1, 2, 2]), new Float64Array(4))]).toEqual([0.5, 2.5, -2.5, -1.5]);
  });

  it('stays finite where terms overflow, their sign kept', () => {
    const most = Number.MAX_VALUE;
    const far = logOdds(plane, matrix(2, [most, most, most, -most, -most, -most / 2, most, (most / 3) * 2]), new Float64Array(4));
    expect([...far.subarray(0, 2)]).toEqual([-most, most]);
    expect(far[2] / most).toBeCloseTo(-0.5, 12);
    expect(Math.abs(far[3] / most)).toBeLessThan(1e-12);
  });
});
