import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Param, queryText, readParam, writeParam } from './query.ts';

function written<T extends Param>(value: T, fallback: T): T {
  const address = queryText(writeParam(new URLSearchParams(), 'p', value, fallback));
  return readParam(new URLSearchParams(address), 'p', fallback);
}

describe('the query string of a view', () => {
  it('gives back what was written, whatever the names hold', () => {
    const character = fc.constantFrom('a', ',', '%', '%2C', '+', ' ', '&', '=', '#', '?', '/', ':', 'é', '漢', '😀', '\0');
    const text = fc.string({ unit: character });
    fc.assert(
      fc.property(fc.array(fc.string({ unit: character, minLength: 1 })), text, fc.integer(), fc.boolean(), (names, word, number, flag) => {
        expect(written<readonly string[]>(names, ['x'])).toEqual(names);
        expect(written(word, 'default')).toBe(word);
        expect(written(number / 8, 5)).toBe(number / 8);
        expect(written(flag, true)).toBe(flag);
      }),
    );
  });

  it('leaves defaults out and the others alone', () => {
    const query = writeParam(new URLSearchParams('minutes=15&stream=swat'), 'minutes', 5, 5);
    expect(queryText(query)).toBe('?stream=swat');
    expect(queryText(new URLSearchParams())).toBe('');
  });

  it('reads addresses as people write them', () => {
    const query = new URLSearchParams('tags=FIT101,LIT101&from=2015-12-28T10:00:00Z&minutes=many&live=yes&none=');
    expect(readParam<readonly string[]>(query, 'tags', [])).toEqual(['FIT101', 'LIT101']);
    expect(readParam(query, 'minutes', 5)).toBe(5);
    expect(readParam(query, 'live', true)).toBe(true);
    expect(readParam<readonly string[]>(query, 'none', ['a'])).toEqual([]);
    expect(queryText(query)).toContain('from=2015-12-28T10:00:00Z');
  });
});
