import { isUtf8 } from 'node:buffer';
import { uncounted } from '../../core/batch.ts';
import { type DeadLetter, deadPayloadLimit } from '../../core/chunk.ts';
import { quote } from '../../core/errors.ts';
import { makeSchema, type Schema } from '../../core/schema.ts';
import type { FetchedRecord } from './committed-records.ts';
import { FlatDecoder } from './flat-decoder.ts';
import { type MessageFormat, schemaOf } from './message-format.ts';
import type { PartitionQueue } from './partition-queue.ts';
import type { DecodeFault } from './row-content.ts';
import { inferSchema, RowDecoder } from './row-decoder.ts';

export interface MessageReaderOptions {
  readonly topic: string;
  /** Stream of messages without a key. */
  readonly stream: string | undefined;
  readonly maxMessageBytes: number;
  /** That of messages of a shape of their own. */
  readonly format?: MessageFormat | undefined;
  /** The tags that were announced for a stream. */
  readonly schema: (stream: string) => Schema | undefined;
  readonly warn: (message: string) => void;
}

/** A stream of which no tags are known here. */
export interface Unannounced {
  readonly stream: string;
  /** The tags of its next row, where it is certain that nobody has announced any. */
  readonly shown?: Schema;
}

interface StreamDecoder {
  readonly stream: string;
  schema: Schema;
  decoder: RowDecoder;
  /** Names that are no tags, of which it was said so. */
  warned: number;
}

/** Turns the messages of a topic into rows and dead letters. */
export class MessageReader {
  readonly #options: MessageReaderOptions;
  readonly #decoders = new Map<string, StreamDecoder>();
  readonly #flat: FlatDecoder | undefined;
  /** The tags of all streams, where the format tells them. */
  readonly declared: Schema | undefined;
  /** Streams of which it is certain that nobody announced them, until a row that can be read shows their tags. */
  readonly #unannounced = new Set<string>();
  #flatWarned = 0;
  /** The key before, which mostly is the next one too. */
  #key: Buffer | undefined;
  #keyStream: string | undefined;

  constructor(options: MessageReaderOptions) {
    const { format, maxMessageBytes } = options;
    this.#options = options;
    this.#flat = format && new FlatDecoder(format, maxMessageBytes);
    this.declared = format && schemaOf(format);
  }

