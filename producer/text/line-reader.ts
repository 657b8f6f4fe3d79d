import { isBlank } from '../../kernels/parse-number.ts';
import { ByteWindow, type Found, found } from './byte-window.ts';

/** Splits text into lines (LF or CRLF) that are not blank. */
export class LineReader {
  readonly window = new ByteWindow();
  /** Physical line of the record, 1-based. */
  line = 0;
  readonly #limit: number;
  #start = 0;
  #end = 0;
  #skipping = false;

  /** @param limit longest line, bytes */
  constructor(limit: number) {
    this.#limit = limit;
  }

  next(): Found {
    const { window } = this;
    for (;;) {
      const at = window.bytes.subarray(0, window.end).indexOf(0x0a, window.start);
      if (this.#skipping) {
        window.start = at < 0 ? window.end : at + 1;
        if (at < 0) return found.nothing;
        this.#skipping = false;
        continue;
      }
      const length = (at < 0 ? window.end : at) - window.start;
      if (length > this.#limit) {
        this.#take(window.start, window.start + this.#limit);
        this.#skipping = true;
        return found.tooLong;
      }
      if (at < 0 && (!window.last || length === 0)) return found.nothing;
      this.#take(window.start, at < 0 ? window.end : at);
      window.start = at < 0 ? window.end : at + 1;
      while (this.#end > this.#start && isBlank(window.bytes[this.#end - 1])) this.#end--;
      if (this.#end > this.#start) return found.record;
    }
  }

  /** The record's bytes, without the line's end. */
  record(): Buffer {
    return this.window.bytes.subarray(this.#start, this.#end);
  }

  #take(start: number, end: number): void {
    this.line++;
    this.#start = start;
    this.#end = end;
  }
}
