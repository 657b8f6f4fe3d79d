import { parseNumber } from '../../kernels/parse-number.ts';

/** Tags and field of a series, as stored; what it does not have is left out. */
export type SeriesKey = Readonly<Record<string, string | undefined>>;

/** Takes what a response holds, series after series, each in time order. */
export interface PointSink {
  series(key: SeriesKey): void;
  /** The current point is the response's; it is gone when this returns. */
  point(response: CsvResponse): void;
}

const comma = 0x2c;
const quote = 0x22;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const maxColumns = 64;

/**
 * Reads the CSV that InfluxDB answers Flux with (RFC 4180 without annotations: tables divided by an empty line where the columns
 * change, a header before each) from bytes as they come, without an object per point.
 */
export class CsvResponse {
  readonly #sink: PointSink;
  #rest: Buffer = Buffer.alloc(0);
  #bytes: Buffer = this.#rest;
  readonly #starts = new Int32Array(maxColumns);
  readonly #ends = new Int32Array(maxColumns);
  #cells = 0;
  #quotedLine = false;
  /** Undefined between two tables: a header comes next. */
  #header: readonly string[] | undefined;
  #table = -1;
  #tableColumn = -1;
  #timeColumn = -1;
  #valueColumn = -1;
  #failing = false;
  /** What the server said when it gave up, so far. */
  #failure: string | undefined;
  #day = -1;
  #daySeconds = 0;

  /** The current point's time: the lower and the upper half of its nanoseconds, unsigned and signed. */
  timeLow = 0;
  timeHigh = 0;

  constructor(sink: PointSink) {
    this.#sink = sink;
  }

  /** What the server said where it gave up in the middle. */
  get failure(): string | undefined {
    return this.#failure;
  }

  push(piece: Uint8Array): void {
    const bytes = Buffer.from(piece.buffer as ArrayBuffer, piece.byteOffset, piece.byteLength);
    this.#bytes = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    let at = 0;
    for (;;) {
      const next = this.#split(at);
      if (next < 0) break;
      this.#line();
      at = next;
    }
    this.#rest = this.#bytes.subarray(at);
  }

  /** Whether the last line has its end. */
  get isWhole(): boolean {
    return this.#rest.length === 0;
  }

  /** The value of the current point; NaN when it is no number. */
  number(): number {
    const column = this.#valueColumn;
    return parseNumber(this.#bytes, this.#starts[column], this.#ends[column]);
  }

  integer(): bigint {
    return BigInt(this.text());
  }

  text(): string {
    return this.#text(this.#valueColumn);
  }

  time(): bigint {
    return (BigInt(this.timeHigh) << 32n) | BigInt(this.timeLow);
  }

  /** Finds the cells of the line at `from`. @returns where the next one begins; -1 when its end has not come yet */
  #split(from: number): number {
    const bytes = this.#bytes;
    const end = bytes.length;
    let cell = 0;
    let at = from;
    this.#quotedLine = false;
    for (;;) {
      let start = at;
      let stop: number;
      if (at < end && bytes[at] === quote) {
        this.#quotedLine = true;
        start = ++at;
        for (; ; at += 2) {
          while (at < end && bytes[at] !== quote) at++;
          // The byte behind a quote tells whether it ends the cell.
          if (at + 1 >= end) return -1;
          if (bytes[at + 1] !== quote) break;
        }
        stop = at++;
      } else {
        while (at < end && bytes[at] !== comma && bytes[at] !== lineFeed) at++;
        stop = at;
      }
      if (at >= end) return -1;
      let ended = bytes[at] === lineFeed;
      if (!ended && bytes[at] === carriageReturn) {
        if (at + 1 >= end) return -1;
        at++;
        ended = true;
      }
      if (ended && stop > start && bytes[stop - 1] === carriageReturn) stop--;
      if (cell < maxColumns) {
        this.#starts[cell] = start;
        this.#ends[cell++] = stop;
      }
      at++;
      if (ended) {
        this.#cells = cell;
        return at;
      }
    }
  }

  #line(): void {
    const empty = this.#cells === 1 && this.#starts[0] === this.#ends[0] && !this.#quotedLine;
    if (this.#failing) {
      if (!empty) this.#failure ??= this.#text(0) || this.#text(1) || 'no reason given';
    } else if (empty) this.#header = undefined;
    else if (this.#header === undefined) this.#begin();
    else this.#row(this.#header);
  }

  #begin(): void {
    const header = Array.from({ length: this.#cells }, (_, cell) => this.#text(cell));
    this.#header = header;
    this.#table = -1;
    this.#tableColumn = header.indexOf('table');
    this.#timeColumn = header.indexOf('_time');
    this.#valueColumn = header.indexOf('_value');
    this.#failing = header.includes('error') && header.includes('reference');
  }

  #row(header: readonly string[]): void {
    const table = this.#digits(this.#starts[this.#tableColumn], this.#ends[this.#tableColumn]);
    if (table !== this.#table) {
      this.#table = table;
      const key: Record<string, string> = {};
      for (let cell = 1; cell < header.length; cell++) {
        if (cell !== this.#tableColumn && cell !== this.#timeColumn && cell !== this.#valueColumn) key[header[cell]] = this.#text(cell);
      }
      this.#sink.series(key);
    }
    if (this.#timeColumn >= 0) this.#readTime(this.#starts[this.#timeColumn], this.#ends[this.#timeColumn]);
    this.#sink.point(this);
  }

  #text(cell: number): string {
    if (cell < 0 || cell >= this.#cells) return '';
    const text = this.#bytes.toString('utf8', this.#starts[cell], this.#ends[cell]);
    return this.#quotedLine ? text.replaceAll('""', '"') : text;
  }

  #digits(from: number, to: number): number {
    let value = 0;
    for (let at = from; at < to; at++) value = value * 10 + this.#bytes[at] - 0x30;
    return value;
  }

  /** A time such as 2015-12-28T10:00:00.000000001Z: always of four digits a year, always in UTC. */
  #readTime(from: number, to: number): void {
    const bytes = this.#bytes;
    const two = (at: number): number => bytes[at] * 10 + bytes[at + 1] - 528;
    const day = (two(from) * 100 + two(from + 2)) * 10_000 + two(from + 5) * 100 + two(from + 8);
    if (day !== this.#day) {
      this.#day = day;
      this.#daySeconds = Date.UTC(Math.trunc(day / 10_000), (Math.trunc(day / 100) % 100) - 1, day % 100) / 1000;
    }
    const seconds = this.#daySeconds + two(from + 11) * 3600 + two(from + 14) * 60 + two(from + 17);
    let nanos = 0;
    if (to - from > 20) {
      nanos = this.#digits(from + 20, to - 1);
      for (let digits = to - from - 21; digits < 9; digits++) nanos *= 10;
    }
    // seconds x 1e9 + nanos in halves of 32 bits, every product below 2^53.
    const upper = Math.floor(seconds / 65_536);
    const product = upper * 1e9;
    const productUpper = Math.floor(product / 65_536);
    const sum = (product - productUpper * 65_536) * 65_536 + (seconds - upper * 65_536) * 1e9 + nanos;
    const carry = Math.floor(sum / 4_294_967_296);
    this.timeLow = sum - carry * 4_294_967_296;
    this.timeHigh = productUpper + carry;
  }
}
