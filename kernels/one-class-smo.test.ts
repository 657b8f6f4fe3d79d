import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix } from '../core/matrix.ts';
import fixture from './fixtures/one-class-svm.json' with { type: 'json' };
import { type OneClassLimits, oneClassSmo } from './one-class-smo.ts';
import { rbfKernel } from './rbf-kernel.ts';

const limits: OneClassLimits = { tolerance: 1e-10, iterations: 100_000, cacheBytes: 1e6 };
const kernelOf =
  (rows: Matrix, gamma: number) =>
  (i: number, out: Float64Array): void =>
    rbfKernel(rows.values, i * rows.cols, rows, gamma, out);
const solve = (rows: Matrix, nu: number, gamma: number, given: Partial<OneClassLimits> = {}) =>
  oneClassSmo(rows.rows, nu, kernelOf(rows, gamma), { ...limits, ...given });
const matrix = (cols: number, values: readonly number[]): Matrix => makeMatrix(values.length / cols, cols, Float64Array.from(values));

/** Kernel sums of every row, computed in the plainest way. */
function kernelSums({ rows, cols, values }: Matrix, alpha: Float64Array, gamma: number): number[] {
  return Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let k = 0; k < rows; k++) {
      let squared = 0;
      for (let j = 0; j < cols; j++) squared += (values[i * cols + j] - values[k * cols + j]) ** 2;
      sum += alpha[k] * Math.exp(-gamma * squared);
    }
    return sum;
  });
}

/** Rows on a coarse grid, so that many are equal, or anywhere. */
const problems = fc.record({ n: fc.integer({ min: 1, max: 40 }), cols: fc.integer({ min: 1, max: 4 }), grid: fc.boolean() }).chain(({ n, cols, grid }) =>
  fc.record({
    rows: fc
      .array(grid ? fc.integer({ min: -2, max: 2 }) : fc.double({ min: -3, max: 3, noNaN: true }), { minLength: n * cols, maxLength: n * cols })
      .map((values) => matrix(cols, values)),
    nu: fc.oneof(fc.double({ min: 0.005, max: 1, noNaN: true }), fc.constantFrom(0.01, 0.5, 1)),
    gamma: fc.double({ min: 0.01, max: 20, noNaN: true }),
  }),
);

