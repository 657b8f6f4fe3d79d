import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { statusOf } from './calibration.ts';
import { gradeWeight, rankedVerdicts } from './ranked-verdict.ts';

/** Members from their grades; NaN = no verdict. */
const membersOf = (grades: readonly (readonly number[])[]) =>
  grades.map((grade, m) => ({
    name: `member ${m}`,
    grade: Float64Array.from(grade),
    status: Int8Array.from(grade, (g) => statusOf(g, { warn: 0.5, error: 1 })),
    logScore: new Float64Array(grade.length),
  }));
const ranked = (grades: readonly (readonly number[])[], need: number) => {
  const out = { grade: new Float64Array(grades[0].length), status: new Int8Array(grades[0].length) };
  rankedVerdicts(membersOf(grades), grades[0].length, need, out);
  return { grade: [...out.grade], status: [...out.status] };
};

describe('rankedVerdicts', () => {
  const grades = [
    [0.1, 1, 0.6, Number.NaN, Number.NaN],
    [0.7, 1, 0.6, 0.2, Number.NaN],
    [0.3, 0, 1, 1, Number.NaN],
  ];

  it('takes the worst, the second worst, the mildest', () => {
    expect(ranked(grades, 1)).toEqual({ grade: [0.7, 1, 1, 1, Number.NaN], status: [0, -1, -1, -1, 2] });
    expect(ranked(grades, 2)).toEqual({ grade: [0.3, 1, 0.6, 0.2, Number.NaN], status: [1, -1, 0, 1, 2] });
    expect(ranked(grades, 3)).toEqual({ grade: [0.1, 0, 0.6, Number.NaN, Number.NaN], status: [1, 1, 0, 2, 2] });
  });

  it('is the need-th largest of the grades that there are', () => {
    const grade = fc.oneof(fc.constantFrom(0, 0.5, 1, Number.NaN), fc.double({ min: 0, max: 1, noNaN: true }));
    fc.assert(
      fc.property(fc.array(grade, { minLength: 1, maxLength: 7 }), fc.integer({ min: 1, max: 8 }), (row, need) => {
        const sorted = row.filter((g) => !Number.isNaN(g)).sort((a, b) => b - a);
        const found = ranked(
          row.map((g) => [g]),
          need,
        );
        expect(found.grade[0]).toBe(sorted[need - 1] ?? Number.NaN);
        expect(found.status[0]).toBe(statusOf(found.grade[0], { warn: 0.5, error: 1 }));
      }),
    );
  });
});

describe('gradeWeight', () => {
  it('is the grade, and 0 without a verdict', () => {
    const members = membersOf([
      [0.7, 1],
      [Number.NaN, 0],
    ]);
    expect([gradeWeight(members, 0, 0), gradeWeight(members, 0, 1), gradeWeight(members, 1, 0), gradeWeight(members, 1, 1)]).toEqual([0.7, 0, 1, 0]);
  });
});
