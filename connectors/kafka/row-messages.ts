import type { Message } from 'kafkajs';
import type { Batch } from '../../core/batch.ts';
import type { DeadLetter } from '../../core/chunk.ts';
import type { MessageFormat } from './message-format.ts';
import { RowEncoder } from './row-encoder.ts';

/** Messages of one partition that go in one request, with the origins of their rows. */
export interface Request {
  readonly partition: number;
  readonly messages: readonly Message[];
  readonly origins: readonly number[];
  readonly bytes: number;
}

/** Rows and dead letters of one partition, each in the order of the source. */
export interface Part {
  readonly batches: Batch[];
  readonly dead: DeadLetter[];
}

export interface RequestLimit {
  readonly bytes: number;
  readonly messages: number;
}

/** What a record costs beside its key, its value and the values of its headers, at most. */
const recordBytes = 64;

/** Makes messages of the rows of one source. */
export class RowMessages {
  readonly #source: Buffer;
  readonly #format: MessageFormat | undefined;
  /** By the schema's hash, and where rows name their stream by that too. */
  readonly #encoders = new Map<string, RowEncoder>();
  readonly #keys = new Map<string, Buffer>();

  constructor(source: string, format?: MessageFormat) {
    this.#source = Buffer.from(source);
    this.#format = format;
  }

  /** Each is made when it is asked for, so that one can be made while another is on its way. */
  *requests(partition: number, { batches, dead }: Part, limit: RequestLimit): Generator<Request> {
    const filling = new Filling(partition, limit);
    let full: Request | undefined;
    let letter = 0;
    for (const batch of batches) {
      const encoder = this.#encoder(batch);
      const key = this.#key(batch.stream);
      for (let row = 0; row < batch.rows; row++) {
        const origin = batch.origins[row];
        for (; letter < dead.length && dead[letter].position < origin; letter++) {
          full = filling.add(this.dead(partition, dead[letter]), dead[letter].position);
          if (full) yield full;
        }
        const seq = batch.seqs[row];
        const headers = seq === 0 ? { source: this.#source, row: String(origin) } : { source: this.#source, row: String(origin), seq: String(seq) };
        full = filling.add({ partition, key, value: encoder.encode(batch, row), headers }, origin);
        if (full) yield full;
      }
    }
    for (; letter < dead.length; letter++) {
      full = filling.add(this.dead(partition, dead[letter]), dead[letter].position);
      if (full) yield full;
    }
    full = filling.rest();
    if (full) yield full;
  }

  /** Goes in the place of a row: the letter in a header and no value, so that whoever reads plain JSON passes it over. */
  dead(partition: number, letter: DeadLetter): Message {
    const key = letter.stream === undefined ? null : this.#key(letter.stream);
    return { partition, key, value: null, headers: { source: this.#source, row: String(letter.position), dead: JSON.stringify(letter) } };
  }

  #encoder({ schema, stream }: Batch): RowEncoder {
    const id = this.#format?.stream === undefined ? schema.hash : `${schema.hash} ${stream}`;
    const known = this.#encoders.get(id) ?? new RowEncoder(schema, this.#format, stream);
    this.#encoders.set(id, known);
    return known;
  }

  #key(stream: string): Buffer {
    const known = this.#keys.get(stream) ?? Buffer.from(stream);
    this.#keys.set(stream, known);
    return known;
  }
}

/** A request that is being filled. */
class Filling {
  readonly #partition: number;
  readonly #limit: RequestLimit;
  #messages: Message[] = [];
  #origins: number[] = [];
  #bytes = 0;

  constructor(partition: number, limit: RequestLimit) {
    this.#partition = partition;
    this.#limit = limit;
  }

  /** @returns what there was before, when this message does not fit in beside it */
  add(message: Message, origin: number): Request | undefined {
    const bytes = sizeOf(message);
    const full = this.#bytes + bytes > this.#limit.bytes || this.#messages.length === this.#limit.messages ? this.rest() : undefined;
    this.#messages.push(message);
    this.#origins.push(origin);
    this.#bytes += bytes;
    return full;
  }

  /** @returns what there is, if anything */
  rest(): Request | undefined {
    if (this.#messages.length === 0) return undefined;
    const request: Request = { partition: this.#partition, messages: this.#messages, origins: this.#origins, bytes: this.#bytes };
    this.#messages = [];
    this.#origins = [];
    this.#bytes = 0;
    return request;
  }
}

function sizeOf({ key, value, headers }: Message): number {
  const dead = headers?.dead;
  return recordBytes + (key?.length ?? 0) + (value?.length ?? 0) + (headers?.source?.length ?? 0) + (typeof dead === 'string' ? Buffer.byteLength(dead) : 0);
}
