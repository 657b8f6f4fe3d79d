import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRandom } from '../core/random.ts';
import { symmetricEigen } from './eigen.ts';

const symmetric = (n: number, entry: (i: number, j: number) => number): Float64Array => {
  const matrix = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = entry(i, j);
  return matrix;
};

/** Largest |A v - value v| and |V V' - I|, against the largest |A|. */
function faults(matrix: Float64Array, n: number) {
  const { values, vectors } = symmetricEigen(matrix, n);
  let size = Number.MIN_VALUE;
  let residual = 0;
  let skew = 0;
  for (const x of matrix) size = Math.max(size, Math.abs(x));
  for (let v = 0; v < n; v++) {
    for (let i = 0; i < n; i++) {
      let product = 0;
      let dot = 0;
      for (let j = 0; j < n; j++) {
        product += (matrix[i * n + j] / size) * vectors[v * n + j];
        dot += vectors[v * n + j] * vectors[i * n + j];
      }
      residual = Math.max(residual, Math.abs(product - (values[v] / size) * vectors[v * n + i]));
      skew = Math.max(skew, Math.abs(dot - (v === i ? 1 : 0)));
    }
  }
  return { residual, skew, values, vectors };
}

describe('eigenvalues of a symmetric matrix', () => {
  it('has the closed form of the chain 2 -1: 2 - 2 cos(k pi / (n + 1))', () => {
    const n = 40;
    const { values } = symmetricEigen(
      symmetric(n, (i, j) => (i === j ? 2 : i - j === 1 ? -1 : 0)),
      n,
    );
    for (let k = 1; k <= n; k++) expect(values[n - k]).toBeCloseTo(2 - 2 * Math.cos((k * Math.PI) / (n + 1)), 13);
  });

  it('finds two by two by hand, with the sign that makes the largest element positive', () => {
    const { values, vectors } = symmetricEigen(new Float64Array([1, -2, -2, 4]), 2);
    expect(values[0]).toBeCloseTo(5, 14);
    expect(values[1]).toBeCloseTo(0, 14);
    const root = Math.sqrt(5);
    [-1 / root, 2 / root, 2 / root, 1 / root].forEach((x, i) => {
      expect(vectors[i]).toBeCloseTo(x, 14);
    });
  });

  it('separates the close pairs of a Wilkinson matrix, as LAPACK does', () => {
    const { values } = symmetricEigen(
      symmetric(21, (i, j) => (i === j ? Math.abs(i - 10) : i - j === 1 ? 1 : 0)),
      21,
    );
    // numpy.linalg.eigvalsh, the two largest and the smallest
    expect(values[0]).toBeCloseTo(10.746194182903393, 12);
    expect(values[1]).toBeCloseTo(10.746194182903322, 12);
    expect(values[20]).toBeCloseTo(-1.125441522119984, 12);
  });

  it('takes repeated, zero and negative eigenvalues, and one or no row', () => {
    expect(
      symmetricEigen(
        symmetric(5, (i, j) => (i === j ? 3 : 0)),
        5,
      ).values,
    ).toEqual(new Float64Array(5).fill(3));
    expect(symmetricEigen(new Float64Array(9), 3)).toEqual({ values: new Float64Array(3), vectors: new Float64Array([1, 0, 0, 0, 1, 0, 0, 0, 1]) });
    expect(symmetricEigen(new Float64Array([-4]), 1)).toEqual({ values: new Float64Array([-4]), vectors: new Float64Array([1]) });
    expect(symmetricEigen(new Float64Array(0), 0).values).toHaveLength(0);
    const ones = symmetricEigen(new Float64Array(36).fill(1), 6).values;
    expect(ones[0]).toBeCloseTo(6, 13);
    for (const value of ones.subarray(1)) expect(value).toBeCloseTo(0, 13);
  });

  it('holds A v = value v and V V = I for random matrices of any size, rank and scale', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 24 }),
        fc.integer({ min: 1, max: 24 }),
        fc.integer(),
        fc.constantFrom(1e-200, 1e-9, 1, 1e9, 1e200),
        (n, rank, seed, scale) => {
          const random = makeRandom(seed);
          const factors = Array.from({ length: Math.min(n, rank) }, () => Float64Array.from({ length: n }, () => random.normal()));
          const signs = factors.map(() => (random.next() < 0.5 ? -scale : scale));
          const matrix = symmetric(n, (i, j) => factors.reduce((sum, f, k) => sum + signs[k] * f[i] * f[j], 0));
          const { residual, skew, values, vectors } = faults(matrix, n);
          expect(residual).toBeLessThan(1e-13 * n);
          expect(skew).toBeLessThan(1e-13 * n);
          for (let i = 0; i < n; i++) {
            if (i > 0) expect(values[i]).toBeLessThanOrEqual(values[i - 1]);
            const row = vectors.subarray(i * n, (i + 1) * n);
            expect(row.reduce((most, x) => (Math.abs(x) > Math.abs(most) ? x : most), 0)).toBeGreaterThan(0);
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('leaves the matrix as it was and gives the same bits again', () => {
    const random = makeRandom(3);
    const matrix = symmetric(30, () => random.normal());
    const before = matrix.slice();
    const first = symmetricEigen(matrix, 30);
    expect(matrix).toEqual(before);
    expect(symmetricEigen(matrix, 30)).toEqual(first);
  });

  it('refuses what is not finite', () => {
    expect(() => symmetricEigen(new Float64Array([1, Number.NaN, Number.NaN, 1]), 2)).toThrow(/not finite/);
    expect(() => symmetricEigen(new Float64Array([Number.POSITIVE_INFINITY]), 1)).toThrow(/not finite/);
  });
});
