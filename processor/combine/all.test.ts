import { describe, expect, it } from 'vitest';
import { combinerConformance } from '../conformance/combiner.ts';
import all from './all.ts';

describe('all conformance', () => {
  for (const { name, run } of combinerConformance(all)) it(name, run);
});

describe('all', () => {
  const nan = Number.NaN;
  const members = [
    { name: 'calm', grade: Float64Array.of(0.1, 0.6, 1, nan), status: Int8Array.of(1, 0, -1, 2), logScore: new Float64Array(4) },
    { name: 'loud', grade: Float64Array.of(1, 1, 1, 1), status: Int8Array.of(-1, -1, -1, -1), logScore: new Float64Array(4) },
  ];

  it('is as bad as the mildest, and unknown while one is', () => {
    const out = { score: new Float64Array(4), grade: new Float64Array(4), status: new Int8Array(4) };
    all.apply(members, 4, {}, undefined as never, out);
    expect(out.grade).toEqual(Float64Array.of(0.1, 0.6, 1, nan));
    expect(out.status).toEqual(Int8Array.of(1, 0, -1, 2));
  });
});
