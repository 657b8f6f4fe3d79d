import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import fixture from './fixtures/k-means.json' with { type: 'json' };
import { lloyd, seedPlusPlus } from './lloyd.ts';

const matrix = (cols: number, values: readonly number[]) => makeMatrix(values.length / cols, cols, Float64Array.from(values));
const overlapping = matrix(fixture.overlapping.columns, fixture.overlapping.rows.flat());

describe('lloyd', () => {
  for (const name of ['overlapping', 'emptied'] as const) {
    it(`goes from given centroids where scikit-learn goes: ${name}`, () => {
      const expected = fixture[name];
      const found = lloyd(overlapping, matrix(expected.columns, expected.initial.flat()), 1000, 0);
      expect([...found.labels]).toEqual(expected.labels);
      for (const [i, x] of expected.centroids.flat().entries()) expect(Math.abs(found.centroids.values[i] - x)).toBeLessThan(1e-6);
      for (const [row, d] of expected.distances.entries()) expect(Math.abs(Math.sqrt(found.squared[row]) - d)).toBeLessThan(1e-6);
      expect(Math.abs(found.inertia / expected.inertia - 1)).toBeLessThan(1e-12);
    });
  }

  it('ends where every centroid is the mean of the rows nearest to it', () => {
    const { centroids, labels, counts } = lloyd(overlapping, seedPlusPlus(overlapping, 7, makeRandom(2)), 1000, 0);
    const { cols } = overlapping;
    for (let cluster = 0; cluster < centroids.rows; cluster++) {
      const members = [...labels.keys()].filter((row) => labels[row] === cluster);
      expect(counts[cluster]).toBe(members.length);
      for (let j = 0; j < cols; j++) {
        const mean = members.reduce((sum, row) => sum + overlapping.values[row * cols + j], 0) / members.length;
        expect(centroids.values[cluster * cols + j]).toBeCloseTo(mean, 12);
      }
    }
  });

  it('never loosens with more iterations, and stops when nothing changes', () => {
    const initial = seedPlusPlus(overlapping, 7, makeRandom(3));
    let before = Number.POSITIVE_INFINITY;
    for (const most of [0, 1, 2, 3, 5, 8, 13]) {
      const { inertia, iterations } = lloyd(overlapping, initial, most, 0);
      expect(inertia).toBeLessThanOrEqual(before);
      expect(iterations).toBeLessThanOrEqual(most);
      before = inertia;
    }
    expect(lloyd(overlapping, initial, 1000, 0).iterations).toBeLessThan(100);
  });

  it('stops early within the tolerance', () => {
    const initial = seedPlusPlus(overlapping, 7, makeRandom(3));
    const exact = lloyd(overlapping, initial, 1000, 0);
    const loose = lloyd(overlapping, initial, 1000, 0.5);
    expect(loose.iterations).toBeLessThan(exact.iterations);
    expect(loose.inertia).toBeGreaterThan(exact.inertia);
  });

  it('leaves the initial centroids alone', () => {
    const initial = matrix(1, [0, 2]);
    lloyd(matrix(1, [0, 2, 10, 12]), initial, 100, 0);
    expect([...initial.values]).toEqual([0, 2]);
  });

  it('moves a cluster that runs empty to the row farthest from its centroid', () => {
    const { centroids, counts } = lloyd(matrix(1, [0, 1, 2, 30]), matrix(1, [1, 500]), 100, 0);
    expect([...centroids.values]).toEqual([1, 30]);
    expect([...counts]).toEqual([3, 1]);
  });

  it('leaves out clusters for which there is no row', () => {
    const { centroids, labels, counts } = lloyd(matrix(1, [5, 5, 8]), matrix(1, [5, 5, 8, 8]), 100, 0);
    expect([...centroids.values]).toEqual([5, 8]);
    expect([...labels]).toEqual([0, 0, 1]);
    expect([...counts]).toEqual([2, 1]);
  });
});

describe('seedPlusPlus', () => {
  it('chooses rows, no value twice', () => {
    const seeds = seedPlusPlus(matrix(1, [1, 1, 1, 2, 2, 3]), 3, makeRandom(1));
    expect([...seeds.values].sort()).toEqual([1, 2, 3]);
  });

  it('chooses as many as there are distinct rows', () => {
    expect(seedPlusPlus(matrix(2, [4, 4, 4, 4, 4, 4]), 8, makeRandom(1)).values).toEqual(Float64Array.of(4, 4));
  });

  it('does the same for the same seed', () => {
    const choose = (seed: number) => seedPlusPlus(overlapping, 5, makeRandom(seed)).values;
    expect(choose(9)).toEqual(choose(9));
    expect(choose(9)).not.toEqual(choose(10));
  });

  it('spreads seeds over distant groups', () => {
    const groups = matrix(1, [
      ...Array(97)
        .fill(0)
        .map((_, i) => i / 1e3),
      100,
      200,
      300,
    ]);
    for (let seed = 0; seed < 20; seed++) {
      const tens = [...seedPlusPlus(groups, 4, makeRandom(seed)).values].map((x) => Math.round(x / 100)).sort();
      expect(tens).toEqual([0, 1, 2, 3]);
    }
  });

  it('draws in proportion to the squared distance', () => {
    // From 0, rows at 1 and 3 are drawn 1 : 9; of the greedy variant's two draws the one that leaves less is kept: 3
    // leaves 1 and 1 leaves 4, so 1 comes only when both draws are 1.
    const rows = matrix(1, [0, 1, 3]);
    let ones = 0;
    let started = 0;
    for (let seed = 0; seed < 3000; seed++) {
      const { values } = seedPlusPlus(rows, 2, makeRandom(seed));
      if (values[0] !== 0) continue;
      started++;
      if (values[1] === 1) ones++;
    }
    expect(started).toBeGreaterThan(900);
    expect(started).toBeLessThan(1100);
    expect(ones / started).toBeGreaterThan(0.002);
    expect(ones / started).toBeLessThan(0.02);
  });
});
