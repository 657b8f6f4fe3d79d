import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/neighbours.json' with { type: 'json' };
import { assertDrawn, byHand, indexedRows } from '../conformance/by-hand.ts';
import { detectorConformance } from '../conformance/detector.ts';
import lof from './lof.ts';

const { train, score, explain } = byHand(lof);

describe('lof conformance', () => {
  for (const { name, run } of [{}, { neighbours: 1, references: 600 }, { neighbours: 40, seed: 5 }].flatMap((options) => detectorConformance(lof, { options })))
    it(name, run);
});

describe('lof', () => {
  it('scores by hand: five numbers, two neighbours', () => {
    const model = train(1, [0, 1, 2, 4, 8], { neighbours: 2 });
    expect([...model.reach]).toEqual([2, 1, 2, 3, 6]);
    // Neighbours of 0 are 1 and 2: it is 1 and 2 away, they reach 1 and 2. And so on.
    const meanReachability = [(1 + 2) / 2, (2 + 2) / 2, (1 + 2) / 2, (2 + 3) / 2, (4 + 6) / 2];
    model.density.forEach((density, row) => {
      expect(density).toBeCloseTo(1 / meanReachability[row], 9);
    });
    // 10 lies 2 from 8, which reaches 6, and 6 from 4, which reaches 3.
    expect(score(model, 1, [10])[0]).toBeCloseTo(((1 / 5 + 1 / 2.5) / 2) * ((6 + 6) / 2), 8);
    // 0.4 lies 0.4 from 0, which reaches 2, and 0.6 from 1, which reaches 1.
    expect(score(model, 1, [0.4])[0]).toBeCloseTo(((1 / 1.5 + 1 / 2) / 2) * ((2 + 1) / 2), 8);
  });

  it('explains by hand: one neighbour, shares are the squared differences', () => {
    const model = train(2, [0, 0, 0, 1, 40, 40, 40, 41], { neighbours: 1 });
    // The nearest is (0, 1), of density 1, 5 away.
    const { reference, contributions } = explain(model, [3, 5]);
    expect([...reference]).toEqual([0, 1]);
    expect(contributions[0]).toBeCloseTo(5 * (9 / 25), 8);
    expect(contributions[1]).toBeCloseTo(5 * (16 / 25), 8);
  });

  it('is about 1 inside a cluster of any density, and large beside the dense one', () => {
    const random = makeRandom(4);
    const cluster = (at: number, width: number) => Array.from({ length: 300 }, () => at + width * random.next());
    const model = train(1, [...cluster(0, 1), ...cluster(100, 50)]);
    const [dense, sparse, beside] = score(model, 1, [0.5, 125, 3]);
    expect(Math.abs(dense - 1)).toBeLessThan(0.3);
    expect(Math.abs(sparse - 1)).toBeLessThan(0.3);
    expect(beside).toBeGreaterThan(20);
  });

  describe('agrees with scikit-learn', () => {
    for (const [name, { columns, k, train: fit, test, lof: expected }] of Object.entries(fixture.neighbours)) {
      it(name, () => {
        const model = train(columns, fit, { neighbours: k });
        score(model, columns, test).forEach((factor, row) => {
          expect(Math.abs(factor - expected[row])).toBeLessThanOrEqual(1e-9 * expected[row]);
        });
      });
    }
  });

  it('explains a row that repeats a reference more often than there are neighbours: all columns alike, up to its score', () => {
    const { columns, k, train: fit, test } = fixture.neighbours.duplicates;
    const row = test.slice(0, columns);
    const model = train(columns, fit, { neighbours: k });
    const [total] = score(model, columns, row);
    expect(total).toBeCloseTo(1, 9);
    for (const part of explain(model, row).contributions) expect(part).toBeCloseTo(total / columns, 9);
  });

  it('takes all other rows as neighbours where they are fewer than asked for', () => {
    expect(train(1, [0, 1, 5]).neighbours).toBe(2);
    expect(score(train(1, [0, 1]), 1, [4])[0]).toBeCloseTo(3, 8);
  });

  it('stays finite where training rows are so far off that their squares overflow', () => {
    const model = train(1, [0, 1, 2, 1e300, -1e300], { neighbours: 2 });
    for (const factor of score(model, 1, [0.5, 1e300, 1e308, -1e308])) expect(factor).toBeLessThan(Number.POSITIVE_INFINITY);
    expect(score(model, 1, [0.5])[0]).toBeLessThan(2);
  });

  it('keeps a sample of the rows, in time order, by its own seed before that of the pipeline', () => {
    assertDrawn((rows, seed, pipeline) => indexedRows(train(1, rows, { references: 50, seed }, pipeline).references));
  });

  it('refuses training on fewer than two rows or no columns', () => {
    expect(() => train(1, [1])).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT' }));
    expect(() => lof.fit(makeMatrix(5, 0), [], lof.options.parse({}), { random: makeRandom(1), fitRows: 5 })).toThrow(/5 rows x 0 columns/);
  });

  it('refuses options out of range', () => {
    for (const options of [{ neighbours: 0 }, { neighbours: 2.5 }, { references: 1 }, { seed: 0.5 }, { contamination: 0.1 }]) {
      expect(lof.options.safeParse(options).success, JSON.stringify(options)).toBe(false);
    }
  });
});
