import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel, type Message, Partitioners, type Transaction } from 'kafkajs';
import { expect, it, onTestFinished } from 'vitest';
import { manifestLogConformance } from '../../connectors/conformance/manifest-log.ts';
import { withBatchEnds } from '../../connectors/kafka/batch-ends.ts';
import { clusterOf, connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import type { FetchedPartition } from '../../connectors/kafka/committed-records.ts';
import { openManifestLog } from '../../connectors/kafka/manifest-log.ts';
import type { ServiceContext } from '../../core/component.ts';
import type { Manifest, ManifestLog } from '../../core/manifest.ts';
import { recordHash } from '../../core/record.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedKafka } from './servers.ts';

describeWithStack('manifests on Kafka keep the contract', { kafka: 'shared' }, () => {
  const checks = manifestLogConformance(async () => {
    const { brokers, freshName } = await sharedKafka();
    const topic = freshName('plant');
    const opened: ManifestLog[] = [];
    return {
      async open() {
        const log = await openManifestLog(makeClient(connectionOptions.parse({ brokers })), topic, 'group', { create: true });
        opened.push(log);
        return log;
      },
      key: (partition) => `group/${topic}/${partition}`,
      close: async () => void (await Promise.all(opened.map((log) => log.close()))),
    };
  });
  for (const { name, run } of checks) it(name, run);
});

/** The state topic as others see it. */
interface Place {
  readonly topic: string;
  readonly state: string;
  readonly kafka: Kafka;
  key(partition: number): string;
  open(context?: ServiceContext): Promise<ManifestLog>;
  /** Sends as a process would that saves under the key, and leaves the transaction open, until the broker ends it. */
  halfDone(key: string, messages: Message[], endedAfterMs?: number): Promise<Transaction>;
  send(...messages: Message[]): Promise<void>;
}

async function place(group = 'group'): Promise<Place> {
  const { brokers, freshName } = await sharedKafka();
  const topic = freshName('plant');
  const state = `${topic}.${group}.state`;
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING });
  const createPartitioner = Partitioners.DefaultPartitioner;
  return {
    topic,
    state,
    kafka,
    key: (partition) => `${group}/${topic}/${partition}`,
    async open(context) {
      const log = await openManifestLog(makeClient(connectionOptions.parse({ brokers })), topic, group, { create: true, ...(context ? { context } : {}) });
      onTestFinished(() => log.close());
      return log;
    },
    async halfDone(key, messages, transactionTimeout = 5000) {
      const producer = kafka.producer({ transactionalId: key, transactionTimeout, createPartitioner, retry: { initialRetryTime: 5 } });
      onTestFinished(() => producer.disconnect());
      await producer.connect();
      const transaction = await producer.transaction();
      await transaction.send({ topic: state, messages });
      return transaction;
    },
    async send(...messages) {
      const producer = kafka.producer({ createPartitioner });
      await producer.connect();
      await producer.send({ topic: state, messages });
      await producer.disconnect();
    },
  };
}

const manifest = (key: string, rows: number, records: Readonly<Record<string, string>> = {}): Manifest => ({
  key,
  positions: { topic: { nextOffset: rows, shiftMs: 0 } },
  totals: { rows },
  records,
});

const theirManifest = (key: string, rows: number): Message => ({ key: `manifest/${key}`, value: JSON.stringify(manifest(key, rows)) });

/** What is left of a topic of one partition, and how often a reader who goes by the records alone would have stood still. */
async function walk(kafka: Kafka, topic: string): Promise<{ records: number; emptied: number }> {
  const cluster = clusterOf(kafka);
  await cluster.connect();
  await cluster.addTargetTopic(topic);
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [0]));
  const broker = withBatchEnds(await cluster.findBroker({ nodeId }));
  let [records, emptied] = [0, 0];
  for (let next = 0, end = 1; next < end; ) {
    // One batch at a time.
    const partitions = [{ partition: 0, fetchOffset: String(next), maxBytes: 1 }];
    const { responses } = await broker.fetch({ maxWaitTime: 100, topics: [{ topic, partitions }] });
    const [fetched] = responses[0].partitions as FetchedPartition[];
    end = Number(fetched.lastStableOffset);
    if (fetched.end === undefined) break;
    if (fetched.messages.length === 0) emptied++;
    records += fetched.messages.filter(({ offset, isControlRecord }) => !isControlRecord && Number(offset) >= next).length;
    next = fetched.end;
  }
  await cluster.disconnect();
  return { records, emptied };
}

