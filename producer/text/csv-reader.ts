import { isBlank, parseNumber } from '../../kernels/parse-number.ts';
import { ByteWindow, type Found, found } from './byte-window.ts';
import { decodeText, type Encoding } from './encoding.ts';

const newline = 0x0a;
const carriageReturn = 0x0d;
const quoteByte = 0x22;
const space = 0x20;
const hash = 0x23;

const quoted = 1;
const escaped = 2;

export interface CsvDialect {
  readonly delimiter: number;
  /** Byte of the decimal sign. */
  readonly decimal: number;
  /** One in which ASCII characters are single bytes; blocks of UTF-16 come as UTF-8. */
  readonly encoding: Encoding;
}

/**
 * Splits CSV (RFC 4180; LF, CRLF or CR) into records and cells without making a string or an object per row. Blank
 * lines and lines that begin with `#` are passed over. Cells are views into the window until the next call of `next`.
 *
 * A quote that opens a cell must close before a delimiter or the line's end. Where it doesn't, only that line is lost:
 * reading goes on at the next line.
 */
export class CsvReader {
  readonly window = new ByteWindow();
  /** Physical line of the record, 1-based. */
  line = 0;
  /** Cells of the record; of those past the capacity only the number is known. */
  cells = 0;
  /** The record holds bytes >= 0x80. */
  beyondAscii = false;
  recordStart = 0;
  recordEnd = 0;

  readonly #delimiter: number;
  readonly #decimal: number;
  readonly #encoding: Encoding;
  readonly #limit: number;
  readonly #starts: Int32Array;
  readonly #ends: Int32Array;
  readonly #flags: Uint8Array;
  #nextLine = 1;
  #skipping = false;
  /** The last record ended in CR at the very end of what was there: a LF that follows belongs to it. */
  #pendingLf = false;

  /**
   * @param capacity cells that can be looked at
   * @param limit longest record, bytes
   */
  constructor(dialect: CsvDialect, capacity: number, limit: number) {
    this.#delimiter = dialect.delimiter;
    this.#decimal = dialect.decimal;
    this.#encoding = dialect.encoding;
    this.#limit = limit;
    this.#starts = new Int32Array(capacity);
    this.#ends = new Int32Array(capacity);
    this.#flags = new Uint8Array(capacity);
  }

  /** Finds the next record. */
  next(): Found {
    const { window } = this;
    for (;;) {
      if (this.#pendingLf) {
        if (window.start === window.end && !window.last) return found.nothing;
        if (window.start < window.end && window.bytes[window.start] === newline) window.start++;
        this.#pendingLf = false;
      }
      if (this.#skipping) {
        if (!this.#skipToNewline()) return found.nothing;
        continue;
      }
      if (window.start === window.end) return found.nothing;
      const first = this.#firstByteOfLine();
      if (first === hash) {
        this.#skipping = true;
        continue;
      }
      const result = this.#scan();
      if (result === found.nothing) {
        if (window.end - window.start <= this.#limit) return found.nothing;
        return this.#tooLong();
      }
      if (result === found.record && this.recordEnd - this.recordStart > this.#limit) {
        this.recordEnd = this.recordStart + this.#limit;
        return found.tooLong;
      }
      if (result === found.record && this.cells === 1 && this.#flags[0] === 0 && this.#starts[0] === this.#ends[0]) continue;
      return result;
    }
  }

  /** The number in a cell; NaN when it is not one: look at the text. */
  number(cell: number): number {
    return parseNumber(this.window.bytes, this.#starts[cell], this.#ends[cell], this.#decimal);
  }

  isEmpty(cell: number): boolean {
    return this.#starts[cell] === this.#ends[cell];
  }

  /** The text of a cell, without its quotes and, unless it is quoted, the blanks around it. */
  text(cell: number): string {
    const { bytes } = this.window;
    const start = this.#starts[cell];
    const end = this.#ends[cell];
    const text = this.beyondAscii ? decodeText(bytes.subarray(start, end), this.#encoding) : bytes.toString('latin1', start, end);
    return (this.#flags[cell] & escaped) === 0 ? text : text.replaceAll('""', '"');
  }

  /** The record's bytes as they came, without the line's end. */
  record(): Buffer {
    return this.window.bytes.subarray(this.recordStart, this.recordEnd);
  }

  #firstByteOfLine(): number {
    const { bytes, start, end } = this.window;
    let at = start;
    while (at < end && bytes[at] === space) at++;
    return at < end ? bytes[at] : 0;
  }

  #skipToNewline(): boolean {
    const { window } = this;
    const { bytes, end } = window;
    for (let at = window.start; at < end; at++) {
      if (bytes[at] === newline || bytes[at] === carriageReturn) {
        this.#endLine(at);
        this.#skipping = false;
        return true;
      }
    }
    window.start = end;
    return false;
  }

  #tooLong(): Found {
    const { window } = this;
    this.line = this.#nextLine;
    this.recordStart = window.start;
    this.recordEnd = window.start + this.#limit;
    // A quote left open may have swallowed good lines: only the first line is given up when the limit holds a line's end.
    const firstEnd = this.#lineEnd(window.start, this.recordEnd);
    if (firstEnd >= 0) return this.#giveUpLine(firstEnd);
    window.start = window.end;
    this.#skipping = true;
    return found.tooLong;
  }

  #giveUpLine(end: number): Found {
    this.line = this.#nextLine;
    this.recordStart = this.window.start;
    this.recordEnd = end;
    if (end < this.window.end) this.#endLine(end);
    else this.window.start = end;
    return found.badQuote;
  }

  #lineEnd(from: number, to: number): number {
    const { bytes } = this.window;
    for (let at = from; at < to; at++) if (bytes[at] === newline || bytes[at] === carriageReturn) return at;
    return -1;
  }

  /** Consumes up to and with the line's end at `at`. */
  #endLine(at: number): void {
    const { window } = this;
    this.#nextLine++;
    window.start = at + 1;
    if (window.bytes[at] !== carriageReturn) return;
    if (window.start === window.end) this.#pendingLf = true;
    else if (window.bytes[window.start] === newline) window.start++;
  }

