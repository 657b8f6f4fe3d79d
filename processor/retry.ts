import type { Batch } from '../core/batch.ts';
import type { DeadLetter } from '../core/chunk.ts';
import { bucketStart } from '../core/level-of-detail.ts';
import { parseRowPayload } from '../core/row-payload.ts';
import { type Bucket, levelsOfDetail, type RejectedRow, type RowsResult, type Store, type StreamSummary } from '../core/store.ts';
import { nanosPerMilli } from '../core/time.ts';
import type { Verdicts } from '../core/verdict.ts';
import { batchOf, foldBucket, holdsRows, type LateRow, type PlacedRow, placeRows } from './late-rows.ts';
import type { SavedStream, SavedStreams } from './saved-streams.ts';
import { undefinedVerdicts } from './stream.ts';

/** What became of a dead letter that was tried again. */
export type RetryOutcome = { readonly letter: DeadLetter } & (
  | { readonly became: 'taken' }
  /** The row is there already: only the letter goes. */
  | { readonly became: 'known' }
  /** The row is stored, and the pipeline is yet to write a bucket around it without it: the letter stays until that is over. */
  | { readonly became: 'waiting' }
  | { readonly became: 'left'; readonly why: string }
);

/** A row as it is read again at its source, as a batch of one row, or why it cannot be. */
export type ReadAgain = (letter: DeadLetter) => Promise<Batch | { why: string }>;

export interface RetryOptions {
  readonly store: Store;
  /** Does the store keep manifests, in one step with its rows? */
  readonly transactional: boolean;
  readonly saved: SavedStreams;
  /** In the order of their sources and positions. */
  readonly letters: readonly DeadLetter[];
  readonly readAgain: ReadAgain;
  /** Tell what would happen, and change nothing. */
  readonly dryRun?: boolean;
}

/** The longest bucket holds all the others of its time whole. */
const hour = levelsOfDetail[levelsOfDetail.length - 1];

/** Letters that go in one commit, or a few more. */
const lettersAtOnce = 500;

/**
 * Takes in rows that were put aside: each is stored in its place, unscored (status undefined), since the detectors have gone
 * on without it, and the buckets around it are made anew. A letter goes when its row is stored, in the same commit. Holds the
 * rows of all letters; told are those that were read again first, the others as they become durable.
 */
export async function* retryDead(options: RetryOptions): AsyncGenerator<RetryOutcome> {
  const { store, letters, readAgain, dryRun = false } = options;
  const streams = new Map((await store.streams()).map((summary) => [summary.stream, summary]));
  const rows: LateRow[] = [];
  for (const letter of letters) {
    const row = await rowOf(letter, streams, readAgain);
    if ('why' in row) yield { letter, became: 'left', why: row.why };
    else rows.push(row);
  }
  rows.sort(byStreamAndTime);
  let pending: PendingCommit | undefined;
  for (const inHour of byHour(rows)) {
    const summary = streams.get(inHour[0].stream) as StreamSummary;
    if (pending && (pending.size >= lettersAtOnce || pending.stream !== summary.stream)) yield* pending.settle();
    if (pending?.stream !== summary.stream) {
      if (!dryRun) await store.openStream(summary.stream, summary.schema);
      pending = new PendingCommit(options, summary);
    }
    await pending.add(inHour);
  }
  if (pending) yield* pending.settle();
}

