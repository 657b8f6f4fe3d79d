import type { Broker, Cluster, Kafka } from 'kafkajs';
import { SluiceError } from '../../core/errors.ts';
import { backOff } from './backoff.ts';
import { withBatchEnds } from './batch-ends.ts';
import { brokerErrorType, busError, clusterOf, reconnect } from './client.ts';
import { committedRecords, type FetchedPartition, type FetchedRecord } from './committed-records.ts';
import type { Outage } from './outage.ts';

export interface TailOptions {
  readonly kafka: Kafka;
  /** Of one partition. */
  readonly topic: string;
  /** Committed records, in order. */
  readonly onRecords: (records: readonly FetchedRecord[]) => void;
  /** What was read is void: the partition is read from its beginning again. */
  readonly onRestart: () => void;
  readonly outage: Outage;
}

/** What a broker says of a partition whose leader is not known everywhere yet; it is asked so often. */
const leaderless = new Set(['NOT_LEADER_FOR_PARTITION', 'LEADER_NOT_AVAILABLE', 'UNKNOWN_TOPIC_OR_PARTITION']);
const leaderAttempts = 7;
const readCommitted = 1;
/** How long the broker holds a request to which it has no answer yet, and closing may take. */
const holdMs = 200;
const fetchBytes = 8 * 1024 * 1024;
/** So long a transaction of a live process does not stay open. */
const stuckAfterMs = 2000;

interface Waiting {
  readonly over: () => boolean;
  readonly since: number;
  readonly done: () => void;
  readonly fail: (error: unknown) => void;
}

/**
 * Reads a topic of one partition from its beginning and goes on for as long as it is open. Fetches for itself, in no group:
 * what it reads is committed, whoever else reads.
 */
export class CommittedTail {
  readonly #options: TailOptions;
  readonly #cluster: Cluster;
  /** The broker answers one request after the other on a connection, and holds those that fetch. */
  readonly #endings: Cluster;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<Waiting>();
  #next = 0;
  #decided = 0;
  /** Requests sent, and the last one answered. */
  #fetches = 0;
  #answered = 0;
  #away = false;
  #running: Promise<void> = Promise.resolve();

