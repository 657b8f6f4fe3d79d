import { allocateBatch, type Batch, sliceBatch } from '../../core/batch.ts';
import { type DeadLetter, type DeadReason, deadPayloadLimit } from '../../core/chunk.ts';
import type { SourceChunk } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Schema } from '../../core/schema.ts';
import { TimeWindow } from '../../core/time-window.ts';

export interface AssemblerOptions {
  /** Source id, for dead letters. */
  readonly source: string;
  /** Stream of rows that name none. */
  readonly stream: string;
  readonly schema: Schema;
  readonly labelled: boolean;
  /** Rows, dead ones included, that make a chunk. */
  readonly rows: number;
  /** First data row (0-based) to hand on; rows before it only count seqs. Infinity: only count. */
  readonly from: number;
  /** Milliseconds; span over which equal times are counted. */
  readonly lateness: number;
  /** Counted into for every missing value handed on. */
  readonly missing: Map<string, number>;
  /** Files without a time column: the first row's time and the step from row to row, nanoseconds. */
  readonly clock?: { readonly start: bigint; readonly period: bigint } | undefined;
}

/**
 * Builds chunks from rows that come cell by cell, without an object per row. For each data row, in order: `begin`, then
 * `setStream` (first, where rows name one), `setTime` as soon as the time is known, `setValue` or `setMissing` for each
 * tag, `setLabel`, or `fail`; then `end`. Tags that are not set are missing as `empty`. A row whose time is known takes
 * its seq even when it fails, so that reading on from a later row gives the same identities without decoding values.
 * @example
 * const schema = makeSchema([{ name: 'LIT101', kind: 'continuous' }]);
 * const missing = new Map<string, number>();
 * const assembler = new Assembler({ source: 'f', stream: 's', schema, labelled: false, rows: 100, from: 0, lateness: 60_000, missing });
 * assembler.begin(); // true
 * assembler.setTime(1_500_000_000_000_000_000n);
 * assembler.setValue(0, 512.5);
 * assembler.end();
 * assembler.take()?.batches[0].values[0]; // 512.5
 */
export class Assembler {
  readonly #options: AssemblerOptions;
  readonly #tags: number;
  readonly #windows = new Map<string, TimeWindow>();
  #batch: Batch;
  /** Rows in the batch, and in the chunk with dead ones. */
  #rows = 0;
  #taken = 0;
  /** Streams of the batch's rows as runs: the stream, and the row it starts at. */
  #runs: { stream: string; start: number }[] = [];
  #dead: DeadLetter[] = [];
  #next = 0;
  #newest: bigint | undefined;
  // The row at hand.
  #wanted = false;
  #stream: string;
  #time: bigint | undefined;
  #filled: Uint8Array;
  #filledCount = 0;
  #reasons: string[] = [];
  #reasonCount = 0;
  #failed = false;

  constructor(options: AssemblerOptions) {
    this.#options = options;
    this.#tags = options.schema.tags.length;
    this.#stream = options.stream;
    this.#filled = new Uint8Array(this.#tags);
    this.#batch = this.#allocate();
  }

  /** 0-based data row that `begin` starts next. */
  get position(): number {
    return this.#next;
  }

  /** Newest time of any row so far, those before `from` included. */
  get newest(): bigint | undefined {
    return this.#newest;
  }

  /** Time for `take`. */
  get full(): boolean {
    return this.#taken >= this.#options.rows;
  }

