import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix, rowsOf } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/isolation-forest.json' with { type: 'json' };
import { anomalyFixture, withoutConstant } from '../conformance/anomaly-families.ts';
import { detectorConformance } from '../conformance/detector.ts';
import pca from '../preprocess/pca.ts';
import isolationForest from './isolation-forest.ts';

type Options = Parameters<typeof isolationForest.fit>[2];

const matrix = (cols: number, values: readonly number[]): Matrix => makeMatrix(values.length / cols, cols, Float64Array.from(values));
const train = (rows: Matrix, options: Partial<Options> = {}, seed = 1) =>
  isolationForest.fit(rows, [], { ...isolationForest.options.parse({}), ...options }, { random: makeRandom(seed), fitRows: rows.rows });
const score = (model: ReturnType<typeof train>, rows: Matrix): number[] => {
  const out = new Float64Array(rows.rows);
  isolationForest.score!(model, rows, out);
  return [...out];
};
const explain = (model: ReturnType<typeof train>, row: Float64Array) => {
  const out = { reference: new Float64Array(row.length).fill(Number.NaN), weight: new Float64Array(row.length).fill(Number.NaN) };
  isolationForest.explain(model, undefined as never, row, out);
  return { ...out, parts: [...row].map((x, j) => (x - out.reference[j]) * out.weight[j]) };
};
const modes = matrix(fixture.cases.modes.columns, fixture.cases.modes.rows.flat());

describe('isolation-forest conformance', () => {
  for (const { name, run } of [
    ...detectorConformance(isolationForest, { exact: false }),
    ...detectorConformance(isolationForest, { exact: false, options: { trees: 50, samples: 1000, seed: 5 } }),
  ])
    it(name, run);
});

