import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../core/component.ts';
import { makeMatrix } from '../../core/matrix.ts';
import { stepConformance } from '../conformance/step.ts';
import smooth from './smooth.ts';

const missing = Number.NaN;
const level: Column = { name: 'LIT101', kind: 'continuous' };
const valve: Column = { name: 'MV101', kind: 'discrete' };
const oneColumn = (values: readonly number[]): number[][] => values.map((x) => [x]);

function smoothed(options: unknown, rows: number[][], seconds: readonly number[] = rows.map((_, i) => i), columns: readonly Column[] = [level]): number[] {
  const matrix = makeMatrix(rows.length, columns.length, Float64Array.from(rows.flat()));
  const times = BigInt64Array.from(seconds, (s) => 1_450_000_000_000_000_000n + BigInt(Math.round(s * 1e9)));
  const { model } = smooth.fit(matrix, columns, smooth.options.parse(options), times);
  const out = makeMatrix(rows.length, columns.length);
  smooth.apply(model, smooth.start!(model), matrix, times, out.values);
  return [...out.values];
}

describe('smooth', () => {
  for (const check of [
    ...stepConformance(smooth),
    ...stepConformance(smooth, { options: { window: 1 } }),
    ...stepConformance(smooth, { options: { window: 37, discrete: 'smooth' } }),
    ...stepConformance(smooth, { options: { halfLife: '5s', discrete: 'smooth' } }),
  ]) {
    it(check.name, check.run);
  }

  it('is the mean of the last readings, of fewer at the start', () => {
    expect(smoothed({ window: 3 }, oneColumn([3, 5, 10, 0, 2, 1, 30]))).toEqual([3, 4, 6, 5, 4, 1, 11]);
    expect(smoothed({ window: 1 }, oneColumn([3, 5]))).toEqual([3, 5]);
  });

  it('does not count what is missing, and leaves it missing', () => {
    expect(smoothed({ window: 2 }, oneColumn([1, missing, 3, missing, missing, 5]))).toEqual([1, missing, 2, missing, missing, 4]);
  });

  it('is exact for whole numbers, whatever window and length', () => {
    const finite = fc.integer({ min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        fc.array(fc.oneof({ weight: 9, arbitrary: finite }, { weight: 1, arbitrary: fc.constant(missing) }), { minLength: 1 }),
        (window, values) => {
          const readings: number[] = [];
          const expected = values.map((x) => {
            if (Number.isNaN(x)) return x;
            readings.push(x);
            const last = readings.slice(-window);
            return last.reduce((sum, r) => sum + r, 0) / last.length;
          });
          expect(smoothed({ window }, oneColumn(values)).map((x) => x + 0)).toEqual(expected.map((x) => x + 0));
        },
      ),
    );
  });

  it('forgets a huge reading without a trace', () => {
    const out = smoothed({ window: 4 }, oneColumn([0.1, 1e300, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1]));
    for (const x of out.slice(5)) expect(x).toBeCloseTo(0.1, 15);
  });

  it('lets what is not finite pass without remembering it', () => {
    expect(smoothed({ window: 2 }, oneColumn([1, Number.POSITIVE_INFINITY, 3]))).toEqual([1, Number.POSITIVE_INFINITY, 2]);
    expect(smoothed({ halfLife: '1s' }, oneColumn([1, Number.NEGATIVE_INFINITY, 1]))).toEqual([1, Number.NEGATIVE_INFINITY, 1]);
  });

  it('passes discrete columns unless told otherwise, and smooths each column by itself', () => {
    const rows = [
      [1, 1],
      [3, 2],
      [missing, 1],
      [5, 2],
    ];
    expect(smoothed({ window: 2 }, rows, undefined, [level, valve])).toEqual([1, 1, 2, 2, missing, 1, 4, 2]);
    expect(smoothed({ window: 2, discrete: 'smooth' }, rows, undefined, [level, valve])).toEqual([1, 1, 2, 1.5, missing, 1.5, 4, 1.5]);
  });

  it('weighs readings by their age: half for each half-life behind the newest', () => {
    const values = [4, 8, missing, 2, 6, 7];
    const seconds = [0, 1, 1.5, 4, 4, 3];
    const out = smoothed({ halfLife: '2s' }, oneColumn(values), seconds);
    values.forEach((x, i) => {
      if (Number.isNaN(x)) {
        expect(out[i]).toBeNaN();
        return;
      }
      const readings = values.slice(0, i + 1).flatMap((value, r) => (Number.isNaN(value) ? [] : [{ value, at: seconds[r] }]));
      const newest = Math.max(...readings.map(({ at }) => at));
      const weight = (at: number): number => 2 ** ((at - newest) / 2);
      const mean = readings.reduce((sum, { value, at }) => sum + value * weight(at), 0) / readings.reduce((sum, { at }) => sum + weight(at), 0);
      expect(out[i]).toBeCloseTo(mean, 13);
    });
  });

  it('starts afresh after a long gap, and survives a row from long ago', () => {
    expect(smoothed({ halfLife: '1s' }, oneColumn([5, 9, 9, 1e6]), [0, 1e7, 1e7 + 1, 0])).toEqual([5, 9, 9, 9]);
  });

  it('takes the last ten readings unless told otherwise', () => {
    const out = smoothed({}, oneColumn(Array.from({ length: 11 }, (_, i) => i)));
    expect(out.slice(-2)).toEqual([4.5, 5.5]);
  });

  it.each([{ window: 0 }, { window: 1.5 }, { halfLife: 5 }, { halfLife: '5 rows' }, { discrete: 'drop' }])('refuses %j', (options) => {
    expect(smooth.options.safeParse(options).success).toBe(false);
  });
});
