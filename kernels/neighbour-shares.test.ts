import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import { shareAmongColumns } from './neighbour-shares.ts';

const share = (row: readonly number[], references: readonly number[], parts: readonly number[], apart: number) => {
  const out = { reference: new Float64Array(row.length).fill(Number.NaN), weight: new Float64Array(row.length).fill(Number.NaN) };
  const x = Float64Array.from(row);
  shareAmongColumns(x, makeMatrix(parts.length, row.length, Float64Array.from(references)), Float64Array.from(parts), apart, out);
  return { ...out, contributions: row.map((value, j) => (value - out.reference[j]) * out.weight[j]) };
};

describe('shareAmongColumns', () => {
  it('shares one part by the squared differences, with the neighbour as reference', () => {
    const { reference, contributions } = share([1, 5], [4, 1], [10], 7);
    expect([...reference]).toEqual([4, 1]);
    expect(contributions[0]).toBeCloseTo(10 * (9 / 25), 12);
    expect(contributions[1]).toBeCloseTo(10 * (16 / 25), 12);
  });

  it('adds the parts of several neighbours; the references lie on their side', () => {
    // Differences (3, 4) and (-5, 0), so 2 goes 9 : 16 and 6 all to the first column, where the second one outweighs.
    const { reference, weight, contributions } = share([0, 0], [-3, -4, 5, 0], [2, 6], 10);
    const first = 2 * (9 / 25) + 6;
    const second = 2 * (16 / 25);
    expect(contributions[0]).toBeCloseTo(first, 12);
    expect(contributions[1]).toBeCloseTo(second, 12);
    expect(reference[0]).toBeCloseTo(10 * Math.sqrt(first / 8), 12);
    expect(reference[1]).toBeCloseTo(-10 * Math.sqrt(second / 8), 12);
    expect(weight[0]).toBeLessThan(0);
  });

  it('shares alike where row and neighbour are equal, without a reference too close to tell', () => {
    const { reference, contributions } = share([3, -4], [3, -4], [1], 0);
    expect(contributions[0]).toBeCloseTo(0.5, 12);
    expect(contributions[1]).toBeCloseTo(0.5, 12);
    expect(Math.abs(reference[0] - 3)).toBeCloseTo(4e-6 * Math.SQRT1_2, 12);
  });

  it('shares by direction also where the distance is past the range of doubles', () => {
    const most = Number.MAX_VALUE;
    const { contributions } = share([most, -most, most, -most], [0, 0, 0, 0], [8], 5);
    for (const part of contributions) expect(part).toBeCloseTo(2, 12);
  });

  it('gives nothing where there is nothing to share', () => {
    expect(share([0, 0], [0, 0, 0, 0], [0, 0], 0)).toEqual({ reference: Float64Array.of(0, 0), weight: Float64Array.of(0, 0), contributions: [0, 0] });
  });

  it('adds up to the parts, at any size', () => {
    const coordinate = fc.oneof(fc.double({ min: -100, max: 100, noNaN: true }), fc.constantFrom(0, 1, -1), fc.constantFrom(1e200, -1e300));
    fc.assert(
      fc.property(
        fc.array(coordinate, { minLength: 1, maxLength: 4 }).chain((row) =>
          fc.record({
            row: fc.constant(row),
            neighbours: fc.array(
              fc.record({
                // Now and then the row itself.
                at: fc.oneof(fc.constant(row), fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: row.length, maxLength: row.length })),
                part: fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
              }),
              { minLength: 1, maxLength: 5 },
            ),
            apart: fc.double({ min: 0, max: 100, noNaN: true }),
          }),
        ),
        ({ row, neighbours, apart }) => {
          fc.pre(row.some((x) => Math.abs(x) > 1e-300));
          const parts = neighbours.map(({ part }) => part);
          const { contributions } = share(
            row,
            neighbours.flatMap(({ at }) => at),
            parts,
            apart,
          );
          const total = parts.reduce((sum, part) => sum + part, 0);
          expect(Math.min(...contributions)).toBeGreaterThanOrEqual(0);
          expect(Math.abs(contributions.reduce((sum, part) => sum + part, 0) - total)).toBeLessThanOrEqual(1e-9 * total);
        },
      ),
      { numRuns: 500 },
    );
  });
});
