import type { Cluster } from 'kafkajs';
import { WireReader } from './wire-reader.ts';

/** What a user can be allowed to do with a topic or the cluster, as far as it is needed here; by Kafka's numbers. */
const operations = { READ: 3, WRITE: 4, CREATE: 5, DESCRIBE: 8, DESCRIBE_CONFIGS: 10 } as const;
export type Operation = keyof typeof operations;

export interface TopicDetails {
  readonly name: string;
  readonly state: 'there' | 'missing' | 'denied';
  readonly partitions: number;
  /** Partitions without a leader, and with fewer copies than they should have. */
  readonly leaderless: number;
  readonly underReplicated: number;
  /** Copies of each partition. */
  readonly copies: number;
  readonly may: ReadonlySet<Operation>;
}

export interface ClusterDetails {
  /** `host:port` of every broker, as the cluster tells it to clients. */
  readonly brokers: readonly string[];
  readonly mayCreateTopics: boolean;
  readonly topics: ReadonlyMap<string, TopicDetails>;
}

const metadata = { apiKey: 3, apiVersion: 8, apiName: 'Metadata' };
const unknownTopic = 3;
const topicDenied = 29;

/**
 * The topics and what the user may do with them. kafkajs asks for an older answer, without the rights.
 * @param cluster connected
 * @throws what kafkajs throws when the cluster does not answer
 */
export async function describeTopics(cluster: Cluster, topics: readonly string[]): Promise<ClusterDetails> {
  // The broker that was connected to: those that the cluster names may be out of reach, which is to be found out.
  const { seedBroker } = (cluster as unknown as { brokerPool: { seedBroker: Broker } }).brokerPool;
  return await seedBroker.connectionPool.send({
    request: { ...metadata, encode: async () => encoded(topics) },
    response: { decode: async (bytes: Buffer) => decoded(new WireReader(bytes)), parse: async (details: ClusterDetails) => details },
  });
}

/** As much of kafkajs's broker as takes requests of one's own. */
interface Broker {
  readonly connectionPool: { send<T>(exchange: Exchange<T>): Promise<T> };
}

interface Exchange<T> {
  readonly request: typeof metadata & { encode(): Promise<{ buf: Buffer; buffer: Buffer; size(): number }> };
  readonly response: { decode(bytes: Buffer): Promise<T>; parse(details: T): Promise<T> };
}

function encoded(topics: readonly string[]): { buf: Buffer; buffer: Buffer; size(): number } {
  const number = (value: number, size: number): Buffer => {
    const bytes = Buffer.alloc(size);
    bytes.writeIntBE(value, 0, size);
    return bytes;
  };
  const names = topics.flatMap((topic) => [number(Buffer.byteLength(topic), 2), Buffer.from(topic)]);
  // Create none; tell what may be done with the cluster, and with each topic.
  const buffer = Buffer.concat([number(topics.length, 4), ...names, Buffer.of(0, 1, 1)]);
  return { buf: buffer, buffer, size: () => buffer.length };
}

function decoded(answer: WireReader): ClusterDetails {
  answer.int32();
  const brokers = answer.array(() => {
    answer.int32();
    const host = answer.string();
    const address = `${host.includes(':') ? `[${host}]` : host}:${answer.int32()}`;
    answer.string();
    return address;
  });
  answer.string();
  answer.int32();
  const topics = answer.array(() => topicOf(answer));
  const may = allowed(answer.int32());
  return { brokers, mayCreateTopics: may.has('CREATE'), topics: new Map(topics.map((topic) => [topic.name, topic])) };
}

function topicOf(answer: WireReader): TopicDetails {
  const error = answer.int16();
  const name = answer.string();
  answer.int8();
  const partitions = answer.array(() => {
    answer.int16();
    answer.int32();
    const leader = answer.int32();
    answer.int32();
    const [copies, inSync] = [answer.array(() => answer.int32()), answer.array(() => answer.int32())];
    answer.array(() => answer.int32());
    return { leader, copies: copies.length, inSync: inSync.length };
  });
  const may = allowed(answer.int32());
  return {
    name,
    state: error === unknownTopic ? 'missing' : error === topicDenied ? 'denied' : 'there',
    partitions: partitions.length,
    leaderless: partitions.filter(({ leader }) => leader < 0).length,
    underReplicated: partitions.filter(({ copies, inSync }) => inSync < copies).length,
    copies: partitions[0]?.copies ?? 0,
    may,
  };
}

function allowed(bits: number): Set<Operation> {
  return new Set((Object.keys(operations) as Operation[]).filter((operation) => (bits >> operations[operation]) & 1));
}
