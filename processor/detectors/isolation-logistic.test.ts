import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import { detectorConformance } from '../conformance/detector.ts';
import isolationLogistic from './isolation-logistic.ts';

type Options = Parameters<typeof isolationLogistic.fit>[2];

const matrix = (cols: number, values: readonly number[]): Matrix => makeMatrix(values.length / cols, cols, Float64Array.from(values));
const train = (rows: Matrix, options: Partial<Options> = {}, seed = 1) =>
  isolationLogistic.fit(rows, [], { ...isolationLogistic.options.parse({}), ...options }, { random: makeRandom(seed), fitRows: rows.rows });
const score = (model: ReturnType<typeof train>, rows: Matrix): number[] => {
  const out = new Float64Array(rows.rows);
  isolationLogistic.score!(model, rows, out);
  return [...out];
};
const explain = (model: ReturnType<typeof train>, row: Float64Array) => {
  const out = { reference: new Float64Array(row.length), weight: new Float64Array(row.length) };
  isolationLogistic.explain(model, undefined as never, row, out);
  return { ...out, parts: [...row].map((x, j) => (x - out.reference[j]) * out.weight[j]) };
};
const gaussian = (rows: number, cols: number, seed: number): number[] => {
  const random = makeRandom(seed);
  return Array.from({ length: rows * cols }, () => random.normal());
};
/** 490 rows around 0, and ten far off along the first of two columns. */
const oneSided = matrix(2, [...gaussian(490, 2, 3), ...gaussian(10, 2, 4).map((x, i) => (i % 2 ? x : x + 12))]);

describe('isolation-logistic conformance', () => {
  for (const { name, run } of [
    ...detectorConformance(isolationLogistic),
    ...detectorConformance(isolationLogistic, { options: { contamination: 0.1, seed: 5 } }),
  ])
    it(name, run);
});

describe('isolation-logistic', () => {
  it('scores by hand: the logarithm of 1 + the odds', () => {
    const model = { regression: { coefficients: Float64Array.of(2, -1), intercept: -3 }, mean: Float64Array.of(0, 0) };
    const scores = score(model, matrix(2, [1.5, 0, 2, 1 - Math.log(3), -10, 0]));
    expect(scores[0]).toBeCloseTo(Math.log(2), 14);
    expect(scores[1]).toBeCloseTo(Math.log(1 + 3), 14);
    expect(scores[2] / Math.exp(-23)).toBeCloseTo(1, 9);
  });

  it('learns the side on which the forest finds the rows that stand apart', () => {
    const model = train(oneSided);
    const [usual, apart, opposite] = score(model, matrix(2, [0, 0, 12, 0, -12, 0]));
    expect(apart).toBeGreaterThan(1);
    expect(usual).toBeLessThan(0.05);
    // What is told in `fails`: as far off on the other side, and nothing is seen.
    expect(opposite).toBeLessThan(usual);
  });

  it('explains by hand: the log-odds over the mean, scaled to the score', () => {
    const model = { regression: { coefficients: Float64Array.of(2, -1), intercept: -3 }, mean: Float64Array.of(1, 1) };
    // Log-odds 5 at the row and -2 at the mean, of which the columns give 6 and 1.
    const { reference, parts } = explain(model, Float64Array.of(4, 0));
    expect([...reference]).toEqual([1, 1]);
    const whole = Math.log1p(Math.exp(5));
    expect(parts[0]).toBeCloseTo((whole * 6) / 7, 12);
    expect(parts[1]).toBeCloseTo((whole * 1) / 7, 12);
  });

  it('explains a row milder than the mean against a still milder one', () => {
    const model = { regression: { coefficients: Float64Array.of(2, -1), intercept: -3 }, mean: Float64Array.of(1, 1) };
    const row = Float64Array.of(0, 2);
    const { reference, parts } = explain(model, row);
    expect(2 * reference[0] - reference[1] - 3).toBeCloseTo(-5 - 1, 12);
    const [whole] = score(model, matrix(2, [...row]));
    expect((parts[0] + parts[1]) / whole).toBeCloseTo(1, 12);
  });

  it('explains a row so far on the normal side that its score is rounded to 0 with nothing', () => {
    const model = { regression: { coefficients: Float64Array.of(2, -1), intercept: -3 }, mean: Float64Array.of(1, 1) };
    for (const row of [Float64Array.of(-1e3, 0), Float64Array.of(-1e20, 1e20), Float64Array.of(-Number.MAX_VALUE, Number.MAX_VALUE)]) {
      expect(score(model, matrix(2, [...row]))).toEqual([0]);
      const { reference, parts } = explain(model, row);
      expect([...reference]).toEqual([1, 1]);
      expect(parts.map(Math.abs)).toEqual([0, 0]);
    }
  });

  it('labels as many rows as contamination says', () => {
    // The mean chance over the training rows is the part of the rows that was labelled: the intercept is not penalised.
    for (const contamination of [0.02, 0.1]) {
      const chances = score(train(oneSided, { contamination }), oneSided).map((value) => 1 - Math.exp(-value));
      expect(chances.reduce((sum, chance) => sum + chance, 0) / oneSided.rows).toBeCloseTo(contamination, 6);
    }
  });

  it('labels all rows that share the highest score, however many', () => {
    const rows = matrix(1, [...Array(450).fill(0), ...Array(50).fill(8)]);
    const chances = score(train(rows), rows).map((value) => 1 - Math.exp(-value));
    expect(chances.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(50, 4);
  });

  it('is less steep with a smaller c', () => {
    const steepness = (c: number): number => Math.hypot(...train(oneSided, { c }).regression.coefficients);
    expect(steepness(1e-3)).toBeLessThan(0.5 * steepness(1));
  });

  it('takes its own seed over that of the pipeline', () => {
    const one = (seed: number | undefined, pipeline: number) => train(oneSided, { trees: 3, samples: 16, seed }, pipeline).regression.coefficients;
    expect(one(3, 1)).toEqual(one(3, 2));
    expect(one(3, 1)).not.toEqual(one(4, 1));
    expect(one(undefined, 1)).not.toEqual(one(undefined, 2));
  });

  it('refuses rows of which none stands apart', () => {
    const unfit = expect.objectContaining({ code: 'TRAINING_UNFIT' });
    expect(() => train(matrix(3, Array(30).fill(0.1)))).toThrow(/one kind of rows only: the forest scores all 10 alike/);
    expect(() => train(matrix(1, [4, 8]))).toThrow(unfit);
    expect(() => train(matrix(2, [4, 8]))).toThrow(/cannot learn from 1 rows/);
    expect(() => train(makeMatrix(0, 3))).toThrow(unfit);
  });

  it('refuses columns whose scales leave no digits', () => {
    expect(() =>
      train(
        matrix(
          2,
          gaussian(200, 2, 5).map((x, i) => (i % 2 ? x * 1e200 : x)),
        ),
      ),
    ).toThrow(/no boundary in 200 training rows x 2 columns/);
  });

  it('refuses options out of range', () => {
    for (const options of [{ trees: 0 }, { samples: 1 }, { contamination: 0 }, { contamination: 0.6 }, { c: 0 }, { c: -1 }, { seed: 0.5 }]) {
      expect(isolationLogistic.options.safeParse(options).success, JSON.stringify(options)).toBe(false);
    }
  });
});
