import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBatch, type Batch } from '../core/batch.ts';
import type { SourceChunk } from '../core/component.ts';
import { makeSchema } from '../core/schema.ts';
import { findNormalHead, type NormalHead } from './normal-head.ts';

const schema = makeSchema([{ name: 'LIT101', kind: 'continuous' }]);

/** A row of a file: its label, or how it is no row of the stream. */
type Drawn = 1 | 0 | -1 | 'dead' | 'late' | 'late anomaly';

/** The rows as chunks of so many; dead rows take a data row and are in no batch. */
async function* chunksOf(rows: readonly Drawn[], size: number): AsyncGenerator<SourceChunk> {
  for (let from = 0; from < rows.length; from += size) {
    const piece = [...rows.slice(from, from + size).entries()].filter(([, row]) => row !== 'dead');
    const batch: Batch = allocateBatch('plant', schema, piece.length, true);
    for (const [at, [offset, row]] of piece.entries()) {
      batch.origins[at] = from + offset;
      batch.seqs[at] = typeof row === 'number' ? 0 : -1;
      if (batch.labels) batch.labels[at] = row === 'late anomaly' ? 1 : row === 'late' ? 0 : (row as number);
    }
    yield { partition: 0, nextOffset: Math.min(rows.length, from + size), batches: [batch], dead: [] };
  }
}

const headOf = (rows: readonly Drawn[], size = 3): Promise<NormalHead> => findNormalHead({ read: () => chunksOf(rows, size) }, 'plant', (_, label) => label);

describe('the normal head of a file', () => {
  it('is the rows before the first labelled anomaly', async () => {
    expect(await headOf([0, 0, -1, 1, 0, 0, 1, 0])).toMatchObject({ rows: 3, firstRow: 0, lastRow: 2, before: 3, firstAnomaly: 3 });
    expect(await headOf([1, 0])).toMatchObject({ rows: 0, firstRow: -1, lastRow: -1, before: 0, firstAnomaly: 0 });
  });

  it('is half of the rows where the anomaly comes later, or never', async () => {
    expect(await headOf([0, 0, 0, 0, 1])).toMatchObject({ rows: 2, lastRow: 1, before: 4, firstAnomaly: 4, all: 5 });
    expect(await headOf([0, -1, 0, 0, 0])).toMatchObject({ rows: 2, lastRow: 1, before: 5, firstAnomaly: undefined, all: 5 });
    expect(await headOf([])).toMatchObject({ rows: 0, firstRow: -1, before: 0, all: 0 });
  });

  it('goes by the labels that it is told', async () => {
    const head = await findNormalHead({ read: () => chunksOf([1, 0, 0, 0, 0, 0], 4) }, 'plant', (origin) => Number(origin >= 2));
    expect(head).toMatchObject({ rows: 2, firstAnomaly: 2 });
  });

  it('counts the rows that a pipeline takes, and names them as the file counts them', async () => {
    expect(await headOf(['dead', 0, 'late anomaly', 'dead', 0, 'late', 1, 0, 0])).toMatchObject({ rows: 2, firstRow: 1, lastRow: 4, firstAnomaly: 6 });
  });

  it('reads no further than it must', async () => {
    const rows: Drawn[] = [0, 0, 1, 0, 0, 0, 0, 0, 0, 0];
    let read = 0;
    async function* watched(): AsyncGenerator<SourceChunk> {
      for await (const chunk of chunksOf(rows, 1)) {
        read = chunk.nextOffset;
        yield chunk;
      }
    }
    expect(await findNormalHead({ read: watched }, 'plant', (_, label) => label)).toMatchObject({ rows: 2 });
    expect(read).toBe(4);
  });

  it('is the same however rows are batched, and as a list of all rows gives it', async () => {
    const row = fc.constantFrom<Drawn>(0, 0, 0, 0, -1, 1, 'dead', 'late', 'late anomaly');
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 40 }), fc.integer({ min: 1, max: 50 }), async (rows, size) => {
        const taken = rows.flatMap((each, origin) => (typeof each === 'number' ? [{ origin, label: each }] : []));
        const before = taken.findIndex(({ label }) => label === 1);
        const own = Math.min(before < 0 ? Number.POSITIVE_INFINITY : before, Math.floor(taken.length / 2));
        const { rows: found, firstRow, lastRow, firstAnomaly } = await headOf(rows, size);
        expect({ found, firstRow, lastRow, firstAnomaly }).toEqual({
          found: own,
          firstRow: own === 0 ? -1 : taken[0].origin,
          lastRow: own === 0 ? -1 : taken[own - 1].origin,
          firstAnomaly: before < 0 ? undefined : taken[before].origin,
        });
      }),
    );
  });
});
