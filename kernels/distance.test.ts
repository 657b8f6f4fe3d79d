import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMatrix, rowsOf } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { euclideanNorm, nearest, squaredDistance, unitVector } from './distance.ts';

const random = makeRandom(1, 'distance');
const randomMatrix = (rows: number, cols: number) =>
  makeMatrix(
    rows,
    cols,
    new Float64Array(rows * cols).map(() => random.normal()),
  );
const find = (rows: ReturnType<typeof randomMatrix>, references: ReturnType<typeof randomMatrix>) => {
  const index = new Int32Array(rows.rows).fill(-1);
  const squared = new Float64Array(rows.rows).fill(-1);
  nearest(rows, references, index, squared);
  return { index, squared };
};

describe('nearest', () => {
  for (const count of [1, 3, 4, 5, 8, 11]) {
    it(`finds the same as a search through all of ${count} references, bit for bit`, () => {
      const rows = randomMatrix(50, 7);
      const references = randomMatrix(count, 7);
      const { index, squared } = find(rows, references);
      for (let row = 0; row < 50; row++) {
        const all = Array.from({ length: count }, (_, r) => squaredDistance(rows.values, row * 7, references.values, r * 7, 7));
        expect(squared[row]).toBe(Math.min(...all));
        expect(index[row]).toBe(all.indexOf(squared[row]));
      }
    });
  }

  it('gives ties to the lower index, inside a block of four and across', () => {
    const twins = makeMatrix(9, 1, Float64Array.of(9, 1, 1, 9, 9, 1, 9, 9, 1));
    expect([...find(makeMatrix(1, 1, Float64Array.of(0)), twins).index]).toEqual([1]);
    expect([...find(makeMatrix(1, 1, Float64Array.of(5)), twins).index]).toEqual([0]);
  });

  it('does not depend on the batch', () => {
    const rows = randomMatrix(30, 5);
    const references = randomMatrix(6, 5);
    const whole = find(rows, references).squared;
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 29 }), fc.integer({ min: 1, max: 30 }), (from, length) => {
        const to = Math.min(30, from + length);
        expect(find(rowsOf(rows, from, to), references).squared).toEqual(whole.slice(from, to));
      }),
    );
  });

  it('still names a reference where the squares overflow', () => {
    expect(find(makeMatrix(1, 1, Float64Array.of(1e300)), makeMatrix(2, 1, Float64Array.of(0, 1)))).toEqual({
      index: Int32Array.of(0),
      squared: Float64Array.of(Number.POSITIVE_INFINITY),
    });
  });
});

describe('euclideanNorm', () => {
  it('is the length, at any scale', () => {
    for (const scale of [1, 1e-200, 1e200, 1e-320]) {
      expect(euclideanNorm(Float64Array.of(3 * scale, -4 * scale)) / scale).toBeCloseTo(5, scale === 1e-320 ? 2 : 12);
    }
    expect(euclideanNorm(Float64Array.of(0, 0))).toBe(0);
    expect(euclideanNorm(new Float64Array(0))).toBe(0);
  });

  it('is the length up to the largest double, and that beyond', () => {
    expect(euclideanNorm(Float64Array.of(3 * 2 ** 1020, 4 * 2 ** 1020))).toBe(5 * 2 ** 1020);
    expect(euclideanNorm(Float64Array.of(0, -Number.MAX_VALUE))).toBe(Number.MAX_VALUE);
    expect(euclideanNorm(Float64Array.of(Number.MAX_VALUE, -Number.MAX_VALUE))).toBe(Number.MAX_VALUE);
  });

  it('agrees with Math.hypot', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 20 }), (values) => {
        const expected = Math.hypot(...values);
        expect(Math.abs(euclideanNorm(Float64Array.from(values)) - expected)).toBeLessThanOrEqual(1e-14 * expected);
      }),
    );
  });
});

describe('unitVector', () => {
  const unit = (...values: number[]): number[] => [...unitVector(Float64Array.from(values), new Float64Array(values.length))];

  it('has length 1 at any scale, also where the length overflows', () => {
    for (const scale of [1, 1e-300, 1e200, 4e307]) {
      const [a, b] = unit(3 * scale, -4 * scale);
      expect(a).toBeCloseTo(0.6, 15);
      expect(b).toBeCloseTo(-0.8, 15);
    }
    for (const x of unit(...Array(9).fill(Number.MAX_VALUE))) expect(x).toBeCloseTo(1 / 3, 15);
  });

  it('of zeros is zeros, and may be put in its own place', () => {
    expect(unit(0, 0)).toEqual([0, 0]);
    const vector = Float64Array.of(0, 5);
    expect(unitVector(vector, vector)).toBe(vector);
    expect([...vector]).toEqual([0, 1]);
  });
});
