import type { NoticeSender, Output } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';
import type { Notice } from '../core/notice.ts';
import { decodeRecord, encodeRecord, type Plain, recordHash, restoreRecord } from '../core/record.ts';
import type { Schema } from '../core/schema.ts';
import type { IncidentTurn } from './incidents.ts';
import { type DetectorNotices, decide } from './notice-policy.ts';
import { NoticeQueue, type QueuedNotice } from './notice-queue.ts';

/** What becomes of notices. */
export type NoticeOutcome = 'sent' | 'failed' | 'ignored' | 'held' | 'dropped';

/** What the outbox tells of itself. */
export interface OutboxWatch {
  notified?(output: string, outcome: NoticeOutcome): void;
  /** @param key of the pipeline's manifest */
  noticesWait?(key: string, output: string, count: number): void;
  warned?(message: string): void;
}

/** What is known of one stream, by output. */
type SavedOutbox = { [output: string]: { detectors: { [detector: string]: DetectorNotices }; waiting: Notice[] } };

const outboxKind = 'outbox';
const recordSuffix = '/outbox';

/** One output's part: what waits, of all streams, and by stream what it knows of detectors. */
interface Line {
  readonly sender: NoticeSender;
  readonly queue: NoticeQueue;
  readonly streams: Map<string, Map<string, DetectorNotices>>;
}

/**
 * Notices of one pipeline on their way out. Each is made when rows bring it, becomes durable with the commit of those rows, is
 * sent after that, and goes with a later commit. So it is sent twice only when the process dies in between, under the same key.
 */
export class Outbox {
  readonly #key: string;
  readonly #watch: OutboxWatch;
  readonly #lines: readonly Line[];
  /** Streams of which something else is to be kept than what was saved last. */
  #touched = new Set<string>();
  /** Streams of which something waited when that was saved. */
  #waited: ReadonlySet<string> = new Set();

  /** @throws CONFIG_INVALID when two outputs have one name */
  constructor(key: string, outputs: readonly Output[], watch: OutboxWatch = {}) {
    this.#key = key;
    this.#watch = watch;
    const senders = outputs.flatMap(({ notices }) => notices ?? []);
    const twice = senders.find(({ name }, i) => senders.findIndex((other) => other.name === name) < i);
    if (twice) {
      throw new SluiceError('CONFIG_INVALID', `two outputs are named '${twice.name}', and what waits for them is told apart by it`, {
        place: 'outputs',
        fix: `Give one of them another \`name\`.`,
      });
    }
    this.#lines = senders.map((sender) => {
      const queue = new NoticeQueue(sender, {
        outcome: (outcome) => watch.notified?.(sender.name, outcome),
        waits: (count) => watch.noticesWait?.(key, sender.name, count),
        warn: (message) => watch.warned?.(`${sender.name}: ${message}`),
      });
      return { sender, queue, streams: new Map() };
    });
  }

  /** Has anything left since the last `save`, so that there is something to commit? */
  get changed(): boolean {
    return this.#lines.some(({ queue }) => queue.changed);
  }

  /** Whether a record of a manifest holds notices. */
  static owns(record: string): boolean {
    return record.endsWith(recordSuffix);
  }

  /** What waited, to be sent from `begin` on. @throws RECORD_CORRUPT, RECORD_VERSION */
  async load(records: Readonly<Record<string, string>>, read: (hash: string) => Promise<Uint8Array>): Promise<void> {
    for (const [name, hash] of Object.entries(records)) {
      if (!Outbox.owns(name)) continue;
      const stream = decodeURIComponent(name.slice(0, -recordSuffix.length));
      const place = `notices of stream '${stream}'`;
      const bytes = await read(hash);
      await restoreRecord(place, async () => this.#restore(stream, decodeRecord(bytes, outboxKind, place) as unknown as SavedOutbox));
    }
  }

  /** Sends what is durable, unless that goes on already. */
  begin(): void {
    for (const { queue } of this.#lines) queue.begin();
  }

  #restore(stream: string, saved: SavedOutbox): void {
    this.#touched.add(stream);
    for (const [output, { detectors, waiting }] of Object.entries(saved)) {
      const line = this.#lines.find(({ sender }) => sender.name === output);
      if (line) {
        line.streams.set(stream, new Map(Object.entries(detectors)));
        line.queue.restore(waiting);
      } else if (waiting.length > 0) {
        this.#watch.warned?.(`${output}: there is no output of this name any more, ${waiting.length} messages that waited for it are dropped`);
        for (const _ of waiting) this.#watch.notified?.(output, 'dropped');
      }
    }
  }

  /** Makes notices of what happened to incidents of a stream. */
  take(stream: string, turns: readonly IncidentTurn[], schema: Schema): void {
    if (this.#lines.length === 0 || turns.length === 0) return;
    this.#touched.add(stream);
    for (const { sender, queue, streams } of this.#lines) {
      const known = streams.get(stream) ?? new Map<string, DetectorNotices>();
      streams.set(stream, known);
      for (const turn of turns) {
        const decision = decide(turn, schema, sender.rules, known);
        if (!decision) continue;
        if ('notice' in decision) queue.add(decision.notice);
        else this.#watch.notified?.(sender.name, decision.outcome);
      }
    }
  }

  /** Records of what waits at this moment, of the streams of which that has changed: by name, undefined where none is kept any more; and what to call when they are durable. */
  save(): { names: Map<string, string | undefined>; fresh: Map<string, Uint8Array>; durable(): void } {
    const names = new Map<string, string | undefined>();
    const fresh = new Map<string, Uint8Array>();
    const waiting = this.#lines.map(({ queue }): readonly QueuedNotice[] => queue.snapshot());
    const byStream = waiting.map(groupByStream);
    const waits = new Set(byStream.flatMap((streams) => [...streams.keys()]));
    for (const stream of new Set([...this.#touched, ...this.#waited, ...waits])) {
      const name = `${encodeURIComponent(stream)}${recordSuffix}`;
      names.set(name, undefined);
      if (this.#lines.length === 0) continue;
      const saved: SavedOutbox = {};
      for (const [i, { sender, streams }] of this.#lines.entries()) {
        saved[sender.name] = { detectors: Object.fromEntries(streams.get(stream) ?? []), waiting: byStream[i].get(stream) ?? [] };
      }
      const bytes = encodeRecord(outboxKind, saved as unknown as Plain);
      const hash = recordHash(bytes);
      names.set(name, hash);
      fresh.set(hash, bytes);
    }
    this.#touched = new Set();
    this.#waited = waits;
    return { names, fresh, durable: () => this.#lines.forEach(({ queue }, i) => void queue.release(waiting[i])) };
  }

  /** Resolves when all that is durable has been sent, or after so many milliseconds. */
  async drain(ms: number): Promise<void> {
    await Promise.all(this.#lines.map(({ queue }) => queue.drain(ms)));
  }

  /** Sends no more. What is under way may arrive within so many milliseconds. */
  async halt(ms: number): Promise<void> {
    await Promise.all(this.#lines.map(({ queue }) => queue.halt(ms)));
    for (const { sender } of this.#lines) this.#watch.noticesWait?.(this.#key, sender.name, 0);
  }
}

function groupByStream(queued: readonly QueuedNotice[]): Map<string, Notice[]> {
  const groups = new Map<string, Notice[]>();
  for (const { notice } of queued) groups.set(notice.stream, [...(groups.get(notice.stream) ?? []), notice]);
  return groups;
}
