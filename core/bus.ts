import type { Chunk, DeadLetter } from './chunk.ts';
import type { ManifestLog, Position } from './manifest.ts';
import type { Schema } from './schema.ts';

/**
 * Topics with partitions, offsets and consumer groups: Kafka's semantics, in one process or over the network.
 * Every implementation passes `busConformance` (connectors/conformance/bus.ts).
 */
export interface Bus {
  /** Creates the topic when it is missing. A topic that exists keeps its partitions. */
  ensureTopic(topic: string, options: { partitions: number }): Promise<void>;
  partitions(topic: string): Promise<number>;
  /** @param options.source id of the source whose rows it sends; where it stands is remembered by the topic under this name */
  producer(topic: string, options?: { readonly source?: string }): Promise<BusProducer>;
  consumer(topic: string, options: ConsumerOptions): Promise<BusConsumer>;
  /** Manifests of this topic's partitions for one group, where the bus keeps them; `memory` does not outlive the process and has none. */
  manifests?(topic: string, group: string): Promise<ManifestLog>;
  /** Puts rows that could not be taken where other systems find them, e.g. in `<topic>.dead`; at least once, keyed. */
  sendDead?(topic: string, letters: readonly DeadLetter[]): Promise<void>;
  close(): Promise<void>;
}

export interface BusProducer {
  /**
   * How far the topic already holds this producer's source, by the rows themselves, with what `remember` kept. Undefined where
   * the topic knows nothing of it, or outlives no process. A row at or before what its partition holds is not sent again.
   */
  position(): Promise<Position | undefined>;
  /** Keeps what the position says of the source besides the offset; before the first row. */
  remember(position: Position): Promise<void>;
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
  /** Stream of rows that name none; default: they are dead letters. */
  readonly stream?: string;
  /**
   * The partition goes to another member of the group: its work must be finished or dropped now. Called from within
   * `poll`, as is `position`. In one process the other member gets the partition once this has resolved; on a broker it may
   * have it already, and fences this one off (ManifestLog). `close` gives up without it.
   */
  readonly revoked?: (partition: number) => Promise<void>;
}

export interface BusConsumer {
  /**
   * The next chunk of one assigned partition: at most `maxRows` rows, sooner when `maxWaitMs` have passed since its
   * first row came, be it while the caller worked on the chunk before. `idle` when nothing came in that time; `end` when nothing
   * can come any more.
   */
  poll(options: { maxRows: number; maxWaitMs: number }): Promise<Chunk | 'idle' | 'end'>;
  schema(stream: string): Schema | undefined;
  /** Informational on every bus: the manifest is the truth. Frees what no group needs any more. */
  commit(partition: number, nextOffset: number): Promise<void>;
  /** What was handed out of this partition is void: reading begins again where `position` says by then. Where the bus has a ManifestLog. */
  restart?(partition: number): void;
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
