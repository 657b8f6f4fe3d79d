import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from './fixtures/generalised-pareto.json' with { type: 'json' };
import { exceededWith, fitGeneralisedPareto } from './generalised-pareto.ts';

const relative = (found: number, expected: number) => Math.abs(found - expected) / Math.abs(expected);

/** Coles 2001, An Introduction to Statistical Modeling of Extreme Values, equations 4.10 and 4.11; minus infinity outside the support. */
function logLikelihood(peaks: Float64Array, shape: number, scale: number): number {
  if (peaks.some((y) => 1 + (shape * y) / scale < 0)) return Number.NEGATIVE_INFINITY;
  if (shape === 0) return peaks.reduce((sum, y) => sum - Math.log(scale) - y / scale, 0);
  if (shape === -1) return -peaks.length * Math.log(scale);
  return peaks.reduce((sum, y) => sum - Math.log(scale) - (1 + 1 / shape) * Math.log(1 + (shape * y) / scale), 0);
}

describe('fitGeneralisedPareto', () => {
  for (const [name, expected] of Object.entries(fixture.cases)) {
    it(`agrees with scipy's genpareto.fit and is as likely at least: ${name}`, () => {
      const found = fitGeneralisedPareto(Float64Array.from(expected.peaks));
      expect(Math.abs(found.shape - expected.shape)).toBeLessThan(1e-6);
      expect(relative(found.scale, expected.scale)).toBeLessThan(1e-6);
      expect(found.logLikelihood).toBeGreaterThanOrEqual(expected.log_likelihood - 1e-11 * Math.abs(expected.log_likelihood));
      expect(relative(found.logLikelihood, expected.log_likelihood)).toBeLessThan(1e-10);
    });
  }

  const peaks = fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.double({ min: 1e-6, max: 1e6, noNaN: true })), { minLength: 2, maxLength: 80 });

  it('is as likely as it says, and no other shape of at least -1 with any other scale is likelier', () => {
    const shapes = fc.integer({ min: -1000, max: 8000 }).map((thousandths) => thousandths / 1000);
    fc.assert(
      fc.property(peaks, shapes, fc.double({ min: 0.001, max: 1000, noNaN: true }), (drawn, shape, factor) => {
        const y = Float64Array.from(drawn);
        const found = fitGeneralisedPareto(y);
        const slack = 1e-6 * (1 + Math.abs(found.logLikelihood));
        expect(found.shape).toBeGreaterThanOrEqual(-1);
        expect(Math.abs(logLikelihood(y, found.shape, found.scale) - found.logLikelihood)).toBeLessThan(slack);
        for (const scale of [found.scale, Math.max(...drawn), drawn[0]])
          expect(logLikelihood(y, shape, scale * factor)).toBeLessThanOrEqual(found.logLikelihood + slack);
      }),
      { numRuns: 300 },
    );
  });

  it('has the unit of the peaks', () => {
    fc.assert(
      fc.property(peaks, fc.integer({ min: -900, max: 900 }), (drawn, exponent) => {
        const one = fitGeneralisedPareto(Float64Array.from(drawn));
        const other = fitGeneralisedPareto(Float64Array.from(drawn, (y) => y * 2 ** exponent));
        expect(other.shape).toBe(one.shape);
        expect(other.scale / 2 ** exponent).toBeCloseTo(one.scale, 9);
      }),
    );
  });

  it('finds the exponential distribution where peaks lie as its quantiles do', () => {
    const n = 20_000;
    const found = fitGeneralisedPareto(Float64Array.from({ length: n }, (_, i) => -3 * Math.log((i + 0.5) / n)));
    expect(Math.abs(found.shape)).toBeLessThan(1e-3);
    expect(relative(found.scale, 3)).toBeLessThan(1e-3);
  });

  it('finds the uniform distribution where peaks lie evenly, and where all are one', () => {
    const even = fitGeneralisedPareto(Float64Array.from({ length: 100 }, (_, i) => i + 1));
    expect(even).toEqual({ shape: -1, scale: 100, logLikelihood: -100 * Math.log(100) });
    expect(fitGeneralisedPareto(new Float64Array(60).fill(0.3))).toEqual({ shape: -1, scale: 0.3, logLikelihood: -60 * Math.log(0.3) });
    expect(fitGeneralisedPareto(Float64Array.of(5)).shape).toBe(-1);
  });

  it('stays finite over the whole range of doubles', () => {
    const found = fitGeneralisedPareto(Float64Array.of(5e-324, 1e-300, 1e-200, 1e-100, 1, 1e100, 1e200, 1.7e308));
    for (const value of Object.values(found)) expect(Number.isFinite(value)).toBe(true);
  });
});

describe('exceededWith', () => {
  for (const [name, { shape, scale, chances, levels }] of Object.entries(fixture.cases)) {
    it(`agrees with scipy's genpareto.isf: ${name}`, () => {
      chances.forEach((chance, i) => {
        expect(relative(exceededWith(chance, { shape, scale }), levels[i])).toBeLessThan(1e-12);
      });
    });
  }

  it('comes to -scale log(chance) as the shape comes to 0', () => {
    const exponential = 2 * Math.log(1000);
    expect(exceededWith(0.001, { shape: 0, scale: 2 })).toBeCloseTo(exponential, 12);
    for (const shape of [1e-6, -1e-6, 1e-12, -1e-12, 1e-300]) {
      expect(Math.abs(exceededWith(0.001, { shape, scale: 2 }) - exponential)).toBeLessThan(50 * Math.abs(shape) + 1e-12);
    }
  });

  it('is exceeded with the chance given', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 1e-9, max: 1, noNaN: true }),
        fc.double({ min: -1, max: 3, noNaN: true }).filter((shape) => Math.abs(shape) > 0.01),
        (chance, shape) => {
          const y = exceededWith(chance, { shape, scale: 1.5 });
          expect(relative((1 + (shape * y) / 1.5) ** (-1 / shape), chance)).toBeLessThan(1e-4);
        },
      ),
    );
  });
});
