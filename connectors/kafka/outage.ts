import type { ServiceContext } from '../../core/component.ts';
import { backOff } from './backoff.ts';

/** Tells once that the cluster is away and once that it is back, however many ask it at the same time. */
export class Outage {
  readonly #context: ServiceContext | undefined;
  readonly #waiting = new Map<object, string>();
  #backAt = Number.NEGATIVE_INFINITY;

  constructor(context: ServiceContext | undefined) {
    this.#context = context;
  }

  /** Waits give up. */
  get signal(): AbortSignal | undefined {
    return this.#context?.signal;
  }

  warn(message: string): void {
    this.#context?.warn(message);
  }

  /** A request is made again. */
  retried(): void {
    this.#context?.retried?.();
  }

  /** As `backOff`; the attempt after it is counted. @throws the signal's reason when it aborts */
  async backOff(attempt: number, signal: AbortSignal): Promise<void> {
    await backOff(attempt, signal);
    this.retried();
  }

  /**
   * @param who cannot go on; has one reason at a time
   * @param since when what has failed was begun (`performance.now()`): where the cluster came back after that, it is no news that it was away
   */
  began(who: object, reason: string, since = performance.now()): void {
    if (this.#waiting.size === 0 && since < this.#backAt) return;
    if (this.#waiting.size === 0) {
      this.#context?.unavailable(reason);
      this.#context?.warn(`kafka: ${reason}; nothing is lost, this goes on when it is back`);
    }
    this.#waiting.set(who, reason);
  }

  over(who: object): void {
    if (!this.#waiting.delete(who) || this.#waiting.size > 0) return;
    // Who gives up has not found that it is back.
    if (this.signal?.aborted) return;
    this.#backAt = performance.now();
    this.#context?.unavailable(undefined);
    this.#context?.warn('kafka: back again');
  }
}
