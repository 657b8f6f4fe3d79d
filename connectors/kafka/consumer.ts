import type { Kafka } from 'kafkajs';
import type { BusConsumer, ConsumerOptions } from '../../core/bus.ts';
import type { Chunk } from '../../core/chunk.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import type { Schema } from '../../core/schema.ts';
import type { Announcements } from './announcements.ts';
import { Membership } from './membership.ts';
import type { MessageFormat } from './message-format.ts';
import type { Outage } from './outage.ts';
import { type Held, PartitionReader } from './partition-reader.ts';
import { within } from './within.ts';

/** How long a place in the group is waited for, ms: a member that has died is given up later, and the caller need not wait for that here. */
const joinWithinMs = 3000;
/** Between two looks whether the end has come, and between two times of saying so, ms. */
const endInterval = 100;
/** Longest time that polls answer without letting timers and sockets have their turn, ms. */
const fairness = 10;
/** What setTimeout takes, ms. */
/** What came in while nobody looked is decoded within so many ms. */
const decodingMs = 20;
const longestTimer = 2 ** 31 - 1;
const closeWithinMs = 3000;

export interface KafkaConsumerSettings extends ConsumerOptions {
  readonly topic: string;
  /** Makes a client that nobody else uses: kafkajs mixes up the members of one group that share one. */
  readonly kafka: () => Kafka;
  readonly sessionTimeout: number;
  readonly maxMessageBytes: number;
  readonly format: MessageFormat | undefined;
  readonly announcements: Announcements;
  readonly outage: Outage;
  readonly warn: (message: string) => void;
  readonly onClosed: (consumer: KafkaConsumer) => void;
}

/**
 * A member of a consumer group that reads from where its caller's manifests say. Partitions change hands inside `poll` only, so
 * never under work that its caller has not finished, as far as this member is asked: the broker may have given a partition to
 * another by then.
 */
export class KafkaConsumer implements BusConsumer {
  readonly #settings: KafkaConsumerSettings;
  readonly #membership: Membership;
  readonly #reader: PartitionReader;
  readonly #closing = new AbortController();
  /** Partitions that are another's now, and of which the caller has to be told. */
  readonly #lost = new Set<number>();
  readonly #stopListening: () => void;
  #failed: SluiceError | undefined;
  #served = -1;
  #polling = false;
  /** When the poll that waits was begun, and when the caller was given what it worked on before; never, where it waited since. */
  #begun = 0;
  #busySince = Number.POSITIVE_INFINITY;
  #wake: (() => void) | undefined;
  #lastTurn = performance.now();
  /** Grows with everything that may put off the end. */
  #epoch = 0;
  /** The epoch in which all was found to be handed out, and the one in which the end was told. */
  #endOf = -1;
  #endTold = -1;
  #endCheck: Promise<void> | undefined;
  #nextEndCheck = 0;

