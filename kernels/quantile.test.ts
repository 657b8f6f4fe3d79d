import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from './fixtures/statistics.json' with { type: 'json' };
import { countReaching, nextUp, quantile } from './quantile.ts';

describe('quantile', () => {
  for (const [name, scores, expected] of [
    ['without ties', fixture.scores, fixture.quantiles],
    ['with ties', fixture.tied, fixture.quantiles_tied],
  ] as const) {
    it(`agrees with NumPy ${name}`, () => {
      const sorted = Float64Array.from(scores).sort();
      fixture.q.forEach((q, i) => {
        expect(Math.abs(quantile(sorted, q) - expected[i])).toBeLessThanOrEqual(1e-15 * expected[i] * 4);
      });
    });
  }

  it('by hand', () => {
    const sorted = Float64Array.of(1, 2, 4);
    expect([0, 0.25, 0.5, 0.75, 1].map((q) => quantile(sorted, q))).toEqual([1, 1.5, 2, 3, 4]);
    expect(quantile(Float64Array.of(7), 0.3)).toBe(7);
  });

  it('never leaves its neighbours, nor falls as q rises', () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 2, maxLength: 30 });
    fc.assert(
      fc.property(numbers, fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (values, a, b) => {
        const sorted = Float64Array.from(values).sort();
        const [low, high] = [quantile(sorted, Math.min(a, b)), quantile(sorted, Math.max(a, b))];
        expect(low).toBeLessThanOrEqual(high);
        const at = Math.floor((sorted.length - 1) * a);
        expect(quantile(sorted, a)).toBeGreaterThanOrEqual(sorted[at]);
        expect(quantile(sorted, a)).toBeLessThanOrEqual(sorted[Math.min(at + 1, sorted.length - 1)]);
      }),
    );
  });
});

describe('nextUp', () => {
  it('is the next double', () => {
    expect(nextUp(0)).toBe(Number.MIN_VALUE);
    expect(nextUp(-0)).toBe(Number.MIN_VALUE);
    expect(nextUp(1)).toBe(1 + Number.EPSILON);
    expect(nextUp(-1)).toBe(-1 + Number.EPSILON / 2);
    expect(nextUp(Number.MIN_VALUE)).toBe(2 * Number.MIN_VALUE);
    expect(nextUp(2 ** 53)).toBe(2 ** 53 + 2);
  });

  it('leaves no double between', () => {
    fc.assert(
      fc.property(fc.double({ min: -1e300, max: 1e300, noNaN: true }), (x) => {
        const next = nextUp(x);
        expect(next).toBeGreaterThan(x);
        expect([x, next]).toContain(x / 2 + next / 2);
      }),
    );
  });
});

describe('countReaching', () => {
  it('counts as a loop does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { maxLength: 40 }), fc.integer({ min: -1, max: 10 }), (values, x) => {
        expect(countReaching(Float64Array.from(values).sort(), x)).toBe(values.filter((value) => value >= x).length);
      }),
    );
  });
});
