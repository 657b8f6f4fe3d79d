import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kafka } from 'kafkajs';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { partitionOf } from '../../core/bus.ts';
import { nanosPerMilli } from '../../core/time.ts';
import { type ErrorLine, repository, type Sluice, settings } from '../command-line.ts';
import { differences } from '../store-content.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { sharedKafka } from './servers.ts';
import { type StackPlace, stackPlace, type Target } from './stack-place.ts';

const pipeline = join(repository, 'pipelines/playground-kafka.yaml');
const partitions = 2;
const items = ['pump-1', 'pump-2', 'pump-3', 'pump-4', 'tank-1', 'tank-2'];
const settingsOfItem = { mean: 10, variance: 4, rate: 40 };
/** Ten standard deviations. */
const step = { shape: 'step', size: 20, length: 60 };
/** No value gets there without it. */
const unheardOf = 20;

interface Message {
  readonly source_id: string;
  readonly timestamp: string;
  readonly value: number;
  readonly score?: number | null;
}

/** Everything that is committed in a topic. Leaves a message in each partition: up to there it was read. */
async function readAll(kafka: Kafka, topic: string): Promise<Message[]> {
  const [consumer, producer, end] = [kafka.consumer({ groupId: freshName('reader') }), kafka.producer(), freshName('end')];
  await Promise.all([consumer.connect(), producer.connect()]);
  const messages: Message[] = [];
  const left = new Set(Array.from({ length: partitions }, (_, partition) => partition));
  try {
    await producer.send({ topic, messages: [...left].map((partition) => ({ key: end, value: end, partition })) });
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      eachMessage: async ({ partition, message: { key, value } }) => {
        if (String(key) === end) left.delete(partition);
        else messages.push(JSON.parse(String(value)));
      },
    });
    while (left.size > 0) await sleep(20);
  } finally {
    await Promise.all([consumer.disconnect(), producer.disconnect()]);
  }
  return messages;
}

/** What there is to tell two rows apart. */
const identity = ({ source_id, timestamp, value }: Message): string => `${source_id} ${Date.parse(timestamp)} ${value}`;

