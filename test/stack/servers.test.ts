import { Kafka, type KafkaConfig, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWithStack } from './describe-with-stack.ts';
import { type InfluxServer, type KafkaServer, type SecureKafkaServer, sharedInflux, sharedKafka, startInflux, startKafka } from './servers.ts';

const client = (config: KafkaConfig): Kafka => new Kafka({ logLevel: logLevel.NOTHING, ...config });

async function createTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 1 }] });
  await admin.disconnect();
}

async function send(kafka: Kafka, topic: string, ...values: string[]): Promise<void> {
  const producer = kafka.producer({ retry: { retries: 2 } });
  await producer.connect();
  try {
    await producer.send({ topic, messages: values.map((value) => ({ value })) });
  } finally {
    await producer.disconnect();
  }
}

const sendToDown = ({ brokers }: KafkaServer): Promise<void> => send(client({ brokers, retry: { retries: 0 } }), 'kept', 'lost');

/** The first so many messages of the topic. */
async function receive(kafka: Kafka, topic: string, count: number): Promise<(string | undefined)[]> {
  const consumer = kafka.consumer({ groupId: `${topic}-readers` });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const values: (string | undefined)[] = [];
  await new Promise<void>((done, fail) => {
    consumer
      .run({
        eachMessage: async ({ message }) => {
          values.push(message.value?.toString());
          if (values.length === count) done();
        },
      })
      .catch(fail);
  });
  await consumer.disconnect();
  return values;
}

interface Access {
  readonly url: string;
  readonly org: string;
  readonly token: string;
  readonly bucket: string;
}

async function writeLine({ url, org, token, bucket }: Access, line: string): Promise<number> {
  const response = await fetch(`${url}/api/v2/write?org=${org}&bucket=${bucket}`, {
    method: 'POST',
    headers: { Authorization: `Token ${token}` },
    body: line,
    signal: AbortSignal.timeout(2000),
  });
  await response.text();
  return response.status;
}

/** The values of the bucket, in the order of their times. */
async function readValues({ url, org, token, bucket }: Access): Promise<number[]> {
  const response = await fetch(`${url}/api/v2/query?org=${org}`, {
    method: 'POST',
    headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/vnd.flux', Accept: 'application/csv' },
    body: `from(bucket: "${bucket}") |> range(start: 0) |> sort(columns: ["_time"]) |> keep(columns: ["_value"])`,
  });
  const [, ...rows] = (await response.text()).trim().split('\r\n');
  return rows.map((row) => Number(row.split(',').at(-1)));
}

describeWithStack('the servers that tests share', { kafka: 'shared', influx: 'shared' }, () => {
  it('are the same for all who ask', async () => {
    expect((await sharedKafka()).brokers).toEqual((await sharedKafka()).brokers);
    expect((await sharedInflux()).url).toBe((await sharedInflux()).url);
  });

  it('give names that nobody else has, so that only the own messages are there', async () => {
    const { brokers, freshName } = await sharedKafka();
    const kafka = client({ brokers });
    const topics = [freshName('rows'), freshName('rows')];
    for (const topic of topics) {
      await createTopic(kafka, topic);
      await send(kafka, topic, topic);
    }
    expect(await receive(kafka, topics[0], 1)).toEqual([topics[0]]);
    expect(await receive(kafka, topics[1], 1)).toEqual([topics[1]]);
  });

  it('give buckets with tokens that open nothing else', async () => {
    const influx = await sharedInflux();
    const [mine, other] = await Promise.all([influx.freshBucket(), influx.freshBucket()]);
    expect(await writeLine({ ...influx, ...mine }, 'm value=1 1')).toBe(204);
    expect(await writeLine({ ...influx, ...mine, token: mine.readToken }, 'm value=2 2')).toBe(403);
    expect(await writeLine({ ...influx, ...other, token: mine.token }, 'm value=3 3')).toBe(403);
    expect(await readValues({ ...influx, ...mine, token: mine.readToken })).toEqual([1]);
    expect(await readValues({ ...influx, ...other })).toEqual([]);
  });
});

