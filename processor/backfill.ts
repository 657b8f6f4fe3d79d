import type { Batch } from '../core/batch.ts';
import { sliceBatch } from '../core/batch.ts';
import type { Store, StoreWrite } from '../core/store.ts';
import type { Contributions, Verdicts } from '../core/verdict.ts';
import type { StreamPipeline } from './stream.ts';

export interface BackfillRange {
  readonly from?: bigint;
  readonly to?: bigint;
  /** Rows of so many nanoseconds before `from` are scored first and not written, so that memory is warm. */
  readonly lead: bigint;
}

/**
 * Scores the stored rows of a range again, in the order in which they came, and replaces their verdicts and incidents in
 * one step. The stream must be new and have a model.
 */
export async function backfill(
  store: Store,
  stream: StreamPipeline,
  { from, to, lead }: BackfillRange,
  onRows: (rows: number) => void,
): Promise<{ rows: number; incidents: number }> {
  let rows = 0;
  const incidents = new Set<string>();
  const nothingKnown = async (times: BigInt64Array): Promise<Uint8Array> => new Uint8Array(times.length);
  async function* writes(): AsyncGenerator<StoreWrite> {
    const range = { stream: stream.stream, ...(from === undefined ? {} : { from: from - lead }), ...(to === undefined ? {} : { to }) };
    for await (const batch of store.scan(range)) {
      const result = await stream.take(batch, nothingKnown, 'backfill', 0);
      for (const write of result.writes) {
        const wanted = from === undefined ? write : rowsSince(write, from);
        for (const { id, start } of write.incidents) if (from === undefined || start >= from) incidents.add(id);
        rows += wanted.batch.rows;
        yield wanted;
      }
      onRows(rows);
    }
  }
  await store.replaceVerdicts(stream.stream, from ?? -(2n ** 63n), to ?? 2n ** 63n - 1n, writes());
  return { rows, incidents: incidents.size };
}

/** The part of a write that belongs to rows, and incidents that begin, at `from` or later. Buckets stay as they are. */
function rowsSince(write: StoreWrite, from: bigint): StoreWrite {
  const keep: number[] = [];
  for (let row = 0; row < write.batch.rows; row++) if (write.batch.times[row] >= from) keep.push(row);
  const incidents = write.incidents.filter(({ start }) => start >= from);
  const thresholds = write.thresholds.filter(({ time }) => time >= from);
  if (keep.length === write.batch.rows) return { ...write, incidents, thresholds };
  return { ...write, thresholds, batch: pickRows(write.batch, keep), verdicts: write.verdicts.map((verdicts) => pickVerdicts(verdicts, keep)), incidents };
}

function pickRows(batch: Batch, keep: readonly number[]): Batch {
  const tags = batch.schema.tags.length;
  const values = new Float64Array(keep.length * tags);
  for (const [n, row] of keep.entries()) values.set(batch.values.subarray(row * tags, (row + 1) * tags), n * tags);
  return {
    ...sliceBatch(batch, 0, keep.length),
    values,
    times: BigInt64Array.from(keep, (row) => batch.times[row]),
    seqs: Int32Array.from(keep, (row) => batch.seqs[row]),
    origins: Float64Array.from(keep, (row) => batch.origins[row]),
  };
}

function pickVerdicts(verdicts: Verdicts, keep: readonly number[]): Verdicts {
  const at = new Map(keep.map((row, n) => [row, n]));
  const { rows, tags, shares, rest } = verdicts.contributions;
  const width = rows.length === 0 ? 0 : tags.length / rows.length;
  const out: Contributions = { rows: [], tags: [], shares: [], rest: [] };
  for (const [n, row] of rows.entries()) {
    const to = at.get(row);
    if (to === undefined) continue;
    out.rows.push(to);
    out.tags.push(...tags.slice(n * width, (n + 1) * width));
    out.shares.push(...shares.slice(n * width, (n + 1) * width));
    out.rest.push(rest[n]);
  }
  return {
    detector: verdicts.detector,
    score: Float64Array.from(keep, (row) => verdicts.score[row]),
    grade: Float64Array.from(keep, (row) => verdicts.grade[row]),
    status: Int8Array.from(keep, (row) => verdicts.status[row]),
    contributions: out,
  };
}
