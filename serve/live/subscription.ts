import type { StoreWrite } from '../../core/store.ts';
import type { LiveRows } from '../api.ts';
import type { LiveClient } from './client.ts';
import { PendingRows } from './pending-rows.ts';

export interface Wish {
  readonly stream: string;
  readonly tags: readonly string[];
  readonly detectors: readonly string[];
  /** Frames a second, at most. */
  readonly rate: number;
}

/** Clients that want the same: each frame is encoded once for all of them. */
export class Subscription {
  readonly wish: Wish;
  readonly clients = new Set<LiveClient>();
  readonly #pending: PendingRows;
  #sentAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(wish: Wish) {
    this.wish = wish;
    this.#pending = new PendingRows(wish.tags, wish.detectors);
  }

  write(write: StoreWrite): void {
    if (write.batch.rows === 0) return;
    this.#pending.add(write);
    this.#timer ??= setTimeout(() => this.#send(), Math.max(0, this.#sentAt + 1000 / this.wish.rate - performance.now()));
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #send(): void {
    this.#timer = undefined;
    if (this.#pending.isEmpty) return;
    this.#sentAt = performance.now();
    const { times, tags, verdicts, left } = this.#pending.take();
    const rows: LiveRows = { stream: this.wish.stream, times, tags, verdicts, skipped: 0 };
    const text = JSON.stringify(rows);
    // What was left out differs from client to client, and stands last.
    const head = Buffer.from(`event: rows\ndata: ${text.slice(0, text.lastIndexOf('0'))}`);
    const tail = (skipped: number): string => `${skipped}}\n\n`;
    for (const client of this.clients) client.rows(head, times.length, left, tail);
  }
}
