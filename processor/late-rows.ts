import { allocateBatch, type Batch } from '../core/batch.ts';
import type { DeadLetter } from '../core/chunk.ts';
import { BucketFold } from '../core/level-of-detail.ts';
import type { KeptRow } from '../core/row-payload.ts';
import type { Schema } from '../core/schema.ts';
import type { RowsResult } from '../core/store.ts';
import { nanosPerMilli } from '../core/time.ts';

/** A row to be put among those that are stored. */
export interface LateRow extends KeptRow {
  readonly letter: DeadLetter;
  readonly stream: string;
  /** Its seq is its own and was left free when it was put aside: no other row of its time will come with it. */
  readonly counted: boolean;
}

/** A row in its place; `known` when a row of its time and values is there already. */
export interface PlacedRow {
  readonly row: LateRow;
  readonly seq: number;
  readonly known: boolean;
}

/** No pass over a source counts so many rows of one time. */
const aside = 2 ** 30;

/**
 * Gives each row a place among the stored ones and each other: its own seq where that is free, the next one where not. From
 * `edge` on the pipeline may still bring rows that are counted without this one, and then it stands far behind them.
 * @param there stored rows of a span that holds all of them
 * @param rows in the order of their times
 */
export function placeRows(there: RowsResult, rows: readonly LateRow[], edge: bigint | undefined): PlacedRow[] {
  const placed: PlacedRow[] = [];
  let ties: { seq: number; values: (tag: number) => number }[] = [];
  for (const [i, row] of rows.entries()) {
    if (i === 0 || row.time !== rows[i - 1].time) {
      ties = [];
      for (let at = lowerBound(there.times, row.time); at < there.times.length && there.times[at] === row.time; at++) {
        ties.push({ seq: there.seqs[at], values: (tag) => there.columns[tag][at] });
      }
    }
    const same = ties.find(({ values }) => row.values.every((value, tag) => Object.is(value, values(tag))));
    const seq = same ? same.seq : freeSeq(row, new Set(ties.map((tie) => tie.seq)), edge);
    if (!same) ties.push({ seq, values: (tag) => row.values[tag] });
    placed.push({ row, seq, known: same !== undefined });
  }
  return placed;
}

function freeSeq({ seq, time, counted }: LateRow, taken: ReadonlySet<number>, edge: bigint | undefined): number {
  const settled = edge !== undefined && time < edge;
  if (seq >= 0 && !taken.has(seq) && (settled || counted)) return seq;
  const next = Math.max(-1, ...taken) + 1;
  return settled ? next : Math.max(next, aside);
}

/**
 * A bucket of the stored rows and those that are put among them, in the order of (time, seq).
 * @param there holds all stored rows of the bucket
 * @param added in the order of (time, seq)
 */
export function foldBucket(level: number, start: bigint, there: RowsResult, added: readonly PlacedRow[]): BucketFold {
  const tags = there.columns.length;
  const fold = new BucketFold(level, start, tags);
  const values = new Float64Array(tags);
  const end = start + BigInt(level) * nanosPerMilli;
  const inside = added.filter(({ row: { time } }) => time >= start && time < end);
  let next = 0;
  const addUntil = (time: bigint, seq: number): void => {
    for (; next < inside.length; next++) {
      const { row, seq: own } = inside[next];
      if (row.time > time || (row.time === time && own > seq)) return;
      fold.add(row.values, 0);
    }
  };
  for (let i = lowerBound(there.times, start); i < there.times.length && there.times[i] < end; i++) {
    addUntil(there.times[i], there.seqs[i]);
    for (let t = 0; t < tags; t++) values[t] = there.columns[t][i];
    fold.add(values, 0);
  }
  addUntil(end, 0);
  return fold;
}

/** Does a span of the level from `start` on hold any of the stored rows? */
export function holdsRows(level: number, start: bigint, { times }: RowsResult): boolean {
  const at = lowerBound(times, start);
  return at < times.length && times[at] < start + BigInt(level) * nanosPerMilli;
}

/** Rows in their places, to be stored. */
export function batchOf(stream: string, schema: Schema, placed: readonly PlacedRow[]): Batch {
  const labelled = placed.some(({ row }) => row.label >= 0);
  const batch = allocateBatch(stream, schema, placed.length, labelled);
  for (const [i, { row, seq }] of placed.entries()) {
    batch.values.set(row.values, i * schema.tags.length);
    batch.times[i] = row.time;
    batch.seqs[i] = seq;
    batch.origins[i] = row.letter.position;
    if (batch.labels) batch.labels[i] = row.label;
  }
  return batch;
}

function lowerBound(times: BigInt64Array, time: bigint): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
