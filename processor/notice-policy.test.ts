import { expect, test } from 'vitest';
import { makeSchema } from '../core/schema.ts';
import { type DetectorNotices, decide } from './notice-policy.ts';

const schema = makeSchema(['FIT301', 'P301'].map((name) => ({ name, kind: 'continuous' as const, unit: 'm3/h' })));

/** The values that are told of an incident with these at its peak. */
function told(actual: number, expected: number): { actual: number | undefined; expected: number | undefined } {
  const incident = {
    ...{ id: 'a', stream: 'plant', detector: 'var', start: 0n, end: 1n, open: true, rows: 2, peakTime: 1n, peakScore: 9, peakGrade: 1, causes: ['var'] },
    contributions: Float64Array.of(1, 0),
  };
  const values = { actual: Float64Array.of(actual, Number.NaN), expected: Float64Array.of(expected, Number.NaN) };
  const decision = decide({ incident, turn: 'opened', number: 1, at: 1n, ...values }, schema, { cooldown: 0, ignore: [] }, new Map<string, DetectorNotices>());
  if (!decision || !('notice' in decision)) throw new Error('nothing is told');
  const [tag] = decision.notice.tags;
  return { actual: tag.actual, expected: tag.expected };
}

test('values are told without what rounding left on their way through a view', () => {
  expect(told(-2.220446049250313e-16, -0.449625)).toEqual({ actual: 0, expected: -0.449625 });
  expect(told(0.1 + 0.2, 0.1)).toEqual({ actual: 0.3, expected: 0.1 });
  expect(told(1234567.891, 0.25)).toEqual({ actual: 1234567.891, expected: 0.25 });
  expect(told(0, 0)).toEqual({ actual: 0, expected: 0 });
  expect(told(1e300, -1e-300)).toEqual({ actual: 1e300, expected: -1e-300 });
  expect(told(3e-12, 1e-12)).toEqual({ actual: 3e-12, expected: 1e-12 });
});
