import { sliceBatch } from '../../core/batch.ts';
import { type BusProducer, partitionOf } from '../../core/bus.ts';
import type { Chunk, DeadLetter } from '../../core/chunk.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import { requireSameSchema, type Schema } from '../../core/schema.ts';
import type { Group } from './group.ts';
import { lengthOf, offsetIn, PartitionLog, type Run, sliceRun } from './partition-log.ts';

export interface Limits {
  /** Rows per partition that may wait for the slowest group. */
  readonly capacity: number;
  /** Rows per partition that are kept after delivery for a group that has not committed them. */
  readonly keep: number;
}

class Partition {
  readonly log = new PartitionLog();
  /** The offset from which the next send has to go on: everything below is held or waits to be. */
  due = Number.NEGATIVE_INFINITY;
  /** Sends take turns: the one at work and all that wait behind it. */
  turn: Promise<void> = Promise.resolve();
  /** Wakes the sender that waits for room. */
  wake: (() => void) | undefined;
}

/** One topic: its partitions, the producers that fill them and the groups that read them. */
export class Topic {
  readonly name: string;
  readonly partitions: readonly Partition[];
  readonly schemas = new Map<string, Schema>();
  readonly groups = new Map<string, Group>();
  readonly #limits: Limits;
  #producers = 0;
  #producing = 0;
  #closed = false;

  constructor(name: string, partitions: number, limits: Limits) {
    this.name = name;
    this.partitions = Array.from({ length: partitions }, () => new Partition());
    this.#limits = limits;
  }

  /** There were producers, and each has ended. */
  get ended(): boolean {
    return this.#producers > 0 && this.#producing === 0;
  }

  producer(): BusProducer {
    this.#producers++;
    this.#producing++;
    const pending = new Set<Promise<void>>();
    let ended = false;
    const requireProducing = (): void => {
      this.requireOpen();
      if (ended) throw new SluiceError('BUS_UNAVAILABLE', 'this producer has ended', { place: `topic ${quote(this.name)}`, fix: 'Open another producer.' });
    };
    return {
      // A topic in this process knows nothing of the time before it: the pipeline's manifest says where to go on.
      position: async () => undefined,
      remember: async () => {},
      announce: async (stream, schema) => {
        requireProducing();
        this.#announce(stream, schema);
      },
      send: async (chunk, { signal } = {}) => {
        requireProducing();
        signal?.throwIfAborted();
        const sending = this.#send(chunk, signal);
        pending.add(sending);
        try {
          await sending;
        } finally {
          pending.delete(sending);
        }
      },
      end: async () => {
        if (ended) return;
        ended = true;
        await Promise.allSettled(pending);
        this.#producing--;
        for (const group of this.groups.values()) group.wakeAll();
      },
    };
  }

  /** Wakes every poll and send that waits; they find the bus closed. */
  close(): void {
    this.#closed = true;
    for (const partition of this.partitions) partition.wake?.();
    for (const group of this.groups.values()) group.wakeAll();
  }

  requireOpen(): void {
    if (this.#closed) throw new SluiceError('BUS_UNAVAILABLE', 'the bus was closed', { place: `topic ${quote(this.name)}` });
  }

  /** Does a sender wait for room here? Then waiting for a fuller micro-batch is in vain. */
  isFull(partition: number): boolean {
    return this.partitions[partition].wake !== undefined;
  }

  /** Frees what no group needs any more, and lets a waiting sender go on. To be called whenever a group moved. */
  retain(partition: number): void {
    const { log, wake } = this.partitions[partition];
    const groups = [...this.groups.values()];
    if (groups.length > 0) {
      const oldest = this.#readFrom(partition) - this.#limits.keep;
      for (const group of groups) group.letGo(partition, oldest);
      log.free(Math.min(...groups.map((group) => group.committed[partition])));
    }
    wake?.();
  }

  /** Rank from which the slowest group still has to read. A group without members holds nobody up while others read. */
  #readFrom(partition: number): number {
    const groups = [...this.groups.values()];
    const reading = groups.filter((group) => group.members.length > 0);
    const slowest = Math.min(...(reading.length > 0 ? reading : groups).map((group) => group.read[partition]));
    return groups.length > 0 ? slowest : this.partitions[partition].log.base;
  }

