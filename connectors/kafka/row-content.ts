import { isUtf8 } from 'node:buffer';
import type { DeadReason } from '../../core/chunk.ts';
import { quote } from '../../core/errors.ts';
import { nanosPerMilli, parseTime } from '../../core/time.ts';
import { parseNumber } from '../../kernels/parse-number.ts';

/** What a row says, read by `JSON.parse`: every decoder falls back on it, and agrees with it. */

/** Why a message is no row. */
export interface DecodeFault {
  readonly reason: DeadReason;
  /** Quotes the bad value and says what to do. */
  readonly message: string;
}

export type Content = Readonly<Record<string, unknown>>;

export function tooLong(message: Buffer, maxMessageBytes: number): DecodeFault {
  return {
    reason: 'line-too-long',
    message: `the message has ${message.length} bytes and may have ${maxMessageBytes}. Send one row a message, or raise bus.maxMessageBytes.`,
  };
}

export function parseObject(message: Buffer): { content: Content } | { reason: DecodeFault } {
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

/** @param millis whether a number is a time too: milliseconds since 1970 */
export function readTime(row: Content, key: string, millis = false): bigint | DecodeFault {
  const wanted = `ISO 8601 with a zone, such as 2015-12-28T10:00:00Z${millis ? ', or as milliseconds since 1970' : ''}`;
  const fault = (what: string): DecodeFault => ({ reason: 'time', message: `${what}. Send the time as ${wanted}.` });
  if (!Object.hasOwn(row, key)) return fault(`the row has no ${key}`);
  const given = row[key];
  if (millis && typeof given === 'number' && given < earliestMillis) return fault(`the time ${quote(given)} would be before March 1973: are those seconds?`);
  const time = typeof given === 'string' ? parseTime(given) : millis && typeof given === 'number' ? timeOfMillis(given) : undefined;
  if (time === undefined) return fault(`cannot read ${quote(given)} as a time`);
  return time >= earliest && time <= latest ? time : fault(`the time ${quote(given)} is not between the years 1677 and 2262`);
}

/** Smaller numbers are hardly milliseconds since 1970, but seconds. */
const earliestMillis = 1e11;
const latestMillis = 9_223_372_036_854;

/**
 * Nanoseconds of a time in milliseconds since 1970, which may have a fraction; undefined where the number cannot be meant so.
 * @example
 * timeOfMillis(1_500_000_000_000.25); // 1500000000000250000n
 */
export function timeOfMillis(ms: number): bigint | undefined {
  if (!(ms >= earliestMillis && ms <= latestMillis)) return undefined;
  const whole = Math.floor(ms);
  return BigInt(whole) * nanosPerMilli + BigInt(Math.round((ms - whole) * 1e6));
}

/** NaN = missing; undefined = no number. Numbers in quotes are numbers, true and false are 1 and 0. */
export function readValue(value: unknown): number | undefined {
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

/** Fills values[first ...] with the tags of a row, NaN where one is missing. */
export function readValues(row: Content, tags: readonly string[], values: Float64Array, first: number): DecodeFault | undefined {
  for (const [tag, name] of tags.entries()) {
    const value = Object.hasOwn(row, name) ? readValue(row[name]) : Number.NaN;
    if (value === undefined) {
      return {
        reason: 'number',
        message: `cannot read ${quote(row[name])} as a number in tag ${quote(name)}. Send a finite number, or leave the tag out where it is missing.`,
      };
    }
    values[first + tag] = value;
  }
  return undefined;
}

/** So many names that are no tags are counted one by one. */
const unknownLimit = 1000;

/** Names in rows that are none of those known, and how often they came. */
export class UnknownNames {
  readonly counts = new Map<string, number>();
  readonly #known: ReadonlySet<string>;

  constructor(known: Iterable<string>) {
    this.#known = new Set(known);
  }

  count(row: Content): void {
    for (const name of Object.keys(row)) {
      if (this.#known.has(name)) continue;
      const count = this.counts.get(name);
      if (count !== undefined || this.counts.size < unknownLimit) this.counts.set(name, (count ?? 0) + 1);
    }
  }
}

/** Do the bytes at `at` equal those of `wanted` from `from` to `to`? */
export function matches(bytes: Uint8Array, at: number, wanted: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++, at++) if (bytes[at] !== wanted[i]) return false;
  return true;
}
