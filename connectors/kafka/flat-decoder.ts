import { quote } from '../../core/errors.ts';
import type { MessageFormat } from './message-format.ts';
import { NumberBytes } from './number-bytes.ts';
import { type Content, type DecodeFault, matches, parseObject, readTime, readValues, timeOfMillis, tooLong, UnknownNames } from './row-content.ts';
import { TimeBytes } from './time-bytes.ts';

/** The name of a stream becomes a label, a tag and a part of keys wherever its rows go. */
const longestStream = 200;

/** What a field of a message is; those of tags come behind, in their order. */
const timeField = 0;
const streamField = 1;
const firstTag = 2;

/**
 * Reads rows from JSON objects of a declared format, fields in any order. A message whose fields stand as in the one before is read from its
 * bytes without an object; any other, such as one with further fields or escaped characters, by `JSON.parse`, with the same outcome.
 *
 * Numbers in quotes are numbers, true and false are 1 and 0; null, an empty text and a tag that is left out are missing, but one tag at least is there. Other
 * names than those of the format are counted, not refused.
 */
export class FlatDecoder {
  /** Of the row decoded last: UTC nanoseconds; its stream, '' where the format names none; and the tags' values, NaN = missing. */
  time = 0n;
  stream = '';
  readonly values: Float64Array;

  readonly #format: MessageFormat;
  readonly #unknown: UnknownNames;
  readonly #maxMessageBytes: number;
  readonly #timeBytes = new TimeBytes();
  readonly #numberBytes = new NumberBytes();
  /** `"name":` by field. */
  readonly #keys: readonly Buffer[];
  /** The fields in the order of the message before. */
  readonly #order: number[] = [];

  constructor(format: MessageFormat, maxMessageBytes: number) {
    const { time, stream, tags } = format;
    this.#format = format;
    this.#maxMessageBytes = maxMessageBytes;
    this.#unknown = new UnknownNames([time, ...(stream === undefined ? [] : [stream]), ...tags]);
    this.#keys = [time, stream, ...tags].map((name) => Buffer.from(name === undefined ? '' : `${JSON.stringify(name)}:`));
    this.values = new Float64Array(tags.length);
  }

  /** Names in messages that the format does not have, and how often they came. */
  get unknown(): ReadonlyMap<string, number> {
    return this.#unknown.counts;
  }

  /**
   * Sets `time`, `stream` and `values`.
   * @returns what is wrong with the message; what was set then means nothing
   */
  decode(message: Buffer): DecodeFault | undefined {
    if (message.length > this.#maxMessageBytes) return tooLong(message, this.#maxMessageBytes);
    return this.#scan(message) ? undefined : this.#parse(message);
  }

  /** @returns whether the message looks as expected, and was read */
  #scan(bytes: Buffer): boolean {
    const last = bytes.length - 1;
    if (bytes[0] !== 0x7b || bytes[last] !== 0x7d) return false;
    const { values } = this;
    values.fill(Number.NaN);
    let timed = false;
    let named = this.#format.stream === undefined;
    let tagged = false;
    let at = pastBlanks(bytes, 1);
    for (let place = 0; place < this.#keys.length; place++) {
      // Of a name that comes twice the last value counts, as in JSON.parse.
      const field = this.#fieldAt(bytes, at, place);
      if (field < 0) return false;
      at = pastBlanks(bytes, at + this.#keys[field].length);
      if (field >= firstTag) {
        const value = this.#numberBytes.read(bytes, at);
        if (value - value !== 0) return false;
        values[field - firstTag] = value;
        at = this.#numberBytes.end;
        tagged = true;
      } else {
        at = field === timeField ? this.#readTime(bytes, at) : this.#readStream(bytes, at);
        if (at < 0) return false;
        timed ||= field === timeField;
        named ||= field === streamField;
      }
      at = pastBlanks(bytes, at);
      if (bytes[at] !== 0x2c) return at === last && timed && named && tagged;
      at = pastBlanks(bytes, at + 1);
    }
    return false;
  }

  /** The field whose name begins at `at`; -1 when it is none. Mostly that of the same place in the message before. */
  #fieldAt(bytes: Buffer, at: number, place: number): number {
    const keys = this.#keys;
    const expected = this.#order[place];
    if (expected !== undefined && matches(bytes, at, keys[expected], 0, keys[expected].length)) return expected;
    for (let field = 0; field < keys.length; field++) {
      const key = keys[field];
      if (key.length === 0 || !matches(bytes, at, key, 0, key.length)) continue;
      this.#order[place] = field;
      return field;
    }
    return -1;
  }

  /** @returns where the time that begins at `from` ends; -1 when it is to be read otherwise */
  #readTime(bytes: Buffer, from: number): number {
    if (bytes[from] === 0x22) {
      if (!this.#timeBytes.read(bytes, from + 1) || bytes[this.#timeBytes.end] !== 0x22) return -1;
      this.time = this.#timeBytes.time;
      return this.#timeBytes.end + 1;
    }
    const time = timeOfMillis(this.#numberBytes.read(bytes, from));
    if (time === undefined) return -1;
    this.time = time;
    return this.#numberBytes.end;
  }

  /** @returns where the name that begins at `from` ends; -1 when it is to be read otherwise */
  #readStream(bytes: Buffer, from: number): number {
    if (bytes[from] !== 0x22) return -1;
    let at = from + 1;
    for (; bytes[at] !== 0x22; at++) if (!(bytes[at] >= 0x20 && bytes[at] < 0x7f) || bytes[at] === 0x5c) return -1;
    if (at === from + 1 || at - from - 1 > longestStream) return -1;
    this.stream = bytes.toString('latin1', from + 1, at);
    return at + 1;
  }

  #parse(message: Buffer): DecodeFault | undefined {
    const row = parseObject(message);
    if ('reason' in row) return row.reason;
    const { content } = row;
    const time = readTime(content, this.#format.time, true);
    if (typeof time !== 'bigint') return time;
    const stream = this.#format.stream === undefined ? '' : readStream(content, this.#format.stream);
    if (typeof stream !== 'string') return stream;
    const fault = noTag(content, this.#format.tags) ?? readValues(content, this.#format.tags, this.values, 0);
    if (fault) return fault;
    this.#unknown.count(content);
    this.time = time;
    this.stream = stream;
    return undefined;
  }
}

function readStream(row: Content, key: string): string | DecodeFault {
  const fault = (what: string): DecodeFault => ({ reason: 'rejected', message: `${what}. Send the name of the stream as ${quote(key)}.` });
  if (!Object.hasOwn(row, key)) return fault(`the message names no stream: it has no ${quote(key)}`);
  const given = row[key];
  const name = Number.isSafeInteger(given) ? String(given) : given;
  if (typeof name !== 'string' || name === '') return fault(`${quote(given)} is no name of a stream`);
  if (name.length > longestStream) return fault(`the name ${quote(name)} of the stream has ${name.length} characters and may have ${longestStream}`);
  return name;
}

function noTag(row: Content, tags: readonly string[]): DecodeFault | undefined {
  if (tags.some((name) => Object.hasOwn(row, name))) return undefined;
  const names = tags.map(quote).join(', ');
  return { reason: 'rejected', message: `the message has no ${tags.length === 1 ? names : `tag of ${names}`}. Send a value, or null where it is missing.` };
}

function pastBlanks(bytes: Buffer, from: number): number {
  let at = from;
  while (bytes[at] === 0x20) at++;
  return at;
}
