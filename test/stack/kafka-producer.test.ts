import { type AddressInfo, createServer } from 'node:net';
import { type Kafka, type KafkaMessage, Partitioners } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Announcements } from '../../connectors/kafka/announcements.ts';
import { clusterOf, connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { DeadTopic } from '../../connectors/kafka/dead-topic.ts';
import { Outage } from '../../connectors/kafka/outage.ts';
import { KafkaProducer } from '../../connectors/kafka/producer.ts';
import { announcementsTopic, deadTopic, ensureTopic } from '../../connectors/kafka/topics.ts';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import { partitionOf } from '../../core/bus.ts';
import type { Chunk, DeadLetter } from '../../core/chunk.ts';
import { makeSchema } from '../../core/schema.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { type KafkaServer, type SecureKafkaServer, sharedKafka, startKafka } from './servers.ts';

const schema = makeSchema([
  { name: 'LIT101', kind: 'continuous', unit: 'mm' },
  { name: 'MV101', kind: 'discrete' },
]);

/** Rows first ... first + rows - 1 of a source, each with its number as value and time. */
function rowsOf(stream: string, first: number, rows: number): Batch {
  const batch = allocateBatch(stream, schema, rows);
  for (let i = 0; i < rows; i++) {
    batch.values.set([first + i, Number.NaN], 2 * i);
    batch.times[i] = BigInt(first + i) * 1_000_000_000n;
    batch.origins[i] = first + i;
  }
  return batch;
}

const chunkOf = (...batches: Batch[]): Chunk => ({ partition: 0, nextOffset: 0, batches, dead: [] });

interface Setting {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly announcements: Announcements;
  readonly told: string[];
  producer(source?: string, compression?: 'none' | 'gzip'): Promise<KafkaProducer>;
}

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A topic of its own, and what is announced beside it. */
async function setUp(brokers: string[], partitions = 1, config: Record<string, string> = {}): Promise<Setting> {
  const kafka = makeClient(connectionOptions.parse({ brokers }));
  const topic = freshName('rows');
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopic(admin, topic, { partitions, config, create: true });
  await admin.disconnect();
  const told: string[] = [];
  const outage = new Outage({ warn: (message) => told.push(message), unavailable: () => {} });
  const announcements = await Announcements.open(kafka, topic, { create: true, outage });
  closing.push(() => announcements.close());
  return {
    kafka,
    topic,
    partitions,
    announcements,
    told,
    async producer(source, compression) {
      const producer = await KafkaProducer.open({
        kafka,
        topic,
        partitions,
        announcements,
        outage,
        warn: (message) => told.push(message),
        source,
        compression,
      });
      closing.push(() => producer.close());
      return producer;
    },
  };
}

/** A second look at the same topic, as another process has it. */
async function another({ kafka, topic, partitions, told }: Setting): Promise<Setting> {
  const outage = new Outage({ warn: (message) => told.push(message), unavailable: () => {} });
  const announcements = await Announcements.open(kafka, topic, { create: false, outage });
  closing.push(() => announcements.close());
  return {
    ...{ kafka, topic, partitions, told, announcements },
    async producer(source) {
      const producer = await KafkaProducer.open({ kafka, topic, partitions, announcements, outage, warn: (message) => told.push(message), source });
      closing.push(() => producer.close());
      return producer;
    },
  };
}

/** Everything in the topic, by partition, as any consumer gets it. */
async function readTopic(kafka: Kafka, topic: string): Promise<Map<number, KafkaMessage[]>> {
  const admin = kafka.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  const open = new Set(ends.filter(({ high, low }) => Number(high) > Number(low)).map(({ partition }) => partition));
  const found = new Map<number, KafkaMessage[]>(ends.map(({ partition }) => [partition, []]));
  const consumer = kafka.consumer({ groupId: freshName('reader') });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((done, fail) => {
    if (open.size === 0) done();
    consumer
      .run({
        eachBatch: async ({ batch: { partition, messages } }) => {
          found.get(partition)?.push(...messages);
          const end = Number(ends.find((each) => each.partition === partition)?.high);
          if (Number(messages.at(-1)?.offset) + 1 >= end) open.delete(partition);
          if (open.size === 0) done();
        },
      })
      .catch(fail);
  });
  await consumer.disconnect();
  return found;
}

/** The source rows of one source in a partition, in the order of the topic; a value must be the row's own. */
function rowsIn(messages: readonly KafkaMessage[] = [], source?: string): number[] {
  return messages
    .filter(({ headers }) => source === undefined || headers?.source?.toString() === source)
    .map(({ value, headers }) => {
      const row = Number(headers?.row?.toString());
      if (value) expect(JSON.parse(value.toString()).LIT101).toBe(row);
      return row;
    });
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
const letterOf = (position: number, more: Partial<DeadLetter> = {}): DeadLetter => ({
  ...{ source: 'plant.csv', partition: 0, position, reason: 'number', message: `'Bad' is no number (row ${position})`, payload: `${position},Bad` },
  ...more,
});
/** The first streams of so many that go to different partitions. */
const streamsApart = (partitions: number): string[] =>
  range(0, partitions).map(
    (wanted) =>
      range(0, 1000)
        .map((i) => `plant-${i}`)
        .find((name) => partitionOf(name, partitions) === wanted) as string,
  );

describeWithStack('a producer of a Kafka topic', { kafka: 'shared' }, () => {
  let brokers: string[];
  beforeAll(async () => {
    ({ brokers } = await sharedKafka());
  });

  it('sends a row a message: the stream as key, JSON as value, its source and row beside it', async () => {
    const at = await setUp(brokers, 4);
    const producer = await at.producer('plant.csv');
    await producer.announce('swat', schema);
    const batch = rowsOf('swat', 7, 2);
    batch.seqs[1] = 3;
    batch.values[2] = -0;
    await producer.send(chunkOf(batch));
    await producer.end();
    const messages = (await readTopic(at.kafka, at.topic)).get(partitionOf('swat', 4)) ?? [];
    const texts = messages.map(({ key, value, headers }) => [
      key?.toString(),
      value?.toString(),
      Object.fromEntries(Object.entries(headers ?? {}).map(([name, header]) => [name, header?.toString()])),
    ]);
    expect(texts).toEqual([
      ['swat', '{"Timestamp":"1970-01-01T00:00:07Z","LIT101":7}', { source: 'plant.csv', row: '7' }],
      ['swat', '{"Timestamp":"1970-01-01T00:00:08Z","LIT101":-0}', { source: 'plant.csv', row: '8', seq: '3' }],
    ]);
  });

  it('goes on behind the last row when the one before was cut off', async () => {
    const at = await setUp(brokers);
    const first = await at.producer('plant.csv');
    expect(await first.position()).toBeUndefined();
    await first.remember({ nextOffset: 0, shiftMs: 5, fingerprint: 'f1', reading: { timezone: 'UTC' } });
    await first.announce('swat', schema);
    for (const from of [0, 40, 80]) await first.send(chunkOf(rowsOf('swat', from, 40)));
    const second = await (await another(at)).producer('plant.csv');
    expect(await second.position()).toEqual({ nextOffset: 120, shiftMs: 5, fingerprint: 'f1', reading: { timezone: 'UTC' } });
    await second.remember({ nextOffset: 120, shiftMs: 5, fingerprint: 'f1', reading: { timezone: 'UTC' } });
    await second.announce('swat', schema);
    await second.send(chunkOf(rowsOf('swat', 100, 50)));
    await second.end();
    expect(rowsIn((await readTopic(at.kafka, at.topic)).get(0))).toEqual(range(0, 150));
  });

  it('goes on at the first row that may be missing where streams are in several partitions, and sends none twice', async () => {
    const at = await setUp(brokers, 3);
    const streams = streamsApart(3);
    const first = await at.producer('plant.csv');
    await first.remember({ nextOffset: 0, shiftMs: 0 });
    for (const stream of streams) await first.announce(stream, schema);
    // The last rows of partition 1 did not arrive, and partition 2 was never reached.
    await first.send(chunkOf(rowsOf(streams[0], 0, 10), rowsOf(streams[1], 10, 10)));
    await first.send(chunkOf(rowsOf(streams[0], 20, 10)));
    const second = await (await another(at)).producer('plant.csv');
    expect((await second.position())?.nextOffset).toBe(20);
    for (const stream of streams) await second.announce(stream, schema);
    await second.send(chunkOf(rowsOf(streams[0], 20, 10), rowsOf(streams[1], 30, 10), rowsOf(streams[2], 40, 10)));
    const third = await (await another(at)).producer('plant.csv');
    expect((await third.position())?.nextOffset).toBe(30);
    await third.end();
    const found = await readTopic(at.kafka, at.topic);
    expect(range(0, 3).map((partition) => rowsIn(found.get(partition)))).toEqual([
      range(0, 10).concat(range(20, 30)),
      range(10, 20).concat(range(30, 40)),
      range(40, 50),
    ]);
  });

  it('tells its own rows from those of others, however many came since', async () => {
    const at = await setUp(brokers);
    const [one, two] = [await at.producer('one.csv'), await at.producer('two.csv')];
    for (const producer of [one, two]) {
      await producer.remember({ nextOffset: 0, shiftMs: 0 });
      await producer.announce('swat', schema);
    }
    await one.send(chunkOf(rowsOf('swat', 0, 10)));
    await two.send(chunkOf(rowsOf('swat', 500, 20)));
    await one.send(chunkOf(rowsOf('swat', 10, 10)));
    const stranger = at.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await stranger.connect();
    for (let i = 0; i < 3; i++) await stranger.send({ topic: at.topic, messages: range(0, 2000).map((n) => ({ key: 'other', value: `{"n":${n}}` })) });
    await stranger.disconnect();
    await two.send(chunkOf(rowsOf('swat', 520, 1)));
    const later = await another(at);
    const [oneAgain, twoAgain] = [await later.producer('one.csv'), await later.producer('two.csv')];
    expect([await oneAgain.position(), await twoAgain.position()]).toMatchObject([{ nextOffset: 20 }, { nextOffset: 521 }]);
    for (const producer of [oneAgain, twoAgain]) await producer.announce('swat', schema);
    await oneAgain.send(chunkOf(rowsOf('swat', 15, 10)));
    await twoAgain.send(chunkOf(rowsOf('swat', 515, 10)));
    const messages = (await readTopic(at.kafka, at.topic)).get(0);
    expect(rowsIn(messages, 'one.csv')).toEqual(range(0, 25));
    expect(rowsIn(messages, 'two.csv')).toEqual(range(500, 525));
  });

  it('goes on from what was noted where the topic has forgotten the rows', async () => {
    const at = await setUp(brokers);
    const first = await at.producer('plant.csv');
    await first.remember({ nextOffset: 0, shiftMs: 0 });
    await first.announce('swat', schema);
    await first.send(chunkOf(rowsOf('swat', 0, 30)));
    await first.end();
    const admin = at.kafka.admin();
    await admin.connect();
    await admin.fetchTopicOffsets(at.topic);
    await admin.deleteTopicRecords({ topic: at.topic, partitions: [{ partition: 0, offset: '30' }] });
    await admin.disconnect();
    const second = await (await another(at)).producer('plant.csv');
    expect((await second.position())?.nextOffset).toBe(30);
    await second.announce('swat', schema);
    await second.send(chunkOf(rowsOf('swat', 20, 20)));
    await second.end();
    expect(rowsIn((await readTopic(at.kafka, at.topic)).get(0))).toEqual(range(30, 40));
  });

  it('sends dead letters in the places of their rows, those without a stream where the source began', async () => {
    const at = await setUp(brokers, 3);
    const streams = streamsApart(3);
    const producer = await at.producer('plant.csv');
    await producer.announce(streams[2], schema);
    const named = letterOf(13, { stream: streams[1] });
    await producer.send({ ...chunkOf(rowsOf(streams[2], 0, 3), rowsOf(streams[2], 5, 3)), dead: [letterOf(3), letterOf(4), letterOf(12), named] });
    await producer.end();
    const found = await readTopic(at.kafka, at.topic);
    expect(range(0, 3).map((partition) => rowsIn(found.get(partition)))).toEqual([[], [13], [0, 1, 2, 3, 4, 5, 6, 7, 12]]);
    const [letter] = found.get(1) ?? [];
    expect([letter.key?.toString(), letter.value]).toEqual([streams[1], null]);
    expect(JSON.parse(String(letter.headers?.dead))).toEqual(named);
    const again = await (await another(at)).producer('plant.csv');
    await again.announce(streams[2], schema);
    await again.send({ ...chunkOf(rowsOf(streams[2], 5, 3), rowsOf(streams[2], 14, 1)), dead: [letterOf(12), named, letterOf(15)] });
    expect(range(0, 3).map((partition) => rowsIn(found.get(partition)).length)).toEqual([0, 1, 9]);
    expect(rowsIn((await readTopic(at.kafka, at.topic)).get(2))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 12, 14, 15]);
  });

  it('refuses rows that were not announced, come in another order or with other tags, and goes on', async () => {
    const at = await setUp(brokers);
    const producer = await at.producer();
    await expect(producer.send(chunkOf(rowsOf('swat', 0, 1)))).rejects.toMatchObject({ code: 'INTERNAL' });
    await producer.announce('swat', schema);
    await producer.send(chunkOf(rowsOf('swat', 5, 2)));
    await expect(producer.send(chunkOf(rowsOf('swat', 6, 1)))).rejects.toMatchObject({
      code: 'BUS_ORDER',
      message: expect.stringContaining('row 6 of the source was sent where 7'),
    });
    const other = makeSchema([{ name: 'FIT201', kind: 'continuous' }]);
    await expect(producer.announce('swat', other)).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
    await expect(producer.send(chunkOf(allocateBatch('swat', other, 1)))).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH' });
    await producer.send(chunkOf(rowsOf('swat', 7, 1)));
    await producer.end();
    await expect(producer.send(chunkOf(rowsOf('swat', 8, 1)))).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringContaining('has ended'),
    });
    expect(rowsIn((await readTopic(at.kafka, at.topic)).get(0))).toEqual([5, 6, 7]);
  });

  it('gives way to a process that sends the same source', async () => {
    const at = await setUp(brokers);
    const first = await at.producer('plant.csv');
    await first.announce('swat', schema);
    await first.send(chunkOf(rowsOf('swat', 0, 1)));
    const second = await (await another(at)).producer('plant.csv');
    await at.announcements.upToDate();
    await expect(first.send(chunkOf(rowsOf('swat', 1, 1)))).rejects.toMatchObject({
      code: 'BUS_FENCED',
      message: expect.stringContaining("another process sends the rows of 'plant.csv'"),
    });
    await second.announce('swat', schema);
    await second.send(chunkOf(rowsOf('swat', 1, 1)));
    expect(rowsIn((await readTopic(at.kafka, at.topic)).get(0))).toEqual([0, 1]);
  });

  it('makes dead letters of rows that the topic does not take, and goes on with smaller requests', async () => {
    const at = await setUp(brokers, 1, { 'max.message.bytes': '20000' });
    const producer = await at.producer('plant.csv');
    const wide = makeSchema(range(0, 2000).map((i) => ({ name: `TAG${i}`, kind: 'continuous' })));
    await producer.announce('swat', schema);
    await producer.announce('wide', wide);
    const big = allocateBatch('wide', wide, 1);
    big.values.fill(1 / 3);
    big.origins[0] = 400;
    await producer.send(chunkOf(rowsOf('swat', 0, 400), big, rowsOf('swat', 401, 400)));
    await producer.end();
    const messages = (await readTopic(at.kafka, at.topic)).get(0) ?? [];
    expect(rowsIn(messages)).toEqual(range(0, 801));
    const dead = messages.filter(({ value }) => value === null);
    expect(dead).toHaveLength(1);
    const letter: DeadLetter = JSON.parse(String(dead[0].headers?.dead));
    expect(letter).toMatchObject({ source: 'plant.csv', position: 400, stream: 'wide', reason: 'line-too-long' });
    expect(letter.message).toMatch(/^row 400 of plant\.csv has \d{5} bytes as JSON.*max\.message\.bytes of topic 'rows-/);
    expect(letter.payload).toMatch(/^\{"Timestamp":"1970-01-01T00:00:00Z","TAG0":0\.3333/);
    expect(at.told).toEqual([letter.message]);
  });

  it('sends what the topic lacks, and nothing twice, when the cluster has lost count of its requests', async () => {
    const at = await setUp(brokers);
    const producer = await at.producer('plant.csv');
    await producer.announce('swat', schema);
    await producer.send(chunkOf(rowsOf('swat', 0, 10)));
    await injectAs(at, [{ headers: { source: 'plant.csv', row: '10' }, value: '{"LIT101":10}' }]);
    await producer.send(chunkOf(rowsOf('swat', 10, 10)));
    await producer.send(chunkOf(rowsOf('swat', 20, 10)));
    expect(rowsIn((await readTopic(at.kafka, at.topic)).get(0))).toEqual(range(0, 30));
  });

  it('packs by gzip', async () => {
    const at = await setUp(brokers);
    const producer = await at.producer('plant.csv', 'gzip');
    await producer.announce('swat', schema);
    await producer.send(chunkOf(rowsOf('swat', 0, 3000)));
    expect(rowsIn((await readTopic(at.kafka, at.topic)).get(0))).toEqual(range(0, 3000));
  });

  it('waits no longer when its signal aborts or it is closed, and is of no use then', async () => {
    const at = await setUp(brokers);
    const producer = await at.producer('plant.csv');
    await producer.announce('swat', schema);
    const reason = new Error('interrupted');
    await expect(producer.send(chunkOf(rowsOf('swat', 0, 1)), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await producer.send(chunkOf(rowsOf('swat', 0, 1)));
    await producer.close();
    await expect(producer.send(chunkOf(rowsOf('swat', 1, 1)))).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringContaining('the bus was closed'),
    });
    await producer.end();
    expect(at.announcements.ended).toBe(false);
  });

  it('finishes what it was at, and says that it ended, when the process is told to stop', async () => {
    const { kafka, topic, partitions } = await setUp(brokers);
    const stop = new AbortController();
    const outage = new Outage({ warn: () => {}, unavailable: () => {}, signal: stop.signal });
    const announcements = await Announcements.open(kafka, topic, { create: false, outage });
    closing.push(() => announcements.close());
    const producer = await KafkaProducer.open({ kafka, topic, partitions, announcements, outage, warn: () => {}, source: 'plant.csv' });
    await producer.announce('swat', schema);
    const sending = producer.send(chunkOf(rowsOf('swat', 0, 5000)));
    stop.abort(new Error('interrupted'));
    await sending;
    await producer.end();
    expect(announcements.ended).toBe(true);
    expect(rowsIn((await readTopic(kafka, topic)).get(0))).toEqual(range(0, 5000));
  });

  it('puts dead letters where other systems find them', async () => {
    const at = await setUp(brokers);
    const dead = await DeadTopic.open(at.kafka, at.topic, { create: true, outage: new Outage(undefined) });
    closing.push(() => dead.close());
    const letters = range(0, 70).map((position) => letterOf(position, { stream: 'swat' }));
    await dead.send(letters);
    const messages = (await readTopic(at.kafka, deadTopic(at.topic))).get(0) ?? [];
    expect(messages.map(({ key }) => key?.toString())).toEqual(range(0, 70).map((i) => `plant.csv/0/${i}`));
    expect(messages.map(({ value }) => JSON.parse(String(value)))).toEqual(letters);
  });

  /** Sends as the producer that sent the topic's last row, with the number that is due, and without its knowledge. */
  async function injectAs({ kafka, topic }: Setting, messages: { value: string; headers: Record<string, string> }[]): Promise<void> {
    const cluster = clusterOf(kafka);
    await cluster.connect();
    await cluster.addTargetTopic(topic);
    const broker = await cluster.findBroker({ nodeId: Object.keys(cluster.findLeaderForPartitions(topic, [0]))[0] });
    const { responses } = await broker.fetch({
      maxBytes: 1_000_000,
      topics: [{ topic, partitions: [{ partition: 0, fetchOffset: '0', maxBytes: 1_000_000 }] }],
    });
    const { batchContext, offset } = responses[0].partitions[0].messages.at(-1);
    const partitions = [{ partition: 0, firstSequence: Number(offset) + 1, messages: messages.map((message) => ({ key: 'swat', ...message })) }];
    await broker.produce({
      producerId: batchContext.producerId,
      producerEpoch: batchContext.producerEpoch,
      acks: -1,
      timeout: 5000,
      topicData: [{ topic, partitions }],
    });
    await cluster.disconnect();
  }
});

describeWithStack('announcements beside a Kafka topic', { kafka: 'shared' }, () => {
  let brokers: string[];
  beforeAll(async () => {
    ({ brokers } = await sharedKafka());
  });

  it('are seen by all, also by those who come later', async () => {
    const at = await setUp(brokers);
    const other = await another(at);
    let changes = 0;
    const silence = other.announcements.onChange(() => changes++);
    await at.announcements.announceSchema('swat', schema);
    await at.announcements.rememberSource('plant.csv', { shiftMs: 3, fingerprint: 'f' });
    await other.announcements.upToDate();
    expect(changes).toBeGreaterThan(0);
    silence();
    for (const { announcements } of [at, other, await another(at)]) {
      expect(announcements.schema('swat')).toEqual(schema);
      expect(announcements.schema('other')).toBeUndefined();
      expect(announcements.source('plant.csv')).toEqual({ shiftMs: 3, fingerprint: 'f' });
      expect(announcements.source('other.csv')).toBeUndefined();
    }
  });

  it('agree on the tags that came first when two announce different ones at once', async () => {
    const at = await setUp(brokers);
    const other = makeSchema([{ name: 'FIT201', kind: 'continuous' }]);
    const all = [at, await another(at), await another(at)];
    const outcomes = await Promise.allSettled(all.map(({ announcements }, i) => announcements.announceSchema('swat', i === 1 ? other : schema)));
    for (const { announcements } of all) await announcements.upToDate();
    const agreed = at.announcements.schema('swat');
    expect(all.map(({ announcements }) => announcements.schema('swat')?.hash)).toEqual([agreed?.hash, agreed?.hash, agreed?.hash]);
    expect(outcomes.map(({ status }) => status)).toEqual([schema, other, schema].map(({ hash }) => (hash === agreed?.hash ? 'fulfilled' : 'rejected')));
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'SCHEMA_MISMATCH' });
    // Compaction leaves the last announcement of a stream.
    const last = (await readTopic(at.kafka, announcementsTopic(at.topic))).get(0)?.at(-1);
    expect(JSON.parse(String(last?.value)).tags).toEqual(agreed?.tags);
  });

  it('tell when every producer has ended, and a producer that begins again takes its old place', async () => {
    const at = await setUp(brokers);
    const other = await another(at);
    const ended = async () => {
      await other.announcements.upToDate();
      return other.announcements.ended;
    };
    expect(await ended()).toBe(false);
    const [named, nameless] = [await at.producer('plant.csv'), await at.producer()];
    expect(await ended()).toBe(false);
    await nameless.end();
    expect(await ended()).toBe(false);
    await named.close();
    expect(await ended()).toBe(false);
    const again = await other.producer('plant.csv');
    await again.end();
    expect(await ended()).toBe(true);
    const third = await at.producer('plant.csv');
    expect(await ended()).toBe(false);
    await third.end();
    expect(await ended()).toBe(true);
  });

  it('that something else wrote are passed over with a warning, and made anew', async () => {
    const at = await setUp(brokers);
    const stranger = at.kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await stranger.connect();
    const values = {
      'stream/swat': 'not JSON',
      'stream/other': '{"tags":["FIT101"]}',
      'source/plant.csv': '{}',
      'producer/plant.csv': '{"state":"?"}',
      mine: '1',
    };
    await stranger.send({ topic: announcementsTopic(at.topic), messages: Object.entries(values).map(([key, value]) => ({ key, value })) });
    await stranger.disconnect();
    await at.announcements.upToDate();
    expect(at.told.map((message) => /^the announcement '(.*)' at offset \d/.exec(message)?.[1])).toEqual(Object.keys(values).slice(0, 4));
    expect([at.announcements.schema('other'), at.announcements.source('plant.csv'), at.announcements.ended]).toEqual([undefined, undefined, false]);
    await at.announcements.announceSchema('swat', schema);
    expect(at.announcements.schema('swat')).toEqual(schema);
  });

  it('need a topic that is there or may be made', async () => {
    const { kafka } = await setUp(brokers);
    const topic = freshName('missing');
    await expect(Announcements.open(kafka, topic, { create: false })).rejects.toMatchObject({
      code: 'BUS_TOPIC',
      message: `topic '${topic}.announcements' does not exist and may not be created (bus.createTopics). Create it with 1 partition, cleanup.policy=compact, or set bus.createTopics to true.`,
    });
  });
});