  #scan(): Found {
    const { window } = this;
    const { bytes, end, start } = window;
    const delimiter = this.#delimiter;
    const starts = this.#starts;
    const ends = this.#ends;
    const flags = this.#flags;
    const capacity = starts.length;
    let cells = 0;
    let seen = 0;
    let lines = 0;
    let at = start;
    for (;;) {
      // One turn per cell: blanks, then either a quoted cell or bytes up to the delimiter or the line's end.
      while (at < end && bytes[at] === space) at++;
      let from = at;
      let to = at;
      let flag = 0;
      let byte = 0;
      if (at < end && bytes[at] === quoteByte) {
        flag = quoted;
        from = ++at;
        for (;;) {
          if (at >= end) {
            if (!window.last) return found.nothing;
            const lineEnd = this.#lineEnd(start, end);
            return this.#giveUpLine(lineEnd < 0 ? end : lineEnd);
          }
          byte = bytes[at];
          seen |= byte;
          if (byte === quoteByte) {
            if (at + 1 < end && bytes[at + 1] === quoteByte) {
              flag = quoted | escaped;
              at += 2;
              continue;
            }
            if (at + 1 === end && !window.last) return found.nothing;
            to = at++;
            break;
          }
          if (byte === newline || (byte === carriageReturn && bytes[at + 1] !== newline)) lines++;
          at++;
        }
        while (at < end && bytes[at] === space) at++;
        if (at >= end && !window.last) return found.nothing;
        byte = at < end ? bytes[at] : newline;
        if (byte !== delimiter && byte !== newline && byte !== carriageReturn) {
          const lineEnd = this.#lineEnd(start, end);
          if (lineEnd < 0 && !window.last) return found.nothing;
          return this.#giveUpLine(lineEnd < 0 ? end : lineEnd);
        }
      } else {
        while (at < end) {
          byte = bytes[at];
          if (byte === delimiter || byte === newline || byte === carriageReturn) break;
          seen |= byte;
          at++;
        }
        if (at >= end) {
          if (!window.last) return found.nothing;
          byte = newline;
        }
        to = at;
        while (to > from && isBlank(bytes[to - 1])) to--;
      }
      if (cells < capacity) {
        starts[cells] = from;
        ends[cells] = to;
        flags[cells] = flag;
      }
      cells++;
      if (byte === delimiter) {
        at++;
        continue;
      }
      this.cells = cells;
      this.beyondAscii = seen >= 0x80;
      this.line = this.#nextLine;
      this.recordStart = start;
      this.recordEnd = at;
      this.#nextLine += lines;
      if (at >= end) {
        this.#nextLine++;
        window.start = end;
      } else this.#endLine(at);
      return found.record;
    }
  }
}
