import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import { kNearest, kNearestOthers } from '../k-nearest.ts';
import { indexRows } from '../neighbour-index.ts';
import { negativeLogKernelMean } from '../rbf-kernel.ts';
import { applyLinearAlong } from '../ridge.ts';
import { whitenedNorms } from '../whitened-norm.ts';
import { place, simd, withoutVectors } from './simd.ts';

/** Sizes around those that the vector kernels take side by side. */
const shapes = fc.record({
  rows: fc.integer({ min: 1, max: 35 }),
  cols: fc.integer({ min: 1, max: 20 }),
  references: fc.integer({ min: 1, max: 70 }),
  scale: fc.constantFrom(1, 1e-170, 1e-12, 1e12, 1e153),
  offset: fc.constantFrom(0, 1e3, 1e12),
  seed: fc.integer(),
});

function drawn(rows: number, cols: number, { scale, offset, seed }: { scale: number; offset: number; seed: number }, name: string): Matrix {
  const random = makeRandom(seed, name);
  return makeMatrix(
    rows,
    cols,
    new Float64Array(rows * cols).map(() => scale * (offset + random.normal())),
  );
}

/** The same numbers with the vector kernels and without them. */
function requireEqual(compute: () => readonly (Float64Array | Int32Array)[]): void {
  const vectors = compute();
  const plain = withoutVectors(compute);
  for (const [i, numbers] of vectors.entries())
    for (let n = 0; n < numbers.length; n++) expect(Object.is(numbers[n], plain[i][n]), `${numbers[n]} ${plain[i][n]}`).toBe(true);
}

describe('the vector kernels give what plain TypeScript gives, by Object.is:', () => {
  it('nearest references', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 9 }), (shape, wanted) => {
        const references = drawn(shape.references + 1, shape.cols, shape, 'references');
        const rows = drawn(shape.rows, shape.cols, shape, 'rows');
        const k = Math.min(wanted, shape.references);
        requireEqual(() => {
          const [index, squared] = [new Int32Array(rows.rows * k), new Float64Array(rows.rows * k)];
          kNearest(rows, indexRows(references), k, index, squared);
          const others = [new Int32Array(references.rows * k), new Float64Array(references.rows * k)] as const;
          kNearestOthers(references, indexRows(references), k, ...others);
          return [index, squared, ...others];
        });
      }),
    );
  });

  it('kernel means', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const references = drawn(shape.references, shape.cols, shape, 'references');
        const rows = drawn(shape.rows, shape.cols, shape, 'rows');
        const share = new Float64Array(shape.references).fill(1 / shape.references);
        const gamma = 1 / (shape.cols * shape.scale ** 2) || 1;
        requireEqual(() => {
          const [out, posterior] = [new Float64Array(rows.rows), new Float64Array(shape.references)];
          negativeLogKernelMean(rows, references, share, Number.isFinite(gamma) ? gamma : 1, out, posterior);
          return [out, posterior];
        });
      }),
    );
  });

  it('whitened norms', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const rows = drawn(shape.rows, shape.cols, shape, 'rows');
        const lower = drawn(1, (shape.cols * (shape.cols + 1)) / 2, { ...shape, offset: 0 }, 'lower').values;
        const mean = drawn(1, shape.cols, shape, 'mean').values;
        requireEqual(() => {
          const out = new Float64Array(rows.rows);
          whitenedNorms(rows, mean, lower, out);
          return [out];
        });
      }),
    );
  });

  it('linear maps of windows', () => {
    fc.assert(
      fc.property(shapes, fc.integer({ min: 1, max: 4 }), (shape, order) => {
        const { rows, cols, references: targets } = shape;
        const along = { rows: rows * 4, inputs: order * cols };
        const values = drawn(along.rows + order, cols, shape, 'values').values;
        const map = {
          intercept: drawn(1, targets, shape, 'intercept').values,
          coefficients: drawn(targets, along.inputs, { ...shape, offset: 0 }, 'coefficients').values,
        };
        requireEqual(() => {
          const out = new Float64Array(along.rows * targets);
          applyLinearAlong(map, values, cols, along.rows, out);
          return [out];
        });
      }),
    );
  });
});

describe('what is placed for the vector kernels', () => {
  it('is what was given, and more than there is room for is not', () => {
    const placed = place(Float64Array.of(1, 2, 3));
    expect([...new Float64Array(simd().memory.buffer, placed?.address, 3)]).toEqual([1, 2, 3]);
    expect(place(new Float64Array(2 ** 28))).toBe(undefined);
  });
});
