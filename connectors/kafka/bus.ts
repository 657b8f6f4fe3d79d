import type { Admin } from 'kafkajs';
import { z } from 'zod';
import type { Bus } from '../../core/bus.ts';
import { defineBus, type ServiceContext } from '../../core/component.ts';
import { duration } from '../../core/config/duration.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import type { ManifestLog } from '../../core/manifest.ts';
import { Announcements } from './announcements.ts';
import { busError, connectionOptions, makeClient } from './client.ts';
import { KafkaConsumer } from './consumer.ts';
import { DeadTopic } from './dead-topic.ts';
import { openManifestLog } from './manifest-log.ts';
import { messageOptions } from './message-format.ts';
import { Outage } from './outage.ts';
import { KafkaProducer } from './producer.ts';
import { ensureTopic } from './topics.ts';
import { within } from './within.ts';

/** A consumer tries again for itself, and says what it waits for. */
const consumerRetries = 2;
/** Whoever opens something learns soon that no broker is there. */
const adminRetries = 3;
/** What is open may hang on a broker that does not answer. */
const closeWithinMs = 5000;

/**
 * Topics on a Kafka cluster, rows as JSON. What differs from a bus in this process:
 * - rows outlive the process, and anyone may read and write them;
 * - a topic takes whatever comes: no sender waits for a consumer;
 * - a row's origin is its offset in the partition, given by the broker;
 * - a partition may be another member's before its former reader has been told (`revoked`): exactness comes from the manifests,
 *   of which only the newest reader can save one.
 */
