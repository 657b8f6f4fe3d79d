import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import memory from '../connectors/memory/bus.ts';
import type { Batch } from '../core/batch.ts';
import type { Bus, BusConsumer } from '../core/bus.ts';
import type { DeadLetter } from '../core/chunk.ts';
import type { Source } from '../core/component.ts';
import { formatTime } from '../core/time.ts';
import { type ProduceOptions, type ProduceProgress, produce } from './producer.ts';
import csv from './sources/csv.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-producer-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function sourceOf(lines: readonly string[], options: Record<string, unknown> = {}): Promise<Source> {
  const path = join(folder, `${++files}.csv`);
  await writeFile(path, `time,a${options.streamColumn ? ',unit' : ''}\n${lines.join('\n')}\n`);
  return csv.create(csv.options.parse({ path, ...options }), { stream: 'plant', lateness: 60_000, seed: 1, warn: () => undefined });
}

const second = (n: number) => formatTime(BigInt(n) * 1_000_000_000n);
const line = (n: number) => `${second(n)},${n}`;
const lines = (n: number) => Array.from({ length: n }, (_, i) => line(i));

interface Arrived {
  rows: { origin: number; time: string; value: number; stream: string }[];
  dead: DeadLetter[];
  schemas: Set<string>;
}

/** Takes everything that arrives until the producer has ended, or until `enough` says so. */
async function arrivals(consumer: BusConsumer, enough: (arrived: Arrived) => boolean = () => false): Promise<Arrived> {
  const arrived: Arrived = { rows: [], dead: [], schemas: new Set() };
  const take = (batch: Batch): void => {
    const schema = consumer.schema(batch.stream);
    if (schema) arrived.schemas.add(`${batch.stream}: ${schema.tags.map((tag) => tag.name)}`);
    for (let row = 0; row < batch.rows; row++) {
      arrived.rows.push({ origin: batch.origins[row], time: formatTime(batch.times[row]), value: batch.values[row], stream: batch.stream });
    }
  };
  while (!enough(arrived)) {
    const chunk = await consumer.poll({ maxRows: 500, maxWaitMs: 20 });
    if (chunk === 'end') break;
    if (chunk === 'idle') continue;
    chunk.batches.forEach(take);
    arrived.dead.push(...chunk.dead);
    await consumer.commit(chunk.partition, chunk.nextOffset);
  }
  return arrived;
}

async function run(source: Source, options: Partial<ProduceOptions> = {}, enough?: (arrived: Arrived) => boolean, capacity = 8192) {
  const bus: Bus = await memory.create(memory.options.parse({ capacity }));
  await bus.ensureTopic('rows', { partitions: 1 });
  const consumer = await bus.consumer('rows', { group: 'g', position: async () => undefined });
  const control = new AbortController();
  const info = await source.open();
  const producing = produce({ source, info, bus: await bus.producer('rows'), signal: control.signal, ...options });
  const arrived = await arrivals(consumer, enough);
  control.abort();
  const rest = await arrivals(consumer);
  const totals = await producing;
  await bus.close();
  return { totals, rows: [...arrived.rows, ...rest.rows], dead: [...arrived.dead, ...rest.dead], schemas: [...arrived.schemas, ...rest.schemas] };
}

