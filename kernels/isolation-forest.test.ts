import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix, rowsOf } from '../core/matrix.ts';
import { makeRandom, type Random } from '../core/random.ts';
import fixture from './fixtures/isolation-forest.json' with { type: 'json' };
import { averagePathLengths, type Forest, growForest, isolationScores, occludedScores } from './isolation-forest.ts';

const matrix = (cols: number, values: readonly number[]): Matrix => makeMatrix(values.length / cols, cols, Float64Array.from(values));
const scores = (forest: Forest, rows: Matrix): Float64Array => isolationScores(forest, rows, new Float64Array(rows.rows));
/** The averaged path lengths that the scores stand for. */
const lengths = (forest: Forest, rows: Matrix): number[] => Array.from(scores(forest, rows), (score) => -Math.log2(score) * forest.usual);
const correlated = matrix(fixture.cases.correlated.columns, fixture.cases.correlated.rows.flat());

describe('averagePathLengths', () => {
  it('obeys the recurrence of a tree whose every split is equally likely', () => {
    const c = averagePathLengths(300);
    expect([...c.subarray(0, 4)]).toEqual([0, 0, 1, expect.closeTo(5 / 3, 15)]);
    for (let n = 2; n <= 300; n++) {
      let below = 0;
      for (let k = 1; k < n; k++) below += (k * c[k] + (n - k) * c[n - k]) / (n - 1);
      expect(c[n], `c(${n})`).toBeCloseTo(1 + below / n, 10);
    }
  });

  it("is near the paper's approximation of the harmonic numbers", () => {
    expect(averagePathLengths(256)[256]).toBeCloseTo(2 * (Math.log(255) + 0.5772156649) - (2 * 255) / 256, 2);
  });
});

describe('isolationScores', () => {
  /** Two trees of two rows a leaf, c = 2. The second stops at its root on the right. */
  const byHand: Forest = {
    trees: 2,
    height: 2,
    samples: 8,
    column: Int32Array.of(0, 1, 0, 0, 0, 0, 1, 0),
    threshold: Float64Array.of(0, 5, 1, 2, 0, 0, -1, Number.POSITIVE_INFINITY),
    length: Float64Array.of(2, 3, 4, 5, 2, 6, 1, 0),
    usual: 2,
  };

  it('follows trees by hand', () => {
    // Tree 1: column 1 <= 5, then column 0 <= 1 on the left and <= 2 on the right. Tree 2: column 0 <= 0, then column 1 <= -1 on the left.
    const rows = matrix(2, [0, 0, 1.5, 5, 2, 5.5, 3, 9, 0, -1]);
    expect([...scores(byHand, rows)]).toEqual([2 + 6, 3 + 1, 4 + 1, 5 + 1, 2 + 2].map((sum) => 2 ** (-sum / 2 / 2)));
  });

  it('is finite for any finite row, also where nothing goes right', () => {
    const far = matrix(2, [Number.MAX_VALUE, -Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE]);
    expect([...scores(byHand, far)]).toEqual([2 ** -1, 2 ** -1.5]);
  });

  it('does not depend on batches or on how many trees make a group', () => {
    const forest = growForest(correlated, 7, 64, makeRandom(2));
    const whole = scores(forest, correlated);
    fc.assert(
      fc.property(fc.nat(correlated.rows), fc.nat(correlated.rows), (a, b) => {
        const [from, to] = [Math.min(a, b), Math.max(a, b)];
        expect(scores(forest, rowsOf(correlated, from, to))).toEqual(whole.slice(from, to));
      }),
      { numRuns: 50 },
    );
  });
});

