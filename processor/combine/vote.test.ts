import { describe, expect, it } from 'vitest';
import { combinerConformance } from '../conformance/combiner.ts';
import vote from './vote.ts';

describe('vote conformance', () => {
  for (const need of [1, 2, 3]) for (const { name, run } of combinerConformance(vote, { options: { need } })) it(`${name} (need ${need})`, run);
});

describe('vote', () => {
  const nan = Number.NaN;
  const member = (name: string, grade: readonly number[], status: readonly number[]) => ({
    name,
    grade: Float64Array.from(grade),
    status: Int8Array.from(status),
    logScore: new Float64Array(grade.length),
  });
  const members = [
    member('one', [0.9, 0.9, 1, 1], [0, 0, -1, -1]),
    member('two', [0.1, 0.6, 1, nan], [1, 0, -1, 2]),
    member('three', [0.2, 0.3, 0, nan], [1, 1, 1, 2]),
  ];

  it('flags when enough members do, as badly as the mildest of those needed', () => {
    const out = { score: new Float64Array(4), grade: new Float64Array(4), status: new Int8Array(4) };
    vote.apply(members, 4, { need: 2 }, null, out);
    expect(out.grade).toEqual(Float64Array.of(0.2, 0.6, 1, nan));
    expect(out.status).toEqual(Int8Array.of(1, 0, -1, 2));
  });

  it('needs two members unless told otherwise', () => {
    expect(vote.options.parse({})).toEqual({ need: 2 });
  });

  it('refuses to need more members than there are', () => {
    expect(() => vote.start!({ need: 4 }, 3)).toThrow('vote cannot have need: 4 with 3 members. Set need to 3 or less.');
    expect(vote.start!({ need: 3 }, 3)).toBeNull();
    expect(vote.options.safeParse({ need: 0 }).success).toBe(false);
  });
});