describe('produce', () => {
  it('sends every row once, in order, with its dead letters, and says what it sent', async () => {
    const source = await sourceOf([...lines(3000), 'noon,1', `${second(3001)},`, line(3002)]);
    const { totals, rows, dead, schemas } = await run(source);
    expect(rows.map((row) => row.origin)).toEqual([...Array.from({ length: 3000 }, (_, i) => i), 3001, 3002]);
    expect(dead).toMatchObject([{ reason: 'time', position: 3000 }]);
    expect(schemas).toEqual(['plant: a']);
    expect(totals).toEqual({ rows: 3002, dead: 1, missing: new Map([['empty', 1]]), nextOffset: 3003, passes: 1, aborted: false });
  });

  it('goes on from an origin, and has nothing to do at the end', async () => {
    const source = await sourceOf(lines(50));
    expect((await run(source, { from: 45 })).rows.map((row) => row.value)).toEqual([45, 46, 47, 48, 49]);
    const { rows, totals } = await run(source, { from: 50 });
    expect(rows).toEqual([]);
    expect(totals).toMatchObject({ rows: 0, nextOffset: 50, aborted: false });
  });

  it('waits while the bus is full', async () => {
    const source = await sourceOf(lines(5000));
    const bus = await memory.create(memory.options.parse({ capacity: 100 }));
    await bus.ensureTopic('rows', { partitions: 1 });
    const consumer = await bus.consumer('rows', { group: 'g', position: async () => undefined });
    let sent = 0;
    const producing = produce({ source, info: await source.open(), bus: await bus.producer('rows'), onProgress: (p) => (sent = p.rows) });
    const first = await arrivals(consumer, (arrived) => arrived.rows.length > 0);
    expect(sent).toBeLessThan(5000);
    const rest = await arrivals(consumer);
    expect(first.rows.length + rest.rows.length).toBe(5000);
    expect((await producing).rows).toBe(5000);
  });

  it('announces each stream before its rows', async () => {
    const source = await sourceOf([`${line(0)},north`, `${line(0)},south`, `${line(1)},north`], { streamColumn: 'unit' });
    const { rows, schemas } = await run(source);
    expect(rows.map((row) => row.stream)).toEqual(['north', 'south', 'north']);
    expect(schemas).toEqual(['north: a', 'south: a']);
  });

  it('moves times by the shift, and nothing else', async () => {
    const { rows } = await run(await sourceOf(lines(3)), { shift: 86_400_000_000_000n });
    expect(rows.map(({ origin, time, value }) => [origin, time, value])).toEqual([
      [0, '1970-01-02T00:00:00Z', 0],
      [1, '1970-01-02T00:00:01Z', 1],
      [2, '1970-01-02T00:00:02Z', 2],
    ]);
  });

  it('tells how far it is, also where only the number of rows is known', async () => {
    const source = await sourceOf([...lines(3999), `${second(3999)},`]);
    const seen: ProduceProgress[] = [];
    await run(source, { onProgress: (progress) => seen.push(progress) });
    expect(seen.length).toBeGreaterThan(2);
    expect(seen.at(-1)).toEqual({ rows: 4000, dead: 0, nextOffset: 4000, progress: 1, missing: new Map([['empty', 1]]) });
    const silent: Source = {
      ...source,
      async *read(from) {
        for await (const { partition, nextOffset, batches, dead } of source.read(from)) yield { partition, nextOffset, batches, dead };
      },
    };
    const info = { ...(await source.open()), rows: 8000 };
    const bus = await memory.create(memory.options.parse({}));
    const last: (number | undefined)[] = [];
    await produce({ source: silent, info, bus: await bus.producer('rows'), onProgress: ({ progress }) => last.push(progress) });
    expect(last.at(-1)).toBe(0.5);
  });

  it('ends the bus producer also when the source fails on the way, and passes the error on', async () => {
    const source = await sourceOf(lines(2000));
    const failing: Source = {
      ...source,
      async *read(from) {
        for await (const chunk of source.read(from)) {
          yield chunk;
          throw new Error('the disk has gone');
        }
      },
    };
    const bus = await memory.create(memory.options.parse({}));
    const consumer = await bus.consumer('rows', { group: 'g', position: async () => undefined });
    const producing = produce({ source: failing, info: await source.open(), bus: await bus.producer('rows') });
    const outcome = expect(producing).rejects.toThrow('the disk has gone');
    expect((await arrivals(consumer)).rows.length).toBeGreaterThan(0);
    await outcome;
  });
});

