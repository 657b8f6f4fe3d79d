import type { Kafka } from 'kafkajs';
import type { ServiceContext } from '../../core/component.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import type { ManifestKeeper, ManifestLog } from '../../core/manifest.ts';
import { CommittedTail } from './committed-tail.ts';
import { KafkaKeeper, type StateTopic } from './manifest-keeper.ts';
import { Outage } from './outage.ts';
import { SavedManifests } from './saved-manifests.ts';
import { compacted, ensureCompactedTopic, stateTopic } from './topics.ts';

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
  await ensureCompactedTopic(kafka, name, { partitions: 1, replication, config: settings, create });
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
  const keepers = new Set<KafkaKeeper>();
  const at: StateTopic = { kafka, topic: name, tail, saved, outage, closed: closing.signal };
  return {
    async take(key): Promise<ManifestKeeper> {
      if (!key.startsWith(prefix)) throw new SluiceError('INTERNAL', `the key ${quote(key)} does not begin with ${quote(prefix)}`, { place: name });
      const keeper = await KafkaKeeper.take(at, key);
      for (const other of keepers) if (other.closed) keepers.delete(other);
      keepers.add(keeper);
      return keeper;
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
      await Promise.all([tail.close(), ...[...keepers].map((keeper) => keeper.close())]);
    },
  };
}
