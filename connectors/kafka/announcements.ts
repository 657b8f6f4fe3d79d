import { type Kafka, Partitioners, type Producer, type RecordMetadata } from 'kafkajs';
import { quote } from '../../core/errors.ts';
import type { Position } from '../../core/manifest.ts';
import { makeSchema, requireSameSchema, type Schema, type Tag } from '../../core/schema.ts';
import { busError } from './client.ts';
import type { FetchedRecord } from './committed-records.ts';
import { CommittedTail } from './committed-tail.ts';
import { Outage } from './outage.ts';
import { announcementsTopic, compacted, ensureCompactedTopic } from './topics.ts';
import { untilAcknowledged } from './until-acknowledged.ts';

export interface AnnouncementsOptions {
  /** Make the topic of the announcements where it is missing. */
  readonly create: boolean;
  readonly replication?: number | undefined;
  /** Told when the cluster is away; its signal gives up waits. */
  readonly outage?: Outage;
}

/** What is remembered of a source. */
export interface SourceNote extends Omit<Position, 'nextOffset'> {
  /** Partitions that rows of it may be in, in the order in which they were first written to. */
  readonly partitions?: readonly number[];
  /** Partition -> origin up to which it had been sent when this was noted; for rows that the topic has forgotten since. */
  readonly sent?: Readonly<Record<string, number>>;
}

interface ProducerNote {
  readonly state: 'open' | 'ended';
  /** The process that opened it last. */
  readonly instance?: string | undefined;
}

/**
 * What goes with a topic besides its rows, in the compacted topic `<topic>.announcements`: the tags of streams, where sources
 * stand, and which producers are still at work.
 */
export class Announcements {
  readonly #kafka: Kafka;
  readonly #topic: string;
  readonly #name: string;
  readonly #outage: Outage;
  readonly #closing = new AbortController();
  /** Something was written: from then on a refusal is an outage. */
  #wasTaken = false;
  readonly #schemas = new Map<string, Schema>();
  readonly #sources = new Map<string, SourceNote>();
  readonly #producers = new Map<string, ProducerNote>();
  readonly #listeners = new Set<() => void>();
  #tail!: CommittedTail;
  #producer: Promise<Producer> | undefined;

  /**
   * Resolves when everything has been read that was announced by then.
   * @throws BUS_TOPIC when the topic of the announcements is missing and may not be made, or is not compacted; BUS_DENIED, BUS_UNAVAILABLE
   */
  static async open(kafka: Kafka, topic: string, { create, replication, outage = new Outage(undefined) }: AnnouncementsOptions): Promise<Announcements> {
    const announcements = new Announcements(kafka, topic, outage);
    await announcements.#open(create, replication);
    return announcements;
  }

  private constructor(kafka: Kafka, topic: string, outage: Outage) {
    this.#kafka = kafka;
    this.#topic = topic;
    this.#name = announcementsTopic(topic);
    this.#outage = outage;
  }

