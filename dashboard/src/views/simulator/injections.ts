import { signal } from '@preact/signals';
import type { ApiIncident } from '../../../../serve/api.ts';
import { getIncidents } from '../../api.ts';
import { onIncident } from '../../live-feed.ts';

/** An anomaly that was injected here, and what came of it. */
export interface Injection {
  readonly key: number;
  readonly item: string;
  readonly what: string;
  /** By this page's clock, ms. */
  readonly at: number;
  /** By the item's clock: nothing that was there before can come of it. */
  readonly from: string;
  /** How long its values take, ms. */
  readonly lasts: number;
  readonly outcome: 'waiting' | 'opened' | 'already-open' | 'nothing';
  readonly incident?: ApiIncident;
  /** From the injection to the incident, ms. */
  readonly after?: number;
}

/** Those of this visit, newest first. */
export const injections = signal<readonly Injection[]>([]);
const kept = 20;
/** An incident is waited for so long after an anomaly is over, ms. */
const patience = 30_000;
/** In case the live feed is not about this item, the server is asked so often, ms. */
const askEvery = 1_000;
let made = 0;

export function noteInjection(injection: Omit<Injection, 'key' | 'outcome'>): void {
  injections.value = [{ ...injection, key: ++made, outcome: 'waiting' as const }, ...injections.value].slice(0, kept);
  void watch(made);
}

const settle = (key: number, change: Partial<Injection>) => {
  injections.value = injections.value.map((one) => (one.key === key && one.outcome === 'waiting' ? { ...one, ...change } : one));
};

/** An incident that has come, or grown, since an anomaly was injected. */
function consider(incident: ApiIncident): void {
  const now = performance.now();
  for (const { key, item, at, from, outcome } of injections.peek()) {
    if (outcome !== 'waiting' || incident.stream !== item || Date.parse(incident.end) < Date.parse(from)) continue;
    // Its first flagged row may be older than the anomaly: it was there already.
    if (Date.parse(incident.start) < Date.parse(from)) settle(key, { outcome: 'already-open', incident });
    else settle(key, { outcome: 'opened', incident, after: now - at });
  }
}

onIncident(({ incident }) => consider(incident));

async function watch(key: number): Promise<void> {
  const find = () => injections.peek().find((one) => one.key === key && one.outcome === 'waiting');
  for (let injection = find(); injection; injection = find()) {
    if (performance.now() > injection.at + injection.lasts + patience) settle(key, { outcome: 'nothing' });
    await new Promise((resolve) => setTimeout(resolve, askEvery));
    // A server that does not answer is told of at the top of the page; it is asked again.
    const found = await getIncidents({ stream: injection.item, from: injection.from, limit: 5 }).catch(() => undefined);
    for (const incident of found?.incidents ?? []) consider(incident);
  }
}
