import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseDuration } from '../core/time.ts';
import { writtenDuration } from './written-duration.ts';

test('the largest unit that divides it', () => {
  expect([0.2, 500, 30_000, 90_000, 120_000, 9_000_000, 7_200_000, 86_400_000].map(writtenDuration)).toEqual([
    '1ms',
    '500ms',
    '30s',
    '90s',
    '2m',
    '150m',
    '2h',
    '1d',
  ]);
});

test('is read back as the same, to the second', () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 1e10 }), (ms) => Math.abs((parseDuration(writtenDuration(ms)) as number) - ms) <= (ms < 1000 ? 0 : 500)));
});