export default defineBus({
  type: 'kafka',
  summary: 'A Kafka cluster: producer and processor are processes of their own, on any machines, as many as there are partitions.',
  embedded: false,
  fails: 'Brokers older than 0.11 cannot keep positions. Topics compressed by snappy, lz4 or zstd cannot be read.',
  cost: 'Up to 8,192 rows or 8 MB per partition are read ahead.',
  options: connectionOptions.extend({
    group: z.string().min(1).default('sluice').describe('Consumer group: processors of the same group share the partitions, each group reads everything.'),
    partitions: z.int().min(1).max(10_000).default(1).describe('Partitions of a topic that is created here; a stream stays in one of them.'),
    replication: z.int().min(-1).max(100).default(-1).describe('Copies of each partition of a topic that is created here; -1 = as the cluster is set up.'),
    createTopics: z.boolean().default(true).describe('Create topics that are missing; otherwise a missing one is an error.'),
    sessionTimeout: duration().prefault('10s').describe('How long a processor may be silent before its partitions go to others.'),
    maxMessageBytes: z.int().min(1024).default(1_048_576).describe('A longer message is a dead letter.'),
    message: messageOptions
      .optional()
      .describe('Names in the messages, where they are JSON objects of another shape than rows that `produce` sends: the time, the stream and the tags.'),
    compression: z.enum(['none', 'gzip']).default('none').describe('How rows are packed on their way to the cluster and in it.'),
  }),
  async create(options, context?: ServiceContext): Promise<Bus> {
    const { partitions, createTopics: create, sessionTimeout, maxMessageBytes, compression, message: format } = options;
    const replication = options.replication === -1 ? undefined : options.replication;
    const warn = (message: string): void => context?.warn(message);
    let closed = false;
    /** Who closes is not told that what it gives up waiting for was back. */
    const signal = context?.signal && { signal: context.signal };
    const outage = new Outage({
      warn: (message) => closed || warn(message),
      unavailable: (reason) => closed || context?.unavailable(reason),
      retried: () => context?.retried?.(),
      ...signal,
    });
    /** For what tells of an outage by itself: the bus tells it once for all. */
    const tellOnce: ServiceContext = {
      warn: () => {},
      unavailable: (reason) => (reason === undefined ? outage.over(tellOnce) : outage.began(tellOnce, reason)),
      retried: () => outage.retried(),
      ...signal,
    };
    const kafka = makeClient(options);
    const open = new Set<{ close(): Promise<void> }>();
    const announcements = new Map<string, Promise<Announcements>>();
    const deadTopics = new Map<string, Promise<DeadTopic>>();
    let admin: Admin | undefined;

    const requireOpen = (topic: string): void => {
      if (closed) throw new SluiceError('BUS_UNAVAILABLE', 'the bus was closed', { place: `topic ${quote(topic)}` });
    };
    const ensure = async (topic: string, count = partitions): Promise<number> => {
      requireOpen(topic);
      const asked = admin ?? makeClient(options, undefined, adminRetries).admin();
      admin = asked;
      const silent = setTimeout(() => warn(`no answer yet from ${options.brokers.join(', ')}; waiting for it`), silenceMs);
      try {
        await asked.connect();
        return await ensureTopic(asked, topic, { partitions: count, replication, create });
      } catch (error) {
        throw busError(error, `topic ${quote(topic)}`);
      } finally {
        clearTimeout(silent);
      }
    };
    /** One for all who ask for the same; asked for again when it could not be had. */
    const shared = <T extends { close(): Promise<void> }>(known: Map<string, Promise<T>>, topic: string, make: () => Promise<T>): Promise<T> => {
      const made =
        known.get(topic) ??
        make().then(
          (value) => keep(value),
          (error) => {
            known.delete(topic);
            throw error;
          },
        );
      known.set(topic, made);
      return made;
    };
    const keep = async <T extends { close(): Promise<void> }>(part: T): Promise<T> => {
      open.add(part);
      if (!closed) return part;
      await part.close();
      throw new SluiceError('BUS_UNAVAILABLE', 'the bus was closed');
    };
    const announced = (topic: string): Promise<Announcements> =>
      shared(announcements, topic, () => Announcements.open(kafka, topic, { create, replication, outage }));

    return {
      async ensureTopic(topic, { partitions: count }) {
        await ensure(topic, count);
      },
      partitions: (topic) => ensure(topic),
      async producer(topic, { source } = {}) {
        const count = await ensure(topic);
        const notes = await announced(topic);
        return await keep(await KafkaProducer.open({ kafka, topic, partitions: count, announcements: notes, outage, warn, source, compression, format }));
      },
      async consumer(topic, wanted) {
        await ensure(topic);
        const notes = await announced(topic);
        requireOpen(topic);
        const consumer = await KafkaConsumer.open({
          ...{ ...wanted, topic, sessionTimeout, maxMessageBytes, format, announcements: notes, outage, warn },
          kafka: () => makeClient(options, undefined, consumerRetries),
          onClosed: (gone) => open.delete(gone),
        });
        return await keep(consumer);
      },
      async manifests(topic, group): Promise<ManifestLog> {
        requireOpen(topic);
        return await keep(await openManifestLog(kafka, topic, group, { create, ...(replication === undefined ? {} : { replication }), context: tellOnce }));
      },
      async sendDead(topic, letters) {
        requireOpen(topic);
        const dead = await shared(deadTopics, topic, () => DeadTopic.open(kafka, topic, { create, replication, outage }));
        await dead.send(letters);
      },
      async close() {
        if (closed) return;
        closed = true;
        // Consumers and producers say good-bye first; what they need is closed after them.
        const parts = [...open];
        open.clear();
        const notes = new Set<{ close(): Promise<void> }>(await Promise.all([...announcements.values()].map((made) => made.catch(() => nobody))));
        const all = (promises: Promise<void>[]): Promise<boolean> => within(closeWithinMs, Promise.allSettled(promises));
        await all(parts.filter((part) => !notes.has(part)).map((part) => part.close()));
        await all([...[...notes].map((part) => part.close()), ...(admin ? [admin.disconnect()] : [])]);
      },
    };
  },
  async *diagnose(options, context) {
    yield* (await import('./diagnose.ts')).diagnoseKafka(options, context);
  },
});

/** So long nothing is said of a cluster that does not answer. */
const silenceMs = 2000;

const nobody = { close: async (): Promise<void> => {} };
