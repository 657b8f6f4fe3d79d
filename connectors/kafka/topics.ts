import { setTimeout as sleep } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka } from 'kafkajs';
import { quote, SluiceError } from '../../core/errors.ts';
import { busError } from './client.ts';

/** Schemas, sources and producers of a topic. */
export const announcementsTopic = (topic: string): string => `${topic}.announcements`;
/** Rows that could not be taken, for other systems. */
export const deadTopic = (topic: string): string => `${topic}.dead`;
/** Manifests and records of one consumer group. */
export const stateTopic = (topic: string, group: string): string => `${topic}.${group}.state`;
/** What the output `kafka` sends. */
export const verdictsTopic = (topic: string): string => `${topic}.verdicts`;
export const incidentsTopic = (topic: string): string => `${topic}.incidents`;
export const scoresTopic = (topic: string): string => `${topic}.scores`;

/** For topics of which only the last record of each key counts. */
export const compacted: Readonly<Record<string, string>> = { 'cleanup.policy': 'compact' };

export interface TopicOptions {
  /** Of a topic that is made; one that exists keeps its own. */
  readonly partitions: number;
  /** Copies of each partition; default: as the cluster is set up. */
  readonly replication?: number | undefined;
  /** Settings of a topic that is made, by Kafka's names. */
  readonly config?: Readonly<Record<string, string>> | undefined;
  /** Make it when it is missing. */
  readonly create: boolean;
}

/** So long a topic that was just made may take until every partition has a leader. */
const leadersWithinMs = 15_000;

/**
 * Makes the topic when it is missing, and waits until every partition has a leader.
 * @returns its partitions
 * @throws BUS_TOPIC when it is missing and may not be made, or cannot be made so; BUS_DENIED, BUS_UNAVAILABLE
 */
export async function ensureTopic(admin: Admin, topic: string, { partitions, replication = -1, config = {}, create }: TopicOptions): Promise<number> {
  const known = await partitionsOf(admin, topic);
  if (known !== undefined) return known;
  const settings = Object.entries(config).map(([name, value]) => ({ name, value }));
  if (!create) {
    const set = settings.map(({ name, value }) => `, ${name}=${value}`).join('');
    throw new SluiceError('BUS_TOPIC', `topic ${quote(topic)} does not exist and may not be created`, {
      place: 'bus.createTopics',
      fix: `Create it with ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}${set}, or set bus.createTopics to true.`,
    });
  }
  try {
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions, replicationFactor: replication, configEntries: settings }],
      waitForLeaders: false,
    });
  } catch (error) {
    throw topicError(error, topic);
  }
  for (const late = performance.now() + leadersWithinMs; ; ) {
    const made = await partitionsOf(admin, topic);
    if (made !== undefined) return made;
    if (performance.now() > late) {
      throw new SluiceError('BUS_UNAVAILABLE', `topic ${quote(topic)} was created and has no leader yet`, { fix: 'Check that all brokers run.' });
    }
    await sleep(50);
  }
}

/** The same for a topic of which the newest record of each key must stay. @throws BUS_TOPIC also when one that exists forgets by age */
export async function ensureCompactedTopic(kafka: Kafka, topic: string, options: TopicOptions): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await ensureTopic(admin, topic, options);
    const resource = { type: kafkajs.ConfigResourceTypes.TOPIC, name: topic, configNames: ['cleanup.policy'] };
    const { resources } = await admin.describeConfigs({ includeSynonyms: false, resources: [resource] });
    const policy = resources[0].configEntries.find(({ configName }) => configName === 'cleanup.policy')?.configValue;
    if (policy === 'compact') return;
    throw new SluiceError('BUS_TOPIC', `topic ${quote(topic)} forgets by age what is saved in it: its cleanup.policy is ${quote(policy)}`, {
      place: 'bus',
      fix: 'Set cleanup.policy=compact on it.',
    });
  } catch (error) {
    throw busError(error, `topic ${quote(topic)}`);
  } finally {
    await admin.disconnect();
  }
}

/** Partitions of the topic; undefined when there is no such topic. @throws BUS_DENIED, BUS_UNAVAILABLE */
async function partitionsOf(admin: Admin, topic: string): Promise<number | undefined> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    return topics[0].partitions.length;
  } catch (error) {
    if ((error as { type?: string }).type === 'UNKNOWN_TOPIC_OR_PARTITION') return undefined;
    throw topicError(error, topic);
  }
}

/** The broker's answers that only another setting helps against. */
const refusals = new Set([
  'INVALID_TOPIC_EXCEPTION',
  'INVALID_PARTITIONS',
  'INVALID_REPLICATION_FACTOR',
  'INVALID_REQUEST',
  'INVALID_CONFIG',
  'POLICY_VIOLATION',
]);

function topicError(error: unknown, topic: string): SluiceError {
  const [first = error] = (error as { errors?: unknown[] }).errors ?? [];
  const { type, message } = first as { type?: string; message: string };
  if (type === undefined || !refusals.has(type)) return busError(first, `topic ${quote(topic)}`);
  return new SluiceError('BUS_TOPIC', `the cluster refuses the topic ${quote(topic)}: ${message}`, {
    fix: 'Choose other partitions, replication or name, or create it yourself.',
    cause: error,
  });
}