/** What a service tells of itself. */
function recorder(signal?: AbortSignal): { context: ServiceContext; told: (string | undefined)[] } {
  const told: (string | undefined)[] = [];
  return { told, context: { warn: () => {}, unavailable: (reason) => told.push(reason), ...(signal ? { signal } : {}) } };
}

describeWithStack('manifests on Kafka', { kafka: 'shared' }, () => {
  it('what processes left half done is not seen, in whatever order others take over', async () => {
    const { open, key, halfDone } = await place();
    const log = await open();
    const keys = [0, 1, 2, 3].map(key);
    for (const one of keys) {
      const keeper = await log.take(one);
      await keeper.save(manifest(one, 1), new Map());
      await keeper.close();
    }
    for (const one of keys) await halfDone(one, [theirManifest(one, 99), { key: `record/${one}/feed/0`, value: 'half', headers: { pieces: '1' } }]);
    // Those that began later end first.
    const keepers = await Promise.all(keys.toReversed().map((one) => log.take(one)));
    expect(keepers.map((keeper) => keeper.manifest)).toEqual(keys.toReversed().map((one) => manifest(one, 1)));
    for (const reader of [log, await open()]) {
      expect(await reader.manifests()).toEqual(keys.map((one) => manifest(one, 1)));
      await expect(reader.record('feed')).rejects.toMatchObject({ code: 'RECORD_CORRUPT' });
    }
  });

  it('a process that died in a save keeps others waiting until the broker ends it, which is told', async () => {
    const { open, key, halfDone } = await place();
    const { context, told } = recorder();
    const log = await open(context);
    await halfDone(key(1), [theirManifest(key(1), 99)]);
    const keeper = await log.take(key(0));
    expect(told).toEqual(['waiting for the broker to end a transaction that a process left open', undefined]);
    await keeper.save(manifest(key(0), 1), new Map());
    expect(await log.manifests()).toEqual([manifest(key(0), 1)]);
  });

  it('whoever is to end does not wait for it', async () => {
    const { open, key, halfDone } = await place();
    const stopping = new AbortController();
    const { context, told } = recorder(stopping.signal);
    const log = await open(context);
    const left = await halfDone(key(1), [theirManifest(key(1), 99)], 600_000);
    const taking = expect(log.take(key(0))).rejects.toThrow('stopped');
    while (told.length === 0) await sleep(20);
    stopping.abort(new Error('stopped'));
    await taking;
    await left.abort();
  });

  it('a save goes through although the process is to end', async () => {
    const { open, key } = await place();
    const stopping = new AbortController();
    const log = await open(recorder(stopping.signal).context);
    const keeper = await log.take(key(0));
    stopping.abort();
    await keeper.save(manifest(key(0), 1), new Map());
    expect(await (await open()).manifest(key(0))).toEqual(manifest(key(0), 1));
  });

  it('groups do not see each other, whatever a topic holds', async () => {
    const { open, key, send, topic } = await place();
    const log = await open();
    const keeper = await log.take(key(0));
    await keeper.save(manifest(key(0), 1), new Map());
    await send(theirManifest(`other/${topic}/0`, 5), { key: 'unknown', value: 'x' }, { key: 'record/short', value: 'x' });
    expect(await log.manifests()).toEqual([manifest(key(0), 1)]);
    await expect(log.take(`other/${topic}/0`)).rejects.toMatchObject({ code: 'INTERNAL' });
  });

  it('a record that was altered or lacks a piece is told by its name, and the other keys are sound', async () => {
    const { open, key, send } = await place();
    const log = await open();
    const bytes = Buffer.alloc(1_200_000, 7);
    const hash = recordHash(bytes);
    const keepers = await Promise.all([0, 1, 2].map((partition) => log.take(key(partition))));
    for (const [i, keeper] of keepers.entries()) await keeper.save(manifest(key(i), 1, { model: hash }), new Map([[hash, bytes]]));
    await send(
      { key: `record/${key(0)}/${hash}/1`, value: null },
      { key: `record/${key(1)}/${hash}/2`, value: 'altered', headers: { pieces: '3' } },
      { key: `manifest/${key(2)}`, value: '{"key":' },
    );
    const [missing, altered] = await Promise.all([0, 1].map((partition) => log.take(key(partition))));
    await expect(missing.record(hash)).rejects.toThrow(`the record ${hash} lacks 1 of its 3 pieces`);
    await expect(altered.record(hash)).rejects.toThrow(`the record ${hash} is not what its name says`);
    await expect(log.take(key(2))).rejects.toMatchObject({ code: 'RECORD_CORRUPT' });
    expect(await log.manifest(key(0))).toEqual(manifest(key(0), 1, { model: hash }));
    expect(recordHash(await log.record(hash))).toBe(hash);
    // Nothing is left of it when it is begun anew.
    await missing.forget();
    await missing.save(manifest(key(0), 2, { model: hash }), new Map([[hash, bytes]]));
    expect(recordHash(await missing.record(hash))).toBe(hash);
  });

  it('a topic that is missing and may not be made, or that forgets, is refused', async () => {
    const { kafka, topic, state } = await place();
    await expect(openManifestLog(kafka, topic, 'group', { create: false })).rejects.toMatchObject({ code: 'BUS_TOPIC' });
    const admin = kafka.admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic: state, numPartitions: 1 }] });
    await admin.disconnect();
    await expect(openManifestLog(kafka, topic, 'group', { create: true })).rejects.toThrow(
      `topic '${state}' forgets by age what is saved in it: its cleanup.policy is 'delete' (bus). Set cleanup.policy=compact on it.`,
    );
  });

  it('what compaction leaves is read in full', async () => {
    const { open, key, halfDone, kafka, state } = await place();
    const admin = kafka.admin();
    await admin.connect();
    const settings = {
      ...{ 'cleanup.policy': 'compact', 'segment.bytes': '1048576', 'segment.ms': '500' },
      ...{ 'min.cleanable.dirty.ratio': '0.01', 'delete.retention.ms': '0', 'max.compaction.lag.ms': '1000' },
    };
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await admin.createTopics({ topics: [{ topic: state, numPartitions: 1, configEntries }] });
    await admin.disconnect();
    const log = await open();
    const model = Buffer.alloc(600_000, 'model');
    const stateOf = (partition: number, n: number): Buffer => Buffer.alloc(60_000, `state ${partition} ${n}`);
    const saved = (partition: number, n: number): Manifest =>
      manifest(key(partition), n, { model: recordHash(model), state: recordHash(stateOf(partition, n)) });
    for (let round = 1; round <= 4; round++) {
      const keepers = await Promise.all([0, 1].map((partition) => log.take(key(partition))));
      for (let n = 10 * round; n < 10 * round + 10; n++) {
        const states = [0, 1].map((partition) => stateOf(partition, n));
        await Promise.all(keepers.map((keeper, i) => keeper.save(saved(i, n), new Map([model, states[i]].map((bytes) => [recordHash(bytes), bytes])))));
      }
      await Promise.all(keepers.map((keeper) => keeper.close()));
      // Nothing is left of these, and of their last batch the header.
      const gone = await log.take(key(10 + round));
      await gone.save(manifest(key(10 + round), 1, { model: recordHash(model) }), new Map([[recordHash(model), model]]));
      await gone.forget();
      await gone.close();
      for (const partition of [0, 1]) await halfDone(key(partition), [theirManifest(key(partition), 999)]);
    }
    const keepers = await Promise.all([1, 0].map((partition) => log.take(key(partition))));
    let n = 49;
    // Each save wrote a state and a manifest at least; the cleaner may have been at work since the first of them.
    const written = 4 * 10 * 2 * 2;
    for (;;) {
      const { records, emptied } = await walk(kafka, state);
      if (emptied > 0 && records < written / 2) break;
      n++;
      await keepers[0].save(saved(1, n), new Map([[recordHash(stateOf(1, n)), stateOf(1, n)]]));
      await sleep(500);
    }
    const other = await open();
    expect(await other.manifests()).toEqual([saved(0, 49), saved(1, n)]);
    for (const partition of [0, 1]) {
      const keeper = await other.take(key(partition));
      const last = partition === 0 ? 49 : n;
      expect(keeper.manifest).toEqual(saved(partition, last));
      for (const bytes of [model, stateOf(partition, last)]) expect(recordHash(await keeper.record(recordHash(bytes)))).toBe(recordHash(bytes));
    }
  });
});
