import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix, rowsOf } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { squaredDistance } from './distance.ts';
import fixture from './fixtures/neighbours.json' with { type: 'json' };
import { kNearest, kNearestOthers } from './k-nearest.ts';
import { indexRows } from './neighbour-index.ts';

const matrix = (cols: number, values: readonly number[]): Matrix => makeMatrix(values.length / cols, cols, Float64Array.from(values));
const find = (rows: Matrix, references: Matrix, k: number) => {
  const index = new Int32Array(rows.rows * k).fill(-1);
  const squared = new Float64Array(rows.rows * k).fill(-1);
  kNearest(rows, indexRows(references), k, index, squared);
  return { index, squared };
};
const findOthers = (references: Matrix, k: number) => {
  const index = new Int32Array(references.rows * k).fill(-1);
  const squared = new Float64Array(references.rows * k).fill(-1);
  kNearestOthers(references, indexRows(references), k, index, squared);
  return { index, squared };
};
/** All references by distance, then index, sorted by the language. */
const sorted = (rows: Matrix, row: number, references: Matrix, k: number, without = -1) =>
  Array.from({ length: references.rows }, (_, r) => ({ r, d: squaredDistance(rows.values, row * rows.cols, references.values, r * rows.cols, rows.cols) }))
    .filter(({ r }) => r !== without)
    .sort((a, b) => a.d - b.d || a.r - b.r)
    .slice(0, k);
const agrees = (found: { index: Int32Array; squared: Float64Array }, row: number, k: number, expected: { r: number; d: number }[]): void => {
  expect([...found.index.subarray(row * k, (row + 1) * k)]).toEqual(expected.map(({ r }) => r));
  expect([...found.squared.subarray(row * k, (row + 1) * k)]).toEqual(expected.map(({ d }) => d));
};

describe('kNearest', () => {
  /** Smooth values make every distance different; few distinct ones make many ties. */
  const shapes = fc.record({
    cols: fc.integer({ min: 1, max: 16 }),
    /** Directions in which rows differ beyond noise; 0 = all. */
    rank: fc.constantFrom(0, 1, 3),
    noise: fc.constantFrom(0, 1e-9, 0.05),
    rows: fc.integer({ min: 1, max: 6 }),
    references: fc.integer({ min: 2, max: 90 }),
    distinct: fc.constantFrom(2, 4, 1e9),
    scale: fc.constantFrom(10, 1e-170, 1e150, 1e153),
    offset: fc.constantFrom(0, 1e6, 1e13),
    seed: fc.integer(),
  });
  const drawn = ({ cols, rank, noise, rows, references, distinct, scale, offset, seed }: typeof shapes extends fc.Arbitrary<infer T> ? T : never) => {
    const random = makeRandom(seed);
    const draw = (): number => (scale * random.int(distinct)) / distinct;
    const mix = Array.from({ length: rank }, () => Array.from({ length: cols }, () => random.normal()));
    const make = (count: number) => {
      const out = makeMatrix(
        count,
        cols,
        new Float64Array(count * cols).map(() => draw() * (rank === 0 ? 1 : noise)),
      );
      for (let row = 0; row < count; row++) {
        for (const loading of mix) {
          const factor = draw();
          for (let j = 0; j < cols; j++) out.values[row * cols + j] += factor * loading[j];
        }
        for (let j = 0; j < cols; j++) out.values[row * cols + j] += (scale / 10) * offset;
      }
      return out;
    };
    return { rows: make(rows), references: make(references) };
  };

  it('finds what sorting all references finds, bit for bit, also with ties', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 90 }), (shape, wanted) => {
        const { rows, references } = drawn(shape);
        const k = Math.min(wanted, references.rows);
        const found = find(rows, references, k);
        for (let row = 0; row < rows.rows; row++) agrees(found, row, k, sorted(rows, row, references, k));
      }),
      { numRuns: 300 },
    );
  });

  it('finds the same among the others of the references, without the row itself but with its duplicates', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 89 }), (shape, wanted) => {
        const { references } = drawn(shape);
        const k = Math.min(wanted, references.rows - 1);
        const found = findOthers(references, k);
        for (let row = 0; row < references.rows; row++) agrees(found, row, k, sorted(references, row, references, k, row));
      }),
    );
  });

  it('does not depend on the batch', () => {
    const random = makeRandom(5);
    const make = (count: number) =>
      makeMatrix(
        count,
        4,
        new Float64Array(count * 4).map(() => random.normal()),
      );
    const rows = make(40);
    const references = make(100);
    const whole = find(rows, references, 6);
    for (let row = 0; row < 40; row++) {
      const one = find(rowsOf(rows, row, row + 1), references, 6);
      expect(one.index).toEqual(whole.index.slice(row * 6, row * 6 + 6));
      expect(one.squared).toEqual(whole.squared.slice(row * 6, row * 6 + 6));
    }
  });

  it('still names references where squares overflow', () => {
    const { index, squared } = find(matrix(1, [1e300]), matrix(1, [0, 1e300, -1e300, 1]), 4);
    expect([...index]).toEqual([1, 0, 2, 3]);
    expect([...squared]).toEqual([0, Number.MAX_VALUE, Number.MAX_VALUE, Number.MAX_VALUE]);
  });

  describe('agrees with scikit-learn', () => {
    for (const [name, { columns, k, train, test, index, distances }] of Object.entries(fixture.neighbours)) {
      it(name, () => {
        const within = Math.min(k, train.length / columns);
        const found = find(matrix(columns, test), matrix(columns, train), within);
        distances.forEach((expected, row) => {
          expected.forEach((distance, i) => {
            const ours = Math.sqrt(found.squared[row * within + i]);
            expect(Math.abs(ours - distance)).toBeLessThanOrEqual(1e-12 * distance);
          });
          // Where distances are equal, scikit-learn promises no order.
          const distinct = new Set(expected).size === expected.length;
          if (distinct) expect([...found.index.subarray(row * within, (row + 1) * within)]).toEqual(index[row]);
        });
      });
    }
  });
});
