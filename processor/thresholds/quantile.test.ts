import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { thresholdConformance } from '../conformance/threshold.ts';
import quantile from './quantile.ts';

const sorted = (values: readonly number[]): Float64Array => Float64Array.from(values).sort();
const levelOf = (values: readonly number[], q: number) => quantile.fit(sorted(values), { q });

describe('quantile conformance', () => {
  for (const q of [0.5, 0.99]) for (const { name, run } of thresholdConformance(quantile, { options: { q } })) it(`${name} (q ${q})`, run);
});

describe('quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);

  it('interpolates between the scores beside it', () => {
    expect(levelOf(hundred, 0.99).level).toBeCloseTo(99.01, 12);
    expect(levelOf(hundred, 0.5).level).toBe(50.5);
  });

  it('says of how many rows it is', () => {
    expect(
      levelOf(
        Array.from({ length: 1080 }, (_, i) => i),
        0.99,
      ).method,
    ).toBe('quantile 0.99 of 1,080 rows');
  });

  it('says when it is beyond what the rows can tell', () => {
    expect(levelOf(hundred, 0.99).method).toBe('quantile 0.99 of 100 rows');
    expect(levelOf(hundred, 0.999).method).toBe('quantile 0.999 of 100 rows, too few to tell: near the largest score');
    expect(levelOf(hundred.slice(0, 10), 0.9).method).toBe('quantile 0.9 of 10 rows');
    expect(levelOf([3], 0.9).method).toBe('quantile 0.9 of 1 row, too few to tell: near the largest score');
  });

  it('says how many rows it would take then, and nothing where there are enough', () => {
    expect(levelOf(hundred, 0.999).wants).toBe(1000);
    expect(levelOf([3], 0.9).wants).toBe(10);
    expect(levelOf(hundred, 0.99)).not.toHaveProperty('wants');
    expect(levelOf(Array.from({ length: 1000 }, (_, i) => i), 0.999)).not.toHaveProperty('wants'); // biome-ignore format: one line
  });

  it('goes above a tie that would flag more than its share', () => {
    const { level } = levelOf([...Array(95).fill(0), 1, 2, 3, 4, 5], 0.9);
    expect(level).toBe(Number.MIN_VALUE);
    expect(levelOf(Array(50).fill(2), 0.99).level).toBe(2 + 2 * Number.EPSILON);
  });

  it('never flags more of its own rows than the share above it, rounded up to whole rows', () => {
    const scores = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(scores, fc.double({ min: 0.01, max: 0.999, noNaN: true }), (values, q) => {
        const { level } = levelOf(values, q);
        const flagged = values.filter((value) => value >= level).length;
        expect(flagged).toBeLessThanOrEqual(Math.floor((values.length - 1) * (1 - q)) + 1);
        expect(flagged).toBeLessThan(values.length);
      }),
    );
  });

  it('refuses a share outside 0 to 1', () => {
    for (const q of [0, 1, 99, -0.1]) expect(quantile.options.safeParse({ q }).success, String(q)).toBe(false);
    expect(quantile.options.safeParse({}).success).toBe(false);
  });
});
