import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Announcements } from '../../connectors/kafka/announcements.ts';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { another, chunkOf, closeAll, range, readTopic, rowsIn, rowsOf, schema, setUp, streamsApart } from './kafka-topic.ts';
import { type KafkaServer, type SecureKafkaServer, startKafka } from './servers.ts';

afterEach(closeAll);

describeWithStack('a producer and a broker that fails', { kafka: 'own' }, () => {
  let server: KafkaServer;
  beforeAll(async () => {
    server = await startKafka();
  });
  afterAll(() => server?.close());

  it('has each row in the topic once and in order when the broker is killed and comes back', async () => {
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

  it('tells once that the broker is silent and once that it is back, and gives up when told to', async () => {
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
    await expect.poll(() => at.told).toEqual([expect.stringContaining('nothing is lost')]);
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
    // A broker that was paused may find the last request in its buffers, although who sent it is gone.
    for (let [before, now] = [-1, 0]; before !== now; [before, now] = [now, (await readTopic(at.kafka, at.topic)).get(0)?.length ?? 0]) await sleep(1000);
    // Whether it arrived is for the next producer to find out.
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
    });
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