  /** Starts the next data row. False when it lies before `from`: then only its stream and time matter. */
  begin(): boolean {
    if (this.full) throw new SluiceError('INTERNAL', `a chunk of ${this.#taken} rows was not taken`);
    this.#wanted = this.#next >= this.#options.from;
    this.#stream = this.#options.stream;
    this.#failed = false;
    const { clock } = this.#options;
    this.#time = clock && clock.start + BigInt(this.#next) * clock.period;
    if (this.#wanted) {
      this.#filled.fill(0);
      this.#filledCount = 0;
      this.#reasonCount = 0;
      if (this.#batch.labels) this.#batch.labels[this.#rows] = -1;
    }
    return this.#wanted;
  }

  setStream(stream: string): void {
    this.#stream = stream;
  }

  /** UTC nanoseconds. */
  setTime(time: bigint): void {
    this.#time = time;
  }

  setValue(tag: number, value: number): void {
    this.#batch.values[this.#rows * this.#tags + tag] = value;
    if (this.#filled[tag] === 0) {
      this.#filled[tag] = 1;
      this.#filledCount++;
    }
  }

  setMissing(tag: number, reason: string): void {
    this.setValue(tag, Number.NaN);
    this.#reasons[this.#reasonCount++] = reason;
  }

  /** 1 anomalous, 0 normal, -1 unlabelled; undefined when the label cannot be understood, which is counted. */
  setLabel(label: number | undefined): void {
    if (label === undefined) this.#reasons[this.#reasonCount++] = 'unknown label';
    if (this.#batch.labels) this.#batch.labels[this.#rows] = label ?? -1;
  }

  /** The row cannot be taken: it becomes a dead letter. The first reason given counts. */
  fail(reason: DeadReason, message: string, payload: string): void {
    if (this.#failed) return;
    this.#failed = true;
    if (!this.#wanted) return;
    this.#dead.push({
      source: this.#options.source,
      partition: 0,
      position: this.#next,
      stream: this.#stream,
      reason,
      message,
      payload: payload.length > deadPayloadLimit ? payload.slice(0, deadPayloadLimit) : payload,
    });
  }

  /** Ends the row: gives it its identity and its place. */
  end(): void {
    const time = this.#time;
    if (time === undefined) this.fail('time', `data row ${this.#next + 1} has no time`, '');
    const position = this.#next++;
    if (time !== undefined) {
      const seq = this.#windowOf(this.#stream).next(time) ?? -1;
      if (this.#newest === undefined || time > this.#newest) this.#newest = time;
      if (this.#wanted && !this.#failed) this.#keep(position, time, seq);
    }
    if (this.#wanted) this.#taken++;
  }

  /** The chunk so far, or undefined when no row has come since the last one. */
  take(progress?: number): SourceChunk | undefined {
    if (this.#taken === 0) return undefined;
    const chunk: SourceChunk = {
      partition: 0,
      nextOffset: this.#next,
      batches: this.#runs.map((run, i) => {
        const piece = sliceBatch(this.#batch, run.start, this.#runs[i + 1]?.start ?? this.#rows);
        return run.stream === piece.stream ? piece : { ...piece, stream: run.stream };
      }),
      dead: this.#dead,
      ...(progress === undefined ? {} : { progress }),
    };
    this.#batch = this.#allocate();
    this.#rows = 0;
    this.#taken = 0;
    this.#runs = [];
    this.#dead = [];
    return chunk;
  }

  #keep(position: number, time: bigint, seq: number): void {
    const { missing } = this.#options;
    for (let i = 0; i < this.#reasonCount; i++) missing.set(this.#reasons[i], (missing.get(this.#reasons[i]) ?? 0) + 1);
    if (this.#filledCount < this.#tags) this.#fillEmpty();
    const row = this.#rows++;
    this.#batch.times[row] = time;
    this.#batch.seqs[row] = seq;
    this.#batch.origins[row] = position;
    if (row === 0 || this.#runs[this.#runs.length - 1].stream !== this.#stream) this.#runs.push({ stream: this.#stream, start: row });
  }

  #fillEmpty(): void {
    const { missing } = this.#options;
    for (let tag = 0; tag < this.#tags; tag++) {
      if (this.#filled[tag] === 0) this.#batch.values[this.#rows * this.#tags + tag] = Number.NaN;
    }
    missing.set('empty', (missing.get('empty') ?? 0) + this.#tags - this.#filledCount);
  }

  #windowOf(stream: string): TimeWindow {
    let window = this.#windows.get(stream);
    if (!window) {
      window = new TimeWindow(this.#options.lateness);
      this.#windows.set(stream, window);
    }
    return window;
  }

  #allocate(): Batch {
    const { stream, schema, rows, from, labelled } = this.#options;
    return allocateBatch(stream, schema, from === Number.POSITIVE_INFINITY ? 0 : rows, labelled);
  }
}
