import { z } from 'zod';
import { partitionOf } from '../../core/bus.ts';
import { defineOutput, type Output, type OutputContext } from '../../core/component.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import { type Incident, topTags } from '../../core/incident.ts';
import type { OutgoingMessage } from '../../core/manifest.ts';
import type { Schema } from '../../core/schema.ts';
import type { StoreWrite } from '../../core/store.ts';
import { formatTime } from '../../core/time.ts';
import { topContributions } from '../../core/verdict.ts';
import { busError, type ConnectionOptions, clusterOf, connectionOptions, makeClient } from './client.ts';
import { Outage } from './outage.ts';
import { PartitionSender } from './partition-sender.ts';
import { type ScoredRowOptions, scoredRowMessages, scoredRowOptions } from './scored-row-messages.ts';
import { ensureTopic, incidentsTopic, scoresTopic, verdictsTopic } from './topics.ts';
import { verdictMessages } from './verdict-messages.ts';

/** Senders try again for themselves, and say what they wait for. */
const clientRetries = 2;

const topicOption = z.union([z.boolean(), z.string().min(1)]).default(true);

/** Verdicts and incidents for other systems. */
export default defineOutput({
  type: 'kafka',
  summary: 'Sends verdicts and incidents to Kafka topics, keyed by identity, for other systems.',
  fails:
    'Sends some again after a crash or an outage: delivery is at least once, and readers tell what they have seen by its key. Not so `rows` on the cluster where the bus keeps the ' +
    'position (store influxdb, no `cluster`): they become visible with that, in one transaction, and are there once for readers of what is committed.',
  cost: 'Some 200 bytes and 3 µs a verdict, of which a row has as many as there are detectors; `flaggedOnly` leaves out nearly all.',
  options: z.strictObject({
    verdicts: topicOption.describe('Send verdicts: true = to `<topic>.verdicts`, or the name of another topic.'),
    incidents: topicOption.describe('Send incidents whenever they change: true = to `<topic>.incidents`, or the name of another topic.'),
    rows: z
      .union([z.boolean(), scoredRowOptions])
      .default(false)
      .describe('Send each row with its score as one flat message, keyed by its stream: true = to `<topic>.scores`, or where and under which names.'),
    detectors: z.array(z.string().min(1)).optional().describe('Detectors and combinations of which is told; all unless given.'),
    flaggedOnly: z.boolean().default(false).describe('Of verdicts only warnings and errors.'),
    cluster: connectionOptions.optional().describe('Cluster to send to. Default: that of the pipeline, where its bus is `kafka`.'),
    partitions: z.int().min(1).max(10_000).optional().describe('Partitions of a topic that is created here. Default: as the bus has it, or 1.'),
    replication: z.int().min(-1).max(100).optional().describe('Copies of each partition of a topic that is created here. Default: as the bus has it.'),
    createTopics: z.boolean().optional().describe('Create topics that are missing. Default: as the bus has it.'),
  }),
  create({ cluster, verdicts, incidents, rows, detectors, flaggedOnly, ...made }, context): Output {
    const bus = context.bus.type === 'kafka' ? (context.bus.options as OfBus) : undefined;
    const connection = cluster ?? bus;
    if (!connection) {
      throw new SluiceError('CONFIG_INVALID', `the output kafka has no cluster to send to: the bus is ${quote(context.bus.type)}`, {
        place: 'outputs.kafka.cluster',
        fix: 'Give `cluster: { brokers: host:port }`, or use `bus: kafka`.',
      });
    }
    const { partitions = 1, replication = -1, createTopics: create = true } = { ...bus, ...given(made) };
    const nameOf = (option: boolean | string, usual: string): string | undefined => (option === true ? usual : option || undefined);
    const scored = rows === true ? scoredRowOptions.parse({}) : rows || undefined;
    return new KafkaOutput({
      context,
      connection,
      scored,
      topics: {
        verdicts: nameOf(verdicts, verdictsTopic(context.topic)),
        incidents: nameOf(incidents, incidentsTopic(context.topic)),
        rows: scored && (scored.topic ?? scoresTopic(context.topic)),
      },
      making: { partitions, replication, create },
      choice: { detectors: detectors && new Set(detectors), flaggedOnly },
      isOfBus: cluster === undefined,
    });
  },
});

type OfBus = ConnectionOptions & { readonly partitions?: number; readonly replication?: number; readonly createTopics?: boolean };

const given = <T extends object>(options: T): Partial<T> =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as Partial<T>;

