import { setTimeout as sleep } from 'node:timers/promises';
import { CompressionTypes, Kafka, logLevel, type Message, Partitioners } from 'kafkajs';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { chunkOf, nextChunk, numberedRows, numbersIn, range, readChunks, schema } from '../../connectors/conformance/bus-rows.ts';
import kafka from '../../connectors/kafka/bus.ts';
import { allocateBatch, uncounted } from '../../core/batch.ts';
import type { Bus, BusConsumer, ConsumerOptions } from '../../core/bus.ts';
import type { Chunk } from '../../core/chunk.ts';
import { makeSchema } from '../../core/schema.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedKafka } from './servers.ts';

describeWithStack('a consumer of kafka', { kafka: 'shared' }, () => {
  let stack: Awaited<ReturnType<typeof sharedKafka>>;
  let client: Kafka;
  const buses: Bus[] = [];
  beforeAll(async () => {
    stack = await sharedKafka();
    client = new Kafka({ brokers: stack.brokers, logLevel: logLevel.NOTHING });
  });
  afterEach(async () => {
    await Promise.all(buses.splice(0).map((bus) => bus.close()));
  });

  async function open(warnings: string[] = [], options: object = {}): Promise<Bus> {
    const bus = await kafka.create(kafka.options.parse({ brokers: stack.brokers, ...options }), { warn: (text) => warnings.push(text), unavailable: () => {} });
    buses.push(bus);
    return bus;
  }

  const read = (bus: Bus, topic: string, options: Partial<ConsumerOptions> = {}): Promise<BusConsumer> =>
    bus.consumer(topic, { group: topic, position: async () => undefined, ...options });

  /** As anybody would, without us. */
  async function send(
    topic: string,
    messages: Message[],
    more: { transactionalId?: string; abort?: boolean; compression?: CompressionTypes } = {},
  ): Promise<void> {
    const { transactionalId, abort, compression = CompressionTypes.None } = more;
    const producer = client.producer({
      createPartitioner: Partitioners.DefaultPartitioner,
      ...(transactionalId ? { transactionalId, maxInFlightRequests: 1, idempotent: true } : {}),
    });
    await producer.connect();
    if (transactionalId) {
      const transaction = await producer.transaction();
      await transaction.send({ topic, messages, compression });
      if (abort) await transaction.abort();
      else await transaction.commit();
    } else await producer.send({ topic, messages, compression });
    await producer.disconnect();
  }

  async function makeTopic(config: Record<string, string> = {}, partitions = 1): Promise<string> {
    const topic = stack.freshName('foreign');
    const admin = client.admin();
    await admin.connect();
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions, configEntries: Object.entries(config).map(([name, value]) => ({ name, value })) }],
    });
    await admin.disconnect();
    return topic;
  }

  const row = (second: number, tags: object): string => JSON.stringify({ Timestamp: new Date(Date.UTC(2015, 11, 28, 10, 0, second)).toISOString(), ...tags });

  /** Everything up to so many rows and dead letters. */
  async function take(consumer: BusConsumer, count: number): Promise<Chunk[]> {
    const chunks: Chunk[] = [];
    for (let have = 0; have < count; ) {
      const chunk = await nextChunk(consumer, 500);
      chunks.push(chunk);
      have += chunk.dead.length + chunk.batches.reduce((sum, batch) => sum + batch.rows, 0);
    }
    return chunks;
  }

  it('reads rows of anybody: the first one that can be read shows the tags, what is none is a dead letter', async () => {
    const topic = await makeTopic({ 'max.message.bytes': '4000000' });
    const key = 'plant';
    await send(topic, [
      { key, value: 'no JSON' },
      { key, value: row(0, { note: 'nothing measured' }) },
      { key, value: row(1, { LIT101: 1, MV101: 2, note: 'text' }) },
      { key, value: row(2, { MV101: 4, LIT101: 3 }) },
      { key, value: row(3, { LIT101: 5 }) },
      { key, value: row(4, { LIT101: 6, MV101: 7, FIT201: 8, FIT202: 9 }) },
      { key, value: row(5, { LIT101: 'broken', MV101: 7 }) },
      { key, value: '{"LIT101":1}' },
      { value: row(6, { LIT101: 1, MV101: 2 }) },
      { key: Buffer.from([0xff, 0xfe]), value: row(6, { LIT101: 1, MV101: 2 }) },
      { key, value: null },
    ]);
    await send(topic, [{ key, value: row(7, { LIT101: 1, MV101: 2, note: 'x'.repeat(3_000_000) }) }]);
    await send(topic, [{ key, value: row(8, { LIT101: 10, MV101: 11 }), headers: { seq: '3' } }]);

    const warnings: string[] = [];
    const bus = await open(warnings);
    const chunks = await take(await read(bus, topic), 13);
    const batches = chunks.flatMap((chunk) => chunk.batches);
    expect(batches[0].schema.tags).toEqual([
      { name: 'LIT101', kind: 'continuous' },
      { name: 'MV101', kind: 'continuous' },
    ]);
    const rows = batches.flatMap(({ values, origins, seqs, times }) =>
      [...origins].map((origin, i) => [origin, Number(times[i] / 1_000_000_000n) % 60, seqs[i], values[2 * i], values[2 * i + 1]]),
    );
    expect(rows).toEqual([
      [2, 1, 0, 1, 2],
      [3, 2, 0, 3, 4],
      [4, 3, 0, 5, Number.NaN],
      [5, 4, 0, 6, 7],
      [12, 8, 3, 10, 11],
    ]);
    const dead = chunks.flatMap((chunk) => chunk.dead);
    expect(dead.map(({ position, reason, stream }) => [position, reason, stream])).toEqual([
      [0, 'syntax', key],
      [1, 'rejected', key],
      [6, 'number', key],
      [7, 'time', key],
      [8, 'rejected', undefined],
      [9, 'encoding', undefined],
      [10, 'syntax', undefined],
      [11, 'line-too-long', key],
    ]);
    expect(dead.every(({ source, partition }) => source === topic && partition === 0)).toBe(true);
    expect(dead[0].payload).toBe('no JSON');
    expect(dead[7].payload.length).toBe(4096);
    expect(chunks.at(-1)?.nextOffset).toBe(13);
    expect(warnings.filter((text) => text.includes("'FIT201'"))).toHaveLength(1);
    expect(warnings.join()).toContain("'FIT202'");

    // What was found out holds for everyone, wherever they begin.
    const other = await open();
    const late = await read(other, topic, { group: `${topic}-late`, position: async () => 4, stream: 'plant' });
    const again = await take(late, 9);
    expect(again[0].batches[0].schema).toEqual(batches[0].schema);
    expect(again.flatMap((chunk) => chunk.batches.flatMap(({ origins }) => [...origins]))).toEqual([4, 5, 8, 12]);
  });

  it('reads messages of a shape of their own by the names in bus.message, and sends rows of ours in the same', async () => {
    const topic = await makeTopic();
    const warnings: string[] = [];
    const bus = await open(warnings, { message: { time: 'timestamp', stream: 'source_id', tags: ['value'], sameTime: 'row' } });
    const at = '2024-03-01T10:00:00.250Z';
    await send(topic, [
      { key: 'a', value: JSON.stringify({ source_id: 'a', value: 1, timestamp: at }) },
      { key: 'b', value: `{"timestamp": ${Date.parse(at)}, "value": 2, "source_id": "b", "note": "x"}` },
      { value: JSON.stringify({ source_id: 'a', value: 3, timestamp: at }) },
      { key: 'a', value: row(0, { LIT101: 1 }) },
      { key: 'a', value: JSON.stringify({ source_id: 'a', value: 'high', timestamp: at }) },
      { key: 'a', value: null },
    ]);
    const ours = allocateBatch('a', makeSchema([{ name: 'value', kind: 'continuous' }]), 1);
    [ours.values[0], ours.times[0]] = [4, BigInt(Date.parse(at)) * 1_000_000n];
    const producer = await bus.producer(topic, { source: 'plant' });
    await producer.announce('a', ours.schema);
    await producer.send(chunkOf([ours]));
    await expect(producer.announce('c', schema)).rejects.toMatchObject({ code: 'SOURCE_TAGS', place: 'bus.message.tags' });

    const consumer = await read(bus, topic);
    const chunks = await take(consumer, 7);
    const batches = chunks.flatMap((chunk) => chunk.batches);
    const rows = batches.flatMap(({ stream, values, origins, seqs, times }) => [...origins].map((origin, i) => [origin, stream, times[i], seqs[i], values[i]]));
    const time = ours.times[0];
    expect(rows).toEqual([
      [0, 'a', time, uncounted, 1],
      [1, 'b', time, uncounted, 2],
      [2, 'a', time, uncounted, 3],
      [6, 'a', time, 0, 4],
    ]);
    const dead = chunks.flatMap((chunk) => chunk.dead);
    expect(dead.map(({ position, reason }) => [position, reason])).toEqual([
      [3, 'time'],
      [4, 'number'],
      [5, 'syntax'],
    ]);
    expect(consumer.schema('whoever')?.hash).toBe(ours.schema.hash);
    expect(warnings.join()).toContain("'note'");
  });

  it('counts what is decided: rows of transactions that were aborted never come, and their marks are passed', async () => {
    const topic = await makeTopic();
    const messages = (from: number): Message[] => range(from, from + 3).map((second) => ({ key: 'plant', value: row(second, { LIT101: second }) }));
    await send(topic, messages(0), { transactionalId: stack.freshName('a') });
    await send(topic, messages(10), { transactionalId: stack.freshName('b'), abort: true });
    await send(topic, messages(20), { compression: CompressionTypes.GZIP });
    await send(topic, messages(30), { transactionalId: stack.freshName('c') });
    const consumer = await read(await open(), topic);
    const chunks = await take(consumer, 9);
    expect(chunks.flatMap((chunk) => chunk.batches.flatMap(({ values }) => [...values]))).toEqual([0, 1, 2, 20, 21, 22, 30, 31, 32]);
    expect(await consumer.lag()).toEqual(new Map([[0, 0]]));
    // Three rows and a mark each, but none for those without a transaction.
    expect(chunks.at(-1)?.nextOffset).toBe(15);
  });

  it('reads the rows of a partition again from where the position is, when it is told to restart', async () => {
    const topic = await makeTopic();
    const bus = await open();
    const producer = await bus.producer(topic);
    await producer.announce('a', schema);
    await producer.send(chunkOf([numberedRows('a', 0, 100)]));
    const manifest = new Map<number, number>();
    let asked = 0;
    const consumer = await read(bus, topic, {
      position: async (partition) => {
        asked++;
        return manifest.get(partition);
      },
    });
    const first = await nextChunk(consumer, 30);
    manifest.set(0, first.nextOffset);
    await nextChunk(consumer, 20);
    consumer.restart?.(0);
    consumer.restart?.(7);
    await producer.end();
    expect((await readChunks(consumer)).flatMap(numbersIn)).toEqual(range(30, 100));
    expect(asked).toBe(2);
  });

  it('goes on behind what the topic has deleted, and says so', async () => {
    const topic = await makeTopic();
    const warnings: string[] = [];
    const bus = await open(warnings);
    const producer = await bus.producer(topic);
    await producer.announce('a', schema);
    const rows = 60_000;
    for (let from = 0; from < rows; from += 5000) await producer.send(chunkOf([numberedRows('a', from, 5000)]));
    await producer.end();
    const consumer = await read(bus, topic);
    const got = numbersIn(await nextChunk(consumer, 10));
    // Time to read as far ahead as it does; all of it is before the rows that stay.
    await sleep(500);
    const admin = client.admin();
    await admin.connect();
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '50000' }] });
    await admin.disconnect();
    got.push(...(await readChunks(consumer)).flatMap(numbersIn));
    const ahead = got.indexOf(50_000);
    expect(got).toEqual([...range(0, ahead), ...range(50_000, rows)]);
    expect(ahead).toBeLessThan(50_000);
    expect(warnings).toEqual([expect.stringContaining(`offsets ${ahead} to 49999 were deleted`)]);

    const late = await read(bus, topic, { group: `${topic}-late`, position: async () => 10 });
    expect((await readChunks(late)).flatMap(numbersIn)).toEqual(range(50_000, rows));
    expect(warnings.at(-1)).toContain('offsets 10 to 49999 were deleted');
  });

  it('refuses a topic that is shorter than what was read of it', async () => {
    const topic = await makeTopic();
    const consumer = await read(await open(), topic, { position: async () => 1000 });
    await expect(nextChunk(consumer, 1, 8000)).rejects.toMatchObject({ code: 'BUS_TOPIC', message: expect.stringMatching(/offset 0.*1000.*--fresh/) });
  });

  it('is not to be had for a topic that is missing and may not be created, nor where nobody listens', async () => {
    const topic = stack.freshName('missing');
    await expect(read(await open([], { createTopics: false }), topic)).rejects.toMatchObject({
      code: 'BUS_TOPIC',
      message: expect.stringMatching(/does not exist.*bus\.createTopics/),
    });
    const nobody = await kafka.create(kafka.options.parse({ brokers: '127.0.0.1:9', connectTimeout: '1s' }));
    buses.push(nobody);
    await expect(read(nobody, topic)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE', message: expect.stringContaining('127.0.0.1:9') });
  });
});
