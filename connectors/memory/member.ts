import type { BusConsumer, ConsumerOptions } from '../../core/bus.ts';
import type { Chunk } from '../../core/chunk.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import type { Group } from './group.ts';

/** Longest time that polls answer without letting timers and sockets have their turn, ms. */
const fairness = 10;

/** What setTimeout takes, ms. */
const longestTimer = 2 ** 31 - 1;

/** One consumer. Partitions change hands inside `poll` only, so never under work that its caller has not finished. */
export class Member implements BusConsumer {
  readonly #group: Group;
  readonly #options: ConsumerOptions;
  /** Offset at which each partition was begun: what comes below it (a producer that reads again) is passed over. */
  readonly #from = new Map<number, number>();
  #served = -1;
  #polling = false;
  #revoking: number | undefined;
  #closed = false;
  #wake: (() => void) | undefined;
  #lastTurn = performance.now();

  constructor(group: Group, options: ConsumerOptions) {
    this.#group = group;
    this.#options = options;
  }

  async poll({ maxRows, maxWaitMs }: { maxRows: number; maxWaitMs: number }): Promise<Chunk | 'idle' | 'end'> {
    if (this.#polling) throw new SluiceError('INTERNAL', 'a consumer was polled while another poll of it was waiting');
    this.#polling = true;
    try {
      if (performance.now() - this.#lastTurn > fairness) await this.#turn();
      const giveUp = performance.now() + maxWaitMs;
      for (let waited = false; ; waited = true) {
        this.#requireOpen();
        await this.#rebalance();
        const now = performance.now();
        const { chunk, due } = this.#next(maxRows, maxWaitMs, now);
        if (chunk) return chunk;
        if (this.#group.finished) return 'end';
        if (due === undefined && waited && now >= giveUp) return 'idle';
        await this.#sleep((due ?? giveUp) - now);
      }
    } finally {
      this.#polling = false;
    }
  }

  schema(stream: string): ReturnType<BusConsumer['schema']> {
    return this.#group.topic.schemas.get(stream);
  }

  /** Without effect for a partition that has gone to another member: the work was that member's to do again. */
  async commit(partition: number, nextOffset: number): Promise<void> {
    this.#requireOpen();
    if (this.#group.owns(this, partition)) this.#group.commit(partition, nextOffset);
  }

  async lag(): Promise<ReadonlyMap<number, number>> {
    this.#requireOpen();
    return new Map(this.#owned().map((p) => [p, this.#group.topic.partitions[p].log.tail - this.#rank(p)]));
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#group.leave(this, this.#revoking);
    this.wake();
  }

  wake(): void {
    this.#wake?.();
  }

  #requireOpen(): void {
    this.#group.topic.requireOpen();
    if (this.#closed) throw new SluiceError('BUS_UNAVAILABLE', 'the consumer was closed', { place: `group ${quote(this.#group.name)}` });
  }

  async #rebalance(): Promise<void> {
    for (;;) {
      const leaving = this.#group.toRevoke(this);
      if (leaving >= 0) {
        await this.#revoke(leaving);
        continue;
      }
      const coming = this.#group.toTake(this);
      if (coming < 0) return;
      this.#group.take(this, coming);
      try {
        const position = await this.#options.position(coming);
        this.#requireOpen();
        this.#group.seek(coming, position);
        if (position !== undefined) this.#from.set(coming, position);
      } catch (error) {
        if (this.#group.owns(this, coming)) this.#group.release(coming);
        throw error;
      }
    }
  }

  async #revoke(partition: number): Promise<void> {
    this.#revoking = partition;
    try {
      await this.#options.revoked?.(partition);
    } finally {
      this.#revoking = undefined;
      if (this.#closed) this.#group.release(partition);
    }
    this.#requireOpen();
    this.#from.delete(partition);
    this.#group.release(partition);
  }

  /** A chunk that is due now, or when (performance.now()) the next one will be; neither when nothing waits. */
  #next(maxRows: number, maxWaitMs: number, now: number): { chunk?: Chunk; due?: number } {
    const { topic } = this.#group;
    const owned = this.#owned();
    const first = Math.max(
      0,
      owned.findIndex((p) => p > this.#served),
    );
    let next: number | undefined;
    for (let i = 0; i < owned.length; i++) {
      const p = owned[(first + i) % owned.length];
      const { log } = topic.partitions[p];
      const rank = this.#rank(p);
      if (rank === log.tail) continue;
      const due = log.arrived(rank) + maxWaitMs;
      if (log.tail - rank >= maxRows || now >= due || topic.ended || topic.isFull(p)) return { chunk: this.#hand(p, rank, maxRows) };
      next = Math.min(next ?? due, due);
    }
    return next === undefined ? {} : { due: next };
  }

  #hand(partition: number, rank: number, maxRows: number): Chunk {
    const { log } = this.#group.topic.partitions[partition];
    const { batches, dead, length } = log.read(rank, Math.max(1, maxRows));
    const chunk = { partition, nextOffset: log.offset(rank + length), batches, dead };
    this.#served = partition;
    this.#group.advance(partition, rank + length);
    return chunk;
  }

  /** Where this member goes on in a partition of its own. */
  #rank(partition: number): number {
    const { log } = this.#group.topic.partitions[partition];
    const rank = this.#group.read[partition];
    const from = this.#from.get(partition);
    if (from === undefined || log.offset(rank) >= from) return rank;
    const begin = log.seek(from);
    this.#group.advance(partition, begin);
    return begin;
  }

  #owned(): number[] {
    return this.#group.topic.partitions.map((_, p) => p).filter((p) => this.#group.owns(this, p));
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