  async #open(create: boolean, replication: number | undefined): Promise<void> {
    await ensureCompactedTopic(this.#kafka, this.#name, { partitions: 1, replication, config: compacted, create });
    this.#tail = await CommittedTail.open({
      kafka: this.#kafka,
      topic: this.#name,
      outage: this.#outage,
      onRecords: (records) => {
        for (const record of records) this.#apply(record);
        for (const listener of this.#listeners) listener();
      },
      onRestart: () => {
        for (const notes of [this.#schemas, this.#sources, this.#producers]) notes.clear();
      },
    });
    try {
      await this.#tail.toEnd();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  schema(stream: string): Schema | undefined {
    return this.#schemas.get(stream);
  }

  /** @throws SCHEMA_MISMATCH when other tags were announced for the stream, also by somebody else at the same time */
  async announceSchema(stream: string, schema: Schema): Promise<void> {
    const known = this.#schemas.get(stream);
    if (known === undefined) await this.#write(`stream/${stream}`, { tags: schema.tags });
    const first = this.#schemas.get(stream) ?? schema;
    // Compaction keeps the last announcement, and all go by the first: they must not stay different.
    if (known === undefined && first.hash !== schema.hash) await this.#write(`stream/${stream}`, { tags: first.tags });
    requireSameSchema(first, schema, `stream ${quote(stream)} in topic ${quote(this.#topic)}`, 'Restore the tags, or give the stream another name.');
  }

  source(id: string): SourceNote | undefined {
    return this.#sources.get(id);
  }

  async rememberSource(id: string, note: SourceNote): Promise<void> {
    await this.#write(`source/${id}`, note);
  }

  /** @param instance of several processes that open the same producer, the last one has it */
  async producerOpened(id: string, instance?: string): Promise<void> {
    await this.#write(`producer/${id}`, { state: 'open', instance } satisfies ProducerNote);
  }

  async producerEnded(id: string): Promise<void> {
    await this.#write(`producer/${id}`, { ...this.#producers.get(id), state: 'ended' } satisfies ProducerNote);
  }

  /** Which process opened the producer last. */
  instanceOf(id: string): string | undefined {
    return this.#producers.get(id)?.instance;
  }

  /** There were producers, and each has ended. */
  get ended(): boolean {
    return this.#producers.size > 0 && [...this.#producers.values()].every(({ state }) => state === 'ended');
  }

  /** Resolves when everything has been read that was announced before the call. */
  async upToDate(): Promise<void> {
    await this.#tail.toEnd();
  }

  /** @returns ends the calls */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort(busError(new Error('the bus was closed'), `topic ${quote(this.#name)}`));
    this.#listeners.clear();
    const producer = this.#producer;
    await Promise.allSettled([this.#tail.close(), producer?.then((open) => open.disconnect())]);
  }

  #apply({ key, value, offset }: FetchedRecord): void {
    if (value === null) return;
    const text = key?.toString() ?? '';
    const slash = text.indexOf('/');
    const [kind, name] = [text.slice(0, slash), text.slice(slash + 1)];
    try {
      const note: unknown = JSON.parse(value.toString());
      if (kind === 'stream') {
        const schema = readSchema(note);
        if (!this.#schemas.has(name)) this.#schemas.set(name, schema);
      } else if (kind === 'source') this.#sources.set(name, readSourceNote(note));
      else if (kind === 'producer') this.#producers.set(name, readProducerNote(note));
    } catch (error) {
      // Written by something else: what it is about counts as not announced, and is announced anew.
      this.#outage.warn(
        `the announcement ${quote(text)} at offset ${offset} of topic ${quote(this.#name)} cannot be read and is passed over: ${(error as Error).message}`,
      );
    }
  }

  /** Resolves when it is there and was read back. */
  async #write(key: string, note: object): Promise<void> {
    const messages = [{ key, value: JSON.stringify(note) }];
    const place = `topic ${quote(this.#name)}`;
    const closed = this.#closing.signal;
    const isFinal = (error: unknown): boolean => !this.#wasTaken && busError(error, place).code !== 'BUS_UNAVAILABLE';
    const send = async (): Promise<RecordMetadata[]> => {
      this.#producer ??= this.#connect();
      const producer = await this.#producer;
      return producer.send({ topic: this.#name, messages });
    };
    try {
      const [{ baseOffset }] = await untilAcknowledged(send, { outage: this.#outage, place, signal: this.#outage.signal ?? closed, closed, isFinal });
      this.#wasTaken = true;
      await this.#tail.until(Number(baseOffset) + 1);
    } catch (error) {
      throw isFinal(error) ? busError(error, place) : error;
    }
  }

  async #connect(): Promise<Producer> {
    const producer = this.#kafka.producer({ allowAutoTopicCreation: false, createPartitioner: Partitioners.DefaultPartitioner });
    try {
      await producer.connect();
    } catch (error) {
      this.#producer = undefined;
      throw error;
    }
    return producer;
  }
}

function readSchema(note: unknown): Schema {
  const { tags } = note as { tags?: unknown };
  const isTag = (tag: unknown): tag is Tag => {
    const { name, kind } = tag as Partial<Tag>;
    return typeof name === 'string' && (kind === 'continuous' || kind === 'discrete');
  };
  if (!Array.isArray(tags) || !tags.every(isTag)) throw new Error(`${quote(note)} names no tags`);
  return makeSchema(tags);
}

function readSourceNote(note: unknown): SourceNote {
  const { shiftMs, partitions = [] } = note as Partial<SourceNote>;
  if (typeof shiftMs !== 'number' || !Array.isArray(partitions)) throw new Error(`${quote(note)} says nothing of a source`);
  return note as SourceNote;
}

function readProducerNote(note: unknown): ProducerNote {
  const { state } = note as Partial<ProducerNote>;
  if (state !== 'open' && state !== 'ended') throw new Error(`${quote(note)} says nothing of a producer`);
  return note as ProducerNote;
}
