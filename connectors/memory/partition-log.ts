import { type Batch, concatBatches, sliceBatch } from '../../core/batch.ts';
import type { DeadLetter } from '../../core/chunk.ts';

/** A run of rows of one batch, or of dead letters, as they were sent. */
export type Run = { readonly batch: Batch; readonly dead?: undefined } | { readonly dead: readonly DeadLetter[]; readonly batch?: undefined };

interface Entry {
  readonly run: Run;
  /** Rank of its first element. */
  readonly start: number;
  readonly length: number;
  /** performance.now() of its arrival. */
  readonly arrived: number;
}

export interface LogSlice {
  readonly batches: Batch[];
  readonly dead: DeadLetter[];
  /** Rows and dead letters. */
  readonly length: number;
}

/** The offset of element i of a run. */
export function offsetIn(run: Run, i: number): number {
  return run.batch ? run.batch.origins[i] : run.dead[i].position;
}

export function lengthOf(run: Run): number {
  return run.batch ? run.batch.rows : run.dead.length;
}

export function sliceRun(run: Run, from: number, to: number): Run {
  return run.batch ? { batch: sliceBatch(run.batch, from, to) } : { dead: run.dead.slice(from, to) };
}

/**
 * What one partition holds: rows and dead letters in offset order, read by any number of readers and freed from the
 * front. Elements are counted by rank (0 for the first that ever came), because their offsets have gaps.
 */
export class PartitionLog {
  #entries: Entry[] = [];
  #head = 0;
  #tail = 0;
  #end = 0;

  /** Rank of the first element that is still held. */
  get base(): number {
    return this.#head < this.#entries.length ? this.#entries[this.#head].start : this.#tail;
  }

  /** Rank that the next element will get. */
  get tail(): number {
    return this.#tail;
  }

  /** @param end the offset to go on from once this run has been read */
  append(run: Run, end: number, arrived: number): void {
    const length = lengthOf(run);
    if (length > 0) this.#entries.push({ run, start: this.#tail, length, arrived });
    this.#tail += length;
    this.#end = end;
  }

  /** Rank of the first held element whose offset is not below `offset`; the tail when there is none. */
  seek(offset: number): number {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const { run, length } = this.#entries[middle];
      if (offsetIn(run, length - 1) < offset) low = middle + 1;
      else high = middle;
    }
    if (low === this.#entries.length) return this.#tail;
    const { run, start, length } = this.#entries[low];
    let first = 0;
    let last = length - 1;
    while (first < last) {
      const middle = (first + last) >>> 1;
      if (offsetIn(run, middle) < offset) first = middle + 1;
      else last = middle;
    }
    return start + first;
  }

  /** The offset to go on from when everything below `rank` has been read. */
  offset(rank: number): number {
    if (rank >= this.#tail) return this.#end;
    const { run, start } = this.#entries[this.#at(rank)];
    return offsetIn(run, rank - start);
  }

  /** When the element of this rank came. */
  arrived(rank: number): number {
    return this.#entries[this.#at(rank)].arrived;
  }

  /** Up to `max` elements from `rank` on. Whole batches are handed out as they came, without a copy. */
  read(rank: number, max: number): LogSlice {
    const batches: Batch[] = [];
    const dead: DeadLetter[] = [];
    let neighbours: Batch[] = [];
    const to = Math.min(this.#tail, rank + max);
    for (let at = rank, e = this.#at(rank); at < to; e++) {
      const { run, start, length } = this.#entries[e];
      const stop = Math.min(start + length, to);
      if (run.batch) {
        const rows = sliceBatch(run.batch, at - start, stop - start);
        const [before] = neighbours;
        if (before && (before.stream !== rows.stream || before.schema.hash !== rows.schema.hash)) {
          batches.push(concatBatches(neighbours));
          neighbours = [];
        }
        neighbours.push(rows);
      } else {
        for (let i = at - start; i < stop - start; i++) dead.push(run.dead[i]);
      }
      at = stop;
    }
    if (neighbours.length > 0) batches.push(concatBatches(neighbours));
    return { batches, dead, length: to - rank };
  }

  /** Lets go of entries that lie wholly below `rank`. */
  free(rank: number): void {
    const from = this.#head;
    while (this.#head < this.#entries.length && this.#entries[this.#head].start + this.#entries[this.#head].length <= rank) this.#head++;
    if (this.#head === from) return;
    // Forget the entries now, shift the array only once in a while: both keep freeing at O(1) per entry.
    if (this.#head > 64 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    } else {
      this.#entries.fill(freed, from, this.#head);
    }
  }

  #at(rank: number): number {
    let low = this.#head;
    let high = this.#entries.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.#entries[middle].start <= rank) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

const freed: Entry = { run: { dead: [] }, start: -1, length: 0, arrived: 0 };