describe('isolation-forest', () => {
  it('scores by hand: two rows are one split apart, as many as usual', () => {
    expect(score(train(matrix(1, [3, 8])), matrix(1, [3, 8, 100]))).toEqual([0.5, 0.5, 0.5]);
  });

  it('scores by hand: one row far from many equal ones', () => {
    // Alone after one split; the other 255 share a leaf at depth 1 that would take c(255) splits more; c(256) = 10.2448, c(255) = 10.2370.
    const scores = score(train(matrix(1, [...Array(255).fill(0), 5])), matrix(1, [5, 0]));
    expect(scores[0]).toBeCloseTo(2 ** (-1 / 10.2448), 4);
    expect(scores[1]).toBeCloseTo(2 ** (-11.237 / 10.2448), 4);
  });

  it('scores the rows between the clusters above those within', () => {
    const model = train(modes);
    const [between, within] = score(model, matrix(4, [-2, 2.5, 6, -4, -4, 0, 3, 1]));
    expect(between).toBeGreaterThan(0.55);
    expect(within).toBeLessThan(0.5);
  });

  it('explains by what the score loses at a usual value, which is the reference', () => {
    const random = makeRandom(8);
    const rows = matrix(
      3,
      Array.from({ length: 1500 }, () => random.normal()),
    );
    const model = train(rows);
    const row = Float64Array.of(0.1, 9, -0.2);
    const { reference, parts } = explain(model, row);
    const [whole, replaced] = score(model, matrix(3, [...row, row[0], reference[1], row[2]]));
    expect(parts[1]).toBeCloseTo(whole - replaced, 14);
    expect(Math.abs(reference[1])).toBeLessThan(1.5);
    expect(parts[1]).toBeGreaterThan(10 * Math.max(Math.abs(parts[0]), Math.abs(parts[2])));
  });

  it('takes the nearest mode for reference where the mean of all rows is no usual value', () => {
    // Both tags are low together or high together; each alone is within its usual values.
    const random = makeRandom(9);
    const rows = matrix(
      2,
      Array.from({ length: 1000 }, (_, i) => (Math.floor(i / 2) % 2 ? 10 : -10) + random.normal()),
    );
    const model = train(rows);
    for (const row of [Float64Array.of(10, 30), Float64Array.of(-10, -30)]) {
      const { reference, parts } = explain(model, row);
      expect(Math.sign(reference[1])).toBe(Math.sign(row[1]));
      expect(Math.abs(reference[1])).toBeLessThan(13);
      expect(parts[1]).toBeGreaterThan(0);
    }
  });

  for (const reduced of [false, true]) {
    it(`blames the altered sensor first in nine rows of ten${reduced ? ', also through PCA' : ''}`, () => {
      let rows = 0;
      let blamed = 0;
      for (let seed = 11; seed < 23; seed++) {
        const { columns, train: training, test, altered } = withoutConstant(anomalyFixture('point', seed));
        const step = reduced ? pca.fit(training, columns, pca.options.parse({}), new BigInt64Array(training.rows)) : undefined;
        const view = (tags: Matrix): Matrix => {
          if (!step) return tags;
          const out = makeMatrix(tags.rows, step.columns.length);
          pca.apply(step.model, undefined as never, tags, new BigInt64Array(tags.rows), out.values);
          return out;
        };
        const model = train(view(training), {}, seed);
        altered.forEach((column, row) => {
          if (column < 0) return;
          const tags = rowsOf(test, row, row + 1);
          const value = view(tags).values;
          const { reference, weight } = explain(model, value);
          const back = step ? pca.back!(step.model, { value, reference, weight }, tags.values) : { value, reference, weight };
          const parts = Array.from(back.value, (x, j) => (x - back.reference[j]) * back.weight[j]);
          rows++;
          if (parts.indexOf(Math.max(...parts)) === column) blamed++;
        });
      }
      expect(rows).toBe(12 * 50);
      expect(blamed / rows).toBeGreaterThan(0.9);
    });
  }

  it('keeps weights moderate at a reference', () => {
    const model = train(modes);
    const deviation = model.deviation;
    for (const at of [0, 1, 2, 3, 4]) {
      const row = Float64Array.from({ length: 4 }, (_, j) => model.usual[j * 5 + at]);
      const { reference, weight } = explain(model, row);
      row.forEach((x, j) => {
        expect(Math.abs(x - reference[j])).toBeGreaterThanOrEqual(0.25 * deviation[j] * (1 - 1e-12));
        expect(Math.abs(weight[j] * deviation[j])).toBeLessThanOrEqual(4);
      });
    }
  });

  it('leaves a column out that training shows as constant', () => {
    const random = makeRandom(4);
    const model = train(
      matrix(
        2,
        Array.from({ length: 600 }, (_, i) => (i % 2 ? 0.1 : random.normal())),
      ),
    );
    const [usual, moved] = score(model, matrix(2, [0, 0.1, 0, 5]));
    expect(moved).toBe(usual);
    const { parts } = explain(model, Float64Array.of(6, 5));
    expect(parts[0]).toBeGreaterThan(0.1);
    expect(parts[1]).toBe(0);
  });

  it('takes its own seed over that of the pipeline', () => {
    const one = (seed: number | undefined, pipeline: number) => train(modes, { trees: 5, seed }, pipeline).forest.threshold;
    expect(one(3, 1)).toEqual(one(3, 2));
    expect(one(3, 1)).not.toEqual(one(4, 1));
    expect(one(undefined, 1)).not.toEqual(one(undefined, 2));
  });

  it('refuses rows that are all equal, saying how many', () => {
    expect(() => train(matrix(3, Array(30).fill(0.1)))).toThrow(/all 10 training rows x 3 columns are equal/);
    expect(() => train(makeMatrix(0, 3))).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT' }));
    expect(() => train(makeMatrix(3, 0))).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT' }));
  });

  it('refuses options out of range', () => {
    for (const options of [{ trees: 0 }, { trees: 1.5 }, { trees: 2001 }, { samples: 1 }, { samples: 8193 }, { seed: 0.5 }]) {
      expect(isolationForest.options.safeParse(options).success, JSON.stringify(options)).toBe(false);
    }
  });
});
