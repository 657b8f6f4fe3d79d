import { setTimeout as sleep } from 'node:timers/promises';
import type { ServiceContext } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { formatDuration } from '../../core/time.ts';
import { InfluxError } from './failure.ts';

/** Milliseconds that whoever has no context waits for a service that is away, and everybody when it is opened. */
export const patience = 30_000;
/** Milliseconds after which a request that keeps failing is told of even while others succeed. */
const suspicious = 3000;
/** Milliseconds that are still waited once all is to end. */
const grace = 5000;
const [firstDelay, longestDelay] = [100, 10_000];

export interface Waiting {
  /** Which failures are waited out; default: all that pass by themselves or when somebody sets the service right. */
  readonly passes?: (error: InfluxError) => boolean;
  /** Milliseconds to wait in all; default: until told to end, or `patience` where nobody can tell. */
  readonly patience?: number;
}

/** Waits for a service that is away, tells of it once when it goes and once when it is back, and gives up when told to end. */
export class Outage {
  readonly #context: ServiceContext | undefined;
  readonly #closing = new AbortController();
  /** Derived: a signal that many stores share would warn of many listeners. */
  readonly #ending: AbortSignal | undefined;
  readonly #underWay = new Set<AbortController>();
  #endsAt = Number.POSITIVE_INFINITY;
  /** What keeps failing now. */
  readonly #failing = new Set<object>();
  #since: number | undefined;
  #lastSuccess = 0;

  constructor(context: ServiceContext | undefined) {
    this.#context = context;
    this.#ending = context?.signal && AbortSignal.any([context.signal]);
    if (this.#ending?.aborted) this.#endSoon();
    else this.#ending?.addEventListener('abort', () => this.#endSoon(), { signal: this.#closing.signal });
  }

  /**
   * Makes an attempt until one succeeds, with longer and longer random pauses in between.
   * @param attempt given up when its signal is aborted
   * @throws what the attempt threw, when it does not pass or time is up; STORE_UNAVAILABLE when told to end meanwhile
   */
  async through<T>(attempt: (signal: AbortSignal) => Promise<T>, { passes = (error) => error.passes, patience: ms }: Waiting = {}): Promise<T> {
    const begun = performance.now();
    const bound = ms ?? (this.#context ? Number.POSITIVE_INFINITY : patience);
    const own = {};
    try {
      for (let tries = 1; ; tries++) {
        if (tries > 1) this.#context?.retried?.();
        const started = performance.now();
        try {
          const result = await this.#bounded(attempt);
          this.#succeeded(own);
          return result;
        } catch (error) {
          if (!(error instanceof InfluxError) || !passes(error)) {
            // It answers.
            if (error instanceof InfluxError && !error.passes) this.#succeeded(own);
            throw error;
          }
          const pause = Math.min(delay(tries, error.retryAfter), this.#endsAt - performance.now());
          if (pause <= 0 || this.#closing.signal.aborted) throw givenUp(error);
          if (performance.now() + pause - begun > bound) throw error;
          // One failure may be a connection that was closed while it was idle, or one of the outage that is just over.
          if (tries > 1 && (started > this.#lastSuccess || performance.now() - begun > suspicious)) this.#failed(own, error);
          await this.#pause(pause);
        }
      }
    } finally {
      this.#failing.delete(own);
    }
  }

  /** Milliseconds since the server last answered; 0 while it is asked or known to be away. */
  get quietFor(): number {
    return this.#underWay.size > 0 || this.#since !== undefined ? 0 : performance.now() - this.#lastSuccess;
  }

  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  /** Ends all waiting. */
  close(): void {
    this.#closing.abort();
    if (this.#since !== undefined) this.#context?.unavailable(undefined);
    this.#since = undefined;
    for (const controller of this.#underWay) controller.abort();
  }

  #endSoon(): void {
    this.#endsAt = performance.now() + grace;
    for (const controller of this.#underWay) abortLater(controller);
  }

  /** Once all is to end, an answer is not waited for beyond the grace. */
  async #bounded<T>(attempt: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.#underWay.add(controller);
    if (this.#closing.signal.aborted) controller.abort();
    else if (this.#ending?.aborted) abortLater(controller);
    const ended = new Promise<never>((_, reject) => {
      const end = (): void => reject(new InfluxError('away', 'STORE_UNAVAILABLE', 'InfluxDB does not answer', { said: 'no answer', cause: undefined }));
      if (controller.signal.aborted) end();
      else controller.signal.addEventListener('abort', end);
    });
    try {
      return await Promise.race([attempt(controller.signal), ended]);
    } finally {
      this.#underWay.delete(controller);
    }
  }

  #failed(what: object, error: InfluxError): void {
    this.#failing.add(what);
    if (this.#since !== undefined) return;
    this.#since = performance.now();
    this.#context?.unavailable(error.what);
    this.#context?.warn(`${error.message} Rows wait, and nothing is lost.`);
  }

  #succeeded(what: object): void {
    this.#lastSuccess = performance.now();
    this.#failing.delete(what);
    if (this.#since === undefined || this.#failing.size > 0) return;
    const away = this.#lastSuccess - this.#since;
    this.#since = undefined;
    this.#context?.unavailable(undefined);
    this.#context?.warn(`InfluxDB takes requests again, after ${formatDuration(away)}`);
  }

  /** Shorter when all is to end. */
  async #pause(ms: number): Promise<void> {
    const signals = [this.#closing.signal, ...(this.#ending && !this.#ending.aborted ? [this.#ending] : [])];
    try {
      await sleep(ms, undefined, { signal: AbortSignal.any(signals) });
    } catch (error) {
      if ((error as Error).name !== 'AbortError') throw error;
    }
  }
}

/** A request that is over by then does not mind. */
function abortLater(controller: AbortController): void {
  setTimeout(() => controller.abort(), grace).unref();
}

/** Longer after each try, and random, so that many who wait do not come back at once. */
function delay(tries: number, retryAfter = 0): number {
  const longest = Math.min(longestDelay, firstDelay * 2 ** (tries - 1));
  return Math.max(retryAfter, longest * (0.5 + Math.random() / 2));
}

function givenUp(error: InfluxError): SluiceError {
  return new SluiceError('STORE_UNAVAILABLE', `gave up waiting for InfluxDB: ${error.what}`, {
    ...(error.place === undefined ? {} : { place: error.place }),
    fix: 'What was not committed is taken in again at the next start.',
    cause: error,
  });
}
