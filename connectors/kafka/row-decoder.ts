import { isUtf8 } from 'node:buffer';
import type { DeadReason } from '../../core/chunk.ts';
import { quote } from '../../core/errors.ts';
import { makeSchema, type Schema } from '../../core/schema.ts';
import { parseTime } from '../../core/time.ts';
import { parseNumber } from '../../kernels/parse-number.ts';
import { keysOf, labelKey, timeKey } from './row-encoder.ts';
import { TimeBytes } from './time-bytes.ts';

/** Why a message is no row. */
export interface DecodeFault {
  readonly reason: DeadReason;
  /** Quotes the bad value and says what to do. */
  readonly message: string;
}

export interface RowDecoderOptions {
  /** A longer message is a fault. */
  readonly maxMessageBytes?: number;
}

/** So many names that are no tags are counted one by one. */
const unknownLimit = 1000;

const powersOfTen = Float64Array.from({ length: 16 }, (_, i) => Number(`1e${i}`));
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
  /** Names in rows that are no tags of the schema, and how often they came. */
  readonly unknown = new Map<string, number>();

  readonly #names: readonly string[];
  readonly #known: ReadonlySet<string>;
  readonly #maxMessageBytes: number;
  readonly #timeBytes = new TimeBytes();
  #numberEnd = 0;
  /** `,"name":` of each tag, one behind the other: tag i's from keyStart[i] to keyStart[i + 1]. */
  readonly #keys: Buffer;
  readonly #keyStart: Int32Array;

  constructor(schema: Schema, { maxMessageBytes = 1024 * 1024 }: RowDecoderOptions = {}) {
    this.#names = schema.tags.map(({ name }) => name);
    this.#known = new Set([...this.#names, timeKey, labelKey]);
    this.#maxMessageBytes = maxMessageBytes;
    ({ keys: this.#keys, keyStart: this.#keyStart } = keysOf(schema));
  }

  /**
   * Fills values[at .. at + tags), NaN = missing, and sets `time` and `label`.
   * @returns what is wrong with the message; what was filled then means nothing
   */
  decode(message: Buffer, values: Float64Array, at: number): DecodeFault | undefined {
    if (message.length > this.#maxMessageBytes) {
      return {
        reason: 'line-too-long',
        message: `the message has ${message.length} bytes and may have ${this.#maxMessageBytes}. Send one row a message, or raise bus.maxMessageBytes.`,
      };
    }
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
      const value = this.#readNumber(bytes, at);
      if (value - value !== 0) return false;
      values[first + tag] = value;
      at = this.#numberEnd;
    }
    for (; tag < tags; tag++) values[first + tag] = Number.NaN;
    this.time = this.#timeBytes.time;
    this.label = label;
    return true;
  }

  /** The number that begins at `from`, by JSON's grammar, and in `numberEnd` where it ends; NaN when there is none. */
  #readNumber(bytes: Buffer, from: number): number {
    const negative = bytes[from] === 0x2d;
    const begin = negative ? from + 1 : from;
    let at = begin;
    let digit = bytes[at] - 0x30;
    if (!isDigit(digit)) return Number.NaN;
    let mantissa = 0;
    if (digit === 0) digit = bytes[++at] - 0x30;
    else for (; isDigit(digit); digit = bytes[++at] - 0x30) mantissa = mantissa * 10 + digit;
    let places = 0;
    if (bytes[at] === 0x2e) {
      const point = at++;
      digit = bytes[at] - 0x30;
      if (!isDigit(digit)) return Number.NaN;
      for (; isDigit(digit); digit = bytes[++at] - 0x30) mantissa = mantissa * 10 + digit;
      places = at - point - 1;
    }
    const isPlain = (bytes[at] | 0x20) !== 0x65;
    if (!isPlain) {
      at++;
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
      if (!isDigit(bytes[at] - 0x30)) return Number.NaN;
      while (isDigit(bytes[at] - 0x30)) at++;
    }
    this.#numberEnd = at;
    // Up to 15 digits and the power of ten are exact, so that one division rounds once: as `parseNumber`, without a second look.
    if (!isPlain || at - begin > (places > 0 ? 16 : 15)) return parseNumber(bytes, from, at);
    const value = mantissa / powersOfTen[places];
    return negative ? -value : value;
  }

  #parse(message: Buffer, values: Float64Array, first: number): DecodeFault | undefined {
    const row = parseObject(message);
    if ('reason' in row) return row.reason;
    const time = readTime(row.content);
    if (typeof time !== 'bigint') return time;
    for (const [tag, name] of this.#names.entries()) {
      const value = Object.hasOwn(row.content, name) ? readValue(row.content[name]) : Number.NaN;
      if (value === undefined) {
        return {
          reason: 'number',
          message: `cannot read ${quote(row.content[name])} as a number in tag ${quote(name)}. Send a finite number, or leave the tag out where it is missing.`,
        };
      }
      values[first + tag] = value;
    }
    for (const name of Object.keys(row.content)) {
      if (this.#known.has(name)) continue;
      const count = this.unknown.get(name);
      if (count !== undefined || this.unknown.size < unknownLimit) this.unknown.set(name, (count ?? 0) + 1);
    }
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
  if ('reason' in row || typeof readTime(row.content) !== 'bigint') return undefined;
  const names = Object.keys(row.content).filter((name) => name !== timeKey && name !== labelKey && name.trim() !== '');
  const tags = names.filter((name) => readValue(row.content[name]) !== undefined);
  return tags.length > 0 ? makeSchema(tags.map((name) => ({ name, kind: 'continuous' }))) : undefined;
}

