import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import { coreRows } from './core-rows.ts';
import fixture from './fixtures/neighbours.json' with { type: 'json' };

const core = (eps: number, minimumPoints: number, ...values: number[]): number[] => [
  ...coreRows(makeMatrix(values.length, 1, Float64Array.from(values)), eps, minimumPoints),
];

describe('coreRows', () => {
  it('counts by hand: two groups, a row at the border of one, one alone', () => {
    // 14 has 12 and 16 within 2, which makes three with itself; 16 has but itself and 14.
    expect(core(2, 3, 10, 11, 12, 0, 1, 2, 14, 16, 50)).toEqual([1, 1, 1, 1, 1, 1, 1, 0, 0]);
  });

  it('counts rows that repeat each for itself, and those at eps exactly', () => {
    expect(core(1, 5, 5, 5, 5, 4, 3, 3, 3)).toEqual([0, 0, 0, 1, 0, 0, 0]);
    expect(core(1, 4, -2, -2, -2, -1, 0, 1, 2, 2, 2)).toEqual([1, 1, 1, 1, 0, 1, 1, 1, 1]);
  });

  it('finds none without rows or where all is noise', () => {
    expect(coreRows(makeMatrix(0, 3), 1, 1)).toEqual(new Uint8Array(0));
    expect(core(1, 2, 0, 5)).toEqual([0, 0]);
  });

  describe('agrees with scikit-learn', () => {
    for (const [name, { columns, eps, minimumPoints, rows, core: expected }] of Object.entries(fixture.dbscan)) {
      it(name, () => {
        const found = coreRows(makeMatrix(rows.length / columns, columns, Float64Array.from(rows)), eps, minimumPoints);
        expect([...found.keys()].filter((row) => found[row] === 1)).toEqual(expected);
      });
    }
  });
});
