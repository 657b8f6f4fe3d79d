import { expect, test } from 'vitest';
import { flaggedTogether } from './flagged-together.ts';

const verdicts = (detector: string, times: number[], status: number[]) => ({ detector, times, score: status, grade: status, status });

test('counts who flags the same rows; rows that nobody judged are left out', () => {
  const together = flaggedTogether([verdicts('a', [1, 2, 3, 4], [2, -1, 0, 1]), verdicts('b', [1, 2, 3, 5], [2, 2, -1, 1])]);
  expect(together).toEqual({ times: [2, 3, 4, 5], count: [1, 2, 0, 0], points: [2, 1, 1] });
});

test('without detectors there is nothing', () => {
  expect(flaggedTogether([])).toEqual({ times: [], count: [], points: [0] });
});
