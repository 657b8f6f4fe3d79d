import type { Batch } from '../../core/batch.ts';
import type { Schema } from '../../core/schema.ts';
import { topContributions, type Verdicts } from '../../core/verdict.ts';
import { longestNumber, writeInteger, writeNumber } from '../../kernels/number-text.ts';
import { encodeText, firstTime, labelField, lastTime, measurement, originField, tagField } from './layout.ts';

/** Takes lines, which are put together where they are sent from. */
export interface LineSink {
  /** Where the line is to begin in what `begin` gave. */
  readonly at: number;
  /** Room for a line of so many bytes at most; a line that was begun and not ended is dropped. */
  begin(longest: number): Uint8Array;
  /** The line goes as far as `to`. */
  end(to: number): void;
}

/**
 * A tag value or a field key as it stands in a line, of any text.
 * @example
 * keyText('pump 1, main'); // 'pump\\ 1\\,\\ main'
 */
export function keyText(text: string): string {
  return encodeText(text).replace(/[,= ]/g, '\\$&');
}

/** A field key that `tagField` or `bucketField` made. */
export function escapeKey(field: string): string {
  return field.replace(/[,= ]/g, '\\$&');
}

/** A text field's value as it stands in a line. */
function fieldText(text: string): string {
  return `"${encodeText(text).replace(/["\\]/g, '\\$&')}"`;
}

/**
 * The shortest text that reads back as the same double.
 * @example
 * doubleText(-0); // "-0"
 */
export function doubleText(value: number): string {
  return value === 0 && 1 / value < 0 ? '-0' : String(value);
}

/** Fields of one point, in the order given. */
export class Fields {
  #text = '';

  /** What is infinite goes into an integer field of its own; NaN is left out. */
  double(key: string, value: number): this {
    if (Number.isFinite(value)) return this.#add(key, doubleText(value));
    return Number.isNaN(value) ? this : this.integer(`${key}_inf`, Math.sign(value));
  }

  integer(key: string, value: number | bigint): this {
    return this.#add(key, `${value}i`);
  }

  text(key: string, value: string): this {
    return this.#add(key, fieldText(value));
  }

  boolean(key: string, value: boolean): this {
    return this.#add(key, String(value));
  }

  toString(): string {
    return this.#text;
  }

  #add(key: string, value: string): this {
    this.#text += `${this.#text === '' ? '' : ','}${key}=${value}`;
    return this;
  }
}

/** A text with what is escaped, as bytes. */
export function bytesOf(text: string): Uint8Array {
  return Buffer.from(text);
}

/** @returns where it ends */
export function copyBytes(from: Uint8Array, to: Uint8Array, at: number): number {
  for (let i = 0; i < from.length; i++) to[at + i] = from[i];
  return at + from.length;
}

/** Rows of one stream as lines. */
export class RowLines {
  readonly schema: Schema;
  readonly #heads: LineHeads;
  readonly #label = bytesOf(`,${labelField}=`);
  /** `,name=` by tag. */
  readonly #prefixes: readonly Uint8Array[];
  readonly #longest: number;

  constructor(stream: string, schema: Schema) {
    this.schema = schema;
    this.#heads = new LineHeads(measurement.rows, `,stream=${keyText(stream)} ${originField}=`);
    this.#prefixes = schema.tags.map(({ name }) => bytesOf(`,${escapeKey(tagField(name))}=`));
    const numbers = this.#prefixes.length + 3;
    this.#longest = this.#prefixes.reduce((sum, { length }) => sum + length, this.#heads.longest + this.#label.length + 2 + numbers * longestNumber);
  }

