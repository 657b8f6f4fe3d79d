import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import fixture from './fixtures/statistics.json' with { type: 'json' };
import { rocAuc } from './roc-auc.ts';

const truth = Int8Array.from(fixture.truth);

describe('rocAuc', () => {
  it("agrees with scikit-learn's roc_auc_score, with and without ties", () => {
    expect(rocAuc(Float64Array.from(fixture.scores), truth)).toBeCloseTo(fixture.auc, 14);
    expect(rocAuc(Float64Array.from(fixture.tied), truth)).toBeCloseTo(fixture.auc_tied, 14);
  });

  it('is the share of pairs in order, ties counting half', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { minLength: 2, maxLength: 25 }), (rows) => {
        const positives = rows.filter(([, positive]) => positive);
        const negatives = rows.filter(([, positive]) => !positive);
        fc.pre(positives.length > 0 && negatives.length > 0);
        let pairs = 0;
        for (const [high] of positives) for (const [low] of negatives) pairs += high > low ? 1 : high === low ? 0.5 : 0;
        const area = rocAuc(
          Float64Array.from(rows, ([score]) => score),
          Int8Array.from(rows, ([, positive]) => (positive ? 1 : 0)),
        );
        expect(area).toBeCloseTo(pairs / (positives.length * negatives.length), 12);
      }),
    );
  });

  it('leaves out rows without a score', () => {
    expect(rocAuc(Float64Array.of(Number.NaN, 1, 2, Number.NaN), Int8Array.of(1, 0, 1, 0))).toBe(1);
  });

  it('has no answer where a class is missing', () => {
    expect(rocAuc(Float64Array.of(1, 2), Int8Array.of(1, 1))).toBeNaN();
    expect(rocAuc(Float64Array.of(1, 2), Int8Array.of(0, 0))).toBeNaN();
  });
});
