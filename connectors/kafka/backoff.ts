import { setTimeout as sleep } from 'node:timers/promises';

const firstMs = 100;
const longestMs = 5000;

/**
 * Waits before attempt `attempt` (1 = the second try): longer each time up to 5 s, spread by half so that those who lost a
 * server together do not return together.
 * @throws the signal's reason when it aborts
 */
export async function backOff(attempt: number, signal: AbortSignal): Promise<void> {
  const most = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 10));
  try {
    await sleep(most * (0.5 + Math.random() / 2), undefined, { signal });
  } catch {
    throw signal.reason;
  }
}
