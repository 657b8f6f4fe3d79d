import kafkajs, { type Kafka } from 'kafkajs';
import type { ServiceContext } from '../../core/component.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import type { ManifestKeeper, ManifestLog } from '../../core/manifest.ts';
import { busError } from './client.ts';
import { CommittedTail } from './committed-tail.ts';
import { KafkaKeeper, type StateTopic } from './manifest-keeper.ts';
import { Outage } from './outage.ts';
import { SavedManifests } from './saved-manifests.ts';
import { compacted, ensureTopic, stateTopic, type TopicOptions } from './topics.ts';

export interface ManifestLogOptions {
  /** Make the state topic where it is missing. */
  readonly create: boolean;
  readonly replication?: number;
  readonly context?: ServiceContext;
}

/**
 * The newest message of each key counts. What was replaced is gone soon after a segment is full, so segments are small: whoever
 * takes a key reads all of it. Removals stay for longer than that takes.
 */
const settings = {
  ...compacted,
  'segment.bytes': String(16 * 1024 * 1024),
  'min.cleanable.dirty.ratio': '0.1',
  'delete.retention.ms': String(60 * 60 * 1000),
};

/**
 * The manifests of a group over a topic, in the compacted topic `<topic>.<group>.state`. Keys are `<group>/<topic>/<partition>`.
 * @throws BUS_UNAVAILABLE, BUS_DENIED; BUS_TOPIC when the state topic is missing and may not be made, or is not compacted
 */
export async function openManifestLog(kafka: Kafka, topic: string, group: string, { create, replication, context }: ManifestLogOptions): Promise<ManifestLog> {
  const name = stateTopic(topic, group);
  await prepareTopic(kafka, name, { partitions: 1, replication, config: settings, create });
  const prefix = `${group}/${topic}/`;
  const outage = new Outage(context);
  const saved = new SavedManifests(name, prefix);
  const tail = await CommittedTail.open({
    kafka,
    topic: name,
    outage,
    onRecords: (records) => {
      for (const record of records) saved.apply(record);
    },
    onRestart: () => saved.clear(),
  });
  const closing = new AbortController();
  const at: StateTopic = { kafka, topic: name, tail, saved, outage, closed: closing.signal };
  return {
    async take(key): Promise<ManifestKeeper> {
      if (!key.startsWith(prefix)) throw new SluiceError('INTERNAL', `the key ${quote(key)} does not begin with ${quote(prefix)}`, { place: name });
      return await KafkaKeeper.take(at, key);
    },
    async manifest(key) {
      await tail.toEnd();
      return saved.manifest(key);
    },
    async manifests() {
      await tail.toEnd();
      return saved.manifests();
    },
    async record(hash) {
      await tail.toEnd();
      return saved.record(hash);
    },
    async close() {
      closing.abort();
      await tail.close();
    },
  };
}

async function prepareTopic(kafka: Kafka, topic: string, options: TopicOptions): Promise<void> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await ensureTopic(admin, topic, options);
    const [{ configEntries }] = (await admin.describeConfigs({ includeSynonyms: false, resources: [{ type: kafkajs.ConfigResourceTypes.TOPIC, name: topic }] }))
      .resources;
    const policy = configEntries.find(({ configName }) => configName === 'cleanup.policy')?.configValue;
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