describeWithStack('the playground over Kafka and InfluxDB', { kafka: 'shared', influx: 'shared' }, () => {
  let kafka: Kafka;
  let brokers: string;
  beforeAll(async () => {
    brokers = (await sharedKafka()).brokers.join(',');
    kafka = makeClient(connectionOptions.parse({ brokers }));
  });

  interface Playing {
    readonly place: StackPlace;
    readonly topic: string;
    readonly service: Sluice;
    command(method: string, path: string, body: unknown): Promise<number>;
  }

  async function play(): Promise<Playing> {
    const place = await stackPlace();
    const topic = freshName('streamingad_simulated_data');
    const service = place.start('simulate', 'service', '--brokers', brokers, '--topic', topic, '--partitions', String(partitions), '--port', '0');
    const [, url] = await service.printed(/^service {2}(http:\S+)$/m);
    while ((await fetch(`${url}/readyz`)).status !== 200) await sleep(50);
    const headers = { 'content-type': 'application/json' };
    return { place, topic, service, command: async (method, path, body) => (await fetch(url + path, { method, headers, body: JSON.stringify(body) })).status };
  }

  const outputOf = ({ group }: Target): string => `${group}.output`;

  /** `process` of the pipeline as it stands there, at these servers. */
  function process({ place, topic }: Playing, target: Target, more: Record<string, string | number> = {}): Sluice {
    const store = place.on(target).find((word) => word.startsWith('store=')) as string;
    const own = { topic, 'bus.brokers': brokers, 'bus.group': target.group, 'bus.sessionTimeout': '1500ms' };
    const output = { 'outputs.1.kafka.rows.topic': outputOf(target), 'outputs.1.kafka.partitions': partitions };
    return place.start('process', pipeline, ...settings({ ...own, ...output, serve: 'false', ...more }), '--set', store, '--log-level', 'trace');
  }

  /** Kills it as it has rows in hand that it did not commit, after so many commits. */
  async function killAmongRows(run: Sluice, commits: number): Promise<void> {
    let left = commits;
    run.onLine(({ log }) => {
      if (log?.msg === 'committed') left--;
      else if (log?.msg === 'processed, not yet committed' && left <= 0) run.kill('SIGKILL');
    });
    expect((await run.ended).signal).toBe('SIGKILL');
  }

  /** Lets it go on until everything is committed, and stops it. */
  async function toEnd(run: Sluice, rows: number): Promise<void> {
    const offsets = new Map<string | undefined, number>();
    await run.line(({ log }: ErrorLine) => {
      if (log?.msg === 'committed' || log?.msg === 'partition taken')
        offsets.set(
          String(log.key ?? log.partition)
            .split('/')
            .at(-1),
          Number(log.nextOffset),
        );
      return [...offsets.values()].reduce((sum, offset) => sum + offset, 0) === rows;
    });
    run.kill('SIGINT');
    const { code, stderr } = await run.ended;
    expect(code, stderr.slice(-3000)).toBe(0);
  }

  it('gives each message one row with its score, killed or not, and what was injected is an incident', { timeout: 240_000 }, async () => {
    const playing = await play();
    const { place, topic, service, command } = playing;
    onTestFinished(() => place.close());
    expect(new Set(items.map((id) => partitionOf(id, partitions))).size).toBe(partitions);
    for (const id of items) expect(await command('POST', `/items/${id}`, settingsOfItem)).toBe(201);

    const disturbed = { group: freshName('disturbed'), bucket: await place.bucket() };
    // Of the three in a partition there are two at most in memory.
    const few = { 'streams.inMemory': 2 };
    const first = process(playing, disturbed, few);
    await first.line(({ text }) => text.includes('warmed up') && text.includes('tank-1'));
    await killAmongRows(first, 3);
    const second = process(playing, disturbed, few);
    await second.logged('committed');
    expect(await command('POST', '/items/tank-1/anomaly', step)).toBe(202);
    await killAmongRows(second, 4);
    service.kill('SIGINT');
    const [, told] = /^stopped: ([\d,]+) messages sent/m.exec((await service.ended).stdout) ?? [];
    const sent = Number(told.replaceAll(',', ''));
    await toEnd(process(playing, disturbed, few), sent);

    const undisturbed = { group: freshName('undisturbed'), bucket: await place.bucket() };
    await toEnd(process(playing, undisturbed), sent);

    const [messages, rows, expected] = [await readAll(kafka, topic), await readAll(kafka, outputOf(disturbed)), await readAll(kafka, outputOf(undisturbed))];
    expect(messages).toHaveLength(sent);
    expect(rows.map(identity).sort()).toEqual(messages.map(identity).sort());
    const scoreOf = new Map(expected.map((row) => [identity(row), row.score]));
    expect(rows.filter((row) => row.score !== scoreOf.get(identity(row)))).toEqual([]);
    expect(rows.filter(({ score }) => score === null)).toHaveLength(120 * items.length);
    expect(rows.every((row) => Object.keys(row).join() === 'source_id,timestamp,value,score')).toBe(true);

    // One of each partition.
    for (const id of ['tank-1', 'tank-2'])
      expect(differences(await place.content(disturbed.bucket, id), await place.content(undisturbed.bucket, id))).toEqual([]);
    const store = await place.openStore(disturbed.bucket);
    const incidents = await store.incidents({ stream: 'tank-1' });
    await store.close();
    const injected = messages.filter(({ source_id, value }) => source_id === 'tank-1' && value > unheardOf).map(({ timestamp }) => Date.parse(timestamp));
    const began = Math.min(...injected);
    const after = incidents.map(({ start }) => Number(start / nanosPerMilli) - began);
    expect(after.filter((ms) => ms >= 0 && ms < 5000)).toHaveLength(1);
  });
});