async function rowOf(letter: DeadLetter, streams: ReadonlyMap<string, StreamSummary>, readAgain: ReadAgain): Promise<LateRow | { why: string }> {
  if (letter.reason === 'too-late' || letter.reason === 'too-many-streams' || letter.reason === 'rejected') {
    const schema = letter.stream === undefined ? undefined : streams.get(letter.stream)?.schema;
    const kept = schema && parseRowPayload(letter.payload, schema.tags.length);
    if (kept) return { ...kept, letter, stream: letter.stream as string, counted: letter.reason === 'rejected' };
  }
  const found = await readAgain(letter);
  if ('why' in found) return found;
  const summary = streams.get(found.stream);
  if (!summary) return { why: `the store has no stream '${found.stream}' yet: let the pipeline store a row of it first` };
  if (summary.schema.hash !== found.schema.hash) return { why: `its tags are not those of stream '${found.stream}' in the store` };
  return {
    letter,
    stream: found.stream,
    time: found.times[0],
    seq: found.seqs[0],
    // Of the rows that could not be read only these had a time to be counted by.
    counted: letter.reason === 'number',
    label: found.labels?.[0] ?? -1,
    // What it was read with must not stay in memory for its sake.
    values: found.values.slice(),
  };
}

/** Letters of one stream that go in the next commit. */
class PendingCommit {
  readonly stream: string;
  readonly #options: RetryOptions;
  readonly #summary: StreamSummary;
  readonly #saved: SavedStream | undefined;
  /** Can the pipeline be told of the rows? */
  readonly #tells: boolean;
  #added: PlacedRow[] = [];
  #buckets: Bucket[] = [];
  #outcomes: RetryOutcome[] = [];

  constructor(options: RetryOptions, summary: StreamSummary) {
    this.stream = summary.stream;
    this.#options = options;
    this.#summary = summary;
    this.#saved = options.saved.of(summary.stream);
    this.#tells = options.transactional && this.#saved !== undefined;
  }

  get size(): number {
    return this.#outcomes.length;
  }

