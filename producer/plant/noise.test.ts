import { describe, expect, it } from 'vitest';
import { makeRandom } from '../../core/random.ts';
import { Drifts, Normals } from './noise.ts';

describe('normal numbers', () => {
  const normals = new Normals(makeRandom(3));
  const drawn = Float64Array.from({ length: 400_000 }, () => normals.next()).sort();
  const below = (x: number): number => drawn.findIndex((value) => value >= x) / drawn.length;

  it.each([
    // Of the standard normal distribution; the last two lie in the tail beyond the layers.
    [-2, 0.0227501],
    [-1, 0.1586553],
    [0, 0.5],
    [0.5, 0.6914625],
    [1.5, 0.9331928],
    [3, 0.9986501],
    [3.5, 0.9997674],
    [-3.6, 0.0001591],
  ])('lie below %d with probability %d', (x, probability) => {
    const deviation = Math.sqrt((probability * (1 - probability)) / drawn.length);
    expect(Math.abs(below(x) - probability)).toBeLessThan(4 * deviation);
  });

  it('are the same for the same seed', () => {
    const [a, b] = [new Normals(makeRandom(5)), new Normals(makeRandom(5))];
    for (let i = 0; i < 1000; i++) expect(a.next()).toBe(b.next());
  });
});

describe('drifts', () => {
  it('have deviation 1 and forget with their own time constant', () => {
    const drifts = new Drifts(makeRandom(1), [5, 20]);
    const rows = 200_000;
    const [sum, square, later] = [new Float64Array(2), new Float64Array(2), new Float64Array(2)];
    const past: Float64Array[] = [];
    for (let i = 0; i < rows; i++) {
      drifts.step();
      for (let d = 0; d < 2; d++) {
        sum[d] += drifts.values[d];
        square[d] += drifts.values[d] ** 2;
        if (i >= 10) later[d] += drifts.values[d] * past[i % 10][d];
      }
      past[i % 10] = drifts.values.slice();
    }
    for (const [d, tau] of [5, 20].entries()) {
      expect(Math.abs(sum[d] / rows)).toBeLessThan(0.06);
      expect(square[d] / rows).toBeCloseTo(1, 1);
      expect(later[d] / (rows - 10)).toBeCloseTo(Math.exp(-10 / tau), 1);
    }
  });
});
