import { expect, test } from 'vitest';
import { looksLikePath, sourceTypeOf } from './source-of-path.ts';

test('the end of a name says what reads the file', () => {
  expect(['a.xlsx', 'A.XLSM', 'a.jsonl', 'a.ndjson.gz', 'a.csv', 'a.txt', 'a.xlsx.csv', 'data/xlsx'].map(sourceTypeOf)).toEqual([
    'xlsx',
    'xlsx',
    'jsonl',
    'jsonl',
    'csv',
    'csv',
    'csv',
    'csv',
  ]);
});

test('names of components are no paths', () => {
  expect(['csv', 'k-means', 'xslx', 'plant.csv', 'data/plant', 'C:\\plant'].map(looksLikePath)).toEqual([false, false, false, true, true, true]);
});
