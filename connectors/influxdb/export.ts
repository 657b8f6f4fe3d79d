import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import type { ExportRequest, StoredVerdict, StoreReader, StoreWriter } from '../../core/store.ts';
import { topContributions, type Verdicts } from '../../core/verdict.ts';
import type { FluxSource } from './flux-source.ts';
import type { StreamEntry } from './rows-reader.ts';
import { verdictPages } from './verdicts-reader.ts';

/** What is held in one transaction of the copy, in rows. */
const rowsAtOnce = 100_000;

/** Writes a file as a DuckDB store does, by one: a copy of what is asked for, in a temporary folder. */
export async function exportThroughDuck(
  source: FluxSource,
  entry: StreamEntry,
  request: ExportRequest,
  reader: Pick<StoreReader, 'scan' | 'incidents'>,
): Promise<{ rows: number }> {
  const { openStore } = await import('../duckdb/open.ts');
  const folder = await mkdtemp(join(tmpdir(), 'sluice-export-'));
  try {
    const copy = await openStore({ path: join(folder, 'copy.duckdb'), memoryLimit: '150MB', threads: 2 });
    try {
      await copy.openStream(entry.name, entry.schema);
      let staged = 0;
      for await (const write of contents(source, entry, request, reader)) {
        await copy.append({ incidents: [], thresholds: [], buckets: [], verdicts: [], ...write });
        staged += write.batch.rows;
        if (staged < rowsAtOnce) continue;
        await copy.commit();
        staged = 0;
      }
      await copy.commit();
      return await copy.export(request);
    } finally {
      await copy.close();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type Part = Pick<Parameters<StoreWriter['append']>[0], 'batch'> & Partial<Parameters<StoreWriter['append']>[0]>;

async function* contents(
  source: FluxSource,
  entry: StreamEntry,
  { what, stream, from, to }: ExportRequest,
  reader: Pick<StoreReader, 'scan' | 'incidents'>,
): AsyncGenerator<Part> {
  const range = { stream, ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
  if (what === 'rows') for await (const batch of reader.scan(range)) yield { batch };
  else if (what === 'incidents') yield { batch: allocateBatch(stream, entry.schema, 0), incidents: await reader.incidents(range) };
  else for await (const page of verdictPages(source, range)) yield* byDetector(entry, page);
}

/** Verdicts as they are written: per detector. The rows that come with them are not exported. */
function* byDetector({ name, schema }: StreamEntry, page: readonly StoredVerdict[]): Generator<Part> {
  const detectors = new Map<string, StoredVerdict[]>();
  for (const verdict of page) {
    const own = detectors.get(verdict.detector);
    if (own) own.push(verdict);
    else detectors.set(verdict.detector, [verdict]);
  }
  const tagIndices = new Map(schema.tags.map((tag, index) => [tag.name, index]));
  for (const [detector, verdicts] of detectors) {
    const batch: Batch = allocateBatch(name, schema, verdicts.length);
    batch.values.fill(Number.NaN);
    const columns: Verdicts = {
      detector,
      score: Float64Array.from(verdicts, ({ score }) => score),
      grade: Float64Array.from(verdicts, ({ grade }) => grade),
      status: Int8Array.from(verdicts, ({ status }) => status),
      contributions: { rows: [], tags: [], shares: [], rest: [] },
    };
    for (const [row, { time, seq, contributions, rest }] of verdicts.entries()) {
      batch.times[row] = time;
      batch.seqs[row] = seq;
      batch.origins[row] = row;
      if (!contributions) continue;
      columns.contributions.rows.push(row);
      columns.contributions.rest.push(rest ?? Number.NaN);
      for (let rank = 0; rank < topContributions; rank++) {
        const { tag = '', share = 0 } = contributions[rank] ?? {};
        columns.contributions.tags.push(tagIndices.get(tag) ?? -1);
        columns.contributions.shares.push(share);
      }
    }
    yield { batch, verdicts: [columns] };
  }
}
