import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster, Kafka } from 'kafkajs';
import { quote, SluiceError } from '../../core/errors.ts';
import { withBatchEnds } from './batch-ends.ts';
import { brokerErrorType, busError, clusterOf } from './client.ts';
import { committedRecords, type FetchedPartition, type FetchedRecord } from './committed-records.ts';
import type { Outage } from './outage.ts';

const readCommitted = 1;
/** How long a broker holds a request to which it has no answer yet: what a partition that is to be read from now on may wait for. */
const holdMs = 100;
/** Rows that come one by one are gathered for a moment: a request costs as much as many rows. */
const fewMessages = 100;
const gatherMs = 5;
const partitionBytes = 1024 * 1024;
const requestBytes = 4 * 1024 * 1024;
/** No answer for so long is an outage. */
const silentMs = 5000;
const silentLooks = 5;
/** A broker that has just started may not know a topic yet. */
const missingMs = 15_000;

/** Who wants what is fetched. */
export interface FetchTarget {
  /** The partitions that are to be read and from which offset; asked before each request. */
  wanted(): ReadonlyMap<number, number>;
  /** What lies from the offset on. */
  take(partition: number, from: number, records: readonly FetchedRecord[], next: number): void;
  /** The partition does not hold the offset that was wanted. */
  outOfRange(partition: number): void;
  /** Fetching cannot go on. */
  failed(error: SluiceError): void;
}

/**
 * Fetches what is wanted of a topic from the leaders of its partitions, all that a leader has in one request, so that no
 * partition waits for another. Goes on when a broker is back.
 *
 * kafkajs would do so for the partitions of a group's member, but from offsets of its own, and would wait with all partitions
 * of a broker while one of them has more than is taken.
 */
export class TopicFetcher {
  readonly #topic: string;
  readonly #target: FetchTarget;
  readonly #outage: Outage;
  readonly #cluster: Cluster;
  readonly #closing = new AbortController();
  readonly #running = new Map<string, Promise<void>>();
  #worked = false;

  constructor(kafka: Kafka, topic: string, target: FetchTarget, outage: Outage) {
    this.#topic = topic;
    this.#target = target;
    this.#outage = outage;
    this.#cluster = clusterOf(kafka);
  }

