import { SluiceError } from '../../core/errors.ts';
import { busError } from './client.ts';
import type { Outage } from './outage.ts';

export interface Waiting {
  readonly outage: Outage;
  /** What is written to, for messages. */
  readonly place: string;
  /** Ends the wait for a cluster that is away; one that answers has a moment to do so. */
  readonly signal: AbortSignal;
  /** Ends it at once. */
  readonly closed: AbortSignal;
  /** Errors that waiting does not help against, besides faults of ours. */
  readonly isFinal?: (error: unknown) => boolean;
}

/** A broker that is well acknowledges within this; then it is told that it does not. */
const quietMs = 5000;
/** So long a broker that did not fail yet may take once the signal has aborted. */
const graceMs = 2000;

/**
 * Repeats a request until it is acknowledged: a cluster that is away, or refuses what it took before, is waited for and told
 * of once.
 * @throws the reason of the signal that ended it, errors that are final as they are
 */
export async function untilAcknowledged<T>(request: () => Promise<T>, { outage, place, signal, closed, isFinal }: Waiting): Promise<T> {
  const who = {};
  let away = false;
  const goesAway = (reason: string, since?: number): void => {
    away = true;
    outage.began(who, reason, since);
  };
  const quiet = setTimeout(goesAway, quietMs, `no acknowledgment from ${place} for ${quietMs / 1000} s`);
  try {
    for (let attempt = 1; ; attempt++) {
      const since = performance.now();
      try {
        const answer = await orEnded(request(), { signal, closed, grace: () => (away ? 0 : graceMs) });
        outage.over(who);
        return answer;
      } catch (error) {
        closed.throwIfAborted();
        if (isFinal?.(error) || error instanceof SluiceError) {
          outage.over(who);
          throw error;
        }
        signal.throwIfAborted();
        goesAway(busError(error, place).what, since);
      }
      await outage.backOff(attempt, AbortSignal.any([signal, closed]));
    }
  } finally {
    clearTimeout(quiet);
  }
}

/** What the promise gives, or the reason of a signal that aborts first: `closed` at once, `signal` after a grace. */
function orEnded<T>(promise: Promise<T>, { signal, closed, grace }: { signal: AbortSignal; closed: AbortSignal; grace: () => number }): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const close = (): void => reject(closed.reason);
    const giveUp = (): void => {
      timer = setTimeout(() => reject(signal.reason), grace());
    };
    if (closed.aborted) close();
    if (signal.aborted) giveUp();
    closed.addEventListener('abort', close);
    signal.addEventListener('abort', giveUp);
    promise.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      closed.removeEventListener('abort', close);
      signal.removeEventListener('abort', giveUp);
    });
  });
}
