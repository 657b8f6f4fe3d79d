import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix, rowsOf } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/linear-detectors.json' with { type: 'json' };
import { detectorConformance } from '../conformance/detector.ts';
import vectorAutoregression from './var.ts';

type Options = Parameters<typeof vectorAutoregression.fit>[2];
type Model = ReturnType<typeof vectorAutoregression.fit>;

const matrix = (cols: number, values: readonly number[]): Matrix => makeMatrix(values.length / cols, cols, Float64Array.from(values));
const train = (rows: Matrix, options: Partial<Options> = {}): Model =>
  vectorAutoregression.fit(rows, [], { ...vectorAutoregression.options.parse({}), ...options }, { random: makeRandom(1), fitRows: rows.rows });
const score = (model: Model, rows: Matrix, state = vectorAutoregression.start!(model), learn = true): Float64Array => {
  const out = new Float64Array(rows.rows);
  vectorAutoregression.step!(model, state, rows, out, () => learn);
  return out;
};
const explain = (model: Model, before: Matrix, row: readonly number[]) => {
  const state = vectorAutoregression.start!(model);
  score(model, before, state);
  const out = { reference: new Float64Array(row.length).fill(Number.NaN), weight: new Float64Array(row.length).fill(Number.NaN) };
  vectorAutoregression.explain(model, state, Float64Array.from(row), out);
  const [total] = score(model, matrix(row.length, row), state);
  return { ...out, contributions: row.map((x, j) => (x - out.reference[j]) * out.weight[j]), score: total };
};
const unfit = expect.objectContaining({ code: 'TRAINING_UNFIT' });

describe('var conformance', () => {
  for (const { name, run } of detectorConformance(vectorAutoregression)) it(name, run);
  for (const { name, run } of detectorConformance(vectorAutoregression, { options: { order: 1, ridge: 0.1 } })) it(`${name} (order 1, ridge 0.1)`, run);
});

