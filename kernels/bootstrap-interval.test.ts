import { describe, expect, it } from 'vitest';
import { makeRandom } from '../core/random.ts';
import { bootstrapInterval } from './bootstrap-interval.ts';
import fixture from './fixtures/metrics.json' with { type: 'json' };

describe('bootstrapInterval', () => {
  it("agrees with scipy's bootstrap, but for chance", () => {
    const { differences, low, high } = fixture.bootstrap;
    for (const seed of [1, 2, 3, 4, 5]) {
      const found = bootstrapInterval(Float64Array.from(differences), makeRandom(seed, 'bootstrap'));
      // The standard error of such a quantile of 10,000 nearly normal means is 0.007 of the interval.
      expect(Math.abs(found.low - low)).toBeLessThan(0.025 * (high - low));
      expect(Math.abs(found.high - high)).toBeLessThan(0.025 * (high - low));
    }
  });

  it('is a quantile of the binomial distribution where differences are 0 or 1', () => {
    // Sums of resamples are binomial (20, 1/2), of which 6 and 14 are the quantiles 0.025 and 0.975.
    const found = bootstrapInterval(
      Float64Array.from({ length: 20 }, (_, i) => i % 2),
      makeRandom(1, 'bootstrap'),
    );
    expect(found).toEqual({ low: 6 / 20, high: 14 / 20 });
  });

  it('reaches from the one to the other of two, each of which fills a quarter of the resamples', () => {
    expect(bootstrapInterval(Float64Array.of(-1, 3), makeRandom(1))).toEqual({ low: -1, high: 3 });
  });

  it('has no width where all differences are one', () => {
    expect(bootstrapInterval(new Float64Array(8).fill(0.25), makeRandom(1))).toEqual({ low: 0.25, high: 0.25 });
  });

  it('is the same for the same seed, and leaves the differences alone', () => {
    const differences = Float64Array.of(0.3, -0.1, 0.2);
    expect(bootstrapInterval(differences, makeRandom(9, 'bootstrap'))).toEqual(bootstrapInterval(differences, makeRandom(9, 'bootstrap')));
    expect([...differences]).toEqual([0.3, -0.1, 0.2]);
  });

  it('has no answer of fewer than two series', () => {
    expect(bootstrapInterval(Float64Array.of(0.4), makeRandom(1))).toEqual({ low: Number.NaN, high: Number.NaN });
    expect(bootstrapInterval(new Float64Array(0), makeRandom(1))).toEqual({ low: Number.NaN, high: Number.NaN });
  });
});
