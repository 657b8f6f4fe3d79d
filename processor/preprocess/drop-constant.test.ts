import { describe, expect, it } from 'vitest';
import type { Column } from '../../core/component.ts';
import { makeMatrix } from '../../core/matrix.ts';
import { stepConformance } from '../conformance/step.ts';
import dropConstant from './drop-constant.ts';

const missing = Number.NaN;

function learn(values: number[], cols: number) {
  const columns: Column[] = Array.from({ length: cols }, (_, j) => ({ name: `T${j}`, kind: j % 2 === 0 ? 'continuous' : 'discrete' }));
  const rows = makeMatrix(values.length / cols, cols, Float64Array.from(values));
  return dropConstant.fit(rows, columns, dropConstant.options.parse({}), new BigInt64Array(rows.rows));
}

describe('drop-constant', () => {
  for (const check of stepConformance(dropConstant)) it(check.name, check.run);

  it('keeps what changes, with name, kind and order', () => {
    const { columns } = learn([1, 5, 0, 2, 1, 5, 0, 3], 4);
    expect(columns).toEqual([{ name: 'T3', kind: 'discrete' }]);
    expect(learn([1, 5, 0, 2, 2, 5, 1, 2], 4).columns.map((column) => column.name)).toEqual(['T0', 'T2']);
  });

  it('takes a column with one reading, or none, as constant, and zero as one value', () => {
    expect(learn([missing, missing, 0, 1, missing, 4, -0, 2, missing, missing, 0, 3], 4).columns.map((column) => column.name)).toEqual(['T3']);
  });

  it('passes the kept columns of later rows on, also when a dropped one moves', () => {
    const { model } = learn([1, 5, 2, 5], 2);
    const out = makeMatrix(3, 1);
    dropConstant.apply(model, null as never, makeMatrix(3, 2, Float64Array.from([8, 6, missing, missing, 9, 5])), new BigInt64Array(3), out.values);
    expect([...out.values]).toEqual([8, missing, 9]);
  });

  it('gives the dropped columns no part in an explanation, whatever they read', () => {
    const { model } = learn([1, 5, missing, 2, 5, missing], 3);
    const explained = { value: Float64Array.of(8), reference: Float64Array.of(3), weight: Float64Array.of(2) };
    const back = dropConstant.back!(model, explained, Float64Array.of(8, 77, missing));
    expect(back.weight).toEqual(Float64Array.of(2, 0, 0));
    expect(back.reference).toEqual(Float64Array.of(3, 5, 0));
    expect(back.value).toEqual(Float64Array.of(8, 5, 0));
  });

  it('says which columns there are, and their values, when all are constant', () => {
    expect(() => learn([1, 2, 1, 2], 2)).toThrow(
      expect.objectContaining({
        code: 'TRAINING_UNFIT',
        message:
          "no column changes in the 2 fit rows: T0 is always 1, T1 is always 2 (step 'drop-constant'). Train on rows in which the plant runs, e.g. --set train.rows=3500-8000.",
      }),
    );
    expect(() => learn(new Array(20).fill(missing), 10)).toThrow('T7 has no value, and 2 more');
  });
});