describeWithStack('a topic that is made when it is missing', { kafka: 'shared' }, () => {
  let kafka: Kafka;
  beforeAll(async () => {
    kafka = makeClient(connectionOptions.parse({ brokers: (await sharedKafka()).brokers }));
  });

  it('keeps its partitions when it is there, and has leaders at once when it is not', async () => {
    const admin = kafka.admin();
    await admin.connect();
    closing.push(() => admin.disconnect());
    const topic = freshName('made');
    const all = range(0, 4).map(() => ensureTopic(admin, topic, { partitions: 3, create: true, config: { 'retention.ms': '123456' } }));
    expect(await Promise.all(all)).toEqual([3, 3, 3, 3]);
    expect(await ensureTopic(admin, topic, { partitions: 5, create: false })).toBe(3);
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    expect(topics[0].partitions.map(({ leader }) => leader >= 0)).toEqual([true, true, true]);
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: 2, name: topic, configNames: ['retention.ms'] }] });
    expect(resources[0].configEntries[0].configValue).toBe('123456');
  });

  it('says what the cluster has against it', async () => {
    const admin = kafka.admin();
    await admin.connect();
    closing.push(() => admin.disconnect());
    await expect(ensureTopic(admin, freshName('made'), { partitions: 1, replication: 3, create: true })).rejects.toMatchObject({
      code: 'BUS_TOPIC',
      message: expect.stringMatching(/^the cluster refuses the topic 'made-.*replication/i),
    });
    await expect(ensureTopic(admin, 'no blanks', { partitions: 1, create: true })).rejects.toMatchObject({ code: 'BUS_TOPIC' });
  });
});