  /**
   * @param refuse called for a row that InfluxDB cannot hold, which becomes no line
   */
  put({ rows, values, times, seqs, origins, labels }: Batch, lines: LineSink, refuse: (row: number, why: string) => void): void {
    const prefixes = this.#prefixes;
    const tags = prefixes.length;
    for (let row = 0, v = 0; row < rows; row++) {
      const bytes = lines.begin(this.#longest);
      let at = this.#heads.put(bytes, lines.at, seqs[row]);
      at = writeNumber(bytes, at, origins[row]);
      if (labels && labels[row] >= 0) {
        at = writeNumber(bytes, copyBytes(this.#label, bytes, at), labels[row]);
        bytes[at++] = integerMark;
      }
      let infinite = -1;
      for (let t = 0; t < tags; t++, v++) {
        const value = values[v];
        // Neither NaN nor infinite.
        if (value - value === 0) at = writeNumber(bytes, copyBytes(prefixes[t], bytes, at), value);
        else if (!Number.isNaN(value)) infinite = t;
      }
      if (infinite >= 0) refuse(row, `tag '${this.schema.tags[infinite].name}' is infinite, and InfluxDB holds finite numbers only`);
      else if (!isHeld(times[row])) refuse(row, 'its time is outside of what InfluxDB can hold');
      else lines.end(writeTime(bytes, at, times[row]));
    }
  }
}

/** Verdicts of one detector over one stream as lines: one a row. */
export class VerdictLines {
  readonly #heads: LineHeads;
  /** Names of tags as values. */
  readonly #tags: readonly Uint8Array[];
  readonly #longest: number;

  constructor(stream: string, schema: Schema, detector: string) {
    this.#heads = new LineHeads(`${measurement.verdicts},detector=${keyText(detector)}`, `,stream=${keyText(stream)} status=`);
    this.#tags = schema.tags.map(({ name }) => bytesOf(fieldText(name)));
    const longestTag = this.#tags.reduce((most, { length }) => Math.max(most, length), 0);
    // 20: `,share1=` and `,tag1=` or `i,score_inf=i`.
    this.#longest = this.#heads.longest + (topContributions + 4) * (longestNumber + 20) + topContributions * longestTag;
  }

  put({ rows, times, seqs }: Batch, { score, grade, status, contributions }: Verdicts, lines: LineSink): void {
    for (let row = 0, explained = 0; row < rows; row++) {
      const isExplained = contributions.rows[explained] === row;
      if (isHeld(times[row])) {
        const bytes = lines.begin(this.#longest);
        let at = writeNumber(bytes, this.#heads.put(bytes, lines.at, seqs[row]), status[row]);
        bytes[at++] = integerMark;
        at = putDouble(bytes, at, scoreField, score[row]);
        at = putDouble(bytes, at, gradeField, grade[row]);
        if (isExplained) {
          at = putDouble(bytes, at, restField, contributions.rest[explained]);
          for (let rank = 0; rank < topContributions; rank++) {
            const tag = contributions.tags[explained * topContributions + rank];
            if (tag < 0) break;
            at = copyBytes(this.#tags[tag], bytes, copyBytes(tagFields[rank], bytes, at));
            at = putDouble(bytes, at, shareFields[rank], contributions.shares[explained * topContributions + rank]);
          }
        }
        lines.end(writeTime(bytes, at, times[row]));
      }
      if (isExplained) explained++;
    }
  }
}

/** What stands before the first value of each line: the seq, which most have none of, is a tag in its midst. */
class LineHeads {
  readonly #whole: Uint8Array;
  readonly #before: Uint8Array;
  readonly #behind: Uint8Array;
  readonly longest: number;

  constructor(before: string, behind: string) {
    this.#whole = bytesOf(before + behind);
    this.#before = bytesOf(`${before},seq=`);
    this.#behind = bytesOf(behind);
    this.longest = this.#before.length + longestNumber + this.#behind.length;
  }

  /** @returns where it ends */
  put(bytes: Uint8Array, at: number, seq: number): number {
    if (seq <= 0) return copyBytes(this.#whole, bytes, at);
    return copyBytes(this.#behind, bytes, writeNumber(bytes, copyBytes(this.#before, bytes, at), seq));
  }
}

/** A field of doubles that follows another one. */
export interface DoubleField {
  readonly finite: Uint8Array;
  readonly infinite: Uint8Array;
}

export function doubleField(key: string, before = ','): DoubleField {
  return { finite: bytesOf(`${before}${key}=`), infinite: bytesOf(`${before}${key}_inf=`) };
}

/** As `Fields` has it. @returns where it ends */
export function putDouble(bytes: Uint8Array, at: number, { finite, infinite }: DoubleField, value: number): number {
  if (value - value === 0) return writeNumber(bytes, copyBytes(finite, bytes, at), value);
  if (Number.isNaN(value)) return at;
  const end = writeNumber(bytes, copyBytes(infinite, bytes, at), Math.sign(value));
  bytes[end] = integerMark;
  return end + 1;
}

/** The end of a line. @returns where it ends */
export function writeTime(bytes: Uint8Array, at: number, time: bigint): number {
  bytes[at] = 0x20;
  return writeInteger(bytes, at + 1, time);
}

const [scoreField, gradeField, restField] = ['score', 'grade', 'rest'].map((key) => doubleField(key));
const ranks = Array.from({ length: topContributions }, (_, rank) => rank + 1);
const tagFields = ranks.map((rank) => bytesOf(`,tag${rank}=`));
const shareFields = ranks.map((rank) => doubleField(`share${rank}`));

/** The `i` behind an integer. */
const integerMark = 0x69;

function isHeld(time: bigint): boolean {
  return time >= firstTime && time <= lastTime;
}
