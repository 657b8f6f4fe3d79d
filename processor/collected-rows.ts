import { type Batch, concatBatches } from '../core/batch.ts';
import { decodeRecord, encodeRecord, recordHash } from '../core/record.ts';
import type { Schema } from '../core/schema.ts';

const kind = 'training-rows';

const nameOf = (piece: number): string => `training/${piece}`;

/** The rows of a stream that it is going to train on, as far as they have come, in pieces; those that are saved with the hash of their record. */
export class CollectedRows {
  #pieces: { rows: Batch; hash?: string }[] = [];

  add(rows: Batch): void {
    this.#pieces.push({ rows });
  }

  /** All of them, in order. */
  whole(): Batch {
    return concatBatches(this.#pieces.map((piece) => piece.rows));
  }

  clear(): void {
    this.#pieces = [];
  }

  /** Records by name; only one that is not saved yet carries bytes. */
  save(): { name: string; hash: string; bytes?: Uint8Array }[] {
    const records: { name: string; hash: string; bytes?: Uint8Array }[] = [];
    const joined = this.#joinNewest();
    if (joined) {
      const bytes = encodeRows(joined);
      const hash = recordHash(bytes);
      records.push({ name: nameOf(this.#pieces.length), hash, bytes });
      this.#pieces.push({ rows: joined, hash });
    }
    for (const [n, { hash }] of this.#pieces.entries()) if (hash !== undefined) records.push({ name: nameOf(n), hash });
    return records;
  }

  /** @throws RECORD_CORRUPT, RECORD_VERSION */
  async load(
    hashOf: (name: string) => string | undefined,
    read: (hash: string) => Promise<Uint8Array>,
    of: { readonly stream: string; readonly schema: Schema; readonly place: string },
  ): Promise<void> {
    for (let hash = hashOf(nameOf(0)); hash !== undefined; hash = hashOf(nameOf(this.#pieces.length))) {
      this.#pieces.push({ rows: decodeRows(await read(hash), of), hash });
    }
  }

  /**
   * Takes out the rows that came since the last save, as one batch, together with the saved pieces before them that are not
   * longer. So there are few records however often commits come, and no row is written more often than pieces double.
   */
  #joinNewest(): Batch | undefined {
    const newest: Batch[] = [];
    let count = 0;
    for (let last = this.#pieces.at(-1); last && (last.hash === undefined || last.rows.rows <= count); last = this.#pieces.at(-1)) {
      newest.unshift(last.rows);
      count += last.rows.rows;
      this.#pieces.pop();
    }
    return newest.length === 0 ? undefined : concatBatches(newest);
  }
}

function encodeRows({ values, times, seqs, origins, labels }: Batch): Uint8Array {
  return encodeRecord(kind, { values, times, seqs, origins, labels: labels ?? null });
}

function decodeRows(bytes: Uint8Array, { stream, schema, place }: { readonly stream: string; readonly schema: Schema; readonly place: string }): Batch {
  const saved = decodeRecord(bytes, kind, place) as Pick<Batch, 'values' | 'times' | 'seqs' | 'origins'> & { labels: Int8Array | null };
  const { labels, ...columns } = saved;
  return { stream, schema, rows: columns.times.length, ...columns, ...(labels ? { labels } : {}) };
}
