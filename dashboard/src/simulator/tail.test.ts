import { expect, test } from 'vitest';
import type { LiveRows } from '../../../serve/api.ts';
import { emptyTail, tailOf, withRows } from './tail.ts';

const frame = (times: number[]): LiveRows => ({
  stream: 'item-1',
  times,
  tags: [times.map((time) => time / 10)],
  verdicts: [{ detector: 'forest', score: times.map(() => 0.5), grade: times.map(() => 0), status: times.map(() => 1) }],
  skipped: 0,
});

test('rows are put behind, those that are there already are not, those that are too old go', () => {
  const tail = withRows(withRows(emptyTail, frame([10, 20, 30]), 25), frame([20, 30, 40, 50]), 25);
  expect(tail).toEqual({ times: [30, 40, 50], values: [3, 4, 5], scores: [0.5, 0.5, 0.5], status: [1, 1, 1] });
  expect(withRows(tail, frame([40, 50]), 25)).toBe(tail);
  expect(withRows(tail, frame([1000]), 25).times).toEqual([1000]);
});

test('rows without a verdict have none', () => {
  const series = { from: null, to: null, level: 0, times: [10, 20], tags: [{ tag: 'value', value: [1, 2] }] };
  const verdicts = [{ detector: 'forest', times: [20], score: [0.7], grade: [1], status: [-1] }];
  expect(tailOf(series, { from: null, to: null, level: 0, detectors: verdicts, thresholds: [] })).toEqual({
    times: [10, 20],
    values: [1, 2],
    scores: [null, 0.7],
    status: [2, -1],
  });
  expect(withRows(emptyTail, { ...frame([10]), verdicts: [] }, 25)).toMatchObject({ scores: [null], status: [2] });
});
