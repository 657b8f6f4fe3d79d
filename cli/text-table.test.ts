import { expect, test } from 'vitest';
import { textTable } from './text-table.ts';

test('columns are as wide as their widest cell, numbers stand to the right, no line ends in spaces', () => {
  expect(
    textTable(
      ['TAG', 'ROWS', 'WHAT'],
      [
        ['LIT101', 5, 'level'],
        ['P1', 1234567, ''],
      ],
    ),
  ).toBe('TAG     ROWS     WHAT\nLIT101        5  level\nP1      1234567\n');
});

test('a head without rows', () => {
  expect(textTable(['A', 'B'], [])).toBe('A  B\n');
});
