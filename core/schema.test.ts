import { describe, expect, it } from 'vitest';
import { makeSchema, requireSameSchema, type Tag } from './schema.ts';

const tags = (...names: string[]): Tag[] => names.map((name) => ({ name, kind: 'continuous' }));

describe('schema', () => {
  it('has the same hash for the same names and kinds in the same order', () => {
    const a = makeSchema([{ name: 'LIT101', kind: 'continuous', unit: 'mm' }]);
    const b = makeSchema([{ name: 'LIT101', kind: 'continuous', description: 'level' }]);
    expect(a.hash).toBe(b.hash);
    expect(makeSchema([{ name: 'LIT101', kind: 'discrete' }]).hash).not.toBe(a.hash);
    expect(makeSchema(tags('a', 'b')).hash).not.toBe(makeSchema(tags('b', 'a')).hash);
  });

  it('refuses no tag, an empty name and a name that comes twice', () => {
    expect(() => makeSchema([])).toThrow('at least one tag');
    expect(() => makeSchema(tags('a', ' '))).toThrow('empty name');
    expect(() => makeSchema(tags('FIT101', 'b', 'FIT101'))).toThrow("tag 'FIT101' comes twice");
  });

  it('a mismatch names every tag concerned', () => {
    const before = makeSchema([...tags('FIT101', 'LIT101'), { name: 'MV101', kind: 'discrete' }]);
    const now = makeSchema([...tags('FIT101', 'FIT999', 'MV101')]);
    expect(() => requireSameSchema(before, now, 'model of swat')).toThrow(
      'the tags differ: missing LIT101; unknown FIT999; of another kind MV101 (model of swat). Restore the tags, or start anew',
    );
    expect(() => requireSameSchema(makeSchema(tags('a', 'b')), makeSchema(tags('b', 'a')), 'x')).toThrow('same tags in another order');
    requireSameSchema(before, before, 'nothing to say');
  });
});
