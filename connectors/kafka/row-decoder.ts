import { makeSchema, type Schema } from '../../core/schema.ts';
import { NumberBytes } from './number-bytes.ts';
import { type DecodeFault, matches, parseObject, readTime, readValue, readValues, tooLong, UnknownNames } from './row-content.ts';
import { keysOf, labelKey, timeKey } from './row-encoder.ts';
import { TimeBytes } from './time-bytes.ts';

export interface RowDecoderOptions {
  /** A longer message is a fault. */
  readonly maxMessageBytes?: number;
}

const opening = Buffer.from(`{"${timeKey}":"`);
const normalLabel = Buffer.from(`,"${labelKey}":"Normal"`);
const attackLabel = Buffer.from(`,"${labelKey}":"Attack"`);

/**
 * Reads rows of one schema from their JSON. A message that looks as `RowEncoder` writes it, tags in order and some missing, is read
 * from its bytes without an object; any other is read by `JSON.parse`, with the same outcome.
 *
 * Numbers in quotes are numbers, true and false are 1 and 0; null, an empty text and a tag that is left out are missing. Other names
 * than those of tags are counted, not refused.
 */
export class RowDecoder {
  /** Of the row decoded last: UTC nanoseconds, and 1 attack, 0 normal, -1 unknown. */
  time = 0n;
  label = -1;
  readonly #names: readonly string[];
  readonly #unknown: UnknownNames;
  readonly #maxMessageBytes: number;
  readonly #timeBytes = new TimeBytes();
  readonly #numberBytes = new NumberBytes();
  /** `,"name":` of each tag, one behind the other: tag i's from keyStart[i] to keyStart[i + 1]. */
  readonly #keys: Buffer;
  readonly #keyStart: Int32Array;

  constructor(schema: Schema, { maxMessageBytes = 1024 * 1024 }: RowDecoderOptions = {}) {
    this.#names = schema.tags.map(({ name }) => name);
    this.#unknown = new UnknownNames([...this.#names, timeKey, labelKey]);
    this.#maxMessageBytes = maxMessageBytes;
    ({ keys: this.#keys, keyStart: this.#keyStart } = keysOf(schema));
  }

  /** Names in rows that are no tags of the schema, and how often they came. */
  get unknown(): ReadonlyMap<string, number> {
    return this.#unknown.counts;
  }

  /**
   * Fills values[at .. at + tags), NaN = missing, and sets `time` and `label`.
   * @returns what is wrong with the message; what was filled then means nothing
   */
  decode(message: Buffer, values: Float64Array, at: number): DecodeFault | undefined {
    if (message.length > this.#maxMessageBytes) return tooLong(message, this.#maxMessageBytes);
    return this.#scan(message, values, at) ? undefined : this.#parse(message, values, at);
  }

  /** @returns whether the message looks as expected, and was read */
  #scan(bytes: Buffer, values: Float64Array, first: number): boolean {
    const keyStart = this.#keyStart;
    const tags = keyStart.length - 1;
    const last = bytes.length - 1;
    if (bytes[last] !== 0x7d || !matches(bytes, 0, opening, 0, opening.length)) return false;
    if (!this.#timeBytes.read(bytes, opening.length) || bytes[this.#timeBytes.end] !== 0x22) return false;
    let at = this.#timeBytes.end + 1;
    let label = -1;
    let tag = 0;
    for (; at < last; tag++) {
      while (tag < tags && !matches(bytes, at, this.#keys, keyStart[tag], keyStart[tag + 1])) values[first + tag++] = Number.NaN;
      if (tag === tags) {
        if (bytes.length - 1 - at !== normalLabel.length) return false;
        if (matches(bytes, at, normalLabel, 0, normalLabel.length)) label = 0;
        else if (matches(bytes, at, attackLabel, 0, attackLabel.length)) label = 1;
        else return false;
        break;
      }
      at += keyStart[tag + 1] - keyStart[tag];
      const value = this.#numberBytes.read(bytes, at);
      if (value - value !== 0) return false;
      values[first + tag] = value;
      at = this.#numberBytes.end;
    }
    for (; tag < tags; tag++) values[first + tag] = Number.NaN;
    this.time = this.#timeBytes.time;
    this.label = label;
    return true;
  }

  #parse(message: Buffer, values: Float64Array, first: number): DecodeFault | undefined {
    const row = parseObject(message);
    if ('reason' in row) return row.reason;
    const time = readTime(row.content, timeKey);
    if (typeof time !== 'bigint') return time;
    const fault = readValues(row.content, this.#names, values, first);
    if (fault) return fault;
    this.#unknown.count(row.content);
    this.time = time;
    this.label = readLabel(row.content[labelKey]);
    return undefined;
  }
}

/**
 * The tags of a stream that nobody announced, by one of its rows: every name that has a number, or a missing one, in order.
 * @returns undefined when the message is no row
 * @example
 * inferSchema(Buffer.from('{"Timestamp":"2015-12-28T10:00:00Z","FIT101":2.43,"note":"pump"}'))?.tags; // [{ name: "FIT101", kind: "continuous" }]
 */
export function inferSchema(message: Buffer): Schema | undefined {
  const row = parseObject(message);
  if ('reason' in row || typeof readTime(row.content, timeKey) !== 'bigint') return undefined;
  const names = Object.keys(row.content).filter((name) => name !== timeKey && name !== labelKey && name.trim() !== '');
  const tags = names.filter((name) => readValue(row.content[name]) !== undefined);
  return tags.length > 0 ? makeSchema(tags.map((name) => ({ name, kind: 'continuous' }))) : undefined;
}

/** 1 attack, 0 normal, -1 neither. Blanks inside do not count: SWaT's workbook has `A ttack`. */
function readLabel(value: unknown): number {
  if (typeof value === 'object') return -1;
  const word = String(value).replace(/\s+/g, '').toLowerCase();
  if (word === 'normal' || word === 'false' || word === '0') return 0;
  return word === 'attack' || word === 'true' || word === '1' ? 1 : -1;
}
