import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix, rowsOf } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import { encodeRecord } from '../../core/record.ts';
import { detectorConformance } from '../conformance/detector.ts';
import { learnAll, scoreRows } from '../conformance/family-area.ts';
import randomCutForest from './random-cut-forest.ts';

type Model = ReturnType<typeof randomCutForest.fit>;
type Options = Record<string, unknown>;

/** Small, so that the tests are quick. */
const small = { trees: 10, samples: 64, shingle: 4 };
const train = (rows: Matrix, options: Options = small): Model =>
  randomCutForest.fit(rows, [], randomCutForest.options.parse(options), { random: makeRandom(1), fitRows: rows.rows });
/** `columns` tags that follow a common slow one, each with noise of its own. */
const plant = (rows: number, columns = 3, seed = 5): Matrix => {
  const random = makeRandom(seed);
  const out = makeMatrix(rows, columns);
  let common = 0;
  for (let row = 0; row < rows; row++) {
    common = 0.95 * common + 0.3 * random.normal();
    for (let j = 0; j < columns; j++) out.values[row * columns + j] = common + 0.1 * random.normal();
  }
  return out;
};
const score = (model: Model, rows: Matrix, state = randomCutForest.start!(model), gate = learnAll): Float64Array =>
  scoreRows(randomCutForest, model, rows, rows.rows, { state, gate });
const explain = (model: Model, state: ReturnType<NonNullable<typeof randomCutForest.start>>, row: readonly number[]) => {
  const out = { reference: new Float64Array(row.length).fill(Number.NaN), weight: new Float64Array(row.length).fill(Number.NaN) };
  randomCutForest.explain(model, state, Float64Array.from(row), out);
  return { ...out, contributions: row.map((x, j) => (x - out.reference[j]) * out.weight[j]) };
};

describe('random-cut-forest conformance', () => {
  for (const { name, run } of detectorConformance(randomCutForest, { options: small })) it(name, run);
  const other = { trees: 8, samples: 32, shingle: 1, start: 'empty', learn: 'unflagged', decay: 0 };
  for (const { name, run } of detectorConformance(randomCutForest, { options: other })) it(`${name} (other options)`, run);
});

