import { expect, test } from 'vitest';
import { laneSummary, statusRuns } from './status-runs.ts';

const every = (ms: number, count: number, from = 0) => Array.from({ length: count }, (_, index) => from + index * ms);

test('a status holds until the next row, equal ones are one run', () => {
  const lane = { name: 'var', times: every(1000, 6), status: [1, 1, -1, -1, 0, 1] };
  expect(statusRuns(lane, 0, 10_000)).toEqual([
    { from: 0, to: 2000, status: 1 },
    { from: 2000, to: 4000, status: -1 },
    { from: 4000, to: 5000, status: 0 },
    { from: 5000, to: 6000, status: 1 },
  ]);
});

test('where rows stay away, the last status holds as long as usual', () => {
  const lane = { name: 'var', times: [...every(1000, 5), ...every(1000, 3, 60_000)], status: new Array(8).fill(1) };
  expect(statusRuns(lane, 0, 100_000)).toEqual([
    { from: 0, to: 5000, status: 1 },
    { from: 60_000, to: 63_000, status: 1 },
  ]);
});

test('in words: how much of the time each status had', () => {
  expect(laneSummary({ name: 'var', times: every(1000, 10), status: [2, 2, 1, 1, 1, 1, 1, 1, 0, -1] }, 0, 10_000)).toBe(
    'var: error 10.0 %, warning 10.0 %, OK 60.0 %, no verdict 20.0 % of the time.',
  );
  expect(laneSummary({ name: 'var', times: [], status: [] }, 0, 10_000)).toBe('var: no verdicts.');
});
