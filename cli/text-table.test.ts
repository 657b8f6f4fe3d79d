import { describe, expect, test } from 'vitest';
import { fittingTable, textTable } from './text-table.ts';

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

describe('to fit a width', () => {
  const head = ['START', 'TAGS', 'CAUSES', 'ID'];
  const rows = [
    ['10:00', 'LIT101', 'k-means', 'abcdef'],
    ['11:00', 'P1', 'forest', 'fedcba'],
  ];
  const at = (width: number) => fittingTable(head, rows, { width, spare: [3, 2] });

  test.each([
    [30, 0, true, '10:00  LIT101  k-means  abcdef'],
    [29, 1, true, '10:00  LIT101  k-means'],
    [22, 1, true, '10:00  LIT101  k-means'],
    [21, 2, true, '10:00  LIT101'],
    [12, 2, false, '10:00  LIT1…'],
  ])('%d columns', (width, hidden, fits, line) => {
    const table = at(width);
    expect([table.hidden, table.fits, table.text.split('\n')[1]]).toEqual([hidden, fits, line]);
    for (const each of table.text.split('\n')) expect(each.length).toBeLessThanOrEqual(width);
  });

  test('without a width everything is there', () => {
    expect(fittingTable(head, rows, { spare: [3, 2] })).toMatchObject({ hidden: 0, fits: true, text: expect.stringContaining('abcdef') });
  });
});

test('a cell cannot steer the terminal, nor break its line', () => {
  expect(textTable(['RAW'], [['a\u001b[2J\nb']])).toBe('RAW\na\ufffd[2J\ufffdb\n');
});
