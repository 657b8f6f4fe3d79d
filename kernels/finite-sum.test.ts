import { describe, expect, it } from 'vitest';
import { keepSumFinite } from './finite-sum.ts';

const kept = (row: readonly number[], reference: readonly number[], weight: readonly number[]) => {
  const x = Float64Array.from(row);
  const out = keepSumFinite(x, { reference: Float64Array.from(reference), weight: Float64Array.from(weight) });
  return { ...out, contributions: Array.from(x, (value, j) => (value - out.reference[j]) * out.weight[j]) };
};

describe('keepSumFinite', () => {
  it('leaves alone what adds up to half of the largest double at most', () => {
    expect(kept([3, -2], [1, 1], [5, 1e200]).weight).toEqual(Float64Array.of(5, 1e200));
    expect(kept([Number.MAX_VALUE / 2], [0], [-1]).weight).toEqual(Float64Array.of(-1));
    expect(kept([], [], []).weight).toEqual(new Float64Array(0));
  });

  it('brings the magnitudes down to that, in the same shares', () => {
    // 2^1023 (3 - 1): the magnitudes are 3/4 and 1/4 of what they may be together, up to a rounding.
    const { contributions, reference } = kept([2 ** 1023, 2 ** 1023], [0, 0], [3, -1]);
    expect(contributions[0] / (Number.MAX_VALUE / 2)).toBeCloseTo(3 / 4, 12);
    expect(contributions[1] / (Number.MAX_VALUE / 2)).toBeCloseTo(-1 / 4, 12);
    expect([...reference]).toEqual([0, 0]);
  });

  it('keeps the sum finite for as many columns as there are', () => {
    const { contributions } = kept(Array(3000).fill(Number.MAX_VALUE), Array(3000).fill(-1), Array(3000).fill(1e150));
    const sum = contributions.reduce((total, x) => total + x, 0);
    expect(sum / (Number.MAX_VALUE / 2)).toBeCloseTo(1, 9);
  });
});
