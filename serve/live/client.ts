import type { ServerResponse } from 'node:http';

/** Bytes that may wait for a client before it is let go; it comes back and reads everything anew. */
const mostWaiting = 256 * 1024;

/** One who listens to the live feed. A frame is not given to a client that has not taken the one before. */
export class LiveClient {
  readonly #response: ServerResponse;
  /** Rows that it was not given since its last frame. */
  #skipped = 0;
  #full = false;

  constructor(response: ServerResponse) {
    this.#response = response;
    response.on('drain', () => {
      this.#full = false;
    });
  }

  /**
   * A frame of rows, ended by how many were left out.
   * @param head shared by all clients that get the frame
   * @param rows rows in it
   * @param left rows that came besides
   */
  rows(head: Buffer, rows: number, left: number, tail: (skipped: number) => string): void {
    if (this.#full) {
      this.#skipped += rows + left;
      return;
    }
    this.#response.cork();
    this.#write(head);
    this.#write(tail(left + this.#skipped));
    this.#response.uncork();
    this.#skipped = 0;
  }

  /** What changes each second: left out for a client that is slow. */
  status(event: Buffer): void {
    if (!this.#full) this.#write(event);
  }

  /** What must not be missed. */
  event(event: Buffer): void {
    if (this.#response.writableLength > mostWaiting) this.#response.destroy();
    else this.#write(event);
  }

  end(): void {
    this.#response.end();
  }

  #write(piece: Buffer | string): void {
    if (this.#response.writableEnded || this.#response.destroyed) return;
    if (!this.#response.write(piece)) this.#full = true;
  }
}