describeWithStack('an InfluxDB of its own', { influx: 'own' }, () => {
  let influx: InfluxServer;
  beforeAll(async () => {
    influx = await startInflux();
  });
  afterAll(() => influx?.close());

  it('keeps what was written when it is stopped, killed and started again', async () => {
    const place = { ...influx, ...(await influx.freshBucket()) };
    expect(await writeLine(place, 'm value=1 1')).toBe(204);
    await influx.stop();
    await expect(readValues(place)).rejects.toThrow('fetch failed');
    await influx.start();
    expect(await writeLine(place, 'm value=2 2')).toBe(204);
    await influx.kill();
    await expect(readValues(place)).rejects.toThrow('fetch failed');
    await influx.start();
    expect(await readValues(place)).toEqual([1, 2]);
  });

  it('answers nothing while it pauses, and everything afterwards', async () => {
    const place = { ...influx, ...(await influx.freshBucket()) };
    await influx.pause();
    await expect(writeLine(place, 'n value=3 3')).rejects.toThrow('aborted due to timeout');
    await influx.resume();
    expect(await writeLine(place, 'n value=3 3')).toBe(204);
  });
});

describeWithStack('a Kafka of its own', { kafka: 'own' }, () => {
  let server: SecureKafkaServer;
  beforeAll(async () => {
    server = await startKafka({ sasl: true, messageMaxBytes: 4 << 20 });
  });
  afterAll(() => server?.close());

  describe('lets in', () => {
    it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('who knows the password, by %s, and nobody else', async (mechanism) => {
      const { username, password, ca, saslBrokers, saslTlsBrokers } = server.auth;
      const ways = [{ brokers: saslBrokers }, { brokers: saslTlsBrokers, ssl: { ca: [ca] } }];
      for (const [i, way] of ways.entries()) {
        const topic = `${mechanism}-${i}`;
        const kafka = client({ ...way, sasl: { mechanism, username, password } as never });
        await createTopic(kafka, topic);
        await send(kafka, topic, 'in');
        expect(await receive(kafka, topic, 1)).toEqual(['in']);
        const stranger = client({ ...way, sasl: { mechanism, username, password: `${password}x` } as never });
        await expect(send(stranger, topic, 'out')).rejects.toThrow(/authentication failed/i);
        await expect(send(client(way), topic, 'out')).rejects.toThrow();
      }
    });

    it('over an encrypted connection only who trusts its certificate', async () => {
      const { ca, tlsBrokers } = server.auth;
      await createTopic(client({ brokers: tlsBrokers, ssl: { ca: [ca] } }), 'encrypted');
      await expect(createTopic(client({ brokers: tlsBrokers, ssl: true, retry: { retries: 0 } }), 'refused')).rejects.toThrow('self-signed certificate');
    });
  });

  it('takes batches up to the size it was told', async () => {
    const kafka = client({ brokers: server.brokers });
    await createTopic(kafka, 'large');
    await send(kafka, 'large', 'x'.repeat(3 << 20));
    await expect(send(kafka, 'large', 'x'.repeat(5 << 20))).rejects.toThrow('larger than the max message size');
  });

  it('makes no topic that nobody created', async () => {
    await expect(send(client({ brokers: server.brokers }), 'never-created', 'x')).rejects.toThrow('does not host this topic-partition');
  });

  it('keeps what was sent when it is stopped, killed and started again', async () => {
    const kafka = client({ brokers: server.brokers });
    await createTopic(kafka, 'kept');
    await send(kafka, 'kept', 'a');
    await server.stop();
    await expect(sendToDown(server)).rejects.toThrow('ECONNREFUSED');
    await server.start();
    await send(kafka, 'kept', 'b');
    await server.kill();
    await expect(sendToDown(server)).rejects.toThrow('ECONNREFUSED');
    await server.start();
    expect(await receive(kafka, 'kept', 2)).toEqual(['a', 'b']);
  });
});
