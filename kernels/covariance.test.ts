import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import { empiricalCovariance, ledoitWolf, shrink } from './covariance.ts';
import fixture from './fixtures/ledoit-wolf.json' with { type: 'json' };

const matrix = (cols: number, values: readonly number[]) => makeMatrix(values.length / cols, cols, Float64Array.from(values));

for (const [name, expected] of Object.entries(fixture.cases)) {
  describe(`covariance of scikit-learn's fixture: ${name}`, () => {
    const { columns, rows } = expected;
    const found = ledoitWolf(matrix(columns, rows.flat()));
    const size = Math.max(...expected.covariance.map(Math.abs));

    it('has its mean and shrinkage', () => {
      expected.location.forEach((x, j) => {
        expect(found.mean[j]).toBeCloseTo(x, 12);
      });
      expect(Math.abs(found.shrinkage - expected.shrinkage)).toBeLessThan(1e-9 * expected.shrinkage);
    });

    it('has its shrunk covariance', () => {
      let at = 0;
      for (let i = 0; i < columns; i++) {
        for (let j = 0; j <= i; j++) {
          expect(Math.abs(found.covariance[i * columns + j] - expected.covariance[at++])).toBeLessThan(1e-12 * size);
          expect(found.covariance[j * columns + i]).toBe(found.covariance[i * columns + j]);
        }
      }
      expect(at).toBe(expected.covariance.length);
    });

    it('has its empirical covariance', () => {
      const { covariance } = empiricalCovariance(matrix(columns, rows.flat()));
      expected.empirical.forEach((x, j) => {
        expect(Math.abs(covariance[j] - x)).toBeLessThan(1e-12 * size);
      });
    });
  });
}

describe('ledoitWolf', () => {
  it('by hand: with four rows along the axes, all is shrunk', () => {
    // S = diag(1/2, 2), d2 = |S - 1.25 I|^2 = 1.125; b2 = ((1 + 1 + 16 + 16) / 4 - 4.25) / 4 = 1.0625.
    const { covariance, shrinkage } = ledoitWolf(matrix(2, [1, 0, -1, 0, 0, 2, 0, -2]));
    expect(shrinkage).toBeCloseTo(1.0625 / 1.125, 14);
    const s = 1.0625 / 1.125;
    expect([...covariance]).toEqual([expect.closeTo((1 - s) * 0.5 + s * 1.25, 14), 0, 0, expect.closeTo((1 - s) * 2 + s * 1.25, 14)]);
  });

  it('does not shrink a single column', () => {
    const { mean, covariance, shrinkage } = ledoitWolf(matrix(1, [1, 2, 6]));
    expect([mean[0], covariance[0], shrinkage]).toEqual([3, expect.closeTo(14 / 3, 12), 0]);
  });

  it('of equal rows is exactly zero', () => {
    const { mean, covariance, shrinkage } = ledoitWolf(matrix(2, Array(100).fill([0.1, 0.7]).flat()));
    expect([...mean]).toEqual([0.1, 0.7]);
    expect([...covariance]).toEqual([0, 0, 0, 0]);
    expect(shrinkage).toBe(0);
  });
});

describe('shrink', () => {
  it('keeps the trace and pulls towards its mean', () => {
    expect([...shrink(Float64Array.of(2, 1, 1, 4), 0)]).toEqual([2, 1, 1, 4]);
    expect([...shrink(Float64Array.of(2, 1, 1, 4), 0.5)]).toEqual([2.5, 0.5, 0.5, 3.5]);
    expect([...shrink(Float64Array.of(2, 1, 1, 4), 1)]).toEqual([3, 0, 0, 3]);
  });
});