describe('var', () => {
  it('recovers the coefficient of a column that follows itself: x = 2 + 0.5 x before', () => {
    const { intercept, coefficients, scale } = train(matrix(1, [20, 12, 8, 6, 5, 4.5]), { order: 1, ridge: 0 });
    expect(coefficients[0]).toBeCloseTo(0.5, 14);
    expect(intercept[0]).toBeCloseTo(2, 12);
    // Predicted perfectly: what is left is the floor, a hundredth of the column's standard deviation.
    const mean = 55.5 / 6;
    const deviation = Math.sqrt([20, 12, 8, 6, 5, 4.5].reduce((sum, x) => sum + (x - mean) ** 2, 0) / 6);
    expect(scale[0]).toBeCloseTo(0.01 * deviation, 12);
  });

  it('recovers a rotation, and notices the row at which it turns back', () => {
    const angle = 0.3;
    const turn = (steps: number): number[] => [Math.cos(angle * steps), Math.sin(angle * steps)];
    const forward = Array.from({ length: 60 }, (_, i) => turn(i)).flat();
    const model = train(matrix(2, forward), { order: 1, ridge: 0 });
    [Math.cos(angle), -Math.sin(angle), Math.sin(angle), Math.cos(angle)].forEach((x, i) => {
      expect(model.coefficients[i]).toBeCloseTo(x, 13);
    });
    const scores = score(model, matrix(2, [turn(100), turn(101), turn(100), turn(99)].flat()));
    expect(scores[0]).toBeNaN();
    expect(scores[1]).toBeLessThan(1e-9);
    expect(scores[2]).toBeGreaterThan(30);
  });

  for (const { ridge, intercept, coefficients, scale, scores } of fixture.var.cases) {
    it(`agrees with scikit-learn's Ridge(${ridge}) over three rows before`, () => {
      const { columns, order, fit } = fixture.var;
      const rows = matrix(columns, fixture.var.rows.flat());
      const model = train(rowsOf(rows, 0, fit), { order, ridge });
      for (const [i, x] of coefficients.flat().entries()) expect(Math.abs(model.coefficients[i] - x)).toBeLessThan(1e-9);
      for (const [j, x] of intercept.entries()) expect(Math.abs(model.intercept[j] - x)).toBeLessThan(1e-9);
      for (const [j, x] of scale.entries()) expect(Math.abs(model.scale[j] / x - 1)).toBeLessThan(1e-9);
      const own = score(model, rows);
      expect([...own.subarray(0, order)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
      for (const [i, x] of scores.entries()) expect(Math.abs(own[order + i] / x - 1), `row ${order + i}`).toBeLessThan(1e-9);
    });
  }

  const walk = (rows: number, seed = 7): Matrix => {
    const random = makeRandom(seed);
    const out = makeMatrix(rows, 3);
    for (let i = 3; i < rows * 3; i++) out.values[i] = 0.8 * out.values[i - 3] + random.normal();
    return out;
  };

  it('explains by hand: from a prediction, by squares in units of the usual errors', () => {
    const model: Model = { order: 1, intercept: Float64Array.of(1, 0), coefficients: Float64Array.of(0, 2, 1, 0), scale: Float64Array.of(1, 2) };
    const { reference, contributions, score: total } = explain(model, matrix(2, [3, 5]), [14, -5]);
    // Predicted 11 and 3: errors 3 and -8, which are 3 and -4 usual ones.
    expect([...reference]).toEqual([11, 3]);
    expect(total).toBeCloseTo(Math.sqrt((9 + 16) / 2), 14);
    expect(contributions[0]).toBeCloseTo((total * 9) / 25, 14);
    expect(contributions[1]).toBeCloseTo((total * 16) / 25, 14);
  });

  it('explains a row that comes as predicted, and rows before there is a prediction, with nothing', () => {
    const model: Model = { order: 2, intercept: Float64Array.of(1), coefficients: Float64Array.of(0, 2), scale: Float64Array.of(1) };
    expect(explain(model, matrix(1, [9, 3]), [7])).toMatchObject({ reference: Float64Array.of(7), contributions: [0], score: 0 });
    expect(explain(model, matrix(1, [3]), [8])).toMatchObject({ reference: Float64Array.of(8), contributions: [0], score: Number.NaN });
  });

  it('takes a switch for an error as large as the largest of training, and predicts from it', () => {
    // A pump that switches at random, and a level that rises by 1 in the row after it ran.
    const random = makeRandom(3);
    const rows = makeMatrix(400, 2);
    for (let row = 0; row < 400; row++) {
      rows.values[2 * row] = random.next() < 0.1 ? 1 : 0;
      rows.values[2 * row + 1] = row === 0 ? 0 : 0.5 * rows.values[2 * row - 1] + rows.values[2 * row - 2] + 0.01 * random.normal();
    }
    const fitted = (kind: 'discrete' | 'continuous') => {
      const columns = [
        { name: 'P101', kind },
        { name: 'LIT101', kind: 'continuous' },
      ] as const;
      return vectorAutoregression.fit(rows, columns, { order: 1, ridge: 0 }, { random: makeRandom(1), fitRows: 400 });
    };
    const switching = matrix(2, [0, 0, 1, 0, 0, 1, 0, 0.5]);
    const [asPump, asLevel] = [score(fitted('discrete'), switching), score(fitted('continuous'), switching)];
    for (const row of [1, 2, 3]) expect(asPump[row]).toBeLessThan(1);
    expect(asLevel[1]).toBeGreaterThan(1.5);
    // The level that does not rise although the pump ran is the error, and named as such.
    const { score: missed, contributions } = explain(fitted('discrete'), matrix(2, [0, 0, 1, 0]), [0, 0]);
    expect(missed).toBeGreaterThan(10);
    expect(contributions).toEqual([expect.closeTo(0, 1), expect.closeTo(missed, 1)]);
    // What a pump that never ran does is past all that training showed.
    const idle = matrix(
      2,
      [...rows.values].map((value, i) => (i % 2 === 0 ? 0 : value)),
    );
    const model = vectorAutoregression.fit(
      idle,
      [
        { name: 'P102', kind: 'discrete' },
        { name: 'LIT101', kind: 'continuous' },
      ],
      { order: 1, ridge: 1 },
      { random: makeRandom(1), fitRows: 400 },
    );
    expect(score(model, matrix(2, [0, 0, 1, 0]))[1]).toBeGreaterThan(10);
  });

  it('predicts from the rows that came, whatever the gate says', () => {
    const model = train(walk(200));
    const rows = walk(50, 8);
    expect(score(model, rows, vectorAutoregression.start!(model), false)).toEqual(score(model, rows));
  });

  it('forgets an anomaly `order` rows after its end', () => {
    const model = train(walk(400), { order: 4 });
    const rows = walk(60, 9);
    const altered = makeMatrix(60, 3, rows.values.slice());
    for (let j = 0; j < 3; j++) altered.values[30 * 3 + j] += 20;
    const [usual, seen] = [score(model, rows), score(model, altered)];
    const differing = [...usual.keys()].filter((row) => !Object.is(usual[row], seen[row]));
    expect(differing).toEqual([30, 31, 32, 33, 34]);
    expect(seen[30]).toBeGreaterThan(10);
  });

  it('stays finite while rows past all measure are remembered, and explains them', () => {
    const model = train(walk(400));
    const far = [Number.MAX_VALUE, -Number.MAX_VALUE, Number.MAX_VALUE];
    const rows = walk(40, 10);
    rows.values.set(far, 10 * 3);
    rows.values.set([-1e300, 1e300, -Number.MAX_VALUE], 11 * 3);
    const scores = score(model, rows);
    for (const value of scores.subarray(3)) expect(value >= 0 && value < Number.POSITIVE_INFINITY).toBe(true);
    expect(scores[10]).toBeGreaterThan(1e100);
    expect(scores[20]).toBeLessThan(10);
    for (const last of [10, 11, 12]) {
      const row = rows.values.slice(last * 3, last * 3 + 3);
      const { contributions, score: total } = explain(model, rowsOf(rows, 0, last), [...row]);
      expect(contributions.reduce((sum, x) => sum + x, 0) / total).toBeCloseTo(1, 9);
    }
  });

  it('holds a column that never moved to no more than the others', () => {
    const rows = walk(300);
    for (let row = 0; row < 300; row++) rows.values[row * 3 + 1] = 0.1;
    const { scale, coefficients } = train(rows);
    expect(scale[1]).toBeGreaterThan(0.005);
    expect(scale[1]).toBeLessThan(0.05);
    for (const column of [0, 2]) for (const lag of [0, 1, 2]) expect(coefficients[column * 9 + lag * 3 + 1]).toBe(0);
  });

  it('refuses too few rows, rows that are equal, and columns that it cannot tell apart', () => {
    expect(() => train(walk(4))).toThrow(unfit);
    expect(() => train(walk(4))).toThrow(/order 3 cannot learn from 4 training rows/);
    expect(() => train(walk(5))).not.toThrow();
    expect(() => train(matrix(2, Array(40).fill(0.1)))).toThrow(/all 20 training rows x 2 columns are equal/);
    const doubled = walk(300);
    for (let row = 0; row < 300; row++) doubled.values[row * 3 + 2] = doubled.values[row * 3];
    expect(() => train(doubled, { ridge: 0 })).toThrow(unfit);
    expect(() => train(doubled, { ridge: 0 })).toThrow(expect.objectContaining({ fix: 'Set ridge to 1 or more.' }));
    expect(() => train(doubled)).not.toThrow();
    const unscaled = makeMatrix(
      300,
      3,
      doubled.values.map((x) => x * 1e9),
    );
    expect(() => train(unscaled)).toThrow(
      expect.objectContaining({ code: 'TRAINING_UNFIT', fix: expect.stringContaining('standardise, or raise ridge above 1') }),
    );
    expect(() =>
      train(
        makeMatrix(
          300,
          3,
          doubled.values.map((x) => x * 1e200),
        ),
      ),
    ).toThrow(/past the range of numbers/);
  });

  it('refuses more inputs than it can solve for', () => {
    expect(() => train(makeMatrix(300, 51), { order: 99 })).toThrow(/order 99 over 51 columns predicts from 5049 numbers, more than 5000/);
  });

  it('refuses options out of range', () => {
    for (const options of [{ order: 0 }, { order: 1.5 }, { order: 101 }, { ridge: -1 }, { ridge: Number.POSITIVE_INFINITY }]) {
      expect(vectorAutoregression.options.safeParse(options).success).toBe(false);
    }
    expect(vectorAutoregression.options.parse({})).toEqual({ order: 3, ridge: 1 });
  });
});
