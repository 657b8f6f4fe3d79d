import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactMoments } from './exact-moments.ts';

/** Doubles are multiples of 2^-1074. */
function unitsOf(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0];
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const magnitude = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return bits >> 63n ? -magnitude : magnitude;
}

/** Is found = numerator / denominator to 1e-15 or the last unit, in whole numbers? */
function isNear(found: number, numerator: bigint, denominator: bigint): boolean {
  const difference = unitsOf(found) * denominator - numerator;
  const allowed = (numerator < 0n ? -numerator : numerator) + denominator * 10n ** 15n;
  return (difference < 0n ? -difference : difference) * 10n ** 15n <= allowed;
}

const anyDouble = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.double({ noNaN: true, min: -100, max: 100 }),
  fc.constantFrom(1e15, -1e15, 0.1, 5e-324, 1e300, -1e300, 0, -0),
);

function momentsOf(values: readonly number[]): ExactMoments {
  const moments = new ExactMoments();
  for (const [i, value] of values.entries()) {
    if (i % 5 === 4) moments.pack();
    moments.add(value);
  }
  return moments;
}

describe('moments', () => {
  it('are those of whole numbers, whatever the doubles', () => {
    fc.assert(
      fc.property(fc.array(anyDouble, { minLength: 2, maxLength: 40 }), (values) => {
        const moments = momentsOf(values);
        const n = BigInt(values.length);
        const sum = values.reduce((total, value) => total + unitsOf(value), 0n);
        const squares = values.reduce((total, value) => total + (n * unitsOf(value) - sum) ** 2n, 0n);
        expect(moments.count).toBe(values.length);
        expect(isNear(moments.mean, sum, n)).toBe(true);
        // deviation^2 = squares / (n^2 (n - 1)), in units of 2^-2148; it may be out of a double's range.
        if (moments.deviation === Number.POSITIVE_INFINITY) return;
        const bound = (factor: bigint): bigint => ((unitsOf(moments.deviation) + (factor > 0n ? 1n : -1n)) * (10n ** 15n + factor)) ** 2n * n * n * (n - 1n);
        expect(bound(-1n) <= squares * 10n ** 30n || moments.deviation < 1e-300).toBe(true);
        expect(bound(1n) >= squares * 10n ** 30n).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('do not depend on the order', () => {
    fc.assert(
      fc.property(fc.array(anyDouble, { minLength: 1 }), (values) => {
        const { mean, deviation } = momentsOf(values);
        const turned = momentsOf([...values].reverse());
        expect([turned.mean + 0, turned.deviation]).toEqual([mean + 0, deviation]);
      }),
    );
  });

  it('of many equal values are exact, also past the point where sums are carried', () => {
    const moments = new ExactMoments();
    for (let i = 0; i < 2 ** 20 + 3; i++) moments.add(i % 2 === 0 ? 0.1 : 0.3);
    const n = BigInt(moments.count);
    const sum = (n + 1n) / 2n * unitsOf(0.1) + (n / 2n) * unitsOf(0.3); // biome-ignore format: one line
    expect(isNear(moments.mean, sum, n)).toBe(true);
    expect(moments.deviation).toBeCloseTo(0.1, 6);
  });

  it('of one value or none', () => {
    expect(momentsOf([])).toMatchObject({ count: 0, min: Number.NaN, max: Number.NaN });
    expect([momentsOf([]).mean, momentsOf([]).deviation]).toEqual([Number.NaN, Number.NaN]);
    expect([momentsOf([0.1]).mean, momentsOf([0.1]).deviation]).toEqual([0.1, Number.NaN]);
    expect([momentsOf([0.1, 0.1, 0.1]).mean, momentsOf([0.1, 0.1, 0.1]).deviation]).toEqual([0.1, 0]);
    expect([momentsOf([1, Number.NaN, Number.POSITIVE_INFINITY, 3]).count, momentsOf([1, Number.NaN, 3]).mean]).toEqual([2, 2]);
  });
});