type Content = Readonly<Record<string, unknown>>;

function parseObject(message: Buffer): { content: Content } | { reason: DecodeFault } {
  if (!isUtf8(message)) {
    return {
      reason: { reason: 'encoding', message: `the message is not UTF-8: it begins with ${quote(message.toString('latin1', 0, 80))}. Send rows as UTF-8.` },
    };
  }
  const text = message.toString();
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch (error) {
    return { reason: { reason: 'syntax', message: `the message ${quote(text)} is not JSON: ${(error as Error).message}. Send one JSON object a row.` } };
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    return { reason: { reason: 'syntax', message: `the message ${quote(text)} is not a JSON object. Send one JSON object a row.` } };
  }
  return { content: content as Content };
}

const earliest = -(2n ** 63n);
const latest = 2n ** 63n - 1n;

function readTime(row: Content): bigint | DecodeFault {
  const fault = (what: string): DecodeFault => ({ reason: 'time', message: `${what}. Send the time as ISO 8601 with a zone, such as 2015-12-28T10:00:00Z.` });
  if (!Object.hasOwn(row, timeKey)) return fault(`the row has no ${timeKey}`);
  const text = row[timeKey];
  const time = typeof text === 'string' ? parseTime(text) : undefined;
  if (time === undefined) return fault(`cannot read ${quote(text)} as a time`);
  return time >= earliest && time <= latest ? time : fault(`the time ${quote(text)} is not between the years 1677 and 2262`);
}

/** NaN = missing; undefined = no number. */
function readValue(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (value === null) return Number.NaN;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'string') return undefined;
  const text = value.trim();
  if (text === '') return Number.NaN;
  const bytes = Buffer.from(text);
  const number = parseNumber(bytes, 0, bytes.length);
  return Number.isFinite(number) ? number : undefined;
}

/** 1 attack, 0 normal, -1 neither. Blanks inside do not count: SWaT's workbook has `A ttack`. */
function readLabel(value: unknown): number {
  if (typeof value === 'object') return -1;
  const word = String(value).replace(/\s+/g, '').toLowerCase();
  if (word === 'normal' || word === 'false' || word === '0') return 0;
  return word === 'attack' || word === 'true' || word === '1' ? 1 : -1;
}

function matches(bytes: Uint8Array, at: number, wanted: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++, at++) if (bytes[at] !== wanted[i]) return false;
  return true;
}

const isDigit = (digit: number): boolean => digit >= 0 && digit <= 9;
