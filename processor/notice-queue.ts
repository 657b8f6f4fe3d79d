import { setTimeout as sleep } from 'node:timers/promises';
import type { NoticeSender } from '../core/component.ts';
import type { Delivery, Notice } from '../core/notice.ts';

/** A notice that waits. */
export interface QueuedNotice {
  readonly notice: Notice;
  /** It would come again after a crash: only then it may be sent. */
  durable: boolean;
}

interface QueueWatch {
  outcome(outcome: 'sent' | 'failed' | 'dropped'): void;
  waits(count: number): void;
  warn(message: string): void;
}

/** So many wait at most. */
const capacity = 1000;
/** Milliseconds between tries. */
const [firstPause, longestPause, longestAsked] = [500, 60_000, 600_000];

/**
 * What waits for one output, sent one after the other. A receiver that is away holds up nothing but this: tries go on, further
 * and further apart. When it is full, the notice goes that says least: one of an incident of which a later one waits too, which
 * repeats start, peak and tags; where there is none, the oldest.
 */
export class NoticeQueue {
  /** Has anything left since the last snapshot? */
  changed = false;
  /** A fault of the sender itself. */
  #failure: unknown;
  readonly #sender: NoticeSender;
  readonly #watch: QueueWatch;
  readonly #halting = new AbortController();
  #waiting: QueuedNotice[] = [];
  #underWay: QueuedNotice | undefined;
  #sending: Promise<void> | undefined;
  /** Ends the pause before the next try. */
  #pausing: AbortController | undefined;
  #draining = false;
  #closed = false;
  #full = false;
  #away = false;
  #refusal: string | undefined;

  constructor(sender: NoticeSender, watch: QueueWatch) {
    this.#sender = sender;
    this.#watch = watch;
  }

  /** What waited when the last process ended. */
  restore(notices: readonly Notice[]): void {
    for (const notice of notices) this.#waiting.push({ notice, durable: true });
    this.#changedCount();
  }

  add(notice: Notice): void {
    if (this.#waiting.length >= capacity) this.#makeRoom();
    this.#waiting.push({ notice, durable: false });
    this.#changedCount();
  }

  /** @throws what the sender threw */
  snapshot(): readonly QueuedNotice[] {
    if (this.#failure !== undefined) throw this.#failure;
    this.changed = false;
    return [...this.#waiting];
  }

  /** What the snapshot held is durable. */
  release(snapshot: readonly QueuedNotice[]): void {
    for (const queued of snapshot) queued.durable = true;
    this.begin();
  }

  /** Resolves when all that is durable was sent, or time is up. */
  async drain(ms: number): Promise<void> {
    this.#draining = true;
    this.#pausing?.abort();
    await this.#within(ms);
    this.#draining = false;
  }

  async halt(ms: number): Promise<void> {
    this.#closed = true;
    this.#pausing?.abort();
    if (ms > 0) await this.#within(ms);
    this.#halting.abort();
    await this.#sending;
  }

  async #within(ms: number): Promise<void> {
    if (!this.#sending) return;
    const over = new AbortController();
    const time = sleep(ms, undefined, { signal: over.signal }).catch(() => undefined);
    await Promise.race([this.#sending, time]);
    over.abort();
  }

  /** Sends what is durable. */
  begin(): void {
    if (this.#sending || this.#closed || !this.#waiting[0]?.durable) return;
    this.#sending = this.#sendAll()
      .catch((error: unknown) => {
        this.#failure = error;
        this.#closed = true;
        this.changed = true;
      })
      .finally(() => {
        this.#sending = undefined;
        this.#underWay = undefined;
      });
  }

  async #sendAll(): Promise<void> {
    for (let tries = 1; !this.#closed; ) {
      const [next] = this.#waiting;
      if (!next?.durable) return;
      this.#underWay = next;
      // Derived: what an attempt leaves on it goes with it.
      const delivery = await this.#sender.deliver(next.notice, AbortSignal.any([this.#halting.signal]));
      if (this.#halting.signal.aborted && delivery.outcome === 'again') return;
      this.#tell(delivery, next.notice);
      if (delivery.outcome === 'again') {
        this.#underWay = undefined;
        // At the end there is no time for a pause that the receiver asks for.
        if (this.#draining && (delivery.after ?? 0) > firstPause) return;
        await this.#pause(pauseOf(tries, delivery.after));
        tries++;
        continue;
      }
      tries = 1;
      this.#waiting.shift();
      this.#underWay = undefined;
      this.changed = true;
      this.#watch.outcome(delivery.outcome);
      this.#changedCount();
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#closed) return;
    this.#pausing = new AbortController();
    const wait = this.#draining ? Math.min(ms, firstPause) : ms;
    try {
      await sleep(wait, undefined, { signal: this.#pausing.signal });
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error;
    } finally {
      this.#pausing = undefined;
    }
  }

  /** Once when it goes away and once when it is back; a refusal once, and again when it has another reason. */
  #tell(delivery: Delivery, { key }: Notice): void {
    if (delivery.outcome === 'again') {
      if (!this.#away) this.#watch.warn(`${delivery.why}; messages wait and are tried again`);
      this.#away = true;
      return;
    }
    if (this.#away) this.#watch.warn('messages are taken again');
    this.#away = false;
    const refusal = delivery.outcome === 'failed' ? delivery.why : delivery.but;
    if (refusal !== undefined && refusal !== this.#refusal) {
      this.#watch.warn(`${refusal}; the message ${key} ${delivery.outcome === 'failed' ? 'is given up' : 'went to the others only'}`);
    }
    this.#refusal = refusal;
  }

  #makeRoom(): void {
    const candidates = this.#waiting.filter((queued) => queued !== this.#underWay);
    const repeated = candidates.find(({ notice }, i) => candidates.slice(i + 1).some((later) => later.notice.incident === notice.incident));
    const dropped = repeated ?? candidates[0];
    this.#waiting = this.#waiting.filter((queued) => queued !== dropped);
    this.changed = true;
    this.#watch.outcome('dropped');
    if (!this.#full) this.#watch.warn(`${capacity} messages wait, and that is all that are kept: of an incident only the last, then the oldest are dropped`);
    this.#full = true;
  }

  #changedCount(): void {
    this.#watch.waits(this.#waiting.length);
    if (this.#waiting.length < capacity / 2) this.#full = false;
  }
}

/** Longer after each try, and random, so that many who wait do not come back at once; what the receiver asks for within reason. */
function pauseOf(tries: number, asked = 0): number {
  const longest = Math.min(longestPause, firstPause * 2 ** (tries - 1));
  return Math.max(Math.min(asked, longestAsked), longest * (0.5 + Math.random() / 2));
}
