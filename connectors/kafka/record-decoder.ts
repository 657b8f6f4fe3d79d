import type { FetchedRecord } from './committed-records.ts';
import { matches } from './row-content.ts';

/** Where the fields of a batch stand that count here. @see https://kafka.apache.org/documentation/#recordbatch */
const batchAt = { length: 8, magic: 16, attributes: 21, lastOffsetDelta: 23, producerId: 43, count: 57, records: 61 };
const lengthEnd = batchAt.length + 4;
const packed = 0b111;
const [transactional, control] = [0x10, 0x20];

type Headers = NonNullable<FetchedRecord['headers']>;

const noHeaders: Headers = {};

/** Those of messages of ours: no text is made of them for each. */
const knownNames = ['source', 'row', 'seq', 'dead'].map((text) => ({ text, bytes: Buffer.from(text) }));

/**
 * The batches that are there in full, as positions in `bytes`.
 * @param bytes batches one behind the other, the last one cut off anywhere
 */
export function* wholeBatches(bytes: Buffer): Generator<{ from: number; to: number }> {
  for (let from = 0; from + batchAt.records <= bytes.length; ) {
    const to = from + lengthEnd + bytes.readInt32BE(from + batchAt.length);
    if (to > bytes.length) return;
    yield { from, to };
    from = to;
  }
}

/** The offset behind a batch. */
export function batchEnd(bytes: Buffer, from: number): number {
  return Number(bytes.readBigInt64BE(from)) + bytes.readInt32BE(from + batchAt.lastOffsetDelta) + 1;
}

/**
 * The records of batches as a broker stores them, as kafkajs gives them but for what nobody here asks for: it takes a record apart with
 * a reader, three integers of arbitrary size and a copy of all its headers for each of them.
 * @returns undefined where a batch is packed or of an older format: those are left to kafkajs
 * @throws RangeError where a record goes beyond its batch
 */
export function plainRecords(bytes: Buffer): FetchedRecord[] | undefined {
  const records: FetchedRecord[] = [];
  for (const { from, to } of wholeBatches(bytes)) {
    const attributes = bytes.readInt16BE(from + batchAt.attributes);
    if (bytes[from + batchAt.magic] !== 2 || (attributes & packed) !== 0) return undefined;
    const firstOffset = Number(bytes.readBigInt64BE(from));
    const isControlRecord = (attributes & control) !== 0;
    const batchContext = {
      firstOffset: String(firstOffset),
      lastOffsetDelta: bytes.readInt32BE(from + batchAt.lastOffsetDelta),
      producerId: String(bytes.readBigInt64BE(from + batchAt.producerId)),
      inTransaction: (attributes & transactional) !== 0,
    };
    const reader = new RecordReader(bytes, from + batchAt.records, to);
    for (let left = bytes.readInt32BE(from + batchAt.count); left > 0; left--) {
      const end = reader.begin();
      const offset = firstOffset + reader.varint();
      const key = reader.bytes();
      const value = reader.bytes();
      records.push({ offset, key, value, headers: reader.headers(), isControlRecord, batchContext });
      reader.finish(end);
    }
  }
  return records;
}

class RecordReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at: number;

  constructor(bytes: Buffer, from: number, end: number) {
    this.#bytes = bytes;
    this.#at = from;
    this.#end = end;
  }

  /** Up to the offset of the next record. @returns where the record ends */
  begin(): number {
    const size = this.varint();
    const end = this.#at + size;
    if (!(size >= 0 && end <= this.#end)) throw new RangeError(`a record of ${size} bytes does not fit into its batch`);
    this.#at++;
    // The time, which may take more than 32 bits.
    while (this.#bytes[this.#at++] >= 0x80);
    return end;
  }

  finish(end: number): void {
    if (this.#at > end) throw new RangeError(`a record goes ${this.#at - end} bytes beyond its end`);
    this.#at = end;
  }

  /** Of 32 bits, signs alternating. */
  varint(): number {
    let byte = this.#bytes[this.#at++];
    let value = byte & 0x7f;
    for (let shift = 7; byte >= 0x80; shift += 7) {
      byte = this.#bytes[this.#at++];
      value |= (byte & 0x7f) << shift;
    }
    return (value >>> 1) ^ -(value & 1);
  }

  /** Not a copy. */
  bytes(): Buffer | null {
    const size = this.varint();
    if (size < 0) return null;
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }

  /** Of a name that comes several times all values. */
  headers(): Headers {
    let left = this.varint();
    if (left <= 0) return noHeaders;
    const headers: Record<string, Buffer | Buffer[] | null> = {};
    for (; left > 0; left--) {
      const name = this.#name();
      const value = this.bytes();
      if (Object.hasOwn(headers, name)) headers[name] = [headers[name], value].flat() as Buffer[];
      // Nobody here asks for it, and it is no usual property.
      else if (name !== '__proto__') headers[name] = value;
    }
    return headers as Headers;
  }

  #name(): string {
    const size = this.varint();
    if (size <= 0) return '';
    const from = this.#at;
    this.#at += size;
    for (const { text, bytes } of knownNames) if (bytes.length === size && matches(this.#bytes, from, bytes, 0, size)) return text;
    return this.#bytes.toString('utf8', from, this.#at);
  }
}
