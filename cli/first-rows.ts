import type { DeadLetter } from '../core/chunk.ts';
import type { Source, SourceInfo } from '../core/component.ts';

/** As many rows tell how far they are apart; reading them takes a second at most. */
export const firstRows = 20_000;

const deadShown = 3;

/** What a source says of itself and what its rows show, read up to a limit. */
export interface SourceLook extends SourceInfo {
  readonly id: string;
  /** Rows that were read. */
  readonly read: number;
  /** Of the stream with the most. */
  readonly streamRows: number;
  /** Was the source read to its end? Then `read` are all rows that it has. */
  readonly ended: boolean;
  readonly first: bigint | undefined;
  readonly last: bigint | undefined;
  /** Median time from row to row within a stream, ms; undefined when no two times differ. */
  readonly interval: number | undefined;
  readonly dead: number;
  /** The first few rows that cannot be read. */
  readonly unreadable: readonly DeadLetter[];
  readonly missing: Readonly<Record<string, number>>;
}

/** Opens a source, reads rows until there are `limit`, and closes it. @throws SOURCE_… as opening and reading do */
export async function lookAt(source: Source, limit: number): Promise<SourceLook> {
  try {
    const info = await source.open();
    const spacing = new Spacing();
    const unreadable: DeadLetter[] = [];
    let [read, dead, ended] = [0, 0, true];
    let first: bigint | undefined;
    let last: bigint | undefined;
    for await (const chunk of source.read(0)) {
      if (read + dead >= limit) {
        ended = false;
        break;
      }
      for (const { stream, times } of chunk.batches) {
        first ??= times[0];
        for (const time of times) if (last === undefined || time > last) last = time;
        spacing.add(stream, times);
        read += times.length;
      }
      unreadable.push(...chunk.dead.slice(0, deadShown - unreadable.length));
      dead += chunk.dead.length;
    }
    const missing = Object.fromEntries(source.missing());
    const { streamRows, interval } = spacing;
    return { ...info, id: source.id, read, streamRows, ended, first, last, interval, dead, unreadable, missing };
  } finally {
    await source.close();
  }
}

/** How far rows of a stream are apart, from the first of them. */
class Spacing {
  readonly #newest = new Map<string, bigint>();
  readonly #rows = new Map<string, number>();
  readonly #gaps: number[] = [];

  add(stream: string, times: BigInt64Array): void {
    this.#rows.set(stream, (this.#rows.get(stream) ?? 0) + times.length);
    if (this.#gaps.length >= firstRows) return;
    let newest = this.#newest.get(stream);
    for (const time of times) {
      if (newest !== undefined && time > newest) this.#gaps.push(Number(time - newest) / 1e6);
      if (newest === undefined || time > newest) newest = time;
    }
    if (newest !== undefined) this.#newest.set(stream, newest);
  }

  get streamRows(): number {
    return Math.max(0, ...this.#rows.values());
  }

  get interval(): number | undefined {
    const sorted = Float64Array.from(this.#gaps).sort();
    return sorted.length === 0 ? undefined : sorted[sorted.length >> 1];
  }
}
