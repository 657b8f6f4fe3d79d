import { describe, expect, it } from 'vitest';
import type { Column } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { makeMatrix } from '../../core/matrix.ts';
import { stepConformance } from '../conformance/step.ts';
import clean from './clean.ts';

const columns: readonly Column[] = [
  { name: 'LIT101', kind: 'continuous' },
  { name: 'P102', kind: 'discrete' },
];
const { NaN: missing, POSITIVE_INFINITY: infinite, NEGATIVE_INFINITY: minusInfinite } = Number;

function cleaned(options: unknown, ...values: number[]): number[] {
  const rows = makeMatrix(values.length / 2, 2, Float64Array.from(values));
  const times = new BigInt64Array(rows.rows);
  const { model, columns: out } = clean.fit(rows, columns, clean.options.parse(options), times);
  expect(out).toEqual(columns);
  const result = makeMatrix(rows.rows, 2);
  clean.apply(model, null as never, rows, times, result.values);
  return [...result.values];
}

function failure(options: unknown): SluiceError {
  try {
    cleaned(options, 1, 1);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('clean', () => {
  for (const check of [...stepConformance(clean), ...stepConformance(clean, { options: { bounds: { FIT101: [null, 1e8] }, sentinels: [-9999] } })]) {
    it(check.name, check.run);
  }

  it('makes missing what is not finite, and nothing else by default', () => {
    expect(cleaned({}, infinite, minusInfinite, missing, 1e308, -0, 3)).toEqual([missing, missing, missing, 1e308, -0, 3]);
  });

  it('holds a tag to its bounds, both included', () => {
    expect(cleaned({ bounds: { LIT101: [0, 1200] } }, -0.1, -5, 0, 9999, 1200, 0, 1200.1, 2)).toEqual([missing, -5, 0, 9999, 1200, 0, missing, 2]);
  });

  it('takes null as no limit', () => {
    expect(cleaned({ bounds: { LIT101: [0, null], P102: [null, 2] } }, -1, -1, 1e9, 3)).toEqual([missing, -1, 1e9, missing]);
  });

  it('makes sentinels missing in every tag', () => {
    expect(cleaned({ sentinels: [-9999, 0] }, -9999, 1, 0.5, -9999, 0, -0)).toEqual([missing, 1, 0.5, missing, missing, missing]);
  });

  it('names an unknown tag, and the one that was probably meant', () => {
    const error = failure({ bounds: { LTI101: [0, 1] } });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toBe("there is no tag 'LTI101' (step 'clean', bounds.LTI101). Did you mean 'LIT101'?");
    expect(failure({ bounds: { 'pump pressure': [0, 1] } }).message).toContain('Known: LIT101, P102.');
  });

  it('refuses bounds that leave nothing', () => {
    const error = failure({ bounds: { LIT101: [1200, 0] } });
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain('the least reading 1200 is over the greatest 0');
  });

  it.each([{ bounds: { LIT101: [0] } }, { bounds: { LIT101: 5 } }, { bounds: { LIT101: ['0', 1] } }, { sentinels: 'none' }])('refuses %j', (options) => {
    expect(clean.options.safeParse(options).success).toBe(false);
  });
});
