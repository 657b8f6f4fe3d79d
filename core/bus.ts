import type { Chunk } from './chunk.ts';
import type { Schema } from './schema.ts';

/**
 * Topics with partitions, offsets and consumer groups: Kafka's semantics, in one process or over the network.
 * Every implementation passes `busConformance` (connectors/conformance/bus.ts).
 */
export interface Bus {
  /** Creates the topic when it is missing. A topic that exists keeps its partitions. */
  ensureTopic(topic: string, options: { partitions: number }): Promise<void>;
  partitions(topic: string): Promise<number>;
  producer(topic: string): Promise<BusProducer>;
  consumer(topic: string, options: ConsumerOptions): Promise<BusConsumer>;
  close(): Promise<void>;
}

export interface BusProducer {
  /** Tells consumers which tags are coming; before the first rows of a stream. */
  announce(stream: string, schema: Schema): Promise<void>;
  /**
   * Appends a chunk; waits while the topic is full. Rows of one stream go to one partition (`partitionOf`).
   * The chunk's `partition` is ignored; where the bus itself has no offsets of its own (memory), a row's `origin`
   * becomes its offset and must grow within a partition. When `signal` aborts a wait, the send rejects with its reason;
   * what was taken before stays.
   */
  send(chunk: Chunk, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /** No more will come from this producer. A consumer sees `end` once every producer has ended and all is read. */
  end(): Promise<void>;
}

export interface ConsumerOptions {
  readonly group: string;
  /** Where to start in a partition that was just assigned: the manifest's offset, or undefined for the beginning. */
  readonly position: (partition: number) => Promise<number | undefined>;
  /**
   * The partition goes to another member of the group: its work must be finished or dropped now. Called from within
   * `poll`, as is `position`; the other member gets the partition once this has resolved. `close` gives up without it.
   */
  readonly revoked?: (partition: number) => Promise<void>;
}

export interface BusConsumer {
  /**
   * The next chunk of one assigned partition: at most `maxRows` rows, sooner when `maxWaitMs` have passed since its
   * first row came. `idle` when nothing came in that time; `end` when nothing can come any more.
   */
  poll(options: { maxRows: number; maxWaitMs: number }): Promise<Chunk | 'idle' | 'end'>;
  schema(stream: string): Schema | undefined;
  /** Informational on every bus: the manifest is the truth. Frees what no group needs any more. */
  commit(partition: number, nextOffset: number): Promise<void>;
  /** Rows that wait, per assigned partition. */
  lag(): Promise<ReadonlyMap<number, number>>;
  close(): Promise<void>;
}

/**
 * The partition of a stream: FNV-1a of its name, modulo.
 * @example
 * partitionOf('swat', 1); // 0
 */
export function partitionOf(stream: string, partitions: number): number {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(stream)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % partitions;
}
