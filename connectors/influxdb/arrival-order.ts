import { allocateBatch, type Batch } from '../../core/batch.ts';
import type { RowsPage, StreamEntry } from './rows-reader.ts';

/** How far behind the newest row a row may have come and still be put where it came: in nanoseconds and in rows. */
const furthestBehind = { time: 3_600_000_000_000n, rows: 65_536 };

/** Rows of a batch at most. */
const batchRows = 4096;

/**
 * Puts rows that come in the order of their times into the order in which they were appended, which their origins tell. A row is
 * held until no later one can have come before it: for an hour or 65,536 rows, whichever is less. One that came further behind
 * stands where its time is.
 *
 * Where a stream goes on from another source, origins begin anew. Such rows are known by an origin below that of rows too old to
 * have come after them, and stand behind all before.
 */
export class ArrivalOrder {
  readonly #entry: StreamEntry;
  readonly #behind: { readonly time: bigint; readonly rows: number };
  /** Held rows in time order: none that is given before all older ones are. */
  #rows = 0;
  #times = new BigInt64Array(0);
  #seqs = new Int32Array(0);
  #origins = new Float64Array(0);
  #labels = new Int8Array(0);
  #values = new Float64Array(0);
  #given = new Uint8Array(0);
  /** How often origins had begun anew. */
  #runs = new Int32Array(0);
  #run = 0;
  /** Of the current run, the largest origin of rows too old to have come after the newest, which are those before #old. */
  #settled = Number.NEGATIVE_INFINITY;
  #old = 0;

  constructor(entry: StreamEntry, behind = furthestBehind) {
    this.#entry = entry;
    this.#behind = behind;
  }

  /** Takes the next rows in time order. @returns those whose place is certain now */
  *take({ to, keys, seqs, labels, values }: RowsPage): Generator<Batch> {
    const from = this.#rows;
    this.#makeRoom(keys.length);
    this.#times.set(keys.times, from);
    this.#seqs.set(seqs, from);
    this.#origins.set(keys.values, from);
    this.#labels.set(labels, from);
    this.#values.set(values, from * this.#tags);
    this.#given.fill(0, from, from + keys.length);
    this.#rows += keys.length;
    for (let row = from; row < this.#rows; row++) this.#runs[row] = this.#runOf(row);
    yield* this.#give(this.#before(to - this.#behind.time, this.#rows));
  }

  /** The rows still held: nothing comes any more. */
  *end(): Generator<Batch> {
    yield* this.#give(this.#rows);
  }

  get #tags(): number {
    return this.#entry.schema.tags.length;
  }

  #runOf(row: number): number {
    this.#settle(this.#before(this.#times[row] - this.#behind.time, row));
    if (this.#origins[row] < this.#settled) {
      this.#run++;
      this.#settled = Number.NEGATIVE_INFINITY;
      this.#old = row;
    }
    return this.#run;
  }

  /** How many of the first `rows` held ones are older than `time`, or further back than rows are held. */
  #before(time: bigint, rows: number): number {
    let count = Math.max(this.#old, rows - this.#behind.rows);
    while (count < rows && this.#times[count] < time) count++;
    return count;
  }

  #settle(to: number): void {
    for (; this.#old < to; this.#old++) if (this.#origins[this.#old] > this.#settled) this.#settled = this.#origins[this.#old];
  }

  /** Gives the oldest `count` rows, and what came before any of them. */
  *#give(count: number): Generator<Batch> {
    if (count === 0) return;
    const run = this.#runs[count - 1];
    let newest = Number.NEGATIVE_INFINITY;
    for (let row = count - 1; row >= 0 && this.#runs[row] === run; row--) if (this.#origins[row] > newest) newest = this.#origins[row];
    const due = new Uint32Array(this.#rows);
    let length = 0;
    let sorted = true;
    for (let row = 0; row < this.#rows && this.#runs[row] <= run; row++) {
      if (this.#given[row] === 1 || (this.#runs[row] === run && this.#origins[row] > newest)) continue;
      if (length > 0 && this.#compare(due[length - 1], row) > 0) sorted = false;
      due[length++] = row;
      this.#given[row] = 1;
    }
    const order = due.subarray(0, length);
    if (!sorted) order.sort((a, b) => this.#compare(a, b));
    for (let from = 0; from < length; from += batchRows) yield this.#batch(order.subarray(from, from + batchRows));
    this.#drop(count);
  }

  #compare(a: number, b: number): number {
    return this.#runs[a] - this.#runs[b] || this.#origins[a] - this.#origins[b] || a - b;
  }

  #batch(order: Uint32Array): Batch {
    const { name, schema } = this.#entry;
    const labelled = order.some((row) => this.#labels[row] !== -1);
    const batch = allocateBatch(name, schema, order.length, labelled);
    const tags = this.#tags;
    for (let i = 0; i < order.length; i++) {
      const row = order[i];
      batch.times[i] = this.#times[row];
      batch.seqs[i] = this.#seqs[row];
      batch.origins[i] = this.#origins[row];
      if (batch.labels) batch.labels[i] = this.#labels[row];
      for (let t = 0, a = row * tags, b = i * tags; t < tags; t++) batch.values[b++] = this.#values[a++];
    }
    return batch;
  }

  #drop(count: number): void {
    this.#settle(Math.max(count, this.#old));
    for (const column of this.#columns()) column.copyWithin(0, count, this.#rows);
    this.#values.copyWithin(0, count * this.#tags, this.#rows * this.#tags);
    this.#rows -= count;
    this.#old -= count;
  }

  #makeRoom(rows: number): void {
    const size = this.#rows + rows;
    if (size <= this.#times.length) return;
    const grown = <T extends TypedArray>(column: T, length: number): T => {
      const larger = new (column.constructor as new (length: number) => T)(length);
      larger.set(column as never);
      return larger;
    };
    this.#times = grown(this.#times, size);
    this.#seqs = grown(this.#seqs, size);
    this.#origins = grown(this.#origins, size);
    this.#labels = grown(this.#labels, size);
    this.#given = grown(this.#given, size);
    this.#runs = grown(this.#runs, size);
    this.#values = grown(this.#values, size * this.#tags);
  }

  #columns(): TypedArray[] {
    return [this.#times, this.#seqs, this.#origins, this.#labels, this.#given, this.#runs];
  }
}

type TypedArray = BigInt64Array | Int32Array | Float64Array | Int8Array | Uint8Array;
