import { type Kafka, Partitioners } from 'kafkajs';
import { afterEach, beforeAll, expect, it } from 'vitest';
import { Announcements } from '../../connectors/kafka/announcements.ts';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { announcementsTopic, ensureTopic } from '../../connectors/kafka/topics.ts';
import { makeSchema } from '../../core/schema.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { another, closeAll, closing, range, readTopic, schema, setUp } from './kafka-topic.ts';
import { sharedKafka } from './servers.ts';

afterEach(closeAll);

describeWithStack('announcements beside a Kafka topic', { kafka: 'shared' }, () => {
  let brokers: string[];
  beforeAll(async () => {
    ({ brokers } = await sharedKafka());
  });

  it('are made with their topic, which forgets nothing', async () => {
    const kafka = makeClient(connectionOptions.parse({ brokers }));
    const topic = freshName('rows');
    const announcements = await Announcements.open(kafka, topic, { create: true });
    closing.push(() => announcements.close());
    const admin = kafka.admin();
    await admin.connect();
    closing.push(() => admin.disconnect());
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: announcementsTopic(topic), configNames: ['cleanup.policy'] }],
    });
    expect(resources[0].configEntries[0].configValue).toBe('compact');
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

  it('need a topic that does not forget', async () => {
    const kafka = makeClient(connectionOptions.parse({ brokers }));
    const topic = freshName('rows');
    const admin = kafka.admin();
    await admin.connect();
    closing.push(() => admin.disconnect());
    await ensureTopic(admin, announcementsTopic(topic), { partitions: 1, create: true });
    await expect(Announcements.open(kafka, topic, { create: true })).rejects.toMatchObject({
      code: 'BUS_TOPIC',
      message: expect.stringContaining(`topic '${topic}.announcements' forgets by age what is saved in it: its cleanup.policy is 'delete'`),
    });
  });

  it('need a topic that is there or may be made', async () => {
    const kafka = makeClient(connectionOptions.parse({ brokers }));
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
