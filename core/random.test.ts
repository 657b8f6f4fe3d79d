import { describe, expect, it } from 'vitest';
import { makeRandom } from './random.ts';

describe('random numbers', () => {
  it('repeat for a seed and purpose, and differ between them', () => {
    const draw = (seed: number, purpose: string): number[] => {
      const random = makeRandom(seed, purpose);
      return Array.from({ length: 5 }, () => random.next());
    };
    expect(draw(7, 'k-means')).toEqual(draw(7, 'k-means'));
    expect(draw(7, 'k-means')).not.toEqual(draw(8, 'k-means'));
    expect(draw(7, 'k-means')).not.toEqual(draw(7, 'forest'));
    expect(makeRandom(7, 'a').fork('b').next()).toBe(makeRandom(7, 'a/b').next());
  });

  it('are uniform: 64 bins of 64,000 pass a chi-square test at 1e-6', () => {
    const random = makeRandom(1);
    const bins = new Array<number>(64).fill(0);
    for (let i = 0; i < 64_000; i++) bins[random.int(64)]++;
    const chi = bins.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0);
    expect(chi).toBeLessThan(136); // chi-square, 63 degrees of freedom, upper 1e-6 quantile 135.6
    expect(chi).toBeGreaterThan(18); // lower 1e-6 quantile 19.2: too even is no more random
  });

  it('have normal moments', () => {
    const random = makeRandom(2);
    const n = 50_000;
    let [sum, squares, fourth] = [0, 0, 0];
    for (let i = 0; i < n; i++) {
      const x = random.normal();
      sum += x;
      squares += x * x;
      fourth += x ** 4;
    }
    expect(Math.abs(sum / n)).toBeLessThan(5 / Math.sqrt(n));
    expect(Math.abs(squares / n - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    expect(Math.abs(fourth / n - 3)).toBeLessThan(5 * Math.sqrt(96 / n));
  });
});