  /** @param rows of one hour, in the order of their times */
  async add(rows: readonly LateRow[]): Promise<void> {
    const from = bucketStart(rows[0].time, hour);
    const there = await this.#options.store.rows({ stream: this.stream, from, to: from + BigInt(hour) * nanosPerMilli });
    const placed = placeRows(there, rows, this.#edge);
    const added = placed.filter(({ known }) => !known).sort(bySeq);
    this.#added.push(...added);
    const waiting = this.#options.dryRun ? new Set<LateRow>() : this.#foldAnew(there, placed, added);
    for (const { row, seq, known } of placed) {
      if (!known && row.counted && seq === row.seq && this.#tells) this.#saved?.count(row.time, seq);
      this.#outcomes.push({ letter: row.letter, became: waiting.has(row) ? 'waiting' : known ? 'known' : 'taken' });
    }
  }

  /** Makes it durable and tells what became of each letter. */
  async *settle(): AsyncGenerator<RetryOutcome> {
    const refused = this.#options.dryRun ? new Map<DeadLetter, string>() : await this.#write();
    for (const outcome of this.#outcomes) {
      const why = refused.get(outcome.letter);
      yield why === undefined ? outcome : { letter: outcome.letter, became: 'left', why };
    }
    this.#added = [];
    this.#buckets = [];
    this.#outcomes = [];
  }

  /** The buckets around the rows. @returns rows that the pipeline does not count in when it closes a bucket of theirs */
  #foldAnew(there: RowsResult, placed: readonly PlacedRow[], added: readonly PlacedRow[]): Set<LateRow> {
    const waiting = new Set<LateRow>();
    for (const level of levelsOfDetail) {
      for (const [start, inside] of byBucket(level, placed)) {
        const changed = inside.some(({ known }) => !known);
        if (!this.#isOpen(level, start, there)) {
          // Beside a pipeline that could not be told, the letter of a row that is there may have waited for this.
          if (changed || !this.#tells) this.#buckets.push(foldBucket(level, start, there, added).bucket());
        } else if (this.#tells) {
          if (changed) this.#saved?.putBucket(foldBucket(level, start, there, added));
        } else {
          // What the store refused the pipeline has counted in.
          for (const { row } of inside) if (row.letter.reason !== 'rejected') waiting.add(row);
        }
      }
    }
    return waiting;
  }

  /** Is the pipeline yet to write this bucket? One that has rows and that it keeps no more is written already. */
  #isOpen(level: number, start: bigint, there: RowsResult): boolean {
    if (this.#saved?.isOpen(level, start)) return true;
    const past = this.#edge !== undefined && start + BigInt(level) * nanosPerMilli <= this.#edge;
    return !past && !(this.#tells && holdsRows(level, start, there));
  }

  /** No row before this time can come any more. */
  get #edge(): bigint | undefined {
    if (this.#saved) return this.#saved.edge;
    const { last } = this.#summary;
    return last === undefined ? undefined : last - this.#options.saved.lateness;
  }

  /** @returns why, for letters whose rows the store refuses */
  async #write(): Promise<Map<DeadLetter, string>> {
    const { store, saved, transactional } = this.#options;
    const buckets = this.#buckets;
    // What the store refused had been judged.
    const [judged, unjudged] = [this.#added.filter(isRejected), this.#added.filter((placed) => !isRejected(placed))];
    await store.append({ ...this.#rowsAndVerdicts(unjudged, this.#summary.detectors), incidents: [], thresholds: [], buckets });
    if (judged.length > 0) await store.append({ ...this.#rowsAndVerdicts(judged, []), incidents: [], thresholds: [], buckets: [] });
    // Only a store that is not transactional refuses rows. There a row is made durable before its letter goes.
    const refused = transactional ? new Map<DeadLetter, string>() : this.#refused(await store.commit());
    await store.removeDead(this.#outcomes.filter(({ letter, became }) => became !== 'waiting' && !refused.has(letter)).map(({ letter }) => letter));
    const change = this.#tells ? saved.takeChange(this.stream) : undefined;
    await store.commit(change?.manifest, change?.records);
    return refused;
  }

  #rowsAndVerdicts(placed: readonly PlacedRow[], detectors: readonly string[]): { batch: Batch; verdicts: Verdicts[] } {
    const batch = batchOf(this.stream, this.#summary.schema, placed);
    return { batch, verdicts: detectors.map((detector) => undefinedVerdicts(detector, batch.rows)) };
  }

  #refused(rows: readonly RejectedRow[]): Map<DeadLetter, string> {
    const letters = new Map(this.#added.map(({ row: { letter, time } }) => [`${time}/${letter.position}`, letter]));
    return new Map(
      rows.flatMap(({ time, origin, message }): [DeadLetter, string][] => {
        const letter = letters.get(`${time}/${origin}`);
        return letter ? [[letter, message]] : [];
      }),
    );
  }
}

function isRejected({ row: { letter } }: PlacedRow): boolean {
  return letter.reason === 'rejected';
}

function byStreamAndTime(a: LateRow, b: LateRow): number {
  if (a.stream !== b.stream) return a.stream < b.stream ? -1 : 1;
  return a.time < b.time ? -1 : Number(a.time > b.time);
}

function bySeq({ row: a, seq: aSeq }: PlacedRow, { row: b, seq: bSeq }: PlacedRow): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : aSeq - bSeq;
}

/** Rows that lie in one hour of one stream, as long as they are in that order. */
function* byHour(rows: readonly LateRow[]): Generator<LateRow[]> {
  let group: LateRow[] = [];
  for (const row of rows) {
    const [first] = group;
    if (first && (first.stream !== row.stream || bucketStart(first.time, hour) !== bucketStart(row.time, hour))) {
      yield group;
      group = [];
    }
    group.push(row);
  }
  if (group.length > 0) yield group;
}

function byBucket(level: number, placed: readonly PlacedRow[]): Map<bigint, PlacedRow[]> {
  const buckets = new Map<bigint, PlacedRow[]>();
  for (const each of placed) {
    const start = bucketStart(each.row.time, level);
    const inside = buckets.get(start);
    if (inside) inside.push(each);
    else buckets.set(start, [each]);
  }
  return buckets;
}
