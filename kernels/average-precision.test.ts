import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averagePrecision, precisionRecallCurve } from './average-precision.ts';
import fixture from './fixtures/metrics.json' with { type: 'json' };

const rows = fc.array(fc.tuple(fc.integer({ min: 0, max: 6 }), fc.constantFrom(-1, 0, 1)), { minLength: 1, maxLength: 40 });
const scoresOf = (drawn: [number, number][]) => Float64Array.from(drawn, ([score]) => score);
const labelsOf = (drawn: [number, number][]) => Int8Array.from(drawn, ([, label]) => label);

describe('averagePrecision', () => {
  for (const [name, { scores, labels, average_precision }] of Object.entries(fixture.cases)) {
    it(`agrees with scikit-learn's average_precision_score: ${name}`, () => {
      expect(averagePrecision(Float64Array.from(scores), Int8Array.from(labels))).toBeCloseTo(average_precision, 14);
    });
  }

  it('is 1 where every positive row scores above all others, and never more', () => {
    expect(averagePrecision(Float64Array.of(1, 2, 3, 4), Int8Array.of(0, 0, 1, 1))).toBe(1);
    fc.assert(
      fc.property(rows, (drawn) => {
        fc.pre(drawn.some(([, label]) => label === 1));
        const area = averagePrecision(scoresOf(drawn), labelsOf(drawn));
        expect(area).toBeGreaterThan(0);
        expect(area).toBeLessThanOrEqual(1 + 1e-12);
      }),
    );
  });

  it('is the share of positive rows where all tie', () => {
    expect(averagePrecision(Float64Array.of(2, 2, 2, 2), Int8Array.of(0, 1, 0, -1))).toBe(0.25);
  });

  it('counts rows without a score below all others, as if they tied', () => {
    const { scores, labels, average_precision } = fixture.cases['mostly zeros'];
    const unscored = Float64Array.from(scores, (score) => (score === 0 ? Number.NaN : score));
    expect(averagePrecision(unscored, Int8Array.from(labels))).toBeCloseTo(average_precision, 14);
    expect(averagePrecision(Float64Array.of(Number.NaN, Number.NaN), Int8Array.of(1, 0))).toBe(0.5);
  });

  it('sees the order of the scores alone', () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        const stretched = scoresOf(drawn).map((score) => Math.exp(40 * score) - 3);
        expect(averagePrecision(stretched, labelsOf(drawn))).toBe(averagePrecision(scoresOf(drawn), labelsOf(drawn)));
      }),
    );
  });

  it('has no answer where no row is positive', () => {
    expect(averagePrecision(Float64Array.of(1, 2), Int8Array.of(0, -1))).toBeNaN();
    expect(averagePrecision(new Float64Array(0), new Int8Array(0))).toBeNaN();
  });
});

describe('precisionRecallCurve', () => {
  it('counts as a loop over the rows does, at each different score', () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        const curve = precisionRecallCurve(scoresOf(drawn), labelsOf(drawn));
        expect([...curve.thresholds]).toEqual([...new Set(drawn.map(([score]) => score))].sort((a, b) => b - a));
        curve.thresholds.forEach((threshold, point) => {
          const flagged = drawn.filter(([score]) => score >= threshold);
          expect(curve.flagged[point]).toBe(flagged.length);
          expect(curve.hits[point]).toBe(flagged.filter(([, label]) => label === 1).length);
        });
      }),
    );
  });

  it('has no point for rows without a score, but counts them', () => {
    const curve = precisionRecallCurve(Float64Array.of(Number.NaN, Number.POSITIVE_INFINITY, 2, Number.NaN), Int8Array.of(1, 0, 1, 0));
    expect([...curve.thresholds]).toEqual([Number.POSITIVE_INFINITY, 2]);
    expect([...curve.hits]).toEqual([0, 1]);
    expect([curve.positives, curve.rows]).toEqual([2, 4]);
  });
});
