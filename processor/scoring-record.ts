import { allocateBatch, type Batch } from '../core/batch.ts';
import { decodeRecord, encodeRecord, type Plain, recordHash } from '../core/record.ts';
import type { Schema } from '../core/schema.ts';
import type { ScoringState } from './train.ts';

/** Rows that were scored since a state was saved, without those that were dropped: values row-major, NaN = missing. */
export type RowsSince = { times: BigInt64Array; values: Float64Array };

/** What is to be saved of a scoring state. */
export interface SavedScoring {
  /** Itself, where it is small. */
  readonly whole: ScoringState | null;
  /** The record of an earlier one; with its bytes where that is new. */
  readonly apart?: { readonly hash: string; readonly bytes?: Uint8Array };
  /** The rows that lead from there to the one of now. */
  readonly since: RowsSince | null;
}

const kind = 'scoring-state';
/** A state of more bytes than so many rows, and of more than so many bytes, is saved apart. */
const [rowsWorth, smallBytes] = [64, 4096];
/** So many rows lead to the state of now at most: whoever goes on scores them again. */
const mostRows = 512;

/**
 * How the scoring state of one stream is saved. One that is small is saved whole with every commit. A large one, such as a forest's, is saved now and then, and
 * with every commit the rows since: scoring them again gives the state of now, since scores do not depend on how rows are batched.
 */
export class ScoringRecord {
  readonly #rowBytes: number;
  readonly #tags: number;
  #base: { readonly hash: string; readonly bytes: number } | undefined;
  #rows = 0;
  #times = new BigInt64Array(0);
  #values = new Float64Array(0);

  constructor(schema: Schema) {
    this.#tags = schema.tags.length;
    this.#rowBytes = 8 * (this.#tags + 1);
  }

  /** Rows that were scored. */
  take({ rows, times, values }: Batch): void {
    if (!this.#base) return;
    const wanted = this.#rows + rows;
    // By then the state itself is no more to write than the rows.
    if (wanted > mostRows || wanted * this.#rowBytes > this.#base.bytes / 2) {
      this.#forget();
      return;
    }
    if (wanted > this.#times.length) this.#makeRoom(wanted);
    this.#times.set(times.subarray(0, rows), this.#rows);
    this.#values.set(values.subarray(0, rows * this.#tags), this.#rows * this.#tags);
    this.#rows = wanted;
  }

  save(state: ScoringState): SavedScoring {
    if (this.#base) {
      const since = { times: this.#times.slice(0, this.#rows), values: this.#values.slice(0, this.#rows * this.#tags) };
      return { whole: null, apart: { hash: this.#base.hash }, since };
    }
    if (bytesIn(state as unknown as Plain) <= Math.max(smallBytes, rowsWorth * this.#rowBytes)) return { whole: state, since: null };
    const bytes = encodeRecord(kind, state as unknown as Plain);
    const hash = recordHash(bytes);
    this.#base = { hash, bytes: bytes.length };
    return { whole: null, apart: { hash, bytes }, since: { times: new BigInt64Array(0), values: new Float64Array(0) } };
  }

  /** Goes on from a record and the rows since. @returns the state of the record @throws RECORD_CORRUPT, RECORD_VERSION */
  load(bytes: Uint8Array, hash: string, place: string): ScoringState {
    this.#base = { hash, bytes: bytes.length };
    return decodeRecord(bytes, kind, place) as unknown as ScoringState;
  }

  #forget(): void {
    this.#base = undefined;
    this.#rows = 0;
    this.#times = new BigInt64Array(0);
    this.#values = new Float64Array(0);
  }

  #makeRoom(rows: number): void {
    const size = Math.min(mostRows, Math.max(16, 2 * rows));
    const [times, values] = [new BigInt64Array(size), new Float64Array(size * this.#tags)];
    times.set(this.#times.subarray(0, this.#rows));
    values.set(this.#values.subarray(0, this.#rows * this.#tags));
    [this.#times, this.#values] = [times, values];
  }
}

/** The rows as a batch of the stream. */
export function batchSince({ times, values }: RowsSince, stream: string, schema: Schema): Batch {
  const batch = allocateBatch(stream, schema, times.length);
  batch.times.set(times);
  batch.values.set(values);
  return batch;
}

/** Of its arrays: of anything large that is nearly all. */
function bytesIn(value: Plain): number {
  if (typeof value !== 'object' || value === null) return 0;
  if (ArrayBuffer.isView(value)) return value.byteLength;
  let bytes = 0;
  for (const part of Object.values(value)) bytes += bytesIn(part as Plain);
  return bytes;
}
