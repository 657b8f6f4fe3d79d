import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/neighbours.json' with { type: 'json' };
import { assertDrawn, byHand, indexedRows } from '../conformance/by-hand.ts';
import { detectorConformance } from '../conformance/detector.ts';
import dbscan from './dbscan.ts';

const { train, score, explain } = byHand(dbscan);

describe('dbscan conformance', () => {
  for (const { name, run } of [{}, { eps: 1.5 }, { minimumPoints: 12, noise: 0.2, references: 700, seed: 5 }].flatMap((options) =>
    detectorConformance(dbscan, { options }),
  ))
    it(name, run);
});

describe('dbscan', () => {
  const twoGroups = [0, 1, 2, 20, 21, 22, 23, 90];

  it('scores by hand: distance to the nearest core row in units of eps, 1 at the border', () => {
    const model = train(1, twoGroups, { eps: 2, minimumPoints: 3 });
    expect(indexedRows(model.core)).toEqual([0, 1, 2, 20, 21, 22, 23]);
    expect(score(model, 1, [1, 4, -3, 27, 90])).toEqual([0, 1, 1.5, 2, 33.5]);
  });

  it('explains by hand: shares are the squared differences to the core row', () => {
    const model = train(2, [1, 1, 1, 1, 50, 50], { eps: 2, minimumPoints: 2 });
    const { reference, contributions } = explain(model, [4, -3]);
    expect([...reference]).toEqual([1, 1]);
    expect(contributions[0]).toBeCloseTo((5 / 2) * (9 / 25), 12);
    expect(contributions[1]).toBeCloseTo((5 / 2) * (16 / 25), 12);
    expect([...explain(model, [1, 1]).weight]).toEqual([0, 0]);
  });

  it('keeps the core rows that scikit-learn finds', () => {
    for (const { columns, eps, minimumPoints, rows, core, labels } of Object.values(fixture.dbscan)) {
      if (core.length === 0) continue;
      const model = train(columns, rows, { eps, minimumPoints });
      expect(indexedRows(model.core)).toEqual(core.flatMap((row) => rows.slice(row * columns, (row + 1) * columns)));
      // What it calls noise lies further than eps from every core row, and nothing else does.
      expect(score(model, columns, rows).map((value) => value > 1)).toEqual(labels.map((label) => label < 0));
    }
  });

  it('finds eps from the distances to the last of the minimum points, but for the part of noise', () => {
    // Distances to the second of the others: 2, 1, 2, 2, 1, 1, 2, 68.
    expect(train(1, twoGroups, { minimumPoints: 3, noise: 0.125 }).eps).toBe(2);
    expect(train(1, twoGroups, { minimumPoints: 3, noise: 0.5 }).eps).toBe(2);
    expect(train(1, twoGroups, { minimumPoints: 3, noise: 0 }).eps).toBe(68);
  });

  it('finds a radius also where rows repeat, and takes 1 where all are equal', () => {
    const repeated = [...Array(50).fill(3), 7];
    expect(train(1, repeated).eps).toBe(4);
    expect(score(train(1, Array(9).fill(3)), 1, [3, 3.5])).toEqual([0, 0.5]);
    expect(train(1, [1, 5], { minimumPoints: 1 }).eps).toBe(1);
  });

  it('clusters a sample of the rows, by its own seed before that of the pipeline', () => {
    assertDrawn((rows, seed, pipeline) => indexedRows(train(1, rows, { eps: 1000, references: 50, seed }, pipeline).core));
  });

  it('refuses rows that hold no cluster, too few rows, and no columns', () => {
    const refused = expect.objectContaining({ code: 'TRAINING_UNFIT' });
    expect(() => train(1, [0, 10, 20, 30, 40], { eps: 1 })).toThrow(/none of 5 rows has 5 within eps 1.*Set eps higher/);
    expect(() => train(1, [0, 1, 2, 3])).toThrow(/clusters of 5 points in 4 rows/);
    expect(() => train(1, [], { minimumPoints: 1 })).toThrow(refused);
    expect(() => dbscan.fit(makeMatrix(5, 0), [], dbscan.options.parse({}), { random: makeRandom(1), fitRows: 5 })).toThrow(refused);
  });

  it('refuses options out of range', () => {
    for (const options of [
      { eps: 0 },
      { eps: 'knee' },
      { minimumPoints: 0 },
      { minimumPoints: 2.5 },
      { minimumPoints: 1001 },
      { noise: 0.6 },
      { references: 0 },
      { seed: 0.5 },
    ]) {
      expect(dbscan.options.safeParse(options).success, JSON.stringify(options)).toBe(false);
    }
  });
});
