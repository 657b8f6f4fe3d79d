import { describe, expect, it } from 'vitest';
import { type Column, filterRows, sortRows } from './table-rows.ts';

interface Row {
  readonly tag: string;
  readonly value: number | null;
}
const columns: Column<Row>[] = [
  { id: 'tag', title: 'Tag', value: ({ tag }) => tag },
  { id: 'value', title: 'Level now', value: ({ value }) => value },
];
const rows: Row[] = [
  { tag: 'LIT101', value: 520.5 },
  { tag: 'P2', value: null },
  { tag: 'P10', value: -3 },
  { tag: 'FIT301', value: 2 },
];
const tags = (found: readonly Row[]) => found.map(({ tag }) => tag);

describe('the rows of a table', () => {
  it('are found by words, comparisons and both', () => {
    const found = (filter: string) => tags(filterRows(rows, columns, filter));
    expect(found('')).toEqual(['LIT101', 'P2', 'P10', 'FIT301']);
    expect(found('it 1')).toEqual(['LIT101', 'FIT301']);
    expect(found('value>1')).toEqual(['LIT101', 'FIT301']);
    expect(found('VALUE<=2 tag!=P10')).toEqual(['FIT301']);
    expect(found('"level now>=520.5"')).toEqual(['LIT101']);
    expect(found('tag=lit101')).toEqual(['LIT101']);
    expect(found('value>many')).toEqual([]);
    expect(found('nowhere>1')).toEqual([]);
    expect(found('-3')).toEqual(['P10']);
  });

  it('are sorted as people count, those without a value last', () => {
    const sorted = (sort: string) => tags(sortRows(rows, columns, sort));
    expect(sorted('tag')).toEqual(['FIT301', 'LIT101', 'P2', 'P10']);
    expect(sorted('value')).toEqual(['P10', 'FIT301', 'LIT101', 'P2']);
    expect(sorted('-value')).toEqual(['LIT101', 'FIT301', 'P10', 'P2']);
    expect(sorted('')).toEqual(tags(rows));
  });
});
