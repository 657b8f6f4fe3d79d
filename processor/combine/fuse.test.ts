import { describe, expect, it } from 'vitest';
import { combinerConformance } from '../conformance/combiner.ts';
import fuse from './fuse.ts';

describe('fuse conformance', () => {
  for (const smooth of [1, 10]) for (const { name, run } of combinerConformance(fuse, { options: { smooth } })) it(`${name} (smooth ${smooth})`, run);
});

describe('fuse', () => {
  const nan = Number.NaN;
  const membersOf = (logScores: readonly (readonly number[])[]) =>
    logScores.map((logScore, m) => ({
      name: `member ${m}`,
      grade: new Float64Array(logScore.length),
      status: new Int8Array(logScore.length),
      logScore: Float64Array.from(logScore),
    }));
  const scoresOf = (logScores: readonly (readonly number[])[], smooth = 1): number[] => {
    const rows = logScores[0].length;
    const out = { score: new Float64Array(rows), grade: new Float64Array(rows), status: new Int8Array(rows) };
    fuse.apply(membersOf(logScores), rows, { smooth }, fuse.start!({ smooth }, logScores.length), out);
    return [...out.score];
  };

  it('is the exponential of the mean log score: 1 at the medians, e at the error levels', () => {
    const scores = scoresOf([
      [0, 1, 3, -1],
      [0, 1, 0, 0],
    ]);
    expect(scores).toEqual([1, Math.E, expect.closeTo(Math.exp(1.5), 12), expect.closeTo(Math.exp(-0.5), 12)]);
  });

  it('leaves out members without a score', () => {
    expect(
      scoresOf([
        [nan, 2, nan],
        [1, nan, nan],
      ]),
    ).toEqual([Math.E, expect.closeTo(Math.exp(2), 12), nan]);
  });

  it('smooths over the rows so far', () => {
    const logs = scoresOf([[3, 0, 0, 0, 6]], 3).map(Math.log);
    [3, 1.5, 1, 0, 2].forEach((expected, row) => {
      expect(logs[row]).toBeCloseTo(expected, 12);
    });
  });

  it('smooths over the rows that have a score, and gives none to a row without', () => {
    const logs = scoresOf([[2, nan, 4, nan, nan, nan, 1]], 3).map(Math.log);
    [2, nan, 3, nan, nan, nan, 1].forEach((expected, row) => {
      if (Number.isNaN(expected)) expect(logs[row]).toBeNaN();
      else expect(logs[row]).toBeCloseTo(expected, 12);
    });
  });

  it('does not drift, however long it runs', () => {
    const long = Array.from({ length: 20_000 }, (_, row) => (row < 19_990 ? 1e9 * Math.sin(row) : 0.5));
    expect(Math.log(scoresOf([long.map((x) => Math.max(-1, Math.min(30, x)))], 10)[19_999])).toBeCloseTo(0.5, 14);
  });

  it('explains by how far members are above their medians', () => {
    const members = membersOf([
      [2, -0.5, nan],
      [-1, -1, 1],
      [6, nan, 3],
    ]);
    const weights = (row: number): number[] => members.map((_, m) => fuse.weight(members, row, m));
    expect(weights(0)).toEqual([2, 0, 6]);
    expect(weights(1)).toEqual([1, 1, 0]);
    expect(weights(2)).toEqual([0, 1, 3]);
  });

  it('refuses a length of time out of range', () => {
    for (const smooth of [0, 1.5, 1001]) expect(fuse.options.safeParse({ smooth }).success, String(smooth)).toBe(false);
  });
});
