import { describe, expect, it } from 'vitest';
import { combinerConformance } from '../conformance/combiner.ts';
import any from './any.ts';

describe('any conformance', () => {
  for (const { name, run } of combinerConformance(any)) it(name, run);
});

describe('any', () => {
  const nan = Number.NaN;
  const members = [
    { name: 'calm', grade: Float64Array.of(0.1, 0.1, nan, nan), status: Int8Array.of(1, 1, 2, 2), logScore: new Float64Array(4) },
    { name: 'loud', grade: Float64Array.of(0.2, 1, 0.6, nan), status: Int8Array.of(1, -1, 0, 2), logScore: new Float64Array(4) },
  ];

  it('is as bad as the worst of those that have a verdict', () => {
    const out = { score: new Float64Array(4), grade: new Float64Array(4), status: new Int8Array(4) };
    any.apply(members, 4, {}, undefined as never, out);
    expect(out.grade).toEqual(Float64Array.of(0.2, 1, 0.6, nan));
    expect(out.status).toEqual(Int8Array.of(1, -1, 0, 2));
  });

  it('explains by those that raised it most', () => {
    expect([any.weight(members, 1, 0), any.weight(members, 1, 1)]).toEqual([0.1, 1]);
  });
});
