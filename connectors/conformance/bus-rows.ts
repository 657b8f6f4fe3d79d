import assert from 'node:assert/strict';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import { type Bus, type BusConsumer, type BusProducer, type ConsumerOptions, partitionOf } from '../../core/bus.ts';
import { type Chunk, type DeadLetter, rowsIn } from '../../core/chunk.ts';
import { makeSchema, type Schema } from '../../core/schema.ts';

/** Rows that say what they are, and the ways the bus checks send and read them. */

export const topic = 'conformance';

export const schema: Schema = makeSchema([
  { name: 'LIT101', kind: 'continuous', unit: 'mm', stage: 'P1', description: 'level of the raw water tank' },
  { name: 'MV101', kind: 'discrete' },
]);

/** Longer than any broker takes to hand over what is there, ms; waited in full only where something is lost. */
export const patience = 10_000;

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** A stream whose rows go to this partition. */
export function streamIn(partition: number, partitions: number): string {
  for (let i = 0; ; i++) if (partitionOf(`plant-${i}`, partitions) === partition) return `plant-${i}`;
}

/** Rows first ... first + rows - 1: each carries its number as value, time and origin. */
export function numberedRows(stream: string, first: number, rows: number): Batch {
  const batch = allocateBatch(stream, schema, rows);
  for (let i = 0; i < rows; i++) {
    batch.values[2 * i] = first + i;
    batch.values[2 * i + 1] = (first + i) % 3;
    batch.times[i] = BigInt(first + i);
    batch.origins[i] = first + i;
  }
  return batch;
}

export function chunkOf(batches: readonly Batch[], dead: readonly DeadLetter[] = []): Chunk {
  const offsets = [...batches.map((batch) => batch.origins[batch.rows - 1]), ...dead.map((letter) => letter.position)];
  return { partition: 0, nextOffset: Math.max(...offsets) + 1, batches, dead };
}

/** The numbers of a chunk's rows; values and times of a row must agree on it. */
export function numbersIn(chunk: Chunk): number[] {
  return chunk.batches.flatMap(({ values, times, rows }) =>
    range(0, rows).map((i) => {
      assert.deepEqual([values[2 * i], values[2 * i + 1]], [Number(times[i]), Number(times[i]) % 3], 'values and time of one row');
      return Number(times[i]);
    }),
  );
}

export async function startProducer(bus: Bus, streams: readonly string[] = ['a'], partitions = 1): Promise<BusProducer> {
  await bus.ensureTopic(topic, { partitions });
  const producer = await bus.producer(topic);
  for (const stream of streams) await producer.announce(stream, schema);
  return producer;
}

/** A consumer of the group that keeps its positions in `manifest` (partition -> offset), as a pipeline does. */
export function join(bus: Bus, group: string, manifest = new Map<number, number>(), options: Partial<ConsumerOptions> = {}): Promise<BusConsumer> {
  return bus.consumer(topic, { group, position: async (partition) => manifest.get(partition), ...options });
}

/** The next chunk, however often the consumer is idle before. */
export async function nextChunk(consumer: BusConsumer, maxRows: number, maxWaitMs = 20): Promise<Chunk> {
  for (const late = Date.now() + patience; Date.now() < late; ) {
    const chunk = await consumer.poll({ maxRows, maxWaitMs });
    assert.notEqual(chunk, 'end', 'the topic ended while rows were due');
    if (typeof chunk !== 'string') return chunk;
  }
  return assert.fail(`no chunk within ${patience} ms`);
}

/** Chunks until so many rows have come, or until the end. */
export async function readChunks(consumer: BusConsumer, rows = Number.POSITIVE_INFINITY, maxRows = 500): Promise<Chunk[]> {
  const chunks: Chunk[] = [];
  for (let have = 0, late = Date.now() + patience; have < rows; ) {
    const chunk = await consumer.poll({ maxRows: Math.min(maxRows, rows - have), maxWaitMs: 20 });
    if (chunk === 'end') break;
    if (chunk === 'idle') {
      assert.ok(Date.now() < late, `nothing came for ${patience} ms, after ${have} rows`);
      continue;
    }
    late = Date.now() + patience;
    chunks.push(chunk);
    have += rowsIn(chunk);
  }
  return chunks;
}

/** Polls until the members of a group have divided the partitions evenly among them. */
export async function untilShared(members: readonly BusConsumer[], partitions: number): Promise<void> {
  for (const late = Date.now() + patience; Date.now() < late; ) {
    const polled = await Promise.all(members.map((member) => member.poll({ maxRows: 1, maxWaitMs: 5 })));
    assert.ok(
      polled.every((chunk) => chunk === 'idle'),
      'nothing was sent yet',
    );
    const shares = await Promise.all(members.map(async (member) => (await member.lag()).size));
    if (shares.every((share) => share === partitions / members.length)) return;
  }
  assert.fail(`the members did not share ${partitions} partitions evenly within ${patience} ms`);
}

export async function later(ms: number): Promise<'later'> {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return 'later';
}

/** A promise that is opened from outside. */
export function gate<T>(): { opened: Promise<T>; open(value: T): void } {
  let open: (value: T) => void = () => assert.fail('opened too early');
  const opened = new Promise<T>((resolve) => {
    open = resolve;
  });
  return { opened, open: (value) => open(value) };
}
