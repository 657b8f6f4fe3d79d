import { randomUUID } from 'node:crypto';
import type { Kafka } from 'kafkajs';
import { sliceBatch } from '../../core/batch.ts';
import { type BusProducer, partitionOf } from '../../core/bus.ts';
import type { Chunk } from '../../core/chunk.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import type { Position } from '../../core/manifest.ts';
import { requireSameSchema, type Schema } from '../../core/schema.ts';
import type { Announcements, SourceNote } from './announcements.ts';
import { busError } from './client.ts';
import { lastOrigins } from './last-origins.ts';
import type { MessageFormat } from './message-format.ts';
import type { Outage } from './outage.ts';
import { RowEncoder } from './row-encoder.ts';
import { type Part, RowMessages } from './row-messages.ts';
import { RowSender } from './row-sender.ts';

export interface KafkaProducerOptions {
  readonly kafka: Kafka;
  readonly topic: string;
  /** Of the topic. */
  readonly partitions: number;
  /** Of the topic; stays open when the producer ends. */
  readonly announcements: Announcements;
  readonly outage: Outage;
  readonly warn: (message: string) => void;
  /** Id of the source whose rows it sends. */
  readonly source?: string | undefined;
  readonly compression?: 'none' | 'gzip' | undefined;
  /** How rows are written; as the project has it unless given. */
  readonly format?: MessageFormat | undefined;
}

/** Where a source stands is noted so often, for when the topic forgets its rows. */
const noteEveryMs = 60_000;
/** A leader may just be changing when a producer begins. */
const attemptsToRead = 5;

/**
 * Sends the rows of one source, each exactly once and in the order of the source within a partition. Against a cluster that is away:
 * see `RowSender`. Against its own end, whenever that comes: every message names its source and row, and the next producer of this
 * source goes on behind the last row that each partition holds.
 */
export class KafkaProducer implements BusProducer {
  readonly #options: KafkaProducerOptions;
  readonly #id: string;
  readonly #instance = randomUUID();
  readonly #place: string;
  readonly #rows: RowMessages;
  readonly #sender: RowSender;
  readonly #closing = new AbortController();
  readonly #schemas = new Map<string, Schema>();
  /** Partitions that rows of the source may be in, in the order of their first rows; announced before those are sent. */
  #partitions: readonly number[] = [];
  /** Partition -> origin of the source's last row there when this producer began. */
  #held: ReadonlyMap<number, number> | undefined;
  /** Partition -> origin from which on rows are due. */
  readonly #due = new Map<number, number>();
  #notedAt = performance.now();
  #turn: Promise<unknown> = Promise.resolve();
  #ending: Promise<void> | undefined;
  /** Why nothing can be sent any more. */
  #stopped: SluiceError | undefined;
  /** The signal of the last send, alone and together with the process's. */
  #giveUp: { readonly signal: AbortSignal | undefined; readonly any: AbortSignal };

