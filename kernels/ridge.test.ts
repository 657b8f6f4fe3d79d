import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import fixture from './fixtures/linear-detectors.json' with { type: 'json' };
import { applyLinear, ridge, type Windows } from './ridge.ts';

const windows = (cols: number, values: readonly number[], stride = cols): Windows => ({
  rows: Math.floor((values.length - cols) / stride) + 1,
  cols,
  stride,
  values: Float64Array.from(values),
});
const matrix = (cols: number, values: readonly number[]) => makeMatrix(values.length / cols, cols, Float64Array.from(values));

describe('ridge', () => {
  it('by hand: one input, shrunk by its sum of squares over that plus the penalty', () => {
    // Centred inputs -1 0 1 and targets -2 0 2: 4 / (2 + penalty).
    for (const [penalty, slope] of [
      [0, 2],
      [2, 1],
      [6, 0.5],
    ]) {
      const map = ridge(windows(1, [4, 5, 6]), matrix(1, [8, 10, 12]), penalty)!;
      expect(map.coefficients[0]).toBeCloseTo(slope, 14);
      expect(map.intercept[0]).toBeCloseTo(10 - 5 * slope, 13);
    }
  });

  for (const { penalty, intercept, coefficients } of fixture.ridge.cases) {
    it(`agrees with scikit-learn's Ridge(${penalty})`, () => {
      const map = ridge(windows(4, fixture.ridge.inputs.flat()), matrix(3, fixture.ridge.targets.flat()), penalty)!;
      for (const [i, x] of coefficients.flat().entries()) expect(Math.abs(map.coefficients[i] - x)).toBeLessThan(1e-9 * Math.max(1, Math.abs(x)));
      for (const [j, x] of intercept.entries()) expect(Math.abs(map.intercept[j] - x)).toBeLessThan(1e-9 * Math.abs(x));
    });
  }

  it('recovers a linear map from rows without noise, also in windows that overlap', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }), (seed, p, d) => {
        const random = makeRandom(seed);
        const series = windows(p, Array.from({ length: 40 + p }, random.normal), 1);
        const map = { intercept: Float64Array.from({ length: d }, random.normal), coefficients: Float64Array.from({ length: d * p }, random.normal) };
        const targets = makeMatrix(series.rows, d);
        for (let row = 0; row < series.rows; row++) applyLinear(map, series.values.subarray(row), targets.values.subarray(row * d, (row + 1) * d));
        const found = ridge(series, targets, 0)!;
        for (const [i, x] of map.coefficients.entries()) expect(Math.abs(found.coefficients[i] - x)).toBeLessThan(1e-9);
        for (const [j, x] of map.intercept.entries()) expect(Math.abs(found.intercept[j] - x)).toBeLessThan(1e-9);
      }),
    );
  });

  it('solves more inputs than rows with a penalty, and does not without', () => {
    const random = makeRandom(1);
    const inputs = windows(
      12,
      Array.from({ length: 60 }, () => random.normal()),
    );
    const targets = matrix(
      1,
      Array.from({ length: 5 }, () => random.normal()),
    );
    expect(ridge(inputs, targets, 0)).toBeUndefined();
    const penalty = 0.5;
    const { intercept, coefficients } = ridge(inputs, targets, penalty)!;
    // Where the gradient is zero: X' (y - X b) = penalty b, over centred columns.
    for (let k = 0; k < 12; k++) {
      let mean = 0;
      for (let row = 0; row < 5; row++) mean += inputs.values[row * 12 + k] / 5;
      let gradient = -penalty * coefficients[k];
      for (let row = 0; row < 5; row++) {
        let error = targets.values[row] - intercept[0];
        for (let i = 0; i < 12; i++) error -= coefficients[i] * inputs.values[row * 12 + i];
        gradient += error * (inputs.values[row * 12 + k] - mean);
      }
      expect(Math.abs(gradient)).toBeLessThan(1e-12);
    }
  });

  it('gives a constant input no say, if there is a penalty', () => {
    const inputs = windows(2, [1, 0.1, 2, 0.1, 3, 0.1, 4, 0.1]);
    const targets = matrix(1, [2, 4, 6, 8]);
    expect(ridge(inputs, targets, 0)).toBeUndefined();
    expect(ridge(inputs, targets, 1)!.coefficients[1]).toBe(0);
  });

  it('has no answer where sums leave the range of doubles', () => {
    expect(ridge(windows(1, [1e200, -1e200, 3e200]), matrix(1, [1, 2, 3]), 1)).toBeUndefined();
    expect(ridge(windows(1, [1, 2, 4]), matrix(1, [1e308, 1e308, -1e308]), 1)).toBeUndefined();
  });
});

describe('applyLinear', () => {
  it('takes any number of targets, each the same as alone', () => {
    const random = makeRandom(2);
    const input = Float64Array.from({ length: 7 }, random.normal);
    const intercept = Float64Array.from({ length: 11 }, random.normal);
    const coefficients = Float64Array.from({ length: 77 }, random.normal);
    const out = new Float64Array(11);
    applyLinear({ intercept, coefficients }, input, out);
    for (let j = 0; j < 11; j++) {
      const alone = new Float64Array(1);
      applyLinear({ intercept: intercept.subarray(j, j + 1), coefficients: coefficients.subarray(7 * j, 7 * j + 7) }, input, alone);
      expect(out[j]).toBe(alone[0]);
      expect(out[j]).toBeCloseTo(
        input.reduce((sum, x, k) => sum + x * coefficients[7 * j + k], intercept[j]),
        12,
      );
    }
  });
});
