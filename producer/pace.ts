import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, sliceBatch } from '../core/batch.ts';
import type { Chunk } from '../core/chunk.ts';
import type { Pace } from '../core/pace.ts';

/** Rows are let through in one go per so many milliseconds: a stream that looks live, without a timer per row. */
const tick = 100;

/** When each row of a stream is due. */
export interface Schedule {
  /**
   * How many of the batch's rows from `from` on are due at `now` (ms of a steady clock), and, when not all are, how many
   * milliseconds to wait before asking again.
   */
  due(batch: Batch, from: number, now: number): { rows: number; wait: number };
}

/**
 * The first `freeRows` rows are due at once. Own time: the first row after them starts the clock, and a row is due when
 * as much time has passed, times `speed`, as lies between the two; a row behind the newest is due at once, and a gap in
 * the recording is waited for. A schedule that fell behind, because whoever takes the rows was slower, catches up.
 * @example
 * makeSchedule({ kind: 'max' }); // { due: [Function: due] }
 */
export function makeSchedule(pace: Pace, freeRows = 0): Schedule {
  let free = pace.kind === 'max' ? Number.POSITIVE_INFINITY : freeRows;
  let startedAt: number | undefined;
  let firstTime = 0n;
  let paced = 0;
  const dueAt = (time: bigint, started: number): number => {
    if (pace.kind === 'own') return started + Number(time - firstTime) / 1e6 / pace.speed;
    return pace.kind === 'rate' ? started + (paced * 1000) / pace.perSecond : started;
  };
  return {
    due(batch, from, now) {
      let row = from + Math.min(free, batch.rows - from);
      free -= row - from;
      if (row < batch.rows && startedAt === undefined) {
        startedAt = now;
        firstTime = batch.times[row];
      }
      const started = startedAt ?? now;
      for (; row < batch.rows; row++) {
        const at = dueAt(batch.times[row], started);
        if (at > now) return { rows: row - from, wait: Math.max(tick, at - now) };
        paced++;
      }
      return { rows: row - from, wait: 0 };
    },
  };
}

export interface PaceOptions {
  readonly signal?: AbortSignal | undefined;
  /** Told before a wait longer than 10 s, with the milliseconds. */
  readonly onGap?: ((wait: number) => void) | undefined;
}

/** Waits longer than this are told to `onGap`. */
const gap = 10_000;

/** No timer of Node's can wait longer. */
const longestTimer = 2 ** 31 - 1;

/**
 * Hands a chunk's rows on as they become due, in pieces that are chunks themselves: the pieces' rows are the chunk's, in
 * order, dead letters go with the rows before them, and the last piece has the chunk's `nextOffset`. Ends early, at once,
 * when the signal aborts.
 */
export async function* paceChunk(chunk: Chunk, schedule: Schedule, options: PaceOptions = {}): AsyncGenerator<Chunk> {
  let { dead } = chunk;
  let batches: Batch[] = [];
  let nextOffset = 0;
  for (const batch of chunk.batches) {
    let from = 0;
    while (from < batch.rows) {
      if (options.signal?.aborted) return;
      const { rows, wait } = schedule.due(batch, from, performance.now());
      if (rows > 0) {
        batches.push(sliceBatch(batch, from, from + rows));
        from += rows;
        nextOffset = batch.origins[from - 1] + 1;
      }
      if (wait === 0) continue;
      if (batches.length > 0) {
        const before = dead.filter((letter) => letter.position < nextOffset);
        dead = dead.slice(before.length);
        yield { partition: chunk.partition, nextOffset, batches, dead: before };
        batches = [];
      }
      if (!(await pause(wait, options))) return;
    }
  }
  if (!options.signal?.aborted) yield { partition: chunk.partition, nextOffset: chunk.nextOffset, batches, dead };
}

/** False when the signal aborted it. */
async function pause(wait: number, { signal, onGap }: PaceOptions): Promise<boolean> {
  if (wait > gap) onGap?.(wait);
  try {
    await sleep(Math.min(wait, longestTimer), undefined, signal ? { signal } : {});
    return true;
  } catch (error) {
    if (signal?.aborted) return false;
    throw error;
  }
}
