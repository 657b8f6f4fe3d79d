import type { Kafka, KafkaMessage } from 'kafkajs';
import { expect } from 'vitest';
import { Announcements } from '../../connectors/kafka/announcements.ts';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { Outage } from '../../connectors/kafka/outage.ts';
import { KafkaProducer } from '../../connectors/kafka/producer.ts';
import { announcementsTopic, compacted, ensureTopic } from '../../connectors/kafka/topics.ts';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import { partitionOf } from '../../core/bus.ts';
import type { Chunk, DeadLetter } from '../../core/chunk.ts';
import { makeSchema } from '../../core/schema.ts';
import { freshName } from './fresh-name.ts';

/** A topic of one's own on a real Kafka, producers for it, and a look at what is in it. */

export const schema = makeSchema([
  { name: 'LIT101', kind: 'continuous', unit: 'mm' },
  { name: 'MV101', kind: 'discrete' },
]);

/** Rows first ... first + rows - 1 of a source, each with its number as value and time. */
export function rowsOf(stream: string, first: number, rows: number): Batch {
  const batch = allocateBatch(stream, schema, rows);
  for (let i = 0; i < rows; i++) {
    batch.values.set([first + i, Number.NaN], 2 * i);
    batch.times[i] = BigInt(first + i) * 1_000_000_000n;
    batch.origins[i] = first + i;
  }
  return batch;
}

export const chunkOf = (...batches: Batch[]): Chunk => ({ partition: 0, nextOffset: 0, batches, dead: [] });

export interface Setting {
  readonly kafka: Kafka;
  readonly topic: string;
  readonly partitions: number;
  readonly announcements: Announcements;
  readonly told: string[];
  producer(source?: string, compression?: 'none' | 'gzip'): Promise<KafkaProducer>;
}

export const closing: (() => Promise<void>)[] = [];

/** Closes what the test has opened, the last first. */
export async function closeAll(): Promise<void> {
  for (const close of closing.splice(0).reverse()) await close();
}

/** A topic of its own, and what is announced beside it. */
export async function setUp(brokers: string[], partitions = 1, config: Record<string, string> = {}): Promise<Setting> {
  const kafka = makeClient(connectionOptions.parse({ brokers }));
  const topic = freshName('rows');
  const admin = kafka.admin();
  await admin.connect();
  for (const [name, count, settings] of [[topic, partitions, config] as const, [announcementsTopic(topic), 1, compacted] as const]) {
    await ensureTopic(admin, name, { partitions: count, config: settings, create: true });
  }
  await admin.disconnect();
  return another({ kafka, topic, partitions, told: [] });
}

/** A second look at the same topic, as another process has it. */
export async function another({ kafka, topic, partitions, told }: Pick<Setting, 'kafka' | 'topic' | 'partitions' | 'told'>): Promise<Setting> {
  const warn = (message: string): void => void told.push(message);
  const outage = new Outage({ warn, unavailable: () => {} });
  const announcements = await Announcements.open(kafka, topic, { create: false, outage });
  closing.push(() => announcements.close());
  return {
    ...{ kafka, topic, partitions, told, announcements },
    async producer(source, compression) {
      const producer = await KafkaProducer.open({ kafka, topic, partitions, announcements, outage, warn, source, compression });
      closing.push(() => producer.close());
      return producer;
    },
  };
}

/** Everything in the topic, by partition, as any consumer gets it. */
export async function readTopic(kafka: Kafka, topic: string): Promise<Map<number, KafkaMessage[]>> {
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
export function rowsIn(messages: readonly KafkaMessage[] = [], source?: string): number[] {
  return messages
    .filter(({ headers }) => source === undefined || headers?.source?.toString() === source)
    .map(({ value, headers }) => {
      const row = Number(headers?.row?.toString());
      if (value) expect(JSON.parse(value.toString()).LIT101).toBe(row);
      return row;
    });
}

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);
export const letterOf = (position: number, more: Partial<DeadLetter> = {}): DeadLetter => ({
  ...{ source: 'plant.csv', partition: 0, position, reason: 'number', message: `'Bad' is no number (row ${position})`, payload: `${position},Bad` },
  ...more,
});
/** The first streams of so many that go to different partitions. */
export const streamsApart = (partitions: number): string[] =>
  range(0, partitions).map(
    (wanted) =>
      range(0, 1000)
        .map((i) => `plant-${i}`)
        .find((name) => partitionOf(name, partitions) === wanted) as string,
  );
