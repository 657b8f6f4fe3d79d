import { describe, expect, it } from 'vitest';
import { thresholdConformance } from '../conformance/threshold.ts';
import fixed from './fixed.ts';

describe('fixed conformance', () => {
  for (const { name, run } of thresholdConformance(fixed, { options: { level: 3 } })) it(name, run);
});

describe('fixed', () => {
  it('is the level given, whatever the scores', () => {
    expect(fixed.fit(Float64Array.of(0), { level: 3 })).toEqual({ level: 3, method: 'fixed 3' });
    expect(fixed.fit(Float64Array.of(1, 900), { level: 0.5 })).toEqual({ level: 0.5, method: 'fixed 0.5' });
  });

  it('refuses levels that flag every row, or none', () => {
    for (const level of [0, -1, Number.POSITIVE_INFINITY, Number.NaN, '3']) expect(fixed.options.safeParse({ level }).success, String(level)).toBe(false);
  });
});
