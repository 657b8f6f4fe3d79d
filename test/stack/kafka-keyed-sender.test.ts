import { expect, it } from 'vitest';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { KeyedSender } from '../../connectors/kafka/keyed-sender.ts';
import { Outage } from '../../connectors/kafka/outage.ts';
import { partitionOf } from '../../core/bus.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { readTopic } from './kafka-topic.ts';
import { sharedKafka } from './servers.ts';

describeWithStack('messages by key', { kafka: 'shared' }, () => {
  const never = new AbortController().signal;
  const senderTo = async (topic: string, partitions: number) => {
    const connection = connectionOptions.parse({ brokers: (await sharedKafka()).brokers });
    return { sender: new KeyedSender({ connection, topic, partitions, outage: new Outage(undefined) }), kafka: makeClient(connection) };
  };

  it('come once, those of a key in order and in one partition, with their times', async () => {
    const topic = freshName('keyed');
    const { sender, kafka } = await senderTo(topic, 3);
    await sender.open(never);
    // More than a request holds, for each of the partitions.
    const messages = Array.from({ length: 5000 }, (_, i) => ({ key: `item-${i % 5}`, value: String(i), time: 1_700_000_000_000 + i }));
    await sender.send(messages.slice(0, 4000), never);
    await sender.send(messages.slice(4000), never);
    await sender.close();
    const found = [...(await readTopic(kafka, topic))].flatMap(([partition, read]) =>
      read.map(({ key, value, timestamp }) => ({ partition, key: String(key), value: String(value), time: Number(timestamp) })),
    );
    for (const key of new Set(messages.map((message) => message.key))) {
      const expected = messages.filter((message) => message.key === key).map((message) => ({ partition: partitionOf(key, 3), ...message }));
      expect(found.filter((message) => message.key === key)).toEqual(expected);
    }
    expect(found).toHaveLength(5000);
  });

  it('are not sent to a topic that cannot be', async () => {
    const { sender } = await senderTo('no topic!', 1);
    await expect(sender.open(never)).rejects.toMatchObject({ code: 'BUS_TOPIC', message: expect.stringContaining("'no topic!'") });
    await sender.close();
  });

  it('are not waited with for ever: whoever is told to end gives up a cluster that is away', async () => {
    const connection = connectionOptions.parse({ brokers: '127.0.0.1:1' });
    const told: (string | undefined)[] = [];
    const stop = new AbortController();
    const unavailable = (reason: string | undefined): void => {
      told.push(reason);
      stop.abort(new Error('told to end'));
    };
    const sender = new KeyedSender({ connection, topic: 'none', partitions: 1, outage: new Outage({ warn: () => undefined, unavailable }) });
    await expect(sender.open(stop.signal)).rejects.toThrow('told to end');
    expect(told).toEqual([expect.stringContaining('ECONNREFUSED')]);
    await sender.close();
  });
});
