import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import { detectorConformance } from '../conformance/detector.ts';
import constantBroken from './constant-broken.ts';

const train = (cols: number, values: readonly number[], fitRows = values.length / cols) =>
  constantBroken.fit(makeMatrix(values.length / cols, cols, Float64Array.from(values)), [], {}, { random: makeRandom(1), fitRows });
const score = (model: ReturnType<typeof train>, cols: number, values: readonly number[]): number[] => {
  const out = new Float64Array(values.length / cols).fill(9);
  constantBroken.score!(model, makeMatrix(out.length, cols, Float64Array.from(values)), out);
  return [...out];
};

describe('constant-broken conformance', () => {
  for (const { name, run } of detectorConformance(constantBroken)) it(name, run);
});

describe('constant-broken', () => {
  // Columns: a pump at 1, a moving level, a pump at 2.
  const training = [1, 10, 2, 1, 11, 2, 1, 12, 2];

  it('counts the constant tags that moved, and looks at no other', () => {
    const model = train(3, training);
    expect([...model.columns]).toEqual([0, 2]);
    expect(score(model, 3, [1, 500, 2, 2, 11, 2, 1, 11, 1, 0, 11, 3])).toEqual([0, 1, 1, 2]);
  });

  it('compares exactly', () => {
    expect(score(train(1, [0.1, 0.1]), 1, [0.1, 0.1 + 2 ** -54, 0.1 - 2 ** -54, 0.1 + 2 ** -53])).toEqual([0, 1, 1, 1]);
  });

  it('watches what the fit part shows as constant, within the range of all training rows', () => {
    const model = train(3, [...training, 3, 11, 2, 0, 11, 2], 3);
    expect([...model.columns]).toEqual([0, 2]);
    expect(score(model, 3, [0, 11, 2, 2, 11, 2, 3, 11, 2, 3.5, 11, 2, -1, 11, 2])).toEqual([0, 0, 0, 1, 1]);
  });

  it('does not watch what the fit part shows as moving, though the rest stands still', () => {
    expect([...train(1, [1, 2, 2, 2], 2).columns]).toEqual([]);
  });

  it('with nothing constant it always says 0', () => {
    const model = train(2, [1, 2, 3, 4]);
    expect(score(model, 2, [1, 2, 900, -900])).toEqual([0, 0]);
  });

  it('explains each broken tag with 1, from the bound that it passed', () => {
    const model = train(3, [...training, 3, 11, 2], 3);
    const out = { reference: new Float64Array(3), weight: new Float64Array(3).fill(5) };
    const row = Float64Array.of(0.5, 400, 7);
    constantBroken.explain(model, undefined as never, row, out);
    expect([...out.reference]).toEqual([1, 400, 2]);
    expect(Array.from(row, (x, j) => (x - out.reference[j]) * out.weight[j])).toEqual([1, 0, 1]);
    expect(Math.sign(row[0] - out.reference[0])).toBe(-1);
    expect(Math.sign(row[2] - out.reference[2])).toBe(1);
  });

  it('is held to levels of its own: half a tag warns, one is an error', () => {
    expect(constantBroken.calibrate).toBe(false);
    expect(constantBroken.threshold).toEqual({ warn: { fixed: 0.5 }, error: { fixed: 1 } });
  });

  it('refuses training without rows', () => {
    expect(() => train(2, [])).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT' }));
  });
});
