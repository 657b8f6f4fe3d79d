import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { squaredDistance } from './distance.ts';
import { halfBounds, indexRows } from './neighbour-index.ts';

/** Rows that move along two directions of twelve columns, with noise beside. */
const plane = (rows: number, noise: number, seed: number): Matrix => {
  const mix = makeRandom(1, 'mix');
  const loading = Array.from({ length: 24 }, () => mix.normal());
  const random = makeRandom(seed);
  const out = makeMatrix(rows, 12);
  for (let row = 0; row < rows; row++) {
    const [one, two] = [3 * random.normal(), 3 * random.normal()];
    for (let j = 0; j < 12; j++) out.values[row * 12 + j] = 5 + one * loading[j] + two * loading[12 + j] + noise * random.normal();
  }
  return out;
};
const boundsOf = (rows: Matrix, x: Float64Array) => {
  const index = indexRows(rows);
  const bounds = new Float64Array(index.packed.halves.length).fill(Number.NaN);
  const error = halfBounds(index, x, 0, bounds, new Float64Array(2 * rows.cols));
  return { index, bounds, error };
};

describe('an index of rows', () => {
  it('takes the few directions that hold most of the variance', () => {
    const { axes, reduced } = indexRows(plane(200, 0.05, 3));
    expect(axes.length).toBeLessThanOrEqual(2 * 12);
    expect(axes.length).toBeGreaterThan(0);
    expect(reduced!.cols).toBe(axes.length / 12 + 1);
  });

  it('takes none where rows differ in all directions, in few columns, or not at all', () => {
    const random = makeRandom(2);
    const noise = makeMatrix(
      300,
      12,
      new Float64Array(3600).map(() => random.normal()),
    );
    for (const rows of [noise, makeMatrix(3, 2, Float64Array.of(1, 1, 2, 2, 3, 3)), makeMatrix(5, 12)]) {
      const index = indexRows(rows);
      expect(index.axes.length).toBe(0);
      expect(index.reduced).toBe(null);
    }
  });

  it('bounds half the squared distance from below, also off the plane and at any size', () => {
    fc.assert(
      fc.property(
        fc.record({
          seed: fc.integer(),
          noise: fc.constantFrom(0, 1e-6, 0.05),
          scale: fc.constantFrom(1, 1e-160, 1e100, 1e138),
          off: fc.constantFrom(0, 0.01, 10, 1e6),
        }),
        ({ seed, noise, scale, off }) => {
          const { rows, cols, values } = plane(40, noise, seed);
          const matrix = makeMatrix(
            rows,
            cols,
            values.map((x) => x * scale),
          );
          const random = makeRandom(seed, 'row');
          const x = plane(1, noise, seed + 1).values.map((value) => scale * (value + off * random.normal()));
          const { index, bounds, error } = boundsOf(matrix, x);
          expect(index.axes.length).toBeGreaterThan(0);
          expect(error).toBeLessThan(Number.POSITIVE_INFINITY);
          for (let r = 0; r < rows; r++) expect(bounds[r]).toBeLessThanOrEqual(squaredDistance(x, 0, matrix.values, r * cols, cols) / 2 + error);
          expect(bounds.subarray(rows).every((bound) => bound === Number.POSITIVE_INFINITY)).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('leaves few rows to look at: the bound is close on the plane and beside it', () => {
    const rows = plane(500, 0.02, 7);
    for (const off of [0, 8]) {
      const x = plane(1, 0.02, 8).values.map((value, j) => value + (j % 2 ? off : -off));
      const { bounds, error } = boundsOf(rows, x);
      const halves = Array.from({ length: 500 }, (_, r) => squaredDistance(x, 0, rows.values, r * 12, 12) / 2);
      const least = Math.min(...halves);
      expect([...bounds].filter((bound) => bound <= least + error).length).toBeLessThan(25);
    }
  });

  it('has no bounds where squares come near overflow', () => {
    expect(boundsOf(plane(50, 0, 1), new Float64Array(12).fill(1e200)).error).toBe(Number.POSITIVE_INFINITY);
    const either = new Float64Array(12).map((_, j) => (j % 2 ? 1 : -1) * Number.MAX_VALUE);
    expect(boundsOf(plane(50, 0, 1), either).error).toBe(Number.POSITIVE_INFINITY);
    const far = plane(50, 0, 1);
    far.values[7] = 1e200;
    expect(boundsOf(far, new Float64Array(12)).error).toBe(Number.POSITIVE_INFINITY);
  });
});
