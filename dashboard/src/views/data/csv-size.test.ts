import { expect, test } from 'vitest';
import { csvSize } from './csv-size.ts';

test('the size is that of the rows at hand, for as many as there are', () => {
  const rows = {
    times: [0, 1000],
    columns: [
      [1.5, 100],
      [null, 2],
    ],
  };
  // 25 for the time; ",1.5," and ",100,2": 5.5 on average
  expect(csvSize(1000, rows)).toBe(1000 * (25 + (4 + 1 + 4 + 2) / 2));
  expect(csvSize(1000, { times: [], columns: [] })).toBeUndefined();
});
