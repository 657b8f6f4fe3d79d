/**
 * The bytes of a text that have come and are not yet consumed, in one piece, so that a record can be looked at as a
 * whole. Holds at most one record over its limit and one block.
 */
export class ByteWindow {
  bytes = Buffer.alloc(512 * 1024);
  /** First byte not yet consumed. */
  start = 0;
  end = 0;
  /** No more will come: the last record may end without a newline. */
  last = false;

  /** Copies a block in behind what is left. */
  feed(block: Uint8Array): void {
    const left = this.end - this.start;
    if (left + block.length > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(this.bytes.length * 2, left + block.length));
      larger.set(this.bytes.subarray(this.start, this.end));
      this.bytes = larger;
    } else if (this.start > 0) {
      this.bytes.copyWithin(0, this.start, this.end);
    }
    this.start = 0;
    this.end = left;
    this.bytes.set(block, left);
    this.end += block.length;
  }

  finish(): void {
    this.last = true;
  }
}

/** What a reader's `next` found. */
export const found = {
  /** Nothing whole: feed more, or stop when the window is finished. */
  nothing: 0,
  record: 1,
  /** A line over the limit; its beginning is the record's bytes, the rest is thrown away up to the next newline. */
  tooLong: 2,
  /** A quote that does not close where it should; the record's bytes are its first line, reading goes on after it. */
  badQuote: 3,
} as const;
export type Found = (typeof found)[keyof typeof found];
