import type { Batch } from '../core/batch.ts';
import type { BusProducer } from '../core/bus.ts';
import { type Chunk, rowsIn } from '../core/chunk.ts';
import type { Source, SourceInfo } from '../core/component.ts';
import type { Pace } from '../core/pace.ts';
import { makeSchedule, paceChunk } from './pace.ts';

export interface ProduceOptions {
  readonly source: Source;
  /** What the source's `open` gave. */
  readonly info: SourceInfo;
  readonly bus: BusProducer;
  /** Origin to go on from; with `loop` it counts through all passes. */
  readonly from?: number | undefined;
  readonly pace?: Pace | undefined;
  /** Rows let through unpaced at the beginning: what is left of the warm-up. */
  readonly freeRows?: number | undefined;
  /** Begin again at the source's end, with times moved on so that they keep growing and origins that continue. */
  readonly loop?: boolean | undefined;
  /** Nanoseconds added to every time, for `clock: shifted`. */
  readonly shift?: bigint | undefined;
  /** Ends the loop after what is being sent. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ProduceProgress) => void) | undefined;
  /** Before a wait of more than 10 s for the next row; milliseconds. */
  readonly onGap?: ((wait: number) => void) | undefined;
}

export interface ProduceProgress {
  /** Rows and dead letters of this call, sent. */
  readonly rows: number;
  readonly dead: number;
  /** Origin to go on from. */
  readonly nextOffset: number;
  /** Share of the source that has been read in this pass, 0 to 1, where known. */
  readonly progress: number | undefined;
  /** Reasons for missing values of the rows read in this call. */
  readonly missing: ReadonlyMap<string, number>;
}

export interface ProduceTotals {
  readonly rows: number;
  readonly dead: number;
  /** Reasons for missing values of the rows read in this call. */
  readonly missing: ReadonlyMap<string, number>;
  readonly nextOffset: number;
  /** Times that the source's end was reached; more than one only with `loop`. */
  readonly passes: number;
  /** The signal ended it before the source's end. */
  readonly aborted: boolean;
}

/**
 * Reads the source, paces its rows onto the bus and ends the bus producer. Where rows wait in the bus, `send` waits, and
 * so does the source. The bus producer is ended in any case, so that what was sent is worked off; `nextOffset` says where
 * the next call goes on. After a change of the source's length a loop cannot be gone on with.
 */
export async function produce(options: ProduceOptions): Promise<ProduceTotals> {
  const { source, info, bus, pace = { kind: 'max' }, freeRows = 0, loop = false, shift = 0n, signal } = options;
  const schedule = makeSchedule(pace, freeRows);
  const announced = new Set<string>();
  const pass = makePass();
  let nextOffset = options.from ?? 0;
  let rows = 0;
  let dead = 0;
  let passes = 0;
  // Where the pass at hand begins: its origin, and what its times are moved on by.
  let base = 0;
  let moved = 0n;

  if (loop && nextOffset > 0) {
    await measure(source, pass);
    if (pass.rows > 0) {
      passes = Math.floor(nextOffset / pass.rows);
      base = passes * pass.rows;
      moved = BigInt(passes) * pass.span();
    }
  }

  const startPasses = passes;
  const missingBefore = new Map(source.missing());
  const missing = (): ReadonlyMap<string, number> => {
    const here = [...source.missing()].map(([reason, count]): [string, number] => [reason, count - (missingBefore.get(reason) ?? 0)]);
    return new Map(here.filter(([, count]) => count > 0));
  };
  const send = async (piece: Chunk, progress: number | undefined): Promise<void> => {
    for (const { stream } of piece.batches) {
      if (announced.has(stream)) continue;
      announced.add(stream);
      await bus.announce(stream, info.schema);
    }
    await bus.send(piece, { signal });
    rows += rowsIn(piece);
    dead += piece.dead.length;
    nextOffset = piece.nextOffset;
    const share = progress ?? (info.rows === undefined ? undefined : (nextOffset - base) / info.rows);
    options.onProgress?.({ rows, dead, nextOffset, progress: share, missing: missing() });
  };

  /** False when the signal ended it. */
  const sendPass = async (): Promise<boolean> => {
    let progress = nextOffset === base ? 0 : undefined;
    for await (const chunk of source.read(nextOffset - base)) {
      if (loop && !pass.complete) pass.see(chunk);
      const from = nextOffset;
      const moving = moveChunk(chunk, base, moved + shift);
      for await (const piece of paceChunk(moving, schedule, { signal, onGap: options.onGap })) {
        await send(piece, between(progress, chunk.progress, (piece.nextOffset - from) / (moving.nextOffset - from)));
      }
      if (signal?.aborted) return false;
      progress = chunk.progress;
    }
    return true;
  };

  let whole = true;
  try {
    do {
      whole = await sendPass();
      if (!whole) break;
      passes++;
      pass.complete = true;
      if (!loop || pass.span() === 0n) break;
      base += pass.rows;
      nextOffset = base;
      moved += pass.span();
    } while (!signal?.aborted);
  } catch (error) {
    // The wait for room ended with the signal; what was not taken is read again from the stored position.
    if (!signal?.aborted || error !== signal.reason) throw error;
    whole = false;
  } finally {
    await bus.end();
  }
  return { rows, dead, missing: missing(), nextOffset, passes: passes - startPasses, aborted: !whole || (loop && signal?.aborted === true) };
}

/** The share read after this part of a chunk, so that the display moves on while a chunk is paced. */
function between(before: number | undefined, after: number | undefined, part: number): number | undefined {
  if (after === undefined || before === undefined || part === 1) return after;
  return before + (after - before) * part;
}

/** What one pass over the source spans; the next pass's times are moved on by it. */
interface Pass {
  /** Data rows, dead ones included. */
  rows: number;
  complete: boolean;
  see(chunk: Chunk): void;
  /** From the oldest time to the newest and one mean step further, nanoseconds. */
  span(): bigint;
}

function makePass(): Pass {
  let first: bigint | undefined;
  let last = 0n;
  let timed = 0;
  return {
    rows: 0,
    complete: false,
    see(chunk) {
      this.rows = chunk.nextOffset;
      for (const { times, rows } of chunk.batches) {
        timed += rows;
        for (let row = 0; row < rows; row++) {
          if (first === undefined || times[row] < first) first = times[row];
          if (timed === rows && row === 0) last = times[0];
          if (times[row] > last) last = times[row];
        }
      }
    },
    span() {
      if (first === undefined) return 0n;
      const reach = last - first;
      return reach === 0n ? 1_000_000_000n : reach + (reach / BigInt(timed - 1) || 1n);
    },
  };
}

/** A pass over the source that sends nothing. */
async function measure(source: Source, pass: Pass): Promise<void> {
  for await (const chunk of source.read(0)) pass.see(chunk);
  pass.complete = true;
}

function moveChunk(chunk: Chunk, base: number, by: bigint): Chunk {
  if (base === 0 && by === 0n) return chunk;
  return {
    partition: chunk.partition,
    nextOffset: chunk.nextOffset + base,
    batches: chunk.batches.map((batch) => moveBatch(batch, base, by)),
    dead: chunk.dead.map((letter) => ({ ...letter, position: letter.position + base })),
  };
}

function moveBatch(batch: Batch, base: number, by: bigint): Batch {
  const times = new BigInt64Array(new SharedArrayBuffer(batch.rows * 8));
  const origins = new Float64Array(new SharedArrayBuffer(batch.rows * 8));
  for (let row = 0; row < batch.rows; row++) {
    times[row] = batch.times[row] + by;
    origins[row] = batch.origins[row] + base;
  }
  return { ...batch, times, origins };
}
