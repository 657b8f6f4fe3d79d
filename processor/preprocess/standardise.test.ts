import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Column } from '../../core/component.ts';
import { makeMatrix } from '../../core/matrix.ts';
import { stepConformance } from '../conformance/step.ts';
import standardise from './standardise.ts';

interface Fixture {
  columns: Column[];
  fitRows: number;
  rows: number[][];
  scaler: { mean: number[]; scale: number[]; rows: number[][] };
}
const fixture = JSON.parse(readFileSync(new URL('./fixtures/scikit-learn.json', import.meta.url), 'utf8')) as Fixture;
const missing = Number.NaN;

function learn(rows: number[][], options: unknown = {}, columns: readonly Column[] = rows[0].map((_, j) => ({ name: `T${j}`, kind: 'continuous' }))) {
  const matrix = makeMatrix(rows.length, columns.length, Float64Array.from(rows.flat()));
  const { model } = standardise.fit(matrix, columns, standardise.options.parse(options), new BigInt64Array(rows.length));
  return {
    model,
    apply(...later: number[][]): number[][] {
      const out = makeMatrix(later.length, columns.length);
      standardise.apply(model, null as never, { ...out, values: Float64Array.from(later.flat()) }, new BigInt64Array(later.length), out.values);
      return later.map((_, i) => [...out.values.subarray(i * columns.length, (i + 1) * columns.length)]);
    },
  };
}

describe('standardise', () => {
  for (const check of [
    ...stepConformance(standardise),
    ...stepConformance(standardise, { options: { clip: 1.5 } }),
    ...stepConformance(standardise, { options: { clip: null, discrete: 'pass' } }),
  ]) {
    it(check.name, check.run);
  }

  it('agrees with scikit-learn StandardScaler', () => {
    const { apply, model } = learn(fixture.rows.slice(0, fixture.fitRows), { clip: null }, fixture.columns);
    fixture.scaler.mean.forEach((mean, j) => {
      expect(Math.abs(model.mean[j] - mean) / Math.abs(mean)).toBeLessThan(1e-13);
      expect(Math.abs(model.deviation[j] - fixture.scaler.scale[j]) / fixture.scaler.scale[j]).toBeLessThan(1e-11);
    });
    apply(...fixture.rows).forEach((row, i) => {
      row.forEach((x, j) => {
        expect(Math.abs(x - fixture.scaler.rows[i][j])).toBeLessThan(1e-9);
      });
    });
  });

  it('learns from the readings that are there', () => {
    expect(learn([[1], [missing], [3], [Number.POSITIVE_INFINITY]]).apply([2], [4], [missing])).toEqual([[0], [2], [missing]]);
  });

  it('only centres a constant column, and leaves one without readings as it is', () => {
    expect(
      learn([
        [5, missing],
        [5, missing],
      ]).apply([5, 3], [6, missing]),
    ).toEqual([
      [0, 3],
      [1, missing],
    ]);
  });

  it('clips at 30 deviations unless told otherwise', () => {
    const rows = [[-1], [1]];
    expect(learn(rows).apply([31], [-31], [29.5], [Number.NEGATIVE_INFINITY], [missing]).flat()).toEqual([30, -30, 29.5, -30, missing]);
    expect(learn(rows, { clip: 2 }).apply([3], [-3]).flat()).toEqual([2, -2]);
    expect(learn(rows, { clip: null }).apply([1e9]).flat()).toEqual([1e9]);
  });

  it('passes discrete columns as they are when asked', () => {
    const columns: Column[] = [
      { name: 'LIT101', kind: 'continuous' },
      { name: 'MV101', kind: 'discrete' },
    ];
    const rows = [
      [-1, 1],
      [1, 2],
    ];
    expect(learn(rows, { discrete: 'pass', clip: 1 }, columns).apply([3, 2])).toEqual([[1, 2]]);
    expect(learn(rows, {}, columns).apply([3, 2])).toEqual([[3, 1]]);
  });

  it('explains a clipped reading as the limit in its own unit, the contribution kept', () => {
    const { model, apply } = learn([[90], [110]], { clip: 3 });
    const [[value]] = apply([500]);
    expect(value).toBe(3);
    const explained = { value: Float64Array.of(value), reference: Float64Array.of(0.5), weight: Float64Array.of(4) };
    const back = standardise.back!(model, explained, Float64Array.of(500));
    expect(back).toEqual({ value: Float64Array.of(130), reference: Float64Array.of(105), weight: Float64Array.of(0.4) });
    expect((back.value[0] - back.reference[0]) * back.weight[0]).toBe((3 - 0.5) * 4);
  });

  it.each([0, -1, 'none', Number.POSITIVE_INFINITY])('refuses to clip at %j', (clip) => {
    expect(standardise.options.safeParse({ clip }).success).toBe(false);
  });
});
