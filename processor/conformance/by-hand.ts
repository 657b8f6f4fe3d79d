import assert from 'node:assert/strict';
import type { z } from 'zod';
import type { DetectorDefinition } from '../../core/component.ts';
import { makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import type { Plain } from '../../core/record.ts';
import type { NeighbourIndex } from '../../kernels/neighbour-index.ts';
import { unpackRows } from '../../kernels/packed-rows.ts';

/**
 * A detector without memory on a few rows that are written out, row by row, as plain numbers: for what it alone promises, held to
 * figures worked out by hand.
 *
 * @example
 * const { train, score } = byHand(kNn);
 * score(train(1, [0, 1, 3]), 1, [5]); // [2]
 */
export function byHand<O extends z.ZodObject, M extends Plain>(definition: DetectorDefinition<O, M>) {
  return {
    /** With options as in a pipeline file and the pipeline's seed. */
    train(cols: number, values: readonly number[], options: z.input<O> | Record<string, never> = {}, seed = 1): M {
      const rows = makeMatrix(values.length / cols, cols, Float64Array.from(values));
      return definition.fit(rows, [], definition.options.parse(options), { random: makeRandom(seed), fitRows: rows.rows });
    },
    score(model: M, cols: number, values: readonly number[]): number[] {
      const out = new Float64Array(values.length / cols);
      definition.score!(model, makeMatrix(out.length, cols, Float64Array.from(values)), out);
      return [...out];
    },
    explain(model: M, row: readonly number[]) {
      // Not zero before: an explanation fills every entry.
      const out = { reference: new Float64Array(row.length).fill(Number.NaN), weight: new Float64Array(row.length).fill(Number.NaN) };
      definition.explain(model, undefined, Float64Array.from(row), out);
      return { ...out, contributions: row.map((x, j) => (x - out.reference[j]) * out.weight[j]) };
    },
  };
}

/** The rows that a neighbour index was made of, one after the other. */
export function indexedRows({ packed }: NeighbourIndex): number[] {
  return [
    ...unpackRows(
      packed,
      Int32Array.from({ length: packed.rows }, (_, row) => row),
    ).values,
  ];
}

/**
 * What every detector that keeps some of its rows owes: in their order, drawn by its own seed before that of the pipeline.
 *
 * @param keep trains on the numbers of `rows` in one column, with these seeds, and gives 50 that were kept
 */
export function assertDrawn(keep: (rows: readonly number[], seed: number | undefined, pipeline: number) => readonly number[]): void {
  const rows = Array.from({ length: 500 }, (_, i) => i);
  const kept = keep(rows, 3, 1);
  assert.equal(new Set(kept).size, 50);
  assert.deepEqual(
    kept,
    rows.filter((row) => kept.includes(row)),
    'in order',
  );
  assert.deepEqual(keep(rows, 3, 2), kept, 'the same whatever the seed of the pipeline');
  assert.notDeepEqual(keep(rows, 4, 1), kept, 'others by another seed');
  assert.notDeepEqual(keep(rows, undefined, 1), keep(rows, undefined, 2), "others by another seed of the pipeline's");
}
