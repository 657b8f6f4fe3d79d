import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/generalised-pareto.json' with { type: 'json' };
import { quantile } from '../../kernels/quantile.ts';
import { thresholdConformance } from '../conformance/threshold.ts';
import pot from './pot.ts';

const sorted = (values: Iterable<number>): Float64Array => Float64Array.from(values).sort();
const thresholdOf = (scores: Float64Array, options: Record<string, unknown> = {}) => pot.fit(scores, pot.options.parse(options));
const reaching = (scores: Float64Array, level: number) => scores.filter((score) => score >= level).length;

describe('pot conformance', () => {
  for (const options of [{}, { risk: 0.01, level: 0.9 }, { risk: 1e-6, level: 0.5 }]) {
    for (const { name, run } of thresholdConformance(pot, { options })) it(`${name} (${JSON.stringify(options)})`, run);
  }
});

describe('pot', () => {
  for (const [name, { peaks, chances, levels }] of Object.entries(fixture.cases).filter(([name]) => name !== 'tied' && name !== 'without a mean')) {
    it(`is the level that scipy's fit exceeds with that risk: ${name}`, () => {
      // 49 n + 1 rows up to 5, the n peaks above: 5 is the quantile 0.98.
      const n = peaks.length;
      const unit = Math.max(...peaks);
      const scores = sorted([...Array.from({ length: 49 * n + 1 }, (_, i) => (5 * unit * (i + 1)) / (49 * n + 1)), ...peaks.map((peak) => 5 * unit + peak)]);
      expect(quantile(scores, 0.98)).toBe(5 * unit);
      chances.forEach((chance, i) => {
        const { level } = thresholdOf(scores, { risk: (chance * n) / scores.length });
        expect(Math.abs(level - 5 * unit - levels[i]) / levels[i]).toBeLessThan(2e-5);
      });
    });
  }

  it('goes on beyond the largest score as an exponential tail does', () => {
    const n = 10_000;
    const scores = sorted(Array.from({ length: n }, (_, i) => -2 * Math.log((i + 0.5) / n)));
    for (const risk of [1e-3, 1e-4, 1e-6]) {
      const { level } = thresholdOf(scores, { risk });
      expect(Math.abs(level / (-2 * Math.log(risk)) - 1)).toBeLessThan(0.05);
    }
    expect(thresholdOf(scores, { risk: 1e-6 }).level).toBeGreaterThan(scores[n - 1]);
  });

  it('flags about the share of new rows that the risk says', () => {
    const random = makeRandom(11, 'pot');
    const draw = (n: number) => sorted(Array.from({ length: n }, () => random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2));
    const { level } = thresholdOf(draw(20_000), { risk: 1e-3 });
    const share = reaching(draw(200_000), level) / 200_000;
    expect(share).toBeGreaterThan(0.5e-3);
    expect(share).toBeLessThan(2e-3);
  });

  it('says how the level came about', () => {
    const scores = sorted(Array.from({ length: 5000 }, (_, i) => i));
    expect(thresholdOf(scores).method).toBe('pot at risk 0.0001: 100 of 5,000 rows above quantile 0.98, tail of shape -1.00');
    expect(thresholdOf(scores)).not.toHaveProperty('wants');
  });

  it('falls back to the quantile with fewer than 50 peaks, and says so and how many rows it takes', () => {
    const of = (n: number, options = {}) => thresholdOf(sorted(Array.from({ length: n }, (_, i) => i + 1)), options);
    expect(of(2452).method).toMatch(/^pot at risk/);
    expect(of(2451)).toEqual({
      level: quantile(sorted(Array.from({ length: 2451 }, (_, i) => i + 1)), 0.9999),
      method: 'pot with too few peaks for a tail (49 of 50): quantile 0.9999 of 2,451 rows, too few to tell: near the largest score',
      wants: 2502,
    });
    expect(of(500, { risk: 0.01 })).toEqual({ level: 495.01, method: 'pot with too few peaks for a tail (10 of 50): quantile 0.99 of 500 rows' });
    expect(of(50, { risk: 0.01 }).wants).toBe(100);
    expect(of(1).wants).toBe(2500);
  });

  it('falls back where ties leave too few peaks, whatever the rows', () => {
    const mostlyZero = sorted([...Array(9960).fill(0), ...Array.from({ length: 40 }, (_, i) => i + 1)]);
    expect(thresholdOf(mostlyZero)).toEqual({
      level: quantile(mostlyZero, 0.9999),
      method: 'pot with too few peaks for a tail (40 of 50): quantile 0.9999 of 10,000 rows',
    });
    expect(thresholdOf(sorted(Array(9000).fill(7)))).toEqual({
      level: 7 + 4 * Number.EPSILON,
      method: 'pot with too few peaks for a tail (0 of 50): quantile 0.9999 of 9,000 rows, too few to tell: near the largest score',
      wants: 10_000,
    });
  });

  it('goes above peaks that tie, which are no tail', () => {
    const scores = sorted([...Array(9850).fill(0), ...Array(150).fill(5)]);
    expect(thresholdOf(scores).level).toBe(5 + 4 * Number.EPSILON);
    // As many as the risk allows may be flagged.
    expect(thresholdOf(scores, { risk: 0.015 }).level).toBeLessThanOrEqual(5);
  });

  const tails = fc.record({
    seed: fc.integer(),
    power: fc.double({ min: 0.2, max: 6, noNaN: true }),
    step: fc.constantFrom(0, 0.1, 1),
    rows: fc.integer({ min: 1, max: 4000 }),
  });
  const drawn = ({ seed, power, step, rows }: { seed: number; power: number; step: number; rows: number }) => {
    const random = makeRandom(seed, 'tails');
    return sorted(
      Array.from({ length: rows }, () => Math.abs(random.normal()) ** power).map((score) => (step === 0 ? score : Math.round(score / step) * step)),
    );
  };

  it('falls as the risk grows, never below the initial level nor to 0', () => {
    const risks = [1e-8, 1e-5, 1e-4, 1e-3, 0.01, 0.02, 0.1, 0.9];
    fc.assert(
      fc.property(tails, fc.constantFrom(0.5, 0.9, 0.98), (tail, level) => {
        const scores = drawn(tail);
        let last = Number.POSITIVE_INFINITY;
        for (const risk of risks) {
          const found = thresholdOf(scores, { risk, level }).level;
          expect(found).toBeLessThanOrEqual(last);
          expect(found).toBeGreaterThanOrEqual(quantile(scores, level));
          expect(found).toBeGreaterThan(0);
          last = found;
        }
      }),
      { numRuns: 40 },
    );
  });

  it('never flags rows that tie beyond what the risk allows', () => {
    fc.assert(
      fc.property(tails, fc.constantFrom(1e-4, 1e-3, 0.01), (tail, risk) => {
        const scores = drawn({ ...tail, step: 1 });
        const { level } = thresholdOf(scores, { risk });
        const lowest = scores[scores.length - reaching(scores, level)];
        const tied = scores.filter((score) => score === lowest).length;
        if (tied > 1) expect(reaching(scores, level)).toBeLessThanOrEqual(Math.floor((scores.length - 1) * risk) + 1);
      }),
      { numRuns: 40 },
    );
  });

  it('refuses a risk or a level outside 0 to 1', () => {
    for (const bad of [0, 1, -0.1, 98, Number.NaN, '0.1']) {
      expect(pot.options.safeParse({ risk: bad }).success, String(bad)).toBe(false);
      expect(pot.options.safeParse({ level: bad }).success, String(bad)).toBe(false);
    }
    expect(pot.options.parse({})).toEqual({ risk: 1e-4, level: 0.98 });
  });
});