describe('growForest', () => {
  it('isolates two rows by one split', () => {
    expect([...scores(growForest(matrix(1, [3, 8]), 100, 256, makeRandom(1)), matrix(1, [3, 8, -50, 5]))]).toEqual([0.5, 0.5, 0.5, 0.5]);
  });

  it('isolates three rows as often early as the gaps between them say', () => {
    // Thresholds are uniform over [0, 4]: three in four set 4 apart first, one in four 0; two splits for the others.
    const rows = matrix(1, [0, 1, 4]);
    const [zero, one, four] = lengths(growForest(rows, 4000, 3, makeRandom(1)), rows);
    expect(Math.abs(zero - (0.25 + 2 * 0.75))).toBeLessThan(0.03);
    expect(one).toBeCloseTo(2, 12);
    expect(Math.abs(four - (0.75 + 2 * 0.25))).toBeLessThan(0.03);
  });

  it('ends at the height limit, where a leaf counts as many splits as its rows would take', () => {
    // Nine rows on a line, eight of them equal: a leaf of eight rows at depth 1.
    const rows = matrix(1, [0, 0, 0, 0, 0, 0, 0, 0, 5]);
    const forest = growForest(rows, 20, 9, makeRandom(1));
    expect(forest.height).toBe(4);
    const [equal, alone] = lengths(forest, matrix(1, [0, 5]));
    expect(equal).toBeCloseTo(1 + averagePathLengths(8)[8], 12);
    expect(alone).toBeCloseTo(1, 12);
  });

  it('draws columns among those that are not constant at the node', () => {
    const random = makeRandom(6);
    const rows = matrix(
      4,
      Array.from({ length: 400 }, (_, i) => (i % 4 === 2 ? random.normal() : 0.1)),
    );
    const forest = growForest(rows, 50, 100, makeRandom(1));
    expect(new Set([...forest.column].filter((_, i) => Number.isFinite(forest.threshold[i])))).toEqual(new Set([2]));
    expect(forest.samples).toBe(100);
  });

  it('grows each tree from other rows, and the same ones whatever the number of trees', () => {
    const few = growForest(correlated, 3, 64, makeRandom(5));
    const more = growForest(correlated, 6, 64, makeRandom(5));
    expect(more.threshold.slice(0, few.threshold.length)).toEqual(few.threshold);
    expect(more.length.slice(0, few.length.length)).toEqual(few.length);
    expect(more.threshold.slice(64, 128)).not.toEqual(more.threshold.slice(0, 64));
    expect(growForest(correlated, 3, 64, makeRandom(6)).threshold).not.toEqual(few.threshold);
  });

  it('grows each tree as if it were the first', () => {
    const same: Random = { ...makeRandom(5), fork: () => makeRandom(8) };
    for (const samples of [2, 64, correlated.rows - 1, correlated.rows]) {
      const { height, column, threshold, length } = growForest(correlated, 4, samples, same);
      const width = 2 ** height;
      for (const values of [column, threshold, length]) {
        for (let tree = 1; tree < 4; tree++) expect(values.slice(tree * width, (tree + 1) * width)).toEqual(values.slice(0, width));
      }
    }
  });

  it('places every threshold so that rows go both ways, at any scale', () => {
    const value = fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.constantFrom(0, 1, 1 + Number.EPSILON, Number.MAX_VALUE, -Number.MAX_VALUE));
    fc.assert(
      fc.property(fc.array(value, { minLength: 2, maxLength: 20 }), fc.nat(1000), (values, seed) => {
        const distinct = new Set(values).size;
        const rows = matrix(1, values);
        const { height, threshold, length, usual } = growForest(rows, 1, values.length, makeRandom(seed));
        // Rows sorted by value fall into leaves from left to right, and a finite threshold always parts some of them.
        const splits = [...threshold].filter((x) => Number.isFinite(x));
        for (const x of splits) expect(values.some((v) => v <= x) && values.some((v) => v > x)).toBe(true);
        expect(splits.length).toBeLessThan(distinct);
        expect(splits.length > 0 || distinct === 1).toBe(true);
        expect(length.length).toBe(2 ** height);
        expect(usual).toBeGreaterThanOrEqual(1);
      }),
    );
  });

  for (const [name, { columns, rows, others, scores: expected }] of Object.entries(fixture.cases)) {
    it(`ranks rows as scikit-learn's IsolationForest does, with 1,000 trees on both sides: ${name}`, () => {
      const forest = growForest(matrix(columns, rows.flat()), 1000, 256, makeRandom(20151224));
      const found = scores(forest, matrix(columns, [...rows, ...others].flat()));
      expect(pearson(ranks(found), ranks(Float64Array.from(expected)))).toBeGreaterThan(0.97);
      const differences = found.map((score, row) => Math.abs(score - expected[row]));
      expect(differences.reduce((sum, x) => sum + x, 0) / found.length).toBeLessThan(0.01);
    });
  }
});

/** Ties take the mean of their ranks. */
function ranks(values: Float64Array): Float64Array {
  const sorted = values.slice().sort();
  return values.map((x) => (sorted.indexOf(x) + sorted.lastIndexOf(x)) / 2);
}

function pearson(a: Float64Array, b: Float64Array): number {
  const mean = (x: Float64Array): number => x.reduce((sum, value) => sum + value, 0) / x.length;
  const covariance = (x: Float64Array, y: Float64Array): number => x.reduce((sum, value, i) => sum + (value - mean(x)) * (y[i] - mean(y)), 0);
  return covariance(a, b) / Math.sqrt(covariance(a, a) * covariance(b, b));
}

describe('occludedScores', () => {
  it('are those of the rows in which one column is put to another value, by Object.is', () => {
    const shapes = fc.record({
      rows: fc.integer({ min: 2, max: 300 }),
      cols: fc.integer({ min: 1, max: 9 }),
      trees: fc.integer({ min: 1, max: 13 }),
      parts: fc.integer({ min: 1, max: 4 }),
      distinct: fc.constantFrom(2, 5, 1e9),
      seed: fc.integer(),
    });
    fc.assert(
      fc.property(shapes, ({ rows, cols, trees, parts, distinct, seed }) => {
        const random = makeRandom(seed);
        const draw = (length: number): Float64Array => new Float64Array(length).map(() => random.int(distinct) / distinct);
        const forest = growForest(makeMatrix(rows, cols, draw(rows * cols)), trees, 64, random);
        const [row, values] = [draw(cols), draw(cols * parts)];
        const occluded = makeMatrix(cols * parts + 1, cols);
        for (let i = 0; i < occluded.rows; i++) {
          occluded.values.set(row, i * cols);
          if (i < cols * parts) occluded.values[i * cols + Math.floor(i / parts)] = values[i];
        }
        const expected = scores(forest, occluded);
        const found = occludedScores(forest, row, values, new Float64Array(occluded.rows));
        expect([...found].every((score, i) => Object.is(score, expected[i]))).toBe(true);
      }),
    );
  });
});
