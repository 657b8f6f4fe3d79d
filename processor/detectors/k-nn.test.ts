import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/neighbours.json' with { type: 'json' };
import { assertDrawn, byHand, indexedRows } from '../conformance/by-hand.ts';
import { detectorConformance } from '../conformance/detector.ts';
import kNn from './k-nn.ts';

const { train, score, explain } = byHand(kNn);

describe('k-nn conformance', () => {
  const others = [
    { neighbours: 3, distance: 'kth', references: 400 },
    { neighbours: 7, distance: 'mean', seed: 5 },
  ];
  for (const { name, run } of [{}, ...others].flatMap((options) => detectorConformance(kNn, { options }))) it(name, run);
});

describe('k-nn', () => {
  const numbers = [0, 1, 3, 10];

  it('scores by hand: the single nearest, the third, the mean of three', () => {
    const rows = [0, 2, 8, -5];
    expect(score(train(1, numbers), 1, rows)).toEqual([0, 1, 2, 5]);
    expect(score(train(1, numbers, { neighbours: 3 }), 1, rows)).toEqual([3, 2, 7, 8]);
    expect(score(train(1, numbers, { neighbours: 3, distance: 'mean' }), 1, rows)).toEqual([4 / 3, 4 / 3, 14 / 3, 19 / 3]);
  });

  it('explains by hand: shares are the squared differences to the neighbour', () => {
    const { reference, contributions } = explain(train(2, [1, 1, 50, 50]), [4, -3]);
    expect([...reference]).toEqual([1, 1]);
    expect(contributions[0]).toBeCloseTo(5 * (9 / 25), 12);
    expect(contributions[1]).toBeCloseTo(5 * (16 / 25), 12);
  });

  it('explains a mean by the mean of the shares', () => {
    const { reference, contributions } = explain(train(2, [3, 4, 0, 10], { neighbours: 2, distance: 'mean' }), [0, 0]);
    // Distances 5 and 10: 9 / 5 and 0 for the first column, 16 / 5 and 10 for the second.
    expect(contributions[0]).toBeCloseTo(9 / 5 / 2, 12);
    expect(contributions[1]).toBeCloseTo((16 / 5 + 10) / 2, 12);
    expect(Math.min(...reference)).toBeGreaterThan(0);
  });

  it('explains a row that training showed with nothing', () => {
    expect(explain(train(2, [1, 2, 3, 4]), [3, 4]).contributions).toEqual([0, 0]);
  });

  describe('agrees with the distances that scikit-learn gives', () => {
    for (const [name, { columns, k, train: fit, test, distances }] of Object.entries(fixture.neighbours)) {
      it(name, () => {
        const kth = score(train(columns, fit, { neighbours: k }), columns, test);
        const mean = score(train(columns, fit, { neighbours: k, distance: 'mean' }), columns, test);
        distances.forEach((expected, row) => {
          expect(Math.abs(kth[row] - expected[expected.length - 1])).toBeLessThanOrEqual(1e-12 * kth[row]);
          const average = expected.reduce((sum, distance) => sum + distance, 0) / expected.length;
          expect(Math.abs(mean[row] - average)).toBeLessThanOrEqual(1e-12 * average);
        });
      });
    }
  });

  it('takes all references where they are fewer than the neighbours asked for', () => {
    expect(score(train(1, numbers, { neighbours: 9 }), 1, [0])).toEqual([10]);
    expect(score(train(1, [4], { neighbours: 2, distance: 'mean' }), 1, [1])).toEqual([3]);
  });

  it('keeps a sample of the rows, in time order, by its own seed before that of the pipeline', () => {
    assertDrawn((rows, seed, pipeline) => indexedRows(train(1, rows, { references: 50, seed }, pipeline).references));
  });

  it('refuses training without rows or columns', () => {
    expect(() => train(1, [])).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT' }));
    expect(() => kNn.fit(makeMatrix(5, 0), [], kNn.options.parse({}), { random: makeRandom(1), fitRows: 5 })).toThrow(/5 rows x 0 columns/);
  });

  it('refuses options out of range', () => {
    for (const options of [{ neighbours: 0 }, { neighbours: 1.5 }, { distance: 'median' }, { references: 0 }, { seed: 0.5 }, { k: 3 }]) {
      expect(kNn.options.safeParse(options).success, JSON.stringify(options)).toBe(false);
    }
  });
});
