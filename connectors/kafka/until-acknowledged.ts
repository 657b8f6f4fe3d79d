import { SluiceError } from '../../core/errors.ts';
import { backOff } from './backoff.ts';
import { busError } from './client.ts';
import type { Outage } from './outage.ts';

export interface Waiting {
  readonly outage: Outage;
  /** What is written to, for messages. */
  readonly place: string;
  /** Gives up the wait. */
  readonly signal: AbortSignal;
  /** Errors that waiting does not help against, besides faults of ours. */
  readonly isFinal?: (error: unknown) => boolean;
}

/** A broker that answers at all answers within this. */
const quietMs = 5000;

/**
 * Repeats a request until it is acknowledged: a cluster that is away, or refuses what it took before, is waited for and told
 * of once.
 * @throws the signal's reason when it aborts, errors that are final as they are
 */
export async function untilAcknowledged<T>(request: () => Promise<T>, { outage, place, signal, isFinal }: Waiting): Promise<T> {
  const who = {};
  const quiet = setTimeout(() => outage.began(who, `no acknowledgment from ${place} for ${quietMs / 1000} s`), quietMs);
  try {
    for (let attempt = 1; ; attempt++) {
      try {
        return await orAborted(request(), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (isFinal?.(error) || error instanceof SluiceError) throw error;
        outage.began(who, busError(error, place).what);
      }
      await backOff(attempt, signal);
    }
  } finally {
    clearTimeout(quiet);
    outage.over(who);
  }
}

/** What the promise gives, or the signal's reason when that aborts first; the promise is left to itself then. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
  });
}
