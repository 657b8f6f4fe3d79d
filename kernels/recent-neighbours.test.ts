import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix, rowsOf } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { kNearest } from './k-nearest.ts';
import { indexRows, type NeighbourIndex } from './neighbour-index.ts';
import { nearestOf, nearestOfAll } from './recent-neighbours.ts';

const cols = 5;
const random = makeRandom(1, 'recent neighbours');
/** Coarse, so that rows repeat and neighbours tie. */
const someRows = (rows: number): Matrix =>
  makeMatrix(
    rows,
    cols,
    Float64Array.from({ length: rows * cols }, () => random.int(4)),
  );
const searched = (rows: Matrix, references: NeighbourIndex, k: number) => {
  const found = { index: new Int32Array(rows.rows * k), squared: new Float64Array(rows.rows * k) };
  kNearest(rows, references, k, found.index, found.squared);
  return found;
};
const rowOf = (rows: Matrix, row: number): Float64Array => rows.values.slice(row * cols, (row + 1) * cols);

function expectSearched(rows: Matrix, order: Iterable<number>, references: NeighbourIndex, k: number): void {
  for (const row of order) {
    const { index, squared } = nearestOf(rowOf(rows, row), references, k);
    const expected = searched(rowsOf(rows, row, row + 1), references, k);
    expect([...index], `row ${row}`).toEqual([...expected.index]);
    expect([...squared], `row ${row}`).toEqual([...expected.squared]);
  }
}

describe('neighbours of rows that were searched before', () => {
  const references = indexRows(someRows(240));

  it('are those of a search, in whatever order they are asked for', () => {
    const rows = someRows(40);
    const { index, squared } = nearestOfAll(rows, references, 3);
    const expected = searched(rows, references, 3);
    expect([...index]).toEqual([...expected.index]);
    expect([...squared]).toEqual([...expected.squared]);
    expectSearched(rows, rows.values.subarray(0, 40).keys(), references, 3);
    expectSearched(rows, [39, 0, 17, 17, 3, 38], references, 3);
  });

  it('are searched for where the rows are others, or the neighbours', () => {
    const [before, last] = [someRows(30), someRows(7)];
    nearestOfAll(before, references, 2);
    nearestOfAll(last, references, 2);
    expectSearched(before, [0, 11, 29], references, 2);
    expectSearched(last, [6, 0], references, 2);
    expectSearched(last, [6, 0], references, 4);
    expectSearched(last, [1], indexRows(someRows(20)), 2);
  });

  it('are those of the rows in one piece, however many searches it takes', () => {
    const rows = someRows(200);
    for (let row = 0, size = 1; row < rows.rows; row += size, size = 1 + ((size * 7) % 23)) {
      const part = rowsOf(rows, row, Math.min(rows.rows, row + size));
      const { index, squared } = nearestOfAll(part, references, 2);
      const expected = searched(part, references, 2);
      expect([...index], `rows from ${row} on`).toEqual([...expected.index]);
      expect([...squared], `rows from ${row} on`).toEqual([...expected.squared]);
      if (row % 5 === 0) expectSearched(rows, [row, row >> 1, 0], references, 2);
    }
    expectSearched(rows, rows.values.subarray(0, 200).keys(), references, 2);
  });

  it('are those of the rows as they were searched, whatever has become of the memory they lay in', () => {
    const rows = someRows(20);
    const kept = rows.values.slice();
    nearestOfAll(rows, references, 1);
    rows.values.set(someRows(20).values);
    expectSearched(rows, rows.values.subarray(0, 20).keys(), references, 1);
    expectSearched(makeMatrix(20, cols, kept), rows.values.subarray(0, 20).keys(), references, 1);
  });

  it('are found for more rows than are kept, and for rows whose sums say nothing', () => {
    const many = someRows(700);
    expect([...nearestOfAll(many, references, 1).index]).toEqual([...searched(many, references, 1).index]);
    expectSearched(many, [0, 699], references, 1);
    // Alike in sum and not in value; past the range of doubles; in order and reversed.
    const odd = makeMatrix(4, cols, Float64Array.of(1, 2, 3, 4, 5, 5, 4, 3, 2, 1, 1e308, 1e308, -1e308, -1e308, 0, -1e308, -1e308, 1e308, 1e308, 0));
    nearestOfAll(odd, references, 2);
    expectSearched(odd, [1, 0, 3, 2], references, 2);
  });
});
