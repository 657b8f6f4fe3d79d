import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { AssignerProtocol, Kafka, logLevel, type PartitionAssigner, PartitionAssigners } from 'kafkajs';
import { expect, it } from 'vitest';
import { chunkOf, numberedRows, numbersIn, patience, range, schema } from '../../connectors/conformance/bus-rows.ts';
import kafka from '../../connectors/kafka/bus.ts';
import type { Bus, BusConsumer } from '../../core/bus.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedKafka } from './servers.ts';

const partitions = 4;
const streams = range(0, 6).map((i) => `plant-${i}`);
const rows = 20_000;
/** So many rows of one stream follow each other. */
const step = 50;

describeWithStack('members of a group of kafka', { kafka: 'shared' }, () => {
  it('join and leave under load: each row once, each stream in order, and partitions move no more than they must', async () => {
    const { brokers, freshName } = await sharedKafka();
    const topic = freshName('shared');
    const open = (): Promise<Bus> => kafka.create(kafka.options.parse({ brokers, partitions }));
    const manifest = new Map<number, number>();
    const got = new Map<string, number[]>();
    const readers: number[][] = range(0, partitions).map(() => []);
    let count = 0;
    let asked = 0;
    const position = async (partition: number): Promise<number | undefined> => {
      asked++;
      return manifest.get(partition);
    };

    /** Joins once so many rows were read, and leaves at so many, or at the end. */
    async function member(me: number, joinsAt: number, leavesAt = Number.POSITIVE_INFINITY): Promise<void> {
      while (count < joinsAt) await sleep(5);
      const bus = await open();
      const consumer = await bus.consumer(topic, { group: topic, position });
      while (count < leavesAt) {
        const chunk = await consumer.poll({ maxRows: 100, maxWaitMs: 20 });
        if (chunk === 'end') break;
        if (chunk === 'idle') continue;
        const before = readers[chunk.partition];
        if (before.at(-1) !== me) before.push(me);
        for (const batch of chunk.batches) {
          const numbers = numbersIn({ ...chunk, batches: [batch] });
          got.set(batch.stream, [...(got.get(batch.stream) ?? []), ...numbers]);
          count += numbers.length;
        }
        manifest.set(chunk.partition, chunk.nextOffset);
        await consumer.commit(chunk.partition, chunk.nextOffset);
      }
      await bus.close();
    }

    async function send(): Promise<void> {
      const bus = await open();
      const producer = await bus.producer(topic);
      for (const stream of streams) await producer.announce(stream, schema);
      for (let from = 0; from < rows; from += step * streams.length) {
        const parts = streams.map((stream, i) => numberedRows(stream, from + i * step, Math.max(0, Math.min(step, rows - from - i * step))));
        await producer.send(chunkOf(parts.filter((part) => part.rows > 0)));
        await sleep(50);
      }
      await producer.end();
      await bus.close();
    }

    await Promise.all([send(), member(0, 0, 10_000), member(1, 3000, 14_000), member(2, 6000), member(3, 12_000)]);
    for (const [i, stream] of streams.entries()) {
      expect(got.get(stream), stream).toEqual(range(0, rows).filter((row) => Math.floor(row / step) % streams.length === i));
    }
    // Two, one, at most two, one and at most two change hands: 1 joins, 2 joins, 0 leaves, 3 joins, 1 leaves.
    const moves = readers.flat().length - partitions;
    expect(moves).toBeGreaterThanOrEqual(3);
    expect(moves).toBeLessThanOrEqual(8);
    // Who keeps a partition is not asked again where it stands.
    expect(asked).toBeLessThanOrEqual(partitions + 8);
  });

  it('read different topics under one name: each gets the partitions of its own', async () => {
    const { brokers, freshName } = await sharedKafka();
    const group = freshName('group');
    const topics = [freshName('plant'), freshName('mill')];
    const buses = await Promise.all(topics.map(() => kafka.create(kafka.options.parse({ brokers, partitions: 2 }))));
    const consumers: BusConsumer[] = [];
    for (const [i, bus] of buses.entries()) consumers.push(await bus.consumer(topics[i], { group, position: async () => undefined }));
    await untilLag(consumers, [0, 1], [0, 1]);
    for (const bus of buses) await bus.close();
  });

  it('share with consumers of another make, whatever those say of themselves', async () => {
    const { brokers, freshName } = await sharedKafka();
    const topic = freshName('shared');
    const bus = await kafka.create(kafka.options.parse({ brokers, partitions: 4 }));
    const consumer = await bus.consumer(topic, { group: topic, position: async () => undefined });
    await untilLag([consumer], [0, 1, 2, 3]);
    const client = new Kafka({ brokers, logLevel: logLevel.NOTHING });
    /** Speaks of itself as ours do, but in words that these do not know; never the first, and so never asked to divide. */
    const stranger: PartitionAssigner = () => ({
      name: 'sluice-sticky',
      version: 0,
      protocol: ({ topics: subscribed }) => ({
        name: 'sluice-sticky',
        metadata: AssignerProtocol.MemberMetadata.encode({ version: 0, topics: subscribed, userData: Buffer.from('{"partitions":[') }),
      }),
      assign: async () => [],
    });
    for (const partitionAssigners of [[stranger], [PartitionAssigners.roundRobin]]) {
      const other = client.consumer({ groupId: topic, partitionAssigners, maxWaitTimeInMs: 100 });
      await other.connect();
      await other.subscribe({ topic });
      const joined = new Promise<number[]>((done) => other.on(other.events.GROUP_JOIN, ({ payload }) => done(payload.memberAssignment[topic])));
      await other.run({ eachMessage: async () => {} });
      const theirs = await joined;
      expect(theirs).toHaveLength(2);
      await untilLag(
        [consumer],
        range(0, 4).filter((partition) => !theirs.includes(partition)),
      );
      await other.disconnect();
      await untilLag([consumer], [0, 1, 2, 3]);
    }
    await bus.close();
  });
});

/** Polls until each consumer has these partitions. */
async function untilLag(consumers: readonly BusConsumer[], ...shares: readonly (readonly number[])[]): Promise<void> {
  for (const late = Date.now() + patience; ; ) {
    const has: number[][] = [];
    for (const consumer of consumers) {
      expect(await consumer.poll({ maxRows: 1, maxWaitMs: 20 })).toBe('idle');
      has.push([...(await consumer.lag()).keys()].sort());
    }
    if (isDeepStrictEqual(has, shares)) return;
    if (Date.now() > late) expect(has).toEqual(shares);
  }
}