  #announce(stream: string, schema: Schema): void {
    const known = this.schemas.get(stream);
    if (known) requireSameSchema(known, schema, `stream ${quote(stream)} in topic ${quote(this.name)}`);
    else this.schemas.set(stream, schema);
  }

  async #send(chunk: Chunk, signal: AbortSignal | undefined): Promise<void> {
    const parts = this.#route(chunk);
    // Every part is checked before any is taken: a chunk that is refused leaves nothing behind.
    const ends = [...parts].map(([partition, runs]) => this.#requireGrowth(partition, runs, chunk.nextOffset));
    await Promise.all(
      [...parts].map(([at, runs], i) => {
        const partition = this.partitions[at];
        partition.due = ends[i];
        const taken = partition.turn.then(() => this.#append(at, runs, ends[i], signal));
        // A send that failed is told to its caller only; the next one finds out for itself.
        partition.turn = taken.then(
          () => undefined,
          () => undefined,
        );
        return taken;
      }),
    );
  }

  #route(chunk: Chunk): Map<number, Run[]> {
    const parts = new Map<number, { batches: Chunk['batches'][number][]; dead: DeadLetter[] }>();
    const part = (stream: string | undefined) => {
      const at = stream === undefined ? 0 : partitionOf(stream, this.partitions.length);
      const known = parts.get(at) ?? { batches: [], dead: [] };
      parts.set(at, known);
      return known;
    };
    for (const batch of chunk.batches) {
      const schema = this.schemas.get(batch.stream);
      if (!schema) {
        throw new SluiceError('INTERNAL', `rows of stream ${quote(batch.stream)} were sent before its tags were announced`, {
          place: `topic ${quote(this.name)}`,
        });
      }
      requireSameSchema(schema, batch.schema, `stream ${quote(batch.stream)} in topic ${quote(this.name)}`);
      if (batch.rows > 0) part(batch.stream).batches.push(batch);
    }
    for (const letter of chunk.dead) part(letter.stream).dead.push(letter);
    return new Map([...parts].map(([at, { batches, dead }]) => [at, inOffsetOrder(batches, dead)]));
  }

  /** @returns the offset to go on from after these runs */
  #requireGrowth(at: number, runs: readonly Run[], nextOffset: number): number {
    let due = this.partitions[at].due;
    for (const run of runs) {
      for (let i = 0, n = lengthOf(run); i < n; i++) {
        const offset = offsetIn(run, i);
        if (!(offset >= due)) {
          throw new SluiceError('BUS_ORDER', `offset ${offset} was sent where ${due} or a later one was due`, {
            place: `partition ${at} of topic ${quote(this.name)}, ${run.batch ? `stream ${quote(run.batch.stream)}` : 'dead letter'}`,
            fix: 'Offsets must grow within a partition: give the source and its chunks in order, and each topic one source.',
          });
        }
        due = offset + 1;
      }
    }
    return Math.max(due, nextOffset);
  }

  /** Takes runs in as room is made, so that what waits never exceeds the capacity, however large a chunk is. */
  async #append(at: number, runs: readonly Run[], end: number, signal: AbortSignal | undefined): Promise<void> {
    const partition = this.partitions[at];
    for (const [r, run] of runs.entries()) {
      const length = lengthOf(run);
      for (let from = 0; from < length; ) {
        this.requireOpen();
        signal?.throwIfAborted();
        const room = this.#limits.capacity - (partition.log.tail - this.#readFrom(at));
        if (room <= 0) {
          const moved = new Promise<void>((resolve) => {
            const wake = (): void => {
              partition.wake = undefined;
              signal?.removeEventListener('abort', wake);
              resolve();
            };
            partition.wake = wake;
            signal?.addEventListener('abort', wake);
          });
          // A poll that waits for a fuller micro-batch must learn that there will be none before it reads.
          for (const group of this.groups.values()) group.wake(at);
          await moved;
          continue;
        }
        const to = Math.min(length, from + room);
        const last = offsetIn(run, to - 1) + 1;
        partition.log.append(sliceRun(run, from, to), r === runs.length - 1 && to === length ? end : last, performance.now());
        from = to;
        for (const group of this.groups.values()) group.wake(at);
      }
    }
  }
}

/** Rows and dead letters of one partition as they lay beside each other in the source. */
function inOffsetOrder(batches: Chunk['batches'], dead: readonly DeadLetter[]): Run[] {
  const runs: Run[] = [];
  let letter = 0;
  for (const batch of batches) {
    let from = 0;
    while (letter < dead.length && dead[letter].position < batch.origins[batch.rows - 1]) {
      let to = from;
      while (batch.origins[to] < dead[letter].position) to++;
      if (to > from) runs.push({ batch: sliceBatch(batch, from, to) });
      let until = letter + 1;
      while (until < dead.length && dead[until].position < batch.origins[to]) until++;
      runs.push({ dead: dead.slice(letter, until) });
      letter = until;
      from = to;
    }
    if (from < batch.rows) runs.push({ batch: sliceBatch(batch, from, batch.rows) });
  }
  if (letter < dead.length) runs.push({ dead: dead.slice(letter) });
  return runs;
}