  /** @throws BUS_DENIED, BUS_TOPIC, BUS_UNAVAILABLE */
  static async open(options: TailOptions): Promise<CommittedTail> {
    const tail = new CommittedTail(options);
    try {
      for (const cluster of [tail.#cluster, tail.#endings]) {
        await cluster.connect();
        await cluster.addTargetTopic(options.topic);
      }
      tail.#next = await tail.#beginning();
    } catch (error) {
      await tail.close();
      throw busError(error, options.topic);
    }
    tail.#running = tail.#run();
    options.outage.signal?.addEventListener('abort', () => tail.#away && tail.#giveUpWaiting(), { signal: tail.#closing.signal });
    return tail;
  }

  private constructor(options: TailOptions) {
    this.#options = options;
    this.#cluster = clusterOf(options.kafka);
    this.#endings = clusterOf(options.kafka, { readUncommitted: true });
  }

  /** Resolves when everything has been read that was committed when it was called. */
  async toEnd(): Promise<void> {
    await this.until(await this.#end());
  }

  /** Resolves when everything has been read that was decided when it was called; waits for nobody to end a transaction. */
  async toDecided(): Promise<void> {
    const asked = this.#fetches;
    await this.#wait(() => this.#answered > asked && this.#next >= this.#decided);
  }

  /** Resolves when everything before the offset has been read; waits while that is not decided. @throws BUS_UNAVAILABLE when closed */
  async until(offset: number): Promise<void> {
    await this.#wait(() => this.#next >= offset);
  }

  #wait(over: () => boolean): Promise<void> {
    if (over()) return Promise.resolve();
    if (this.#closing.signal.aborted) return Promise.reject(this.#closed());
    return new Promise((done, fail) => this.#waiting.add({ over, since: performance.now(), done, fail }));
  }

  async close(): Promise<void> {
    this.#closing.abort(this.#closed());
    for (const { fail } of this.#waiting) fail(this.#closed());
    this.#waiting.clear();
    await Promise.allSettled([this.#cluster.disconnect(), this.#endings.disconnect(), this.#running]);
    this.#options.outage.over(this);
  }

  #closed(): SluiceError {
    return new SluiceError('BUS_UNAVAILABLE', 'closed while it was being read', { place: this.#options.topic });
  }

  async #run(): Promise<void> {
    const { topic, outage } = this.#options;
    const closing = this.#closing.signal;
    for (let failed = 0; !closing.aborted; ) {
      let fetched: FetchedPartition | undefined;
      const since = performance.now();
      try {
        if (failed > 0) await reconnect(this.#cluster);
        const number = ++this.#fetches;
        fetched = await this.#fetch();
        this.#answered = number;
        failed = 0;
        this.#away = false;
      } catch (error) {
        if (closing.aborted) return;
        outage.began(this, busError(error, topic).what, since);
        this.#away = true;
        if (outage.signal?.aborted) this.#giveUpWaiting();
        await Promise.allSettled([outage.backOff(++failed, closing)]);
      }
      if (fetched) this.#take(fetched);
    }
  }

  async #fetch(): Promise<FetchedPartition> {
    const { topic, onRestart } = this.#options;
    const partitions = [{ partition: 0, fetchOffset: String(this.#next), maxBytes: fetchBytes }];
    try {
      const broker = await this.#leader();
      const { responses } = await withBatchEnds(broker).fetch({
        isolationLevel: readCommitted,
        maxWaitTime: holdMs,
        minBytes: 1,
        maxBytes: fetchBytes,
        topics: [{ topic, partitions }],
      });
      return responses[0].partitions[0];
    } catch (error) {
      if (brokerErrorType(error) !== 'OFFSET_OUT_OF_RANGE') throw error;
      this.#next = await this.#offset(this.#cluster, true);
      onRestart();
      return this.#fetch();
    }
  }

  #take(fetched: FetchedPartition): void {
    const { outage, onRecords } = this.#options;
    const { records, next } = committedRecords(fetched, this.#next);
    if (records.length > 0) onRecords(records);
    this.#next = next;
    this.#decided = Number(fetched.lastStableOffset);
    for (const waiting of this.#waiting) {
      if (!waiting.over()) continue;
      this.#waiting.delete(waiting);
      waiting.done();
    }
    const late = performance.now() - stuckAfterMs;
    const undecided = next >= this.#decided && next < Number(fetched.highWatermark);
    if (undecided && [...this.#waiting].some(({ since }) => since < late)) {
      this.#away = true;
      outage.began(this, 'waiting for the broker to end a transaction that a process left open');
      if (outage.signal?.aborted) this.#giveUpWaiting();
    } else outage.over(this);
  }

  /** The process is to end, and what is waited for may take long. */
  #giveUpWaiting(): void {
    for (const { fail } of this.#waiting) fail(this.#options.outage.signal?.reason);
    this.#waiting.clear();
  }

  async #leader(): Promise<Broker> {
    await this.#cluster.refreshMetadataIfNecessary();
    const [nodeId] = Object.keys(this.#cluster.findLeaderForPartitions(this.#options.topic, [0]));
    return await this.#cluster.findBroker({ nodeId });
  }

  /**
   * The offset behind everything that was sent so far. What was committed is among it, although the broker may not have got
   * round to deciding it: it answers before it does.
   */
  async #end(): Promise<number> {
    const { topic, outage } = this.#options;
    // Several may ask at the same time.
    const who = {};
    try {
      for (let attempt = 1; ; attempt++) {
        if (this.#closing.signal.aborted) throw this.#closed();
        const since = performance.now();
        try {
          if (attempt > 1) await reconnect(this.#endings);
          return await this.#offset(this.#endings, false);
        } catch (error) {
          if (this.#closing.signal.aborted) throw this.#closed();
          outage.began(who, busError(error, topic).what, since);
          await outage.backOff(attempt, outage.signal ? AbortSignal.any([outage.signal, this.#closing.signal]) : this.#closing.signal);
        }
      }
    } finally {
      outage.over(who);
    }
  }

  /** The first offset. A topic that was just made may have no leader yet, or one that does not know of it: it is asked again for some seconds. */
  async #beginning(): Promise<number> {
    const { signal } = this.#options.outage;
    const closing = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#offset(this.#cluster, true);
      } catch (error) {
        if (attempt === leaderAttempts || !leaderless.has(brokerErrorType(error) ?? '')) throw error;
        await backOff(attempt, closing);
        await this.#cluster.refreshMetadata();
      }
    }
  }

  async #offset(cluster: Cluster, fromBeginning: boolean): Promise<number> {
    const { topic } = this.#options;
    const [{ partitions }] = await cluster.fetchTopicsOffset([{ topic, partitions: [{ partition: 0 }], fromBeginning }]);
    return Number(partitions[0].offset);
  }
}
