import type { Batch } from '../../core/batch.ts';
import type { Schema } from '../../core/schema.ts';
import { topContributions, type Verdicts } from '../../core/verdict.ts';
import { encodeText, firstTime, labelField, lastTime, measurement, originField, tagField } from './layout.ts';

/** Takes one line, without its end. */
export type PutLine = (line: string) => void;

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

/** Rows of one stream as lines. */
export class RowLines {
  readonly schema: Schema;
  readonly #stream: string;
  readonly #prefixes: readonly string[];

  constructor(stream: string, schema: Schema) {
    this.schema = schema;
    this.#stream = keyText(stream);
    this.#prefixes = schema.tags.map(({ name }) => `,${escapeKey(tagField(name))}=`);
  }

  /**
   * @param refuse called instead of `put` for a row that InfluxDB cannot hold
   */
  put({ rows, values, times, seqs, origins, labels }: Batch, put: PutLine, refuse: (row: number, why: string) => void): void {
    const prefixes = this.#prefixes;
    const tags = prefixes.length;
    for (let row = 0, at = 0; row < rows; row++) {
      let line = `${measurement.rows}${seqTag(seqs[row])},stream=${this.#stream} ${originField}=${origins[row]}`;
      if (labels && labels[row] >= 0) line += `,${labelField}=${labels[row]}i`;
      let infinite = -1;
      for (let t = 0; t < tags; t++, at++) {
        const value = values[at];
        // Neither NaN nor infinite.
        if (value - value === 0) line += prefixes[t] + (value === 0 ? doubleText(value) : value);
        else if (!Number.isNaN(value)) infinite = t;
      }
      if (infinite >= 0) refuse(row, `tag '${this.schema.tags[infinite].name}' is infinite, and InfluxDB holds finite numbers only`);
      else if (!isHeld(times[row])) refuse(row, 'its time is outside of what InfluxDB can hold');
      else put(`${line} ${times[row]}`);
    }
  }
}

/** Verdicts of one detector over one stream as lines: one a row. */
export class VerdictLines {
  readonly #head: string;
  readonly #stream: string;
  readonly #tags: readonly string[];

  constructor(stream: string, schema: Schema, detector: string) {
    this.#head = `${measurement.verdicts},detector=${keyText(detector)}`;
    this.#stream = `,stream=${keyText(stream)}`;
    this.#tags = schema.tags.map(({ name }) => fieldText(name));
  }

  put({ rows, times, seqs }: Batch, { score, grade, status, contributions }: Verdicts, put: PutLine): void {
    for (let row = 0, explained = 0; row < rows; row++) {
      let line = `${this.#head}${seqTag(seqs[row])}${this.#stream} status=${status[row]}i${doubleField('score', score[row])}${doubleField('grade', grade[row])}`;
      if (contributions.rows[explained] === row) {
        line += doubleField('rest', contributions.rest[explained]);
        for (let rank = 0; rank < topContributions; rank++) {
          const tag = contributions.tags[explained * topContributions + rank];
          if (tag < 0) break;
          line += `,tag${rank + 1}=${this.#tags[tag]}${doubleField(`share${rank + 1}`, contributions.shares[explained * topContributions + rank])}`;
        }
        explained++;
      }
      if (isHeld(times[row])) put(`${line} ${times[row]}`);
    }
  }
}

/** As `Fields` has it, after another field. */
function doubleField(key: string, value: number): string {
  if (Number.isFinite(value)) return `,${key}=${doubleText(value)}`;
  return Number.isNaN(value) ? '' : `,${key}_inf=${Math.sign(value)}i`;
}

function seqTag(seq: number): string {
  return seq > 0 ? `,seq=${seq}` : '';
}

function isHeld(time: bigint): boolean {
  return time >= firstTime && time <= lastTime;
}