  /** @throws BUS_DENIED, BUS_TOPIC, BUS_UNAVAILABLE */
  async open(): Promise<void> {
    try {
      await this.#cluster.connect();
      await this.#cluster.addTargetTopic(this.#topic);
    } catch (error) {
      throw busError(error, this.#topic);
    }
  }

  /** To be called when more is wanted than before. */
  wake(): void {
    if (this.#closing.signal.aborted) return;
    for (const leader of this.#leaders(this.#target.wanted().keys()).keys()) {
      if (!this.#running.has(leader)) this.#running.set(leader, this.#run(leader));
    }
  }

  /** The offsets behind the last decided record of each partition. @throws BUS_UNAVAILABLE */
  ends(partitions: Iterable<number>): Promise<ReadonlyMap<number, number>> {
    return this.#offsets(partitions, false);
  }

  /** The offsets of the first record of each partition that is still there. @throws BUS_UNAVAILABLE */
  beginnings(partitions: Iterable<number>): Promise<ReadonlyMap<number, number>> {
    return this.#offsets(partitions, true);
  }

  /** Whether time mends it, or somebody who sets right what was right before: rights that are withdrawn while it is read. */
  passes(failure: SluiceError): boolean {
    return !isFinal(failure) || (failure.code === 'BUS_DENIED' && this.#worked);
  }

  async close(): Promise<void> {
    this.#closing.abort(new SluiceError('BUS_UNAVAILABLE', 'the consumer was closed', { place: this.#topic }));
    await Promise.allSettled([this.#cluster.disconnect(), ...this.#running.values()]);
    this.#outage.over(this);
  }

  /** Partitions by the broker that leads them; '' = nobody is known to. */
  #leaders(partitions: Iterable<number>): Map<string, number[]> {
    const known = new Map(this.#cluster.findTopicPartitionMetadata(this.#topic).map(({ partitionId, leader }) => [partitionId, leader]));
    const leaders = new Map<string, number[]>();
    for (const partition of partitions) {
      const leader = String(known.get(partition) ?? '');
      leaders.set(leader, [...(leaders.get(leader) ?? []), partition]);
    }
    return leaders;
  }

  /** One request after the other to one broker, for as long as something of it is wanted. */
  async #run(leader: string): Promise<void> {
    let failures = 0;
    let missingSince: number | undefined;
    while (!this.#closing.signal.aborted) {
      const since = performance.now();
      try {
        if (failures > 0) await this.#reconnect();
        const wanted = this.#target.wanted();
        const mine = this.#leaders(wanted.keys()).get(leader);
        if (!mine) break;
        const messages = await this.#fetch(leader, new Map(mine.map((partition) => [partition, wanted.get(partition)!])));
        if (messages < fewMessages) await sleep(gatherMs);
        this.#worked = true;
        failures = 0;
        missingSince = undefined;
        this.#outage.over(this);
      } catch (error) {
        if (this.#closing.signal.aborted) break;
        const failure = fetchError(error, this.#topic);
        if (isMissing(error)) missingSince ??= performance.now();
        if (!this.passes(failure) && !(missingSince !== undefined && performance.now() - missingSince < missingMs)) {
          this.#target.failed(failure);
          break;
        }
        this.#outage.began(this, failure.what, since);
        await Promise.allSettled([this.#outage.backOff(++failures, this.#closing.signal)]);
      }
    }
    this.#running.delete(leader);
  }

  /** @returns how many messages came */
  async #fetch(leader: string, wanted: ReadonlyMap<number, number>): Promise<number> {
    const partitions = [...wanted].map(([partition, offset]) => ({ partition, fetchOffset: String(offset), maxBytes: partitionBytes }));
    const heard = onSilence(() => this.#outage.began(this, 'the broker does not answer'));
    let fetched: readonly (FetchedPartition & { readonly partition: number })[];
    try {
      const broker = await this.#cluster.findBroker({ nodeId: leader });
      const { responses } = await withBatchEnds(broker).fetch({
        isolationLevel: readCommitted,
        maxWaitTime: holdMs,
        minBytes: 1,
        maxBytes: requestBytes,
        topics: [{ topic: this.#topic, partitions }],
      });
      fetched = responses[0].partitions;
    } catch (error) {
      if (!isOutOfRange(error)) throw error;
      this.#target.outOfRange(error.partition);
      return 0;
    } finally {
      heard();
    }
    for (const answer of fetched) {
      const from = wanted.get(answer.partition)!;
      const { records, next } = committedRecords(answer, from);
      if (next > from) this.#hand(answer.partition, from, records, next);
    }
    return fetched.reduce((sum, { messages }) => sum + messages.length, 0);
  }

  #hand(partition: number, from: number, records: readonly FetchedRecord[], next: number): void {
    try {
      this.#target.take(partition, from, records, next);
    } catch (cause) {
      // A fault of ours is no outage that could be waited for.
      throw new SluiceError('INTERNAL', (cause as Error).message, {
        place: `partition ${partition} of topic ${quote(this.#topic)} from offset ${from} on`,
        cause,
      });
    }
  }

  async #reconnect(): Promise<void> {
    if (!this.#cluster.isConnected()) await this.#cluster.connect();
    await this.#cluster.refreshMetadata();
    // Some of it may have another leader by now.
    this.wake();
  }

  async #offsets(partitions: Iterable<number>, fromBeginning: boolean): Promise<ReadonlyMap<number, number>> {
    const asked = [...partitions].map((partition) => ({ partition }));
    if (asked.length === 0) return new Map();
    try {
      const [{ partitions: found }] = await this.#cluster.fetchTopicsOffset([{ topic: this.#topic, partitions: asked, fromBeginning }]);
      return new Map(found.map(({ partition, offset }) => [partition, Number(offset)]));
    } catch (error) {
      throw busError(error, this.#topic);
    }
  }
}

function fetchError(error: unknown, topic: string): SluiceError {
  if ((error as Error).name !== 'KafkaJSNotImplemented') return busError(error, topic);
  return new SluiceError('BUS_TOPIC', `the topic holds messages that cannot be unpacked: ${(error as Error).message}`, {
    place: topic,
    fix: 'Let producers compress by gzip or not at all.',
    cause: error,
  });
}

/** Tells when it was silent for too long, unless the process itself was stopped meanwhile. @returns ends the wait */
function onSilence(tell: () => void): () => void {
  let looks = 0;
  const timer = setInterval(() => {
    if (++looks === silentLooks) tell();
  }, silentMs / silentLooks);
  return () => clearInterval(timer);
}

const isOutOfRange = (error: unknown): error is { partition: number } => brokerErrorType(error) === 'OFFSET_OUT_OF_RANGE';
const isMissing = (error: unknown): boolean => brokerErrorType(error) === 'UNKNOWN_TOPIC_OR_PARTITION';

/** Nothing that time mends. */
export const isFinal = ({ code }: SluiceError): boolean => code === 'BUS_DENIED' || code === 'BUS_TOPIC' || code === 'INTERNAL';