  /**
   * Decodes messages into the queue.
   * @returns where it stopped, because the tags of a stream have to be found out first
   */
  read(partition: number, records: readonly FetchedRecord[], queue: PartitionQueue, arrived: number): Unannounced | undefined {
    for (const record of records) {
      const offset = Number(record.offset);
      const { value, headers } = record;
      if (headers?.dead !== undefined) {
        queue.addDead(this.#sentLetter(partition, offset, headers.dead, value), offset, arrived);
        continue;
      }
      if (value === null) {
        queue.addDead(this.#letter(partition, offset, undefined, noContent, value), offset, arrived);
        continue;
      }
      if (this.#flat && this.declared) {
        const fault = this.#readFlat(this.#flat, this.declared, record, offset, queue, arrived);
        if (fault) queue.addDead(this.#letter(partition, offset, undefined, fault, value), offset, arrived);
        continue;
      }
      const stream = this.#streamOf(record.key);
      if (typeof stream !== 'string') {
        queue.addDead(this.#letter(partition, offset, undefined, stream, value), offset, arrived);
        continue;
      }
      const decoder = this.#decoderOf(stream);
      if (!decoder) {
        if (!this.#unannounced.has(stream)) return { stream };
        const shown = value.length > this.#options.maxMessageBytes ? undefined : inferSchema(value);
        if (shown) return { stream, shown };
        queue.addDead(this.#letter(partition, offset, stream, this.#faultOf(value), value), offset, arrived);
        continue;
      }
      const block = queue.blockFor(stream, decoder.schema);
      const row = decoder.decoder;
      const fault = row.decode(value, block.values, block.rows * decoder.schema.tags.length);
      if (fault) queue.addDead(this.#letter(partition, offset, stream, fault, value), offset, arrived);
      else queue.addRow(block, row.time, seqOf(headers?.seq), offset, row.label, arrived);
    }
    return undefined;
  }

  /** Queues the row of a message of the declared format. */
  #readFlat(
    row: FlatDecoder,
    schema: Schema,
    { key, value, headers }: FetchedRecord,
    offset: number,
    queue: PartitionQueue,
    arrived: number,
  ): DecodeFault | undefined {
    const { format } = this.#options;
    const fault = row.decode(value as Buffer);
    if (fault) return fault;
    const stream = format?.stream === undefined ? this.#streamOf(key) : row.stream;
    if (typeof stream !== 'string') return stream;
    const block = queue.blockFor(stream, schema);
    block.values.set(row.values, block.rows * row.values.length);
    const own = headers?.source !== undefined || headers?.seq !== undefined;
    const seq = own || format?.sameTime === 'duplicate' ? seqOf(headers?.seq) : uncounted;
    queue.addRow(block, row.time, seq, offset, -1, arrived);
    return undefined;
  }

  /** Nobody has announced the stream, for certain. */
  markUnannounced(stream: string): void {
    this.#unannounced.add(stream);
  }

  /** Names in rows that are no tags: ignored, and said once. */
  warnOfUnknownTags(): void {
    const { topic, warn } = this.#options;
    if (this.#flat) {
      const { size } = this.#flat.unknown;
      if (size > this.#flatWarned) {
        const names = [...this.#flat.unknown.keys()].slice(this.#flatWarned);
        warn(`topic ${quote(topic)}: messages have ${names.map(quote).join(', ')} besides what bus.message names: ignored`);
      }
      this.#flatWarned = size;
    }
    for (const known of this.#decoders.values()) {
      const { unknown } = known.decoder;
      if (unknown.size === known.warned) continue;
      const names = [...unknown.keys()].slice(known.warned);
      known.warned = unknown.size;
      warn(
        `stream ${quote(known.stream)} of topic ${quote(topic)}: ${names.map(quote).join(', ')} ${names.length === 1 ? 'is no tag' : 'are no tags'} of it: ignored`,
      );
    }
  }

  #streamOf(key: Buffer | null): string | DecodeFault {
    if (key === null || key.length === 0) return this.#options.stream ?? noStream;
    if (this.#key?.equals(key) && this.#keyStream !== undefined) return this.#keyStream;
    if (!isUtf8(key)) return { reason: 'encoding', message: `the key ${quote(key.toString('latin1'))} is no name of a stream: it is not UTF-8.` };
    // A copy: the key lies in the memory of all that was fetched with it.
    this.#key = Buffer.from(key);
    this.#keyStream = key.toString();
    return this.#keyStream;
  }

  #decoderOf(stream: string): StreamDecoder | undefined {
    const schema = this.#options.schema(stream);
    const known = this.#decoders.get(stream);
    if (!schema || known?.schema === schema) return known;
    const made = { stream, schema, decoder: new RowDecoder(schema, { maxMessageBytes: this.#options.maxMessageBytes }), warned: 0 };
    this.#decoders.set(stream, made);
    return made;
  }

  /** Why a message shows no tags. */
  #faultOf(value: Buffer): DecodeFault {
    const anyTag = makeSchema([{ name: '?', kind: 'continuous' }]);
    return new RowDecoder(anyTag, { maxMessageBytes: this.#options.maxMessageBytes }).decode(value, new Float64Array(1), 0) ?? noTags;
  }

  #letter(partition: number, position: number, stream: string | undefined, { reason, message }: DecodeFault, value: Buffer | null): DeadLetter {
    const payload = value ? cut(value) : '';
    return { source: this.#options.topic, partition, position, ...(stream === undefined ? {} : { stream }), reason, message, payload };
  }

  /** A row that could not be read at its source, as the producer sent it. */
  #sentLetter(partition: number, position: number, header: Header, value: Buffer | null): DeadLetter {
    const text = String(header);
    let letter: Partial<DeadLetter> | null;
    try {
      letter = JSON.parse(text) as Partial<DeadLetter> | null;
    } catch {
      letter = null;
    }
    if (letter && isLetter(letter)) return letter;
    const message = `the header 'dead' is no dead letter: ${quote(text)}.`;
    return this.#letter(partition, position, undefined, { reason: 'syntax', message }, value ?? Buffer.from(text));
  }
}

type Header = NonNullable<NonNullable<FetchedRecord['headers']>[string]>;

const noContent: DecodeFault = { reason: 'syntax', message: 'the message is empty. Send one JSON object a row.' };
const noStream: DecodeFault = {
  reason: 'rejected',
  message: 'the message names no stream: it has no key. Send the name of the stream as key.',
};
const noTags: DecodeFault = {
  reason: 'rejected',
  message: 'no tags of this stream are known, and the row has none: no name with a number. Send rows with tags.',
};

function seqOf(header: Header | undefined): number {
  return header === undefined ? 0 : Number.parseInt(String(header), 10) || 0;
}

function cut(value: Buffer): string {
  // A character of UTF-8 has at most four bytes; those that are cut through lie behind the limit.
  return value.toString('utf8', 0, 4 * deadPayloadLimit + 4).slice(0, deadPayloadLimit);
}

function isLetter(letter: Partial<DeadLetter>): letter is DeadLetter {
  const { source, partition, position, reason, message, payload } = letter;
  const texts = [source, reason, message, payload];
  return texts.every((text) => typeof text === 'string') && Number.isInteger(partition) && Number.isInteger(position);
}
