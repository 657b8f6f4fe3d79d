import { Partitioners } from 'kafkajs';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { Announcements } from '../../connectors/kafka/announcements.ts';
import { clusterOf } from '../../connectors/kafka/client.ts';
import { DeadTopic } from '../../connectors/kafka/dead-topic.ts';
import { Outage } from '../../connectors/kafka/outage.ts';
import { KafkaProducer } from '../../connectors/kafka/producer.ts';
import { deadTopic } from '../../connectors/kafka/topics.ts';
import { allocateBatch } from '../../core/batch.ts';
import { partitionOf } from '../../core/bus.ts';
import type { DeadLetter } from '../../core/chunk.ts';
import { makeSchema } from '../../core/schema.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { another, chunkOf, closeAll, closing, letterOf, range, readTopic, rowsIn, rowsOf, type Setting, schema, setUp, streamsApart } from './kafka-topic.ts';
import { sharedKafka } from './servers.ts';

afterEach(closeAll);

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
    await first.end();
    await at.announcements.upToDate();
    expect(at.announcements.ended).toBe(false);
    await second.send(chunkOf(rowsOf('swat', 1, 1)));
    expect(rowsIn((await readTopic(at.kafka, at.topic)).get(0))).toEqual([0, 1]);
    await second.end();
    await at.announcements.upToDate();
    expect(at.announcements.ended).toBe(true);
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