describeWithStack('a producer and a broker that fails', { kafka: 'own' }, () => {
  let server: KafkaServer;
  beforeAll(async () => {
    server = await startKafka();
  }, 120_000);
  afterAll(() => server?.close());

  it('has each row in the topic once and in order when the broker is killed and comes back', { timeout: 120_000 }, async () => {
    const at = await setUp(server.brokers, 2);
    const streams = streamsApart(2);
    const producer = await at.producer('plant.csv');
    for (const stream of streams) await producer.announce(stream, schema);
    let killed: Promise<void> | undefined;
    for (let from = 0; from < 10_000; from += 100) {
      // In the middle of what is being sent.
      if (from === 3000) {
        killed = server.kill().then(() => server.start());
      }
      await producer.send(chunkOf(rowsOf(streams[(from / 100) % 2], from, 100)));
    }
    await killed;
    await producer.end();
    const found = await readTopic(at.kafka, at.topic);
    const sent = range(0, 100).map((i) => range(i * 100, i * 100 + 100));
    expect(rowsIn(found.get(0))).toEqual(sent.filter((_, i) => i % 2 === 0).flat());
    expect(rowsIn(found.get(1))).toEqual(sent.filter((_, i) => i % 2 === 1).flat());
  });

  it('tells once that the broker is silent and once that it is back, and gives up when told to', { timeout: 120_000 }, async () => {
    const at = await setUp(server.brokers);
    const producer = await at.producer('plant.csv');
    await producer.announce('swat', schema);
    await producer.send(chunkOf(rowsOf('swat', 0, 10)));
    // A broker that is paused may still answer for a moment.
    let next = 10;
    const sendTen = async (signal?: AbortSignal) => {
      await producer.send(chunkOf(rowsOf('swat', next, 10)), { signal });
      next += 10;
    };
    await server.pause();
    const waiting = (async () => {
      while (at.told.length === 0) await sendTen();
    })();
    await expect.poll(() => at.told, { timeout: 20_000 }).toEqual([expect.stringContaining('nothing is lost')]);
    await server.resume();
    await waiting;
    await expect.poll(() => at.told).toEqual([expect.anything(), 'kafka: back again']);
    await server.pause();
    const stop = new AbortController();
    const givenUp = (async () => {
      for (;;) await sendTen(stop.signal);
    })();
    setTimeout(() => stop.abort(new Error('interrupted')), 1000);
    await expect(givenUp).rejects.toThrow('interrupted');
    await expect(sendTen()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE', message: expect.stringContaining('given up') });
    await server.resume();
    await producer.close();
    // Whether the last request arrived is for the next producer to find out.
    const second = await (await another(at)).producer('plant.csv');
    await second.announce('swat', schema);
    await second.send(chunkOf(rowsOf('swat', 10, next)));
    expect(rowsIn((await readTopic(at.kafka, at.topic)).get(0))).toEqual(range(0, next + 10));
  });
});

describeWithStack('a cluster that cannot be used', { kafka: 'own' }, () => {
  describe('for a password', () => {
    let server: SecureKafkaServer;
    beforeAll(async () => {
      server = await startKafka({ sasl: true });
    }, 120_000);
    afterAll(() => server?.close());

    const clientWith = (password: string): Kafka => {
      const { saslBrokers, username } = server.auth;
      return makeClient(connectionOptions.parse({ brokers: saslBrokers, sasl: { mechanism: 'scram-sha-256', username, password } }));
    };

    it('says that it is wrong, and works when it is right', async () => {
      const topic = freshName('rows');
      await expect(Announcements.open(clientWith('guess'), topic, { create: true })).rejects.toMatchObject({
        code: 'BUS_DENIED',
        message: expect.stringContaining('See bus.sasl'),
      });
      const announcements = await Announcements.open(clientWith(server.auth.password), topic, { create: true });
      await announcements.announceSchema('swat', schema);
      expect(announcements.schema('swat')).toEqual(schema);
      await announcements.close();
    });
  });

  it('says that whoever listens is no broker', async () => {
    const silent = createServer();
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const brokers = `127.0.0.1:${(silent.address() as AddressInfo).port}`;
    const kafka = makeClient(connectionOptions.parse({ brokers, requestTimeout: '200ms' }), undefined, 1);
    await expect(Announcements.open(kafka, 'rows', { create: true })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringContaining('does not speak as Kafka does'),
    });
    silent.close();
  });

  it('says within seconds where nobody answers', async () => {
    const kafka = makeClient(connectionOptions.parse({ brokers: '127.0.0.1:9' }), undefined, 3);
    await expect(Announcements.open(kafka, 'rows', { create: true })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:9'),
    });
  });
});