describe('pacing', () => {
  it('lets the free rows through at once and holds the rest; an abort ends the wait and says where to go on', async () => {
    const source = await sourceOf([...lines(40), `${second(100_000)},7`]);
    const { totals, rows } = await run(source, { pace: { kind: 'own', speed: 1000 }, freeRows: 30 }, (arrived) => arrived.rows.length >= 40);
    expect(rows).toHaveLength(40);
    expect(totals).toMatchObject({ rows: 40, nextOffset: 40, aborted: true, passes: 0 });
    const after = await run(source, { from: totals.nextOffset });
    expect(after.rows.map((row) => row.value)).toEqual([7]);
  });

  it('ends where it waits for room and nobody reads any more', async () => {
    const source = await sourceOf(lines(100));
    const bus = await memory.create(memory.options.parse({ capacity: 10 }));
    const control = new AbortController();
    const info = await source.open();
    const producing = produce({ source, info, bus: await bus.producer('rows'), signal: control.signal });
    const consumer = await bus.consumer('rows', { group: 'g', position: async () => undefined });
    const seen = await arrivals(consumer, ({ rows }) => rows.length >= 20);
    control.abort();
    const totals = await producing;
    expect(totals).toMatchObject({ aborted: true, passes: 0 });
    expect(totals.nextOffset).toBeLessThan(100);
    const rest = await arrivals(consumer);
    expect([...seen.rows, ...rest.rows].map(({ value }) => value)).toEqual(Array.from({ length: seen.rows.length + rest.rows.length }, (_, i) => i));
  });

  it('shows how far it is inside a chunk, too', async () => {
    const seen: (number | undefined)[] = [];
    await run(await sourceOf(lines(100)), { pace: { kind: 'rate', perSecond: 400 }, onProgress: ({ progress }) => seen.push(progress) });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen.at(-1)).toBe(1);
    for (const [i, share] of seen.entries()) expect(share).toBeGreaterThan(i === 0 ? 0 : (seen[i - 1] as number));
  });

  it('says how long it waits for the next row', async () => {
    const source = await sourceOf([line(0), line(3600)]);
    const waits: number[] = [];
    await run(source, { pace: { kind: 'own', speed: 1 }, onGap: (wait) => waits.push(wait) }, () => waits.length > 0);
    expect(waits[0]).toBeGreaterThan(3_500_000);
  });
});

describe('loop', () => {
  const until = (count: number) => (arrived: Arrived) => arrived.rows.length >= count;

  it('begins again at the end with times and origins that go on', async () => {
    const source = await sourceOf([line(10), line(12), 'noon,1', line(14)]);
    const { rows, dead, totals } = await run(source, { loop: true, pace: { kind: 'rate', perSecond: 300 } }, until(7));
    expect(rows.slice(0, 7).map(({ origin, time, value }) => [origin, time, value])).toEqual([
      [0, second(10), 10],
      [1, second(12), 12],
      [3, second(14), 14],
      [4, second(16), 10],
      [5, second(18), 12],
      [7, second(20), 14],
      [8, second(22), 10],
    ]);
    expect(dead.slice(0, 2).map((letter) => letter.position)).toEqual([2, 6]);
    expect(totals.aborted).toBe(true);
    expect(totals.passes).toBeGreaterThanOrEqual(2);
  });

  it('goes on inside any pass as if it had never stopped', async () => {
    const source = await sourceOf([line(10), line(12), line(11), line(14), 'noon,1']);
    const pace = { kind: 'rate', perSecond: 500 } as const;
    const whole = (await run(source, { loop: true, pace }, until(14))).rows.slice(0, 14);
    for (const from of [1, 4, 5, 7, 10, 13]) {
      const { rows } = await run(source, { loop: true, pace, from }, until(3));
      const expected = whole.filter(({ origin }) => origin >= from);
      const both = Math.min(expected.length, rows.length);
      expect(both).toBeGreaterThan(1);
      expect(rows.slice(0, both)).toEqual(expected.slice(0, both));
    }
  });

  it('ends by itself where the source has no row that could be sent again', async () => {
    const source = await sourceOf([line(1)]);
    await source.open();
    const none: Source = {
      ...source,
      async *read() {
        yield { partition: 0, nextOffset: 1, batches: [], dead: [] };
      },
    };
    const bus = await memory.create(memory.options.parse({}));
    expect(await produce({ source: none, info: await source.open(), bus: await bus.producer('rows'), loop: true })).toMatchObject({ rows: 0, passes: 1 });
  });
});