  /** @throws BUS_DENIED, BUS_UNAVAILABLE */
  static async open(options: KafkaProducerOptions): Promise<KafkaProducer> {
    const producer = new KafkaProducer(options);
    try {
      await Promise.all([producer.#sender.connect(), options.announcements.producerOpened(producer.#id, producer.#instance)]);
    } catch (error) {
      await producer.close();
      throw busError(error, producer.#place);
    }
    producer.#partitions = producer.#note?.partitions ?? [];
    return producer;
  }

  private constructor(options: KafkaProducerOptions) {
    const { kafka, topic, outage, warn, compression = 'none' } = options;
    this.#options = options;
    this.#id = options.source ?? randomUUID();
    this.#place = `topic ${quote(topic)}`;
    this.#rows = new RowMessages(this.#id, options.format);
    this.#sender = new RowSender({ kafka, topic, source: this.#id, rows: this.#rows, compression, outage, warn });
    this.#giveUp = this.#giveUpWith(undefined);
  }

  /**
   * The row to go on from is the first one that may be missing: the smallest of the rows behind the last in each partition that
   * rows of the source may be in. All before it are there: a partition is announced before a row is sent to it, so the partition of a
   * row is among them once any row behind it was sent, and within a partition rows come in order and without gaps. A source of one stream
   * has one partition, and goes on exactly; where there are more, some rows are read again, and `send` passes over them.
   */
  async position(): Promise<Position | undefined> {
    const note = this.#note;
    if (!note) return undefined;
    const held = await this.#readHeld();
    const next = this.#partitions.map((partition) => (held.get(partition) ?? -1) + 1);
    const { fingerprint, reading, shiftMs } = note;
    return { nextOffset: next.length === 0 ? 0 : Math.min(...next), shiftMs, ...(fingerprint !== undefined && { fingerprint }), ...(reading && { reading }) };
  }

  async remember({ fingerprint, reading, shiftMs }: Position): Promise<void> {
    await this.#writeNote({ shiftMs, ...(fingerprint !== undefined && { fingerprint }), ...(reading && { reading }) });
  }

  /** @throws SCHEMA_MISMATCH; SOURCE_TAGS for tags that a row on Kafka cannot have */
  async announce(stream: string, schema: Schema): Promise<void> {
    this.#requireOpen();
    new RowEncoder(schema, this.#options.format);
    await this.#options.announcements.announceSchema(stream, schema);
    this.#schemas.set(stream, schema);
  }

  /**
   * Resolves when the cluster has everything. A send that fails on its way stops the producer: whether the last request arrived
   * is then for the next one to find out.
   */
  async send(chunk: Chunk, { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<void> {
    this.#requireOpen();
    signal?.throwIfAborted();
    const turn = this.#turn.then(() => this.#send(chunk, signal));
    this.#turn = Promise.allSettled([turn]);
    await turn;
  }

  async end(): Promise<void> {
    this.#ending ??= this.#end();
    await this.#ending;
  }

  /** Gives up, without a word to consumers. */
  async close(): Promise<void> {
    const reason = this.#stop('the bus was closed');
    this.#closing.abort(reason);
    await this.#sender.close(reason);
  }

  async #end(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#stop('this producer has ended');
    await this.#turn;
    try {
      // What another process sends by now is not at its end, and only that one knows how far it is.
      if (this.#owned) {
        await this.#noteSent();
        await this.#options.announcements.producerEnded(this.#id);
      }
    } finally {
      await this.close();
    }
  }

  #stop(what: string, cause?: unknown): SluiceError {
    this.#stopped ??= new SluiceError('BUS_UNAVAILABLE', what, { place: this.#place, fix: 'Open another producer.', cause });
    return this.#stopped;
  }

  /** No other process has opened the same producer since. */
  get #owned(): boolean {
    const owner = this.#options.announcements.instanceOf(this.#id);
    return owner === undefined || owner === this.#instance;
  }

  #requireOpen(): void {
    if (this.#stopped) throw this.#stopped;
    if (this.#owned) return;
    throw new SluiceError('BUS_FENCED', `another process sends the rows of ${quote(this.#id)} now`, {
      place: this.#place,
      fix: 'Run one `sluice produce` of a source at a time, or give each a name of its own with source.id.',
    });
  }

  async #send(chunk: Chunk, signal: AbortSignal | undefined): Promise<void> {
    const held = await this.#readHeld();
    const parts = this.#route(chunk, held);
    await this.#claim(parts.keys());
    if (signal !== this.#giveUp.signal) this.#giveUp = this.#giveUpWith(signal);
    const { any } = this.#giveUp;
    let onItsWay: Promise<void> | undefined;
    try {
      for (const [partition, part] of parts) {
        for (const request of this.#rows.requests(partition, part, this.#sender.limit)) {
          await onItsWay;
          onItsWay = this.#sender.deliver(request, any);
        }
      }
      await onItsWay;
    } catch (error) {
      await Promise.allSettled([onItsWay]);
      this.#stop('an earlier send was given up', error);
      throw error;
    }
    if (performance.now() - this.#notedAt > noteEveryMs) await this.#noteSent();
  }

  /** By partition, without what the partition holds. @throws BUS_ORDER before anything is sent */
  #route(chunk: Chunk, held: ReadonlyMap<number, number>): Map<number, Part> {
    const parts = new Map<number, Part>();
    const partOf = (partition: number): Part => {
      const part = parts.get(partition) ?? { batches: [], dead: [] };
      parts.set(partition, part);
      return part;
    };
    for (const batch of chunk.batches) {
      this.#requireAnnounced(batch.stream, batch.schema);
      const partition = partitionOf(batch.stream, this.#options.partitions);
      const from = firstAbove(batch.origins, batch.rows, held.get(partition) ?? -1);
      if (from < batch.rows) partOf(partition).batches.push(sliceBatch(batch, from, batch.rows));
    }
    // A row of which not even the stream could be told stays where the source began.
    const home = this.#partitions[0] ?? (chunk.batches.length > 0 ? partitionOf(chunk.batches[0].stream, this.#options.partitions) : 0);
    for (const letter of chunk.dead) {
      const partition = letter.stream === undefined ? home : partitionOf(letter.stream, this.#options.partitions);
      if (letter.position > (held.get(partition) ?? -1)) partOf(partition).dead.push(letter);
    }
    const ends = [...parts].map(([partition, part]): [number, number] => [partition, this.#requireGrowth(partition, part)]);
    for (const [partition, end] of ends) this.#due.set(partition, end);
    return parts;
  }

  #requireAnnounced(stream: string, schema: Schema): void {
    const announced = this.#schemas.get(stream);
    if (announced === schema) return;
    if (!announced) throw new SluiceError('INTERNAL', `rows of stream ${quote(stream)} were sent before its tags were announced`, { place: this.#place });
    requireSameSchema(announced, schema, `stream ${quote(stream)} in ${this.#place}`);
  }

  /** @returns the origin from which on rows are due then */
  #requireGrowth(partition: number, { batches, dead }: Part): number {
    const start = this.#due.get(partition) ?? Number.NEGATIVE_INFINITY;
    const rowsDue = batches.reduce((due, { origins, rows, stream }) => this.#grow(origins.subarray(0, rows), due, partition, `stream ${quote(stream)}`), start);
    const deadDue = this.#grow(
      dead.map(({ position }) => position),
      start,
      partition,
      'dead letters',
    );
    return Math.max(rowsDue, deadDue);
  }

  #grow(origins: Iterable<number>, from: number, partition: number, what: string): number {
    let due = from;
    for (const origin of origins) {
      if (!(origin >= due)) {
        throw new SluiceError('BUS_ORDER', `row ${origin} of the source was sent where ${due} or a later one was due`, {
          place: `partition ${partition} of ${this.#place}, ${what}`,
          fix: 'Rows must come in the order of their source within a partition.',
        });
      }
      due = origin + 1;
    }
    return due;
  }

  /** Announces that rows may be in these partitions from now on. */
  async #claim(partitions: Iterable<number>): Promise<void> {
    const fresh = [...partitions].filter((partition) => !this.#partitions.includes(partition));
    if (fresh.length === 0) return;
    this.#partitions = [...this.#partitions, ...fresh];
    await this.#writeNote({});
  }

  async #noteSent(): Promise<void> {
    this.#notedAt = performance.now();
    const { sent } = this.#sender;
    if (sent.size > 0) await this.#writeNote({ sent: { ...this.#note?.sent, ...Object.fromEntries(sent) } });
  }

  get #note(): SourceNote | undefined {
    return this.#options.source === undefined ? undefined : this.#options.announcements.source(this.#options.source);
  }

  async #writeNote(change: Partial<SourceNote>): Promise<void> {
    const { source, announcements } = this.#options;
    if (source === undefined) return;
    await announcements.rememberSource(source, { shiftMs: 0, ...this.#note, ...change, partitions: this.#partitions });
  }

  async #readHeld(): Promise<ReadonlyMap<number, number>> {
    for (let attempt = 1; !this.#held; attempt++) {
      try {
        this.#held = await this.#findHeld();
      } catch (error) {
        const failure = busError(error, this.#place);
        if (failure.code !== 'BUS_UNAVAILABLE' || attempt === attemptsToRead) throw failure;
        await this.#options.outage.backOff(attempt, this.#closing.signal);
      }
    }
    return this.#held;
  }

  async #findHeld(): Promise<ReadonlyMap<number, number>> {
    const held = new Map<number, number>();
    if (this.#partitions.length === 0) return held;
    const { kafka, topic } = this.#options;
    const noted = this.#note?.sent ?? {};
    for (const [partition, { origin, begin }] of await lastOrigins(kafka, topic, this.#id, this.#partitions)) {
      // Of a partition that has forgotten rows only the note knows whether they were this source's.
      const last = Math.max(origin ?? -1, begin > 0 ? (noted[partition] ?? -1) : -1);
      if (last >= 0) held.set(partition, last);
    }
    return held;
  }

  #giveUpWith(signal: AbortSignal | undefined): { signal: AbortSignal | undefined; any: AbortSignal } {
    const signals = [this.#options.outage.signal, signal].filter((each) => each !== undefined);
    return { signal, any: AbortSignal.any(signals) };
  }
}

/** Index of the first origin above `last`; they grow. */
function firstAbove(origins: Float64Array, rows: number, last: number): number {
  let [low, high] = [0, rows];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (origins[middle] > last) high = middle;
    else low = middle + 1;
  }
  return low;
}