interface Settings {
  readonly context: OutputContext;
  readonly connection: ConnectionOptions;
  readonly scored: ScoredRowOptions | undefined;
  readonly topics: { readonly verdicts: string | undefined; readonly incidents: string | undefined; readonly rows: string | undefined };
  readonly making: { readonly partitions: number; readonly replication: number; readonly create: boolean };
  readonly choice: { readonly detectors: ReadonlySet<string> | undefined; readonly flaggedOnly: boolean };
  /** It sends to the cluster of the bus. */
  readonly isOfBus: boolean;
}

/** For each topic that is sent to, a sender for each of its partitions. */
interface Opened {
  readonly verdicts: readonly PartitionSender[] | undefined;
  readonly incidents: readonly PartitionSender[] | undefined;
  readonly rows: readonly PartitionSender[] | undefined;
  close(): Promise<void>;
}

class KafkaOutput implements Output {
  readonly #settings: Settings;
  readonly #closing = new AbortController();
  #opened: Promise<Opened> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  async write(write: StoreWrite, withPosition?: (message: OutgoingMessage) => void): Promise<void> {
    const { verdicts, rows } = await this.#open();
    const { scored, choice, topics, isOfBus } = this.#settings;
    const { stream } = write.batch;
    if (verdicts) await sendTo(verdicts, stream, (add) => verdictMessages(write, choice, add));
    if (!rows || !scored || topics.rows === undefined) return;
    if (withPosition && isOfBus) {
      const to = { topic: topics.rows, partition: partitionOf(stream, rows.length) };
      scoredRowMessages(write, scored, (key, value) => withPosition({ ...to, key, value }));
    } else await sendTo(rows, stream, (add) => scoredRowMessages(write, scored, add));
  }

  async incident(incident: Incident, change: 'opened' | 'updated' | 'closed', schema: Schema): Promise<void> {
    const { incidents } = await this.#open();
    const { detectors } = this.#settings.choice;
    if (!incidents || (detectors && !detectors.has(incident.detector))) return;
    await sendTo(incidents, incident.stream, (add) => add(incident.id, incidentValue(incident, change, schema)));
  }

  async flush(): Promise<void> {
    const { verdicts, incidents, rows } = await this.#open();
    await Promise.all([...(verdicts ?? []), ...(incidents ?? []), ...(rows ?? [])].map((sender) => sender.flush()));
  }

  async close(): Promise<void> {
    this.#closing.abort(new SluiceError('BUS_UNAVAILABLE', 'the output was closed', { place: 'outputs.kafka' }));
    const [opened] = await Promise.allSettled([this.#opened]);
    if (opened.status === 'fulfilled') await opened.value?.close();
  }

  #open(): Promise<Opened> {
    this.#opened ??= this.#connect();
    return this.#opened;
  }

  async #connect(): Promise<Opened> {
    const { context, connection, topics, making } = this.#settings;
    this.#closing.signal.throwIfAborted();
    const { signal, warn = (message: string) => context.print(message), unavailable = () => {}, retried = () => {} } = context;
    const outage = new Outage({ warn, unavailable, retried, ...(signal ? { signal } : {}) });
    const kafka = makeClient(connection, { warn }, clientRetries);
    const cluster = clusterOf(kafka);
    const admin = kafka.admin();
    const sendersTo = async (topic: string | undefined): Promise<PartitionSender[] | undefined> => {
      if (topic === undefined) return undefined;
      const partitions = await ensureTopic(admin, topic, making);
      await cluster.addTargetTopic(topic);
      const shared = { cluster, topic, outage, closed: this.#closing.signal };
      return Array.from({ length: partitions }, (_, partition) => new PartitionSender({ ...shared, partition }));
    };
    try {
      await Promise.all([admin.connect(), cluster.connect()]);
      const [verdicts, incidents, rows] = [await sendersTo(topics.verdicts), await sendersTo(topics.incidents), await sendersTo(topics.rows)];
      return { verdicts, incidents, rows, close: () => cluster.disconnect() };
    } catch (error) {
      await cluster.disconnect();
      throw busError(error, 'outputs.kafka');
    } finally {
      await admin.disconnect();
    }
  }
}

/** All of a stream goes to one partition, so that it stays in order. */
async function sendTo(senders: readonly PartitionSender[], stream: string, give: (add: (key: string, value: string) => void) => void): Promise<void> {
  const sender = senders[partitionOf(stream, senders.length)];
  give((key, value) => sender.add(key, value));
  await sender.send();
}

function incidentValue(incident: Incident, change: 'opened' | 'updated' | 'closed', schema: Schema): string {
  const { id, stream, detector, start, end, open, rows, peakTime, peakScore, peakGrade, causes } = incident;
  const times = { start: formatTime(start), end: formatTime(end), peakTime: formatTime(peakTime) };
  const tags = topTags(incident, schema, topContributions);
  return JSON.stringify({ id, stream, detector, change, open, ...times, rows, peakScore, peakGrade, causes, tags });
}
