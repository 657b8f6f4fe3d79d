import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/k-means.json' with { type: 'json' };
import { byHand } from '../conformance/by-hand.ts';
import { detectorConformance } from '../conformance/detector.ts';
import kMeans from './k-means.ts';

const { train, score } = byHand(kMeans);

describe('k-means conformance', () => {
  for (const { name, run } of [...detectorConformance(kMeans), ...detectorConformance(kMeans, { options: { clusters: 3, restarts: 1, seed: 5 } })])
    it(name, run);
});

describe('k-means', () => {
  const fourPoints = [0, 2, 10, 16];

  it('scores by hand: four points, two clusters', () => {
    const model = train(1, fourPoints, { clusters: 2 });
    // Centroids 1 and 13; their rows lie 1 and 3 away.
    expect([...model.centroids].sort((a, b) => a - b)).toEqual([1, 13]);
    expect(score(model, 1, [1, 2, 4, 13, 16, 25])).toEqual([0, 1, 3, 0, 1, 4]);
  });

  it('explains by hand: shares are the squared differences', () => {
    const model = train(2, [0, 0, 2, 0, 0, 2, 2, 2], { clusters: 1 });
    const out = { reference: new Float64Array(2), weight: new Float64Array(2) };
    const row = Float64Array.of(1 + 3, 1 - 4);
    kMeans.explain(model, undefined as never, row, out);
    expect([...out.reference]).toEqual([1, 1]);
    // Distance 5 in units of the spread sqrt(2), shared as 9 : 16.
    const parts = [...row].map((x, j) => (x - out.reference[j]) * out.weight[j]);
    expect(parts[0]).toBeCloseTo((5 / Math.SQRT2) * (9 / 25), 14);
    expect(parts[1]).toBeCloseTo((5 / Math.SQRT2) * (16 / 25), 14);
  });

  it('explains a row on its centroid with nothing', () => {
    const out = { reference: new Float64Array(1), weight: new Float64Array(1).fill(7) };
    kMeans.explain(train(1, fourPoints, { clusters: 2 }), undefined as never, Float64Array.of(13), out);
    expect(out).toEqual({ reference: Float64Array.of(13), weight: Float64Array.of(0) });
  });

  it('finds the clustering that scikit-learn finds, and scores by the distances it gives', () => {
    const { columns, rows, clusters, inertia } = fixture.separated;
    const model = train(columns, rows.flat(), { clusters, restarts: 10, tolerance: 0 });
    const order = [...Array(clusters).keys()].sort((a, b) => model.centroids[a * columns] - model.centroids[b * columns]);
    order.forEach((cluster, i) => {
      for (let j = 0; j < columns; j++) expect(model.centroids[cluster * columns + j]).toBeCloseTo(fixture.separated.centroids[i][j], 9);
      expect(model.spread[cluster]).toBeCloseTo(fixture.separated.spread[i], 9);
    });
    const scores = score(model, columns, rows.flat());
    scores.forEach((value, row) => {
      expect(value).toBeCloseTo(fixture.separated.distances[row] / fixture.separated.spread[fixture.separated.labels[row]], 9);
    });
    const distances = scores.map((value, row) => value * fixture.separated.spread[fixture.separated.labels[row]]);
    expect(distances.reduce((sum, d) => sum + d * d, 0)).toBeCloseTo(inertia, 6);
  });

  it('takes the spread over all rows for a cluster of one row', () => {
    const model = train(1, [...fourPoints, 1000], { clusters: 3 });
    const alone = [...model.centroids].indexOf(1000);
    expect(model.spread[alone]).toBeCloseTo((1 + 1 + 3 + 3 + 0) / 5, 12);
    expect(score(model, 1, [1000, 1000 + 1.6])[0]).toBe(0);
    expect(score(model, 1, [1000 + 1.6])[0]).toBeCloseTo(1, 12);
  });

  it('does not let rows that repeat make a cluster infinitely strict', () => {
    const model = train(1, [0, 0, 0, 0, 10, 16], { clusters: 2 });
    const overall = (3 + 3) / 6;
    expect(score(model, 1, [1])[0]).toBeCloseTo(1 / (0.1 * overall), 12);
  });

  it('makes as many clusters as there are distinct rows, and then scores in the units of the view', () => {
    const model = train(1, [5, 5, 5, 7, 7], { clusters: 8 });
    expect([...model.centroids].sort()).toEqual([5, 7]);
    expect(score(model, 1, [5, 5.5, 9])).toEqual([0, 0.5, 2]);
  });

  it('is not fooled by the rounding of a mean', () => {
    const model = train(1, Array(300).fill(0.1), { clusters: 2 });
    expect(score(model, 1, [0.1, 0.2]).map((value) => Math.round(value * 1e12) / 1e12)).toEqual([0, 0.1]);
  });

  it('takes its own seed over that of the pipeline', () => {
    const rows = fixture.overlapping.rows.flat();
    const { columns } = fixture.overlapping;
    const one = (seed: number | undefined, pipeline: number) => train(columns, rows, { clusters: 20, restarts: 1, seed }, pipeline).centroids;
    expect(one(3, 1)).toEqual(one(3, 2));
    expect(one(3, 1)).not.toEqual(one(4, 1));
    expect(one(undefined, 1)).not.toEqual(one(undefined, 2));
  });

  it('gets tighter with restarts', () => {
    const { columns, rows } = fixture.overlapping;
    const inertia = (restarts: number): number => {
      const model = train(columns, rows.flat(), { clusters: 12, restarts });
      const unit = { ...model, spread: model.spread.map(() => 1) };
      return score(unit, columns, rows.flat()).reduce((sum, d) => sum + d * d, 0);
    };
    expect(inertia(20)).toBeLessThan(inertia(1));
  });

  it('refuses training without rows or columns', () => {
    expect(() => train(1, [])).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT' }));
    expect(() => kMeans.fit(makeMatrix(5, 0), [], kMeans.options.parse({}), { random: makeRandom(1), fitRows: 5 })).toThrow(/5 rows x 0 columns/);
  });

  it('refuses options out of range', () => {
    for (const options of [{ clusters: 0 }, { clusters: 2.5 }, { restarts: 0 }, { iterations: 0 }, { tolerance: -1 }, { seed: 0.5 }]) {
      expect(kMeans.options.safeParse(options).success, JSON.stringify(options)).toBe(false);
    }
  });
});