describe('random-cut-forest', () => {
  it('begins with what training taught, after the first shingle', () => {
    const model = train(plant(400));
    expect(randomCutForest.startsFitted!(model)).toBe(true);
    expect(score(model, plant(50, 3, 6)).findIndex((x) => !Number.isNaN(x))).toBe(3);
  });

  it('begins with nothing where it is told to, and warms up on the rows of the stream', () => {
    const model = train(plant(400), { ...small, start: 'empty' });
    expect(randomCutForest.startsFitted!(model)).toBe(false);
    expect(encodeRecord('model', model).length).toBeLessThan(1000);
    expect(score(model, plant(50, 3, 6)).findIndex((x) => !Number.isNaN(x))).toBe(16);
    const patient = train(plant(400), { ...small, start: 'empty', warmUp: 40 });
    expect(score(patient, plant(50, 3, 6)).findIndex((x) => !Number.isNaN(x))).toBe(40);
    // Before that it explains nothing.
    const state = randomCutForest.start!(patient);
    score(patient, plant(30, 3, 6), state);
    expect(explain(patient, state, [1, 2, 3])).toEqual({ reference: Float64Array.of(1, 2, 3), weight: new Float64Array(3), contributions: [0, 0, 0] });
  });

  it('goes on from the training rows as if they had been the first of the stream', () => {
    const whole = plant(500);
    const [first, rest] = [rowsOf(whole, 0, 300), rowsOf(whole, 300, 500)];
    const fitted = score(train(first), rest);
    const streamed = score(train(first, { ...small, start: 'empty' }), whole).subarray(300);
    // But for the rows whose shingle reaches back: as the learned ones differ by these, scores agree in the mean.
    const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(mean(fitted.subarray(3))).toBeCloseTo(mean(streamed.subarray(3)), 1);
  });

  it('gives every stream a state of its own', () => {
    const model = train(plant(300));
    const [one, other] = [randomCutForest.start!(model), randomCutForest.start!(model)];
    const alone = score(model, plant(200, 3, 8));
    for (let row = 0; row < 200; row++) {
      expect(score(model, rowsOf(plant(200, 3, 8), row, row + 1), one)[0]).toBe(alone[row]);
      score(model, rowsOf(plant(200, 3, 9), row, row + 1), other);
    }
  });

  it('gets used to what lasts with `learn: all`, and never with `unflagged`', () => {
    const changed = plant(600, 3, 7);
    for (let i = 300 * 3; i < changed.values.length; i++) changed.values[i] += 8;
    const late = (learn: string): number => {
      const model = train(plant(600), { ...small, learn });
      const scores = score(model, changed, undefined, (_row, x) => !(x > 1.5));
      return scores.subarray(500).reduce((sum, x) => sum + x / 100, 0);
    };
    expect(late('all')).toBeLessThan(1.2);
    expect(late('unflagged')).toBeGreaterThan(2);
  });

  it('expects what came before in the same place, and says which tag is off and to which side', () => {
    // Two tags in a rhythm of six rows.
    const rhythm = (rows: number): Matrix => {
      const random = makeRandom(3);
      const values = Float64Array.from({ length: 2 * rows }, (_, i) => [0, 4, 8, 8, 4, 0][(i >> 1) % 6] * (i % 2 ? -1 : 1) + 0.1 * random.normal());
      return makeMatrix(rows, 2, values);
    };
    const model = train(rhythm(600), { ...small, trees: 30 });
    const state = randomCutForest.start!(model);
    score(model, rhythm(63), state);
    const { reference, contributions } = explain(model, state, [8, -20]);
    expect(reference[0]).toBeCloseTo(8, 0);
    expect(reference[1]).toBeCloseTo(-8, 0);
    expect(contributions[1]).toBeGreaterThan(3 * contributions[0]);
    const [total] = score(model, makeMatrix(1, 2, Float64Array.of(8, -20)), state);
    expect(contributions[0] + contributions[1]).toBeCloseTo(total, 12);
    expect(total).toBeGreaterThan(2);
  });

  it('explains a row that is what was expected by moderate weights', () => {
    const model = train(
      makeMatrix(
        200,
        2,
        Float64Array.from({ length: 400 }, (_, i) => (i % 2 ? 5 : (i >> 1) % 3)),
      ),
    );
    const state = randomCutForest.start!(model);
    score(model, makeMatrix(6, 2, Float64Array.of(0, 5, 1, 5, 2, 5, 0, 5, 1, 5, 2, 5)), state);
    const { reference, weight, contributions } = explain(model, state, [0, 5]);
    expect(Math.abs(reference[0])).toBeCloseTo(0.002, 10);
    expect(reference[1]).toBeCloseTo(5, 6);
    for (const x of weight) expect(Number.isFinite(x)).toBe(true);
    for (const x of contributions) expect(x).toBeGreaterThan(0);
  });

  it('takes its own seed over that of the pipeline', () => {
    const one = (seed: number | undefined, pipeline: number): number[] => {
      const model = randomCutForest.fit(plant(200), [], randomCutForest.options.parse({ ...small, seed }), { random: makeRandom(pipeline), fitRows: 200 });
      return [...model.seed];
    };
    expect(one(3, 1)).toEqual(one(3, 2));
    expect(one(3, 1)).not.toEqual(one(4, 1));
    expect(one(undefined, 1)).not.toEqual(one(undefined, 2));
  });

  it('keeps a state of the size that is told', () => {
    const model = train(plant(200, 1), {});
    const state = randomCutForest.start!(model);
    score(model, plant(3000, 1), state);
    expect(encodeRecord('state', state).length).toBeLessThan(300_000);
  });

  it('refuses rows that are too few to warm up on, and forests that take too much memory', () => {
    expect(() => train(plant(20), { ...small, warmUp: 30 })).toThrow(
      expect.objectContaining({ code: 'TRAINING_UNFIT', message: expect.stringContaining('warms up on 30 rows, and there are 20 training rows') }),
    );
    expect(() => train(plant(20), { ...small, warmUp: 30, start: 'empty' })).not.toThrow();
    expect(() => train(plant(300, 51), { trees: 1000, samples: 1000 })).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/would take 4104 MB for 1000 trees of 1000 samples, 10 rows of 51 columns each/),
      }),
    );
  });

  it('refuses options out of range', () => {
    for (const options of [
      { shingle: 0 },
      { trees: 0 },
      { samples: 1 },
      { samples: 5000 },
      { decay: -1 },
      { warmUp: 0 },
      { learn: 'some' },
      { start: 'full' },
      { seed: 0.5 },
    ]) {
      expect(randomCutForest.options.safeParse(options).success, JSON.stringify(options)).toBe(false);
    }
    expect(randomCutForest.options.parse({})).toEqual({ shingle: 10, trees: 50, samples: 256, learn: 'all', start: 'fitted' });
  });
});
