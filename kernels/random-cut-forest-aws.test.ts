import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix } from '../core/matrix.ts';
import fixture from './fixtures/random-cut-forest.json' with { type: 'json' };
import { learnNext, scoreNext } from './random-cut-forest.ts';
import { explainNext } from './random-cut-forest-reasons.ts';
import { type Forest, newForest, openForest } from './random-cut-forest-state.ts';

const forestOf = (columns: number, shingle: number, seed: number): Forest => {
  const shape = { columns, shingle, trees: 50, samples: 256, decay: 0.1 / 256 };
  return openForest(shape, newForest(shape, Int32Array.of(seed, 1, 2, 3), new Float64Array(columns)));
};

/** Rows that the library takes in before it scores one. */
const outputAfter = 64;

/** Every so many rows' scores, averaged over seeds, from the first one that the library has on. */
function compare(
  rows: Matrix,
  { shingle, every, scores }: { shingle: number; every: number; scores: readonly number[] },
  seeds: number,
  look?: (forest: Forest, row: number) => void,
): number {
  const own = new Float64Array(scores.length);
  for (let seed = 1; seed <= seeds; seed++) {
    const forest = forestOf(rows.cols, shingle, seed);
    for (let row = 0; row < rows.rows; row++) {
      if (row % every === 0) own[row / every] += scoreNext(forest, rows.values, row * rows.cols) / seeds;
      look?.(forest, row);
      learnNext(forest, rows.values, row * rows.cols, true);
    }
  }
  const from = Math.ceil(outputAfter / every);
  expect(scores[from - 1]).toBe(0);
  expect(scores[from]).toBeGreaterThan(0);
  return rankCorrelation(own.subarray(from), Float64Array.from(scores.slice(from)));
}

function rankCorrelation(a: Float64Array, b: Float64Array): number {
  return correlation(ranks(a), ranks(b));
}

function correlation(a: Float64Array, b: Float64Array): number {
  const mean = (values: Float64Array): number => values.reduce((sum, x) => sum + x, 0) / values.length;
  const [middleA, middleB] = [mean(a), mean(b)];
  const product = (one: Float64Array, m: number, other: Float64Array, n: number): number => one.reduce((sum, x, i) => sum + (x - m) * (other[i] - n), 0);
  return product(a, middleA, b, middleB) / Math.sqrt(product(a, middleA, a, middleA) * product(b, middleB, b, middleB));
}

/** Equal values have the mean of their ranks. */
function ranks(values: Float64Array): Float64Array {
  const order = [...values.keys()].sort((a, b) => values[a] - values[b]);
  const out = new Float64Array(values.length);
  for (let from = 0, to = 0; from < order.length; from = to) {
    while (to < order.length && values[order[to]] === values[order[from]]) to++;
    for (let i = from; i < to; i++) out[order[i]] = (from + to - 1) / 2;
  }
  return out;
}

/** The streams of scripts/fixtures/random-cut-forest/src/main/java/Streams.java. */
function makeNoise(seed: number): () => number {
  let state = seed;
  return () => {
    let sum = -2;
    for (let i = 0; i < 4; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      sum += (state >>> 0) / 4294967296;
    }
    return sum;
  };
}
const triangle = (row: number, period: number): number => 1 - Math.abs((2 * (row % period)) / period - 1);
function univariate(): Matrix {
  const noise = makeNoise(1);
  const rows = makeMatrix(4000, 1);
  for (let row = 0; row < 4000; row++) {
    let x = 10 * triangle(row >= 3300 && row < 3400 ? row + 12 : row, 48);
    if (row >= 2200 && row < 2260) x = 5;
    if (row >= 1500 && row < 1503) x += 8;
    if (row === 2800) x -= 12;
    rows.values[row] = Math.fround(x + noise());
  }
  return rows;
}
const alteredColumn = (row: number): number => (row >= 600 && row % 150 < 3 ? Math.floor(row / 150) % 3 : -1);
function multivariate(): Matrix {
  const noise = makeNoise(2);
  const rows = makeMatrix(3000, 3);
  for (let row = 0; row < 3000; row++) {
    const x = 5 * triangle(row, 40);
    rows.values.set([x + noise(), 10 - x + noise(), (row % 90 < 45 ? 4 : 0) + noise()].map(Math.fround), 3 * row);
    const altered = alteredColumn(row);
    if (altered >= 0) rows.values[3 * row + altered] = Math.fround(rows.values[3 * row + altered] + (Math.floor(row / 150) % 2 === 0 ? 6 : -6));
  }
  return rows;
}

describe("a forest beside AWS's", () => {
  // Two single runs of the library agree to 0.77 and 0.90 (`alike`): its own noise. So means over seeds are compared.
  it('ranks the rows of a simulated stream alike', () => {
    expect(compare(univariate(), fixture.univariate, 4)).toBeGreaterThan(0.9);
  });

  it('ranks the rows of a simulated stream of several columns alike, for the same reasons, and expects the same', () => {
    const rows = multivariate();
    const seeds = 2;
    const told = fixture.reasons.map(() => new Float64Array(9));
    const place = new Map(fixture.reasons.map(([row], n) => [row, n]));
    const out = { above: new Float64Array(3), below: new Float64Array(3), expected: new Float64Array(3), range: new Float64Array(3) };
    const explain = (forest: Forest, row: number): void => {
      const n = place.get(row);
      if (n === undefined) return;
      explainNext(forest, rows.values, 3 * row, out);
      [...out.above, ...out.below, ...out.expected].forEach((x, i) => {
        told[n][i] += x / seeds;
      });
    };
    expect(compare(rows, fixture.multivariate, seeds, explain)).toBeGreaterThan(0.9);
    const column = (values: readonly ArrayLike<number>[], i: number): Float64Array => Float64Array.from(values, (row) => row[i]);
    for (const i of [0, 1, 2, 3, 4, 5]) {
      const [own, theirs] = [column(told, i), column(fixture.reasons, i + 1)];
      expect(rankCorrelation(own, theirs), `${i < 3 ? 'above' : 'below'} of column ${i % 3}`).toBeGreaterThan(0.95);
      expect(correlation(own, theirs)).toBeGreaterThan(0.97);
    }
    for (const i of [6, 7, 8]) {
      const [own, theirs] = [column(told, i), column(fixture.reasons, i + 1)];
      expect(correlation(own, theirs), `expected of column ${i % 3}`).toBeGreaterThan(0.95);
    }
    // Both blame the column that was altered, on the first row of it.
    for (const [n, [row, ...theirs]] of fixture.reasons.entries()) {
      if (alteredColumn(row) < 0 || row % 150 > 0) continue;
      const most = (parts: ArrayLike<number>): number => [0, 1, 2].reduce((best, j) => (parts[j] + parts[3 + j] > parts[best] + parts[3 + best] ? j : best), 0);
      expect(most(told[n]), `row ${row}`).toBe(most(theirs));
    }
  });

  const data = process.env.SLUICE_DATA;
  describe.skipIf(!data)("over NAB's realKnownCause (needs SLUICE_DATA)", () => {
    it.each(Object.entries(fixture.nab))('ranks the rows of %s alike', (name, file) => {
      const lines = readFileSync(join(data ?? '', 'nab/realKnownCause', `${name}.csv`), 'utf8')
        .trimEnd()
        .split('\n')
        .slice(1);
      const rows = makeMatrix(
        lines.length,
        1,
        Float64Array.from(lines, (line) => Number(line.slice(line.indexOf(',') + 1))),
      );
      expect(rows.rows).toBe(file.rows);
      expect(compare(rows, file, 1)).toBeGreaterThan(0.9);
    });
  });
});
