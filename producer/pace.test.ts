import { describe, expect, it } from 'vitest';
import { allocateBatch, type Batch, concatBatches } from '../core/batch.ts';
import { type Chunk, type DeadLetter, rowsIn } from '../core/chunk.ts';
import { makeSchema } from '../core/schema.ts';
import { makeSchedule, paceChunk } from './pace.ts';

const schema = makeSchema([{ name: 'LIT101', kind: 'continuous' }]);

/** One row per time, given in milliseconds. */
function batchAt(times: readonly number[], firstOrigin = 0): Batch {
  const batch = allocateBatch('swat', schema, times.length);
  for (const [row, ms] of times.entries()) {
    batch.times[row] = BigInt(ms) * 1_000_000n;
    batch.origins[row] = firstOrigin + row;
    batch.values[row] = ms;
  }
  return batch;
}

const seconds = (n: number) => Array.from({ length: n }, (_, i) => i * 1000);
const letter = (position: number): DeadLetter => ({ source: 'a.csv', partition: 0, position, reason: 'cells', message: '', payload: '' });

describe('makeSchedule', () => {
  it('holds nothing back at max', () => {
    expect(makeSchedule({ kind: 'max' }).due(batchAt(seconds(5)), 1, 0)).toEqual({ rows: 4, wait: 0 });
  });

  it('lets rows through as their own time passes, times the speed', () => {
    const schedule = makeSchedule({ kind: 'own', speed: 10 });
    const batch = batchAt(seconds(100));
    expect(schedule.due(batch, 0, 5000)).toEqual({ rows: 1, wait: 100 });
    expect(schedule.due(batch, 1, 5100)).toEqual({ rows: 1, wait: 100 });
    expect(schedule.due(batch, 2, 5450)).toEqual({ rows: 3, wait: 100 });
    expect(schedule.due(batch, 5, 60_000)).toEqual({ rows: 95, wait: 0 });
  });

  it('waits as long as a gap in the recording asks for', () => {
    const schedule = makeSchedule({ kind: 'own', speed: 2 });
    expect(schedule.due(batchAt([0, 3_600_000]), 0, 0)).toEqual({ rows: 1, wait: 1_800_000 });
  });

  it('does not hold back rows behind the newest', () => {
    const schedule = makeSchedule({ kind: 'own', speed: 1 });
    expect(schedule.due(batchAt([10_000, 4000, 9000, 11_000]), 0, 0)).toEqual({ rows: 3, wait: 1000 });
  });

  it('lets a fixed number through per second, whatever the times say', () => {
    const schedule = makeSchedule({ kind: 'rate', perSecond: 100 });
    const batch = batchAt(Array.from({ length: 1000 }, () => 7));
    expect(schedule.due(batch, 0, 1000)).toEqual({ rows: 1, wait: 100 });
    expect(schedule.due(batch, 1, 1100)).toEqual({ rows: 10, wait: 100 });
    expect(schedule.due(batch, 11, 1200)).toEqual({ rows: 10, wait: 100 });
    expect(schedule.due(batch, 21, 3200)).toEqual({ rows: 200, wait: 100 });
  });

  it('lets the free rows through at once, and starts the clock at the first row after them', () => {
    const schedule = makeSchedule({ kind: 'own', speed: 1 }, 3);
    expect(schedule.due(batchAt(seconds(2)), 0, 0)).toEqual({ rows: 2, wait: 0 });
    expect(schedule.due(batchAt([2000, 3000, 4000, 5000]), 0, 9000)).toEqual({ rows: 2, wait: 1000 });
    expect(schedule.due(batchAt([2000, 3000, 4000, 5000]), 2, 10_000)).toEqual({ rows: 1, wait: 1000 });
  });

  it('catches up after a stall', () => {
    const schedule = makeSchedule({ kind: 'own', speed: 1 });
    const batch = batchAt(seconds(60));
    schedule.due(batch, 0, 0);
    expect(schedule.due(batch, 1, 30_000)).toEqual({ rows: 30, wait: 1000 });
  });
});

async function collect(chunk: Chunk, ...rest: [Parameters<typeof paceChunk>[1], Parameters<typeof paceChunk>[2]?]): Promise<Chunk[]> {
  const pieces: Chunk[] = [];
  for await (const piece of paceChunk(chunk, ...rest)) pieces.push(piece);
  return pieces;
}

describe('paceChunk', () => {
  const chunk: Chunk = {
    partition: 0,
    nextOffset: 61,
    batches: [batchAt(seconds(20)), batchAt(seconds(40), 20)],
    dead: [letter(-1), letter(20), letter(60)],
  };

  it('hands a chunk on whole when nothing is held back', async () => {
    const pieces = await collect(chunk, makeSchedule({ kind: 'max' }));
    expect(pieces).toEqual([chunk]);
  });

  it('cuts it into pieces that together are the chunk, dead letters beside their rows', async () => {
    const pieces = await collect(chunk, makeSchedule({ kind: 'rate', perSecond: 200 }));
    expect(pieces.length).toBeGreaterThan(1);
    expect(concatBatches(pieces.flatMap((piece) => piece.batches)).origins).toEqual(concatBatches(chunk.batches).origins);
    expect(pieces.flatMap((piece) => piece.dead)).toEqual(chunk.dead);
    expect(pieces.at(-1)?.nextOffset).toBe(61);
    let offset = 0;
    for (const piece of pieces.slice(0, -1)) {
      offset += rowsIn(piece);
      expect(piece.nextOffset).toBe(offset);
      for (const { position } of piece.dead) expect(position).toBeLessThan(offset);
    }
  });

  it('hands on a chunk of dead letters alone', async () => {
    const onlyDead: Chunk = { partition: 0, nextOffset: 1, batches: [], dead: [letter(0)] };
    expect(await collect(onlyDead, makeSchedule({ kind: 'own', speed: 1 }))).toEqual([onlyDead]);
  });

  it('stops waiting at once when aborted, and says before how long it would have been', async () => {
    const control = new AbortController();
    const waits: number[] = [];
    const onGap = (wait: number) => {
      waits.push(wait);
      control.abort();
    };
    const held: Chunk = { partition: 0, nextOffset: 2, batches: [batchAt([0, 3_600_000])], dead: [] };
    const pieces = await collect(held, makeSchedule({ kind: 'own', speed: 1 }), { signal: control.signal, onGap });
    expect(pieces.map(rowsIn)).toEqual([1]);
    expect(pieces[0].nextOffset).toBe(1);
    expect(waits).toHaveLength(1);
    expect(waits[0]).toBeGreaterThan(3_590_000);
  });

  it('hands on nothing once aborted', async () => {
    expect(await collect(chunk, makeSchedule({ kind: 'max' }), { signal: AbortSignal.abort() })).toEqual([]);
  });
});
