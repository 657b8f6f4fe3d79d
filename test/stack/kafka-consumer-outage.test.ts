import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chunkOf, numberedRows, numbersIn, range, schema, streamIn } from '../../connectors/conformance/bus-rows.ts';
import kafka from '../../connectors/kafka/bus.ts';
import type { Bus } from '../../core/bus.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { type KafkaServer, type SecureKafkaServer, startKafka } from './servers.ts';

const partitions = 2;
const streams = range(0, partitions).map((partition) => streamIn(partition, partitions));
const rows = 3000;

describeWithStack('a cluster that goes away while it is read', { kafka: 'own' }, () => {
  let server: KafkaServer;
  beforeAll(async () => {
    server = await startKafka();
  });
  afterAll(() => server.close());

  const open = (told: string[] = [], retried = (): void => {}): Promise<Bus> =>
    kafka.create(kafka.options.parse({ brokers: server.brokers, sessionTimeout: '6s' }), {
      warn: (text) => told.push(text),
      unavailable: (reason) => told.push(reason === undefined ? 'back' : 'away'),
      retried,
    });

  /** Rows 0, 1, ... alternating between the streams by tens, over some seconds. */
  async function send(bus: Bus, topic: string): Promise<void> {
    await bus.ensureTopic(topic, { partitions });
    const producer = await bus.producer(topic, { source: 'plant.csv' });
    for (const stream of streams) await producer.announce(stream, schema);
    for (let row = 0; row < rows; row += 20) {
      await producer.send(chunkOf(streams.map((stream, i) => numberedRows(stream, row + i * 10, 10))));
      await sleep(10);
    }
    await producer.end();
  }

  /** Reads to the end, keeping a manifest; `disturb` is called once a quarter has come. */
  async function readAll(bus: Bus, topic: string, disturb: () => Promise<void>): Promise<{ asked: number[]; revoked: number[] }> {
    await bus.ensureTopic(topic, { partitions });
    const [asked, revoked]: number[][] = [[], []];
    const manifest = new Map<number, number>();
    const consumer = await bus.consumer(topic, {
      group: 'g',
      position: async (partition) => {
        asked.push(partition);
        return manifest.get(partition);
      },
      revoked: async (partition) => void revoked.push(partition),
    });
    const got = new Map<number, number[]>();
    let disturbed: Promise<void> | undefined;
    for (let count = 0; ; ) {
      const chunk = await consumer.poll({ maxRows: 50, maxWaitMs: 50 });
      if (chunk === 'end') break;
      if (chunk === 'idle') continue;
      const numbers = numbersIn(chunk);
      count += numbers.length;
      got.set(chunk.partition, [...(got.get(chunk.partition) ?? []), ...numbers]);
      manifest.set(chunk.partition, chunk.nextOffset);
      await consumer.commit(chunk.partition, chunk.nextOffset);
      if (count > rows / 4) disturbed ??= disturb();
    }
    await disturbed;
    for (const partition of range(0, partitions)) {
      expect(got.get(partition)).toEqual(range(0, rows).filter((row) => Math.floor(row / 10) % partitions === partition));
    }
    return { asked: asked.sort(), revoked: revoked.sort() };
  }

  it('is waited for and told of once; partitions stay, and every row comes once and in order', async () => {
    const told: string[] = [];
    let retries = 0;
    const [reader, sender] = [await open(told, () => void retries++), await open()];
    expect(retries).toBe(0);
    const [read] = await Promise.all([readAll(reader, 'killed', () => server.kill().then(() => server.start())), send(sender, 'killed')]);
    expect(read).toEqual({ asked: [0, 1], revoked: [] });
    expect(told).toEqual(['away', expect.stringContaining('nothing is lost'), 'back', expect.stringContaining('back')]);
    expect(retries).toBeGreaterThan(0);
    await Promise.all([reader.close(), sender.close()]);
  });

  it('has given the member up when it answers again: what was had is told as lost, and asked for again', async () => {
    const told: string[] = [];
    const [reader, sender] = [await open(told), await open()];
    const stop = async (): Promise<void> => {
      await server.pause();
      await sleep(9000);
      await server.resume();
    };
    const [read] = await Promise.all([readAll(reader, 'paused', stop), send(sender, 'paused')]);
    expect(read.asked.length).toBe(read.revoked.length + partitions);
    expect(told).toEqual(['away', expect.stringContaining('does not answer'), 'back', expect.stringContaining('back')]);
    await Promise.all([reader.close(), sender.close()]);
  });

  it('may have lost the topic: that is an error, not an outage', async () => {
    const bus = await open();
    const consumer = await bus.consumer('deleted', { group: 'g', position: async () => undefined });
    expect(await consumer.poll({ maxRows: 1, maxWaitMs: 200 })).toBe('idle');
    const admin = new Kafka({ brokers: server.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    await admin.deleteTopics({ topics: ['deleted'] });
    await admin.disconnect();
    await expect(consumer.poll({ maxRows: 1, maxWaitMs: 40_000 })).rejects.toMatchObject({ code: 'BUS_TOPIC' });
    await bus.close();
  });
});

describeWithStack('rights that are withdrawn while a topic is read', { kafka: 'own' }, () => {
  let server: SecureKafkaServer;
  beforeAll(async () => {
    const settings = { 'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'super.users': 'User:ANONYMOUS' };
    server = await startKafka({ sasl: true, settings });
  });
  afterAll(() => server?.close());

  it('are waited for like a cluster that is away: the rows come when they are given back', async () => {
    const { username, password, saslBrokers } = server.auth;
    const admin = new Kafka({ brokers: server.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    // By the numbers of the protocol: topics (2) and groups (3) of any name (pattern 4 = prefixed, and '' begins all), READ (3), allowed (3).
    const acl = (resourceType: number, resourceName: string, resourcePatternType: number, operation: number) => ({
      ...{ resourceType, resourceName, resourcePatternType, operation },
      ...{ principal: `User:${username}`, host: '*', permissionType: 3 },
    });
    const rows = acl(2, 'guarded', 3, 3);
    const others = [acl(2, 'guarded', 3, 8), acl(2, 'guarded.', 4, 2), acl(3, 'g', 3, 2)];
    await admin.createAcls({ acl: [rows, ...others] });
    // The broker hears of them a moment after the controller: three of the topic's name, one of the group's.
    const any = { principal: `User:${username}`, host: '*', operation: 1, permissionType: 1, resourcePatternType: 1 };
    const known = async (resourceType: number) => (await admin.describeAcls({ ...any, resourceType })).resources.flatMap(({ acls }) => acls).length;
    await expect.poll(async () => (await known(2)) + (await known(3))).toBe(4);

    const sender = await kafka.create(kafka.options.parse({ brokers: server.brokers }));
    await sender.ensureTopic('guarded', { partitions: 1 });
    const producer = await sender.producer('guarded', { source: 'plant.csv' });
    await producer.announce('plant', schema);
    const send = (from: number): Promise<void> => producer.send(chunkOf([numberedRows('plant', from, 10)]));
    await send(0);

    const told: string[] = [];
    const reader = await kafka.create(
      kafka.options.parse({ brokers: saslBrokers, sasl: { mechanism: 'scram-sha-256', username, password }, createTopics: false }),
      {
        warn: (text) => told.push(text),
        unavailable: (reason) => told.push(reason === undefined ? 'back' : 'away'),
      },
    );
    const consumer = await reader.consumer('guarded', { group: 'g', position: async () => undefined });
    const got: number[] = [];
    const readTo = async (count: number): Promise<void> => {
      while (got.length < count) {
        const chunk = await consumer.poll({ maxRows: 50, maxWaitMs: 50 });
        if (typeof chunk === 'object') got.push(...numbersIn(chunk));
      }
    };
    await readTo(10);
    await admin.deleteAcls({ filters: [rows] });
    // Until the broker has heard of it rows may still come.
    for (let from = 10; told.length === 0; from += 10) {
      await send(from);
      await consumer.poll({ maxRows: 50, maxWaitMs: 50 }).then((chunk) => typeof chunk === 'object' && got.push(...numbersIn(chunk)));
      await sleep(100);
      if (told.length > 0) await send(from + 10);
    }
    expect(told).toEqual(['away', expect.stringContaining('nothing is lost')]);
    await admin.createAcls({ acl: [rows] });
    const [{ partitions: ends }] = [{ partitions: await admin.fetchTopicOffsets('guarded') }];
    await readTo(Number(ends[0].high));
    expect(got).toEqual(range(0, got.length));
    // That they are back is known by the next answer, which need not hold a row.
    while (told.length < 4) await consumer.poll({ maxRows: 50, maxWaitMs: 50 });
    expect(told.slice(2)).toEqual(['back', expect.stringContaining('back')]);
    await Promise.all([reader.close(), sender.close(), admin.disconnect()]);
  });
});
