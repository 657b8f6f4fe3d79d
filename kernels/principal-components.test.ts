import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import fixture from './fixtures/linear-detectors.json' with { type: 'json' };
import { componentsKeeping, distinctComponents, principalComponents } from './principal-components.ts';

describe('principalComponents', () => {
  it('by hand: rows on a line', () => {
    const { mean, loadings, variance, total } = principalComponents(makeMatrix(3, 2, Float64Array.of(1, 0, 4, 4, 7, 8)));
    expect([...mean]).toEqual([4, 4]);
    [0.6, 0.8].forEach((x, j) => {
      expect(loadings[j]).toBeCloseTo(x, 14);
    });
    expect(variance[0]).toBeCloseTo(25, 12);
    expect(variance[1]).toBeCloseTo(0, 12);
    expect(total).toBeCloseTo(25, 12);
    expect(distinctComponents(variance)).toBe(1);
  });

  for (const { variance: part, components, explained } of fixture.pca.cases) {
    it(`keeps as many components as scikit-learn's PCA(${part}), of its variances`, () => {
      const { train, columns } = fixture.pca;
      const { variance } = principalComponents(makeMatrix(train.length, columns, Float64Array.from(train.flat())));
      expect(componentsKeeping(variance, part)).toBe(components);
      explained.forEach((x, c) => {
        expect(Math.abs(variance[c] / x - 1)).toBeLessThan(1e-12);
      });
    });
  }
});

describe('componentsKeeping', () => {
  it('takes more than the part, never a component of rounding', () => {
    const variance = Float64Array.of(2, 1, 1, 1e-18);
    expect([0.4, 0.5, 0.75, 0.8, 1].map((part) => componentsKeeping(variance, part))).toEqual([1, 2, 3, 3, 3]);
    expect(componentsKeeping(new Float64Array(0), 0.9)).toBe(0);
    expect(componentsKeeping(new Float64Array(3), 0.9)).toBe(0);
  });
});