  /** @throws BUS_DENIED, BUS_TOPIC, BUS_UNAVAILABLE */
  static async open(settings: KafkaConsumerSettings): Promise<KafkaConsumer> {
    const consumer = new KafkaConsumer(settings);
    try {
      await Promise.all([consumer.#reader.open(), consumer.#membership.open()]);
    } catch (error) {
      await consumer.close();
      throw error;
    }
    const late = performance.now() + joinWithinMs;
    const waits = (): boolean => !consumer.#membership.joined && !consumer.#failed && !consumer.#closing.signal.aborted;
    while (waits() && performance.now() < late) await consumer.#sleep(late - performance.now());
    return consumer;
  }

  private constructor(settings: KafkaConsumerSettings) {
    const { kafka, topic, group, sessionTimeout, stream, maxMessageBytes, format, announcements, outage, warn } = settings;
    this.#settings = settings;
    this.#reader = new PartitionReader({
      ...{ kafka: kafka(), topic, stream, maxMessageBytes, format, announcements, outage, warn },
      closing: this.#closing.signal,
      onChange: () => this.#changed(),
      onFailed: (error) => this.#fail(error),
    });
    this.#membership = new Membership({
      ...{ kafka, topic, group, sessionTimeout, outage, warn },
      held: () => [...this.#reader.held.keys()],
      onLeaving: () => this.#changed(),
      onJoined: (partitions, anew) => this.#joined(partitions, anew),
      onConfirmed: () => this.#wake?.(),
      onFailed: (error) => this.#fail(error),
    });
    this.#stopListening = announcements.onChange(() => this.#changed());
  }

  async poll({ maxRows, maxWaitMs }: { maxRows: number; maxWaitMs: number }): Promise<Chunk | 'idle' | 'end'> {
    if (this.#polling) throw new SluiceError('INTERNAL', 'a consumer was polled while another poll of it was waiting');
    this.#polling = true;
    try {
      if (performance.now() - this.#lastTurn > fairness) await this.#turn();
      const begun = performance.now();
      const giveUp = begun + maxWaitMs;
      this.#begun = begun;
      for (let waited = false; ; waited = true) {
        this.#requireOpen();
        await this.#changeHands();
        const now = performance.now();
        let { chunk, due } = this.#next(Math.max(1, maxRows), maxWaitMs, now);
        if (chunk) return chunk;
        if (due === undefined) {
          const end = this.#end(Math.min(giveUp, begun + endInterval), now);
          if (end === 'now') return 'end';
          if (waited && now >= giveUp) {
            this.#busySince = Number.POSITIVE_INFINITY;
            return 'idle';
          }
          due = Math.min(giveUp, end);
        }
        await this.#sleep(due - now);
      }
    } finally {
      this.#polling = false;
    }
  }

  schema(stream: string): Schema | undefined {
    return this.#reader.schema(stream);
  }

  /** For those who look at the group from outside; the broker hears of it a little later, and of the newest only. */
  async commit(partition: number, nextOffset: number): Promise<void> {
    this.#requireOpen();
    if (this.#reader.held.has(partition)) this.#membership.commit(partition, nextOffset);
  }

  restart(partition: number): void {
    if (!this.#reader.held.has(partition)) return;
    this.#reader.hold(partition);
    this.#changed();
  }

  /** @throws BUS_UNAVAILABLE while no broker can say */
  async lag(): Promise<ReadonlyMap<number, number>> {
    this.#requireOpen();
    const open = [...this.#reader.held.values()].filter(({ state }) => state === 'open');
    const ends = await this.#reader.ends(open.map(({ partition }) => partition));
    return new Map(open.map(({ partition, queue }) => [partition, Math.max(0, (ends.get(partition) ?? 0) - queue.taken)]));
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(new SluiceError('BUS_UNAVAILABLE', 'the consumer was closed', { place: this.#place }));
    this.#stopListening();
    this.#wake?.();
    await Promise.all([this.#membership.close(), within(closeWithinMs, this.#reader.close())]);
    this.#settings.onClosed(this);
  }

  get #place(): string {
    return `group ${quote(this.#settings.group)} of topic ${quote(this.#settings.topic)}`;
  }

  #requireOpen(): void {
    this.#closing.signal.throwIfAborted();
    if (this.#failed) throw this.#failed;
  }

  #fail(error: SluiceError): void {
    this.#failed ??= error;
    this.#wake?.();
  }

  #changed(): void {
    this.#epoch++;
    this.#nextEndCheck = 0;
    this.#wake?.();
  }

  #joined(partitions: readonly number[], anew: boolean): void {
    for (const { partition, state } of [...this.#reader.held.values()]) {
      if (!anew && partitions.includes(partition)) continue;
      this.#reader.release(partition);
      if (state !== 'new') this.#lost.add(partition);
    }
    for (const partition of partitions) if (!this.#reader.held.has(partition)) this.#reader.hold(partition);
    this.#changed();
  }

  async #changeHands(): Promise<void> {
    for (;;) {
      const [lost] = this.#lost;
      // Whom the group may have given up must not fence off whoever reads the partition instead.
      const coming = this.#membership.certain ? [...this.#reader.held.values()].find(({ state }) => state === 'new') : undefined;
      if (lost !== undefined) {
        this.#lost.delete(lost);
        await this.#settings.revoked?.(lost);
      } else if (coming) await this.#begin(coming);
      else return;
      this.#requireOpen();
    }
  }

  async #begin(held: Held): Promise<void> {
    held.state = 'asking';
    let position: number | undefined;
    try {
      position = await this.#settings.position(held.partition);
    } catch (error) {
      held.state = 'new';
      throw error;
    }
    if (this.#reader.held.get(held.partition) === held) void this.#reader.begin(held, position);
  }

  /** A chunk that is due now, or when (performance.now()) the next one will be; neither when nothing waits. */
  #next(maxRows: number, maxWaitMs: number, now: number): { chunk?: Chunk; due?: number } {
    // While the group divides the partitions anew, or may have given this member up, they may be anybody's.
    if (!this.#membership.certain) return {};
    const full = [...this.#reader.held.values()].filter(({ state, queue }) => state === 'open' && queue.size > 0);
    full.sort((a, b) => a.partition - b.partition);
    const after = full.findIndex(({ partition }) => partition > this.#served);
    let next: number | undefined;
    for (let i = 0; i < full.length; i++) {
      const held = full[(Math.max(0, after) + i) % full.length];
      const arrived = held.queue.arrived!;
      // What could be decoded right after the caller came back may have come while it worked on the chunk before.
      const since = arrived < this.#begun + decodingMs ? Math.min(arrived, this.#busySince) : arrived;
      const due = since + maxWaitMs;
      // Waiting for a fuller chunk is in vain where nothing more comes before this one is taken.
      if (held.queue.size >= maxRows || now >= due || !held.wanting || this.#settings.announcements.ended) {
        this.#served = held.partition;
        this.#busySince = now;
        return { chunk: this.#reader.take(held, maxRows) };
      }
      next = Math.min(next ?? due, due);
    }
    return next === undefined ? {} : { due: next };
  }

  /**
   * The end: every producer has ended, and all that is this member's to read was handed out. Told once at once, and after that now
   * and then, so that a caller who goes on polling does not do so without a pause.
   * @returns 'now', or when to look again
   */
  #end(again: number, now: number): 'now' | number {
    if (!this.#settings.announcements.ended || !this.#membership.joined) return Number.POSITIVE_INFINITY;
    if (this.#endOf === this.#epoch) {
      if (this.#endTold === this.#epoch && now < again) return again;
      this.#endTold = this.#epoch;
      return 'now';
    }
    if (this.#endCheck) return Number.POSITIVE_INFINITY;
    if (now < this.#nextEndCheck) return this.#nextEndCheck;
    this.#endCheck = this.#checkEnd();
    return Number.POSITIVE_INFINITY;
  }

  async #checkEnd(): Promise<void> {
    const epoch = this.#epoch;
    try {
      if (await this.#isAllRead()) this.#endOf = epoch;
    } catch {
      // No broker can say. It is asked again, and who fetches tells of the outage.
    }
    this.#endCheck = undefined;
    if (epoch === this.#epoch) this.#nextEndCheck = performance.now() + endInterval;
    this.#wake?.();
  }

  async #isAllRead(): Promise<boolean> {
    await this.#settings.announcements.upToDate();
    if (!this.#settings.announcements.ended) return false;
    // Who has left or come may have changed whose the partitions are.
    if (!(await this.#membership.isSettled())) return false;
    const held = [...this.#reader.held.values()];
    const ends = await this.#reader.ends(held.map(({ partition }) => partition));
    return held.every(({ partition, state, queue }) => state === 'open' && queue.taken >= (ends.get(partition) ?? 0));
  }

  /** Timers and sockets have their turn, however fast rows come. */
  async #turn(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    this.#lastTurn = performance.now();
  }

  /** Until the time has passed or something came. */
  async #sleep(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => this.#wake?.(), Math.min(Math.max(0, Math.ceil(ms)), longestTimer));
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve();
      };
    });
    this.#lastTurn = performance.now();
  }
}
