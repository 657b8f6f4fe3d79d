import { allocateBatch, type Batch } from '../core/batch.ts';
import type { DeadLetter } from '../core/chunk.ts';
import { BucketFold, bucketStart } from '../core/level-of-detail.ts';
import { parseRowPayload } from '../core/row-payload.ts';
import type { Schema } from '../core/schema.ts';
import { type Bucket, levelsOfDetail, type Store, type StreamSummary } from '../core/store.ts';
import { nanosPerMilli } from '../core/time.ts';
import { Status, type Verdicts } from '../core/verdict.ts';

/** What became of a dead letter that was tried again. */
export type RetryOutcome = { readonly letter: DeadLetter } & (
  | { readonly taken: true }
  /** The row is there already: only the letter goes. */
  | { readonly taken: 'known' }
  | { readonly taken: false; readonly why: string }
);

export interface RetryOptions {
  readonly store: Store;
  readonly letters: readonly DeadLetter[];
  /** Reads the row of a letter again at its source, as a batch of one row; undefined where that source cannot be read here. */
  readonly readAgain: (letter: DeadLetter) => Promise<Batch | { why: string } | undefined>;
  /** Tell what would happen, and change nothing. */
  readonly dryRun?: boolean;
}

/**
 * Takes in rows that were put aside: each is stored in its place, unscored (status undefined), since the detectors have gone
 * on without it, and the buckets around it are made anew. A letter goes when its row is stored, in the same commit.
 */
export async function* retryDead({ store, letters, readAgain, dryRun = false }: RetryOptions): AsyncGenerator<RetryOutcome> {
  const streams = new Map((await store.streams()).map((summary) => [summary.stream, summary]));
  for (const letter of letters) {
    const row = await rowOf(letter, streams, readAgain);
    if ('why' in row) {
      yield { letter, taken: false, why: row.why };
      continue;
    }
    const taken = dryRun || (await takeIn(store, row, letter, streams.get(row.stream) as StreamSummary));
    yield { letter, taken: taken ? true : 'known' };
  }
}

async function rowOf(letter: DeadLetter, streams: ReadonlyMap<string, StreamSummary>, readAgain: RetryOptions['readAgain']): Promise<Batch | { why: string }> {
  const stored = letter.reason === 'too-late' || letter.reason === 'rejected' ? rowOfPayload(letter, streams) : undefined;
  const found = stored ?? (await readAgain(letter));
  if (found === undefined) return { why: 'the message itself cannot be read; correct it where it was made and send it again' };
  if (!('rows' in found)) return found;
  const summary = streams.get(found.stream);
  if (!summary) return { why: `the store has no stream '${found.stream}' yet` };
  if (summary.schema.hash !== found.schema.hash) return { why: `its tags are not those of stream '${found.stream}'` };
  return found;
}

function rowOfPayload({ stream, payload }: DeadLetter, streams: ReadonlyMap<string, StreamSummary>): Batch | undefined {
  const schema = stream === undefined ? undefined : streams.get(stream)?.schema;
  const row = schema && parseRowPayload(payload, schema.tags.length);
  if (!row) return undefined;
  const batch = allocateBatch(stream as string, schema as Schema, 1, row.label >= 0);
  batch.values.set(row.values);
  batch.times[0] = row.time;
  batch.labels?.fill(row.label);
  return batch;
}

/** False when a row of this time and these values is stored already. */
async function takeIn(store: Store, row: Batch, letter: DeadLetter, { stream, schema, detectors }: StreamSummary): Promise<boolean> {
  const time = row.times[0];
  const there = await store.rows({ stream, from: time, to: time + 1n });
  const same = Array.from(there.times.keys()).some((i) => there.columns.every((column, t) => Object.is(column[i], row.values[t])));
  await store.openStream(stream, schema);
  if (!same) {
    row.seqs[0] = there.seqs.reduce((next, seq) => Math.max(next, seq + 1), 0);
    row.origins[0] = letter.position;
    // What the store refused had been judged.
    const verdicts = letter.reason === 'rejected' ? [] : detectors.map(undefinedVerdict);
    await store.append({ batch: row, verdicts, incidents: [], thresholds: [], buckets: await bucketsAround(store, row) });
  }
  await store.removeDead([letter]);
  await store.commit();
  return !same;
}

/** The closed buckets that the row falls in, folded anew with it. */
async function bucketsAround(store: Store, row: Batch): Promise<Bucket[]> {
  const { stream, schema } = row;
  const time = row.times[0];
  const tags = schema.tags.length;
  const buckets: Bucket[] = [];
  const [{ last } = { last: undefined }] = (await store.streams()).filter((summary) => summary.stream === stream);
  for (const level of levelsOfDetail) {
    const start = bucketStart(time, level);
    const end = start + BigInt(level) * nanosPerMilli;
    // One that is open yet is folded from the rows by whoever asks; the pipeline, which never saw this row, closes it without.
    if (last === undefined || end > last) continue;
    const { times, seqs, columns } = await store.rows({ stream, from: start, to: end });
    const fold = new BucketFold(level, start, tags);
    const values = new Float64Array(tags);
    let added = false;
    for (let i = 0; i < times.length; i++) {
      if (!added && (times[i] > time || (times[i] === time && seqs[i] > row.seqs[0]))) {
        fold.add(row.values, 0);
        added = true;
      }
      for (let t = 0; t < tags; t++) values[t] = columns[t][i];
      fold.add(values, 0);
    }
    if (!added) fold.add(row.values, 0);
    buckets.push(fold.bucket());
  }
  return buckets;
}

function undefinedVerdict(detector: string): Verdicts {
  return {
    detector,
    score: Float64Array.of(Number.NaN),
    grade: Float64Array.of(Number.NaN),
    status: Int8Array.of(Status.undefined),
    contributions: { rows: [], tags: [], shares: [], rest: [] },
  };
}
