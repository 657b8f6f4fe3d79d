import { describe, expect, it } from 'vitest';
import type { Column } from '../../core/component.ts';
import { makeMatrix } from '../../core/matrix.ts';
import { stepConformance } from '../conformance/step.ts';
import impute from './impute.ts';

const missing = Number.NaN;
const columns = (n: number): Column[] => Array.from({ length: n }, (_, j) => ({ name: `T${j}`, kind: 'continuous' }));
const second = 1_000_000_000n;
const start = 1_450_000_000n * second;

/** Rows as [seconds after start, ...values]. */
function imputed(options: unknown, ...rows: number[][]): number[][] {
  const cols = rows[0].length - 1;
  const matrix = makeMatrix(rows.length, cols, Float64Array.from(rows.flatMap((row) => row.slice(1))));
  const times = BigInt64Array.from(rows, ([at]) => start + BigInt(Math.round(at * 1e9)));
  const { model } = impute.fit(matrix, columns(cols), impute.options.parse(options), times);
  const out = makeMatrix(rows.length, cols);
  impute.apply(model, impute.start!(model), matrix, times, out.values);
  return rows.map((_, i) => [...out.values.subarray(i * cols, (i + 1) * cols)]);
}

describe('impute', () => {
  for (const check of [
    ...stepConformance(impute, { fills: true }),
    ...stepConformance(impute, { options: { hold: '2s' }, fills: true }),
    ...stepConformance(impute, { options: { hold: 'drop' } }),
  ]) {
    it(check.name, check.run);
  }

  it('holds the last reading of each column for as long as it is allowed, the limit included', () => {
    expect(
      imputed({ hold: '2s' }, [0, 1, missing], [1, missing, 5], [2, missing, missing], [2.000000001, missing, missing], [3.5, missing, missing], [4, 2, 6]),
    ).toEqual([
      [1, missing],
      [1, 5],
      [1, 5],
      [missing, 5],
      [missing, missing],
      [2, 6],
    ]);
  });

  it('counts the age in event time, not in rows', () => {
    const gap = Array.from({ length: 50 }, (_, i) => [i / 100, missing]);
    expect(imputed({ hold: '1s' }, [0, 7], ...gap).flat()).toEqual(new Array(51).fill(7));
    expect(imputed({ hold: '1s' }, [0, 7], [60, missing]).flat()).toEqual([7, missing]);
  });

  it('holds through rows of one time', () => {
    expect(imputed({ hold: '0s' }, [0, 7], [0, missing], [0.001, missing]).flat()).toEqual([7, 7, missing]);
  });

  it('neither gives a late row a younger reading nor takes one from it', () => {
    expect(imputed({ hold: '30s' }, [10, 1], [8, missing], [9, 2], [11, missing]).flat()).toEqual([1, missing, 2, 1]);
  });

  it('gives a late row a reading that is older than it', () => {
    expect(imputed({ hold: '30s' }, [0, 1, 1], [10, missing, 2], [5, missing, missing]).map((row) => row[0])).toEqual([1, 1, 1]);
  });

  it('knows ages exactly after months of nanoseconds', () => {
    const hours = 24 * 90 * 3600;
    expect(imputed({ hold: '1s' }, [0, 1], [hours, 2], [hours + 1, missing], [hours + 1.00000001, missing]).flat()).toEqual([1, 2, 2, missing]);
  });

  it('fills nothing when rows are to be dropped', () => {
    expect(imputed({ hold: 'drop' }, [0, 1], [0, missing], [1, missing]).flat()).toEqual([1, missing, missing]);
  });

  it('holds for 30 s unless told otherwise', () => {
    expect(imputed({}, [0, 1], [30, missing], [30.1, missing]).flat()).toEqual([1, 1, missing]);
  });

  it.each([30, '30', '-1s', 'never', null])('refuses to hold for %j', (hold) => {
    expect(impute.options.safeParse({ hold }).success).toBe(false);
  });
});