describe('oneClassSmo', () => {
  it('solves two points by hand: each takes nu', () => {
    const { alpha, rho, converged } = solve(matrix(2, [0, 0, 3, 4]), 0.7, 0.02);
    expect(converged).toBe(true);
    expect(alpha[0]).toBeCloseTo(0.7, 9);
    expect(alpha[1]).toBeCloseTo(0.7, 9);
    expect(rho).toBeCloseTo(0.7 * (1 + Math.exp(-0.5)), 9);
  });

  it('solves the corners of a square by hand: each takes nu', () => {
    const { alpha, rho } = solve(matrix(2, [1, 1, -1, 1, 1, -1, -1, -1]), 0.3, 0.25);
    for (const one of alpha) expect(one).toBeCloseTo(0.3, 9);
    expect(rho).toBeCloseTo(0.3 * (1 + 2 * Math.exp(-1) + Math.exp(-2)), 9);
  });

  it('solves three points on a line by hand: the outer ones take more', () => {
    // -1, 0, 1 with kernels a = e^-g and b = e^-4g of neighbours and ends; u at the ends, v in the middle, 2 u + v = 3 nu,
    // and equal kernel sums u (1 + b) + v a = 2 u a + v.
    const [a, b] = [Math.exp(-1), Math.exp(-4)];
    const ratio = (1 + b - 2 * a) / (1 - a);
    const u = (3 * 0.4) / (2 + ratio);
    const { alpha, rho } = solve(matrix(1, [0, -1, 1]), 0.4, 1);
    expect(alpha[0]).toBeCloseTo(u * ratio, 9);
    expect(alpha[1]).toBeCloseTo(u, 9);
    expect(alpha[2]).toBeCloseTo(u, 9);
    expect(rho).toBeCloseTo(2 * u * a + u * ratio, 9);
  });

  it('leaves a point out by hand: alpha at its bound, below the level', () => {
    // Nothing is near anything: the kernel is the identity but for the first two, which are one point.
    const { alpha, rho } = solve(matrix(1, [0, 0, 1e3, 2e3]), 0.9, 1);
    // Of 3.6, a lone point takes 1 at most; the double has what is left, and its kernel sum is highest.
    expect(alpha[2]).toBe(1);
    expect(alpha[3]).toBe(1);
    expect(alpha[0] + alpha[1]).toBeCloseTo(1.6, 12);
    expect(rho).toBeCloseTo(1.6, 12);
  });

  it('meets the optimality conditions (Karush, Kuhn and Tucker)', () => {
    fc.assert(
      fc.property(problems, ({ rows, nu, gamma }) => {
        const { alpha, rho, converged, gap } = solve(rows, nu, gamma);
        expect(converged).toBe(true);
        expect(gap).toBeLessThanOrEqual(limits.tolerance);
        let sum = 0;
        for (const one of alpha) {
          expect(one).toBeGreaterThanOrEqual(0);
          expect(one).toBeLessThanOrEqual(1);
          sum += one;
        }
        expect(Math.abs(sum - nu * rows.rows)).toBeLessThan(1e-9);
        kernelSums(rows, alpha, gamma).forEach((kernelSum, i) => {
          if (alpha[i] > 0) expect(kernelSum, `row ${i} with alpha ${alpha[i]}`).toBeLessThanOrEqual(rho + 1e-9);
          if (alpha[i] < 1) expect(kernelSum, `row ${i} with alpha ${alpha[i]}`).toBeGreaterThanOrEqual(rho - 1e-9);
        });
        // At most nu n rows lie outside, at least nu n are support vectors (proposition 3 of the paper).
        expect(alpha.filter((one) => one > 0).length).toBeGreaterThanOrEqual(nu * rows.rows - 1e-9);
        expect(alpha.filter((one) => one >= 1).length).toBeLessThanOrEqual(nu * rows.rows + 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('gives the same doubles with memory for two kernel rows', () => {
    fc.assert(
      fc.property(problems, ({ rows, nu, gamma }) => {
        expect(solve(rows, nu, gamma, { cacheBytes: 1 })).toEqual(solve(rows, nu, gamma));
      }),
    );
    const { columns, rows, nu, gamma } = fixture.cases['nu 0.5'];
    const data = matrix(columns, rows.flat());
    expect(solve(data, nu, gamma, { cacheBytes: 3 * data.rows * 8 })).toEqual(solve(data, nu, gamma));
  });

  for (const [name, { columns, rows, nu, gamma, rho, scores }] of Object.entries(fixture.cases)) {
    it(`agrees with scikit-learn's OneClassSVM: ${name}`, () => {
      const data = matrix(columns, rows.flat());
      const solution = solve(data, nu, gamma);
      expect(solution.converged).toBe(true);
      const range = Math.max(...scores) - Math.min(...scores);
      expect(Math.abs(solution.rho - rho)).toBeLessThanOrEqual(1e-6 * range);
      kernelSums(data, solution.alpha, gamma).forEach((sum, row) => {
        expect(Math.abs(sum - scores[row]), `row ${row}`).toBeLessThanOrEqual(1e-6 * range);
      });
      expect(solution.alpha.filter((one) => one > 0).length).toBeGreaterThanOrEqual(nu * data.rows);
    });
  }

  it('says when the bound on iterations came first, and how far it got', () => {
    const { columns, rows, nu, gamma } = fixture.cases['nu 0.5'];
    const data = matrix(columns, rows.flat());
    const stopped = solve(data, nu, gamma, { iterations: 3 });
    expect(stopped).toMatchObject({ converged: false, iterations: 3 });
    const sums = kernelSums(data, stopped.alpha, gamma);
    const giving = Math.max(...sums.filter((_, i) => stopped.alpha[i] > 0));
    const taking = Math.min(...sums.filter((_, i) => stopped.alpha[i] < 1));
    expect(stopped.gap).toBeCloseTo(giving - taking, 10);
    expect(solve(data, nu, gamma, { iterations: 30 }).gap).toBeLessThan(stopped.gap);
  });

  it('takes rows that are all equal: nothing is left to improve', () => {
    const { alpha, rho, iterations } = solve(matrix(1, Array(50).fill(0.1)), 0.05, 1);
    expect(alpha.reduce((sum, one) => sum + one, 0)).toBeCloseTo(2.5, 12);
    expect(rho).toBeCloseTo(2.5, 12);
    expect(iterations).toBe(0);
  });

  it('gives every row all it can take when nu is 1', () => {
    const { alpha, rho } = solve(matrix(1, [0, 1, 3]), 1, 0.5);
    expect([...alpha]).toEqual([1, 1, 1]);
    expect(rho).toBeCloseTo(1 + Math.exp(-0.5) + Math.exp(-2), 12);
  });
});
