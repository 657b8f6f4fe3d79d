import { describe, expect, it } from 'vitest';
import { makeRandom } from '../core/random.ts';
import { cholesky, invertLower, multiplyLower, multiplyLowerTransposed, solveCholesky } from './cholesky.ts';

const size = 12;
const random = makeRandom(1, 'cholesky');
const square = (value: (i: number, j: number) => number): Float64Array =>
  Float64Array.from({ length: size * size }, (_, at) => value(Math.floor(at / size), at % size));
const factors = square(() => random.normal());
const definite = square((i, j) => {
  let sum = i === j ? 0.1 : 0;
  for (let k = 0; k < size; k++) sum += factors[i * size + k] * factors[j * size + k];
  return sum;
});
const entry = (lower: Float64Array, i: number, j: number): number => (j > i ? 0 : lower[(i * (i + 1)) / 2 + j]);

describe('cholesky', () => {
  it('gives factors whose product is the matrix', () => {
    const lower = cholesky(definite, size)!;
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += entry(lower, i, k) * entry(lower, j, k);
        expect(sum).toBeCloseTo(definite[i * size + j], 11);
      }
    }
  });

  it('reads the lower half alone', () => {
    const spoilt = square((i, j) => (j > i ? Number.NaN : definite[i * size + j]));
    expect(cholesky(spoilt, size)).toEqual(cholesky(definite, size));
  });

  it('refuses what is not positive definite', () => {
    expect(cholesky(Float64Array.of(1, 1, 1, 1), 2)).toBeUndefined();
    expect(cholesky(Float64Array.of(1, 2, 2, 1), 2)).toBeUndefined();
    expect(cholesky(Float64Array.of(0), 1)).toBeUndefined();
    expect(cholesky(Float64Array.of(Number.NaN), 1)).toBeUndefined();
    expect(cholesky(Float64Array.of(-1), 1)).toBeUndefined();
  });

  it('refuses a pivot that is only rounding', () => {
    // Three copies of a column: the third pivot is 0 but for rounding.
    const copies = Float64Array.from({ length: 9 }, () => 0.1 + 0.2);
    expect(cholesky(copies, 3)).toBeUndefined();
  });
});

describe('invertLower', () => {
  it('times the factor is the identity', () => {
    const lower = cholesky(definite, size)!;
    const inverse = invertLower(lower, size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++) {
        let sum = 0;
        for (let k = 0; k < size; k++) sum += entry(inverse, i, k) * entry(lower, k, j);
        expect(sum).toBeCloseTo(i === j ? 1 : 0, 11);
      }
    }
  });
});

describe('multiplyLower and its transpose', () => {
  it('solve with the matrix when the factor is inverted', () => {
    const inverse = invertLower(cholesky(definite, size)!, size);
    const x = new Float64Array(size).map(() => random.normal());
    const b = new Float64Array(size);
    for (let i = 0; i < size; i++) for (let j = 0; j < size; j++) b[i] += definite[i * size + j] * x[j];
    const solved = multiplyLowerTransposed(inverse, multiplyLower(inverse, b, new Float64Array(size)), new Float64Array(size).fill(9));
    for (let i = 0; i < size; i++) expect(solved[i]).toBeCloseTo(x[i], 9);
  });
});

describe('solveCholesky', () => {
  it('gives what the matrix takes to the right side, in place', () => {
    const wanted = Float64Array.from({ length: size }, random.normal);
    const x = Float64Array.from({ length: size }, (_, i) => wanted.reduce((sum, y, j) => sum + definite[i * size + j] * y, 0));
    expect(solveCholesky(cholesky(definite, size)!, x)).toBe(x);
    for (let i = 0; i < size; i++) expect(x[i]).toBeCloseTo(wanted[i], 9);
  });
});
