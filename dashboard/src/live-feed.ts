import { effect, signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { ApiIncident, ApiStatus, LiveHello, LiveIncident, LiveRows } from '../../serve/api.ts';
import { apiUrl, signInNeeded } from './api.ts';
import { generation } from './resource.ts';

export type FeedState = 'connecting' | 'live' | 'reconnecting' | 'offline';

/** How the live feed stands. `offline`: it has not come back for a while; it is still tried. */
export const feedState = signal<FeedState>('connecting');
/** The newest event `status`: each second while the feed is live. */
export const status = signal<ApiStatus | null>(null);

type IncidentListener = (change: LiveIncident) => void;
const incidentListeners = new Set<IncidentListener>();

/** Calls for each change of an incident: not a signal, which would keep the last of several that come together. @returns ends it */
export function onIncident(listener: IncidentListener): () => void {
  incidentListeners.add(listener);
  return () => void incidentListeners.delete(listener);
}

/** Calls for each change of an incident while the component is there. */
export function useIncidentChanges(listener: IncidentListener): void {
  const latest = useRef(listener);
  latest.current = listener;
  useEffect(() => onIncident((change) => latest.current(change)), []);
}

export interface Subscription {
  readonly stream?: string | undefined;
  readonly tags?: readonly string[];
  readonly detectors?: readonly string[];
  /** Frames a second at most. */
  readonly rate?: number;
}

interface Listener {
  onRows(rows: LiveRows): void;
  onGap(): void;
}

/** Waits between attempts, ms; the last one is kept. */
const waits = [500, 1_000, 2_000, 5_000];
/** So many failed attempts are called offline. */
const offlineAfter = 4;
/** A page nobody looks at gives its connection back after this time, ms: a browser has few. */
const hiddenFor = 60_000;

let startedAt: string | undefined;

class Connection {
  readonly listeners = new Set<Listener>();
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #wasLive = false;
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
    this.open();
  }

  open(): void {
    this.close();
    const source = new EventSource(this.#url);
    this.#source = source;
    const on = <T>(event: string, take: (data: T) => void) =>
      source.addEventListener(event, (message) => take(JSON.parse((message as MessageEvent<string>).data) as T));
    on<LiveHello>('hello', (hello) => this.#greet(hello));
    on<ApiStatus>('status', (data) => {
      status.value = data;
    });
    on<LiveIncident>('incident', (change) => {
      for (const listener of incidentListeners) listener(change);
    });
    on<LiveRows>('rows', (rows) => {
      for (const listener of this.listeners) listener.onRows(rows);
    });
    source.onerror = () => this.#lost();
  }

  get isOpen(): boolean {
    return this.#source !== undefined;
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = undefined;
  }

  #greet(hello: LiveHello): void {
    this.#failures = 0;
    feedState.value = 'live';
    const restarted = startedAt !== undefined && startedAt !== hello.startedAt;
    startedAt = hello.startedAt;
    if (restarted) generation.value++;
    else if (this.#wasLive) for (const listener of this.listeners) listener.onGap();
    this.#wasLive = true;
  }

  #lost(): void {
    this.close();
    this.#failures++;
    feedState.value = this.#failures >= offlineAfter ? 'offline' : 'reconnecting';
    if (signInNeeded.peek()) return;
    this.#timer = setTimeout(() => this.open(), waits[Math.min(this.#failures, waits.length) - 1]);
    // The feed does not say why it was refused; a plain request does.
    if (this.#failures === 1) void askWhy();
  }
}

async function askWhy(): Promise<void> {
  const answer = await fetch(apiUrl('/status')).catch(() => undefined);
  if (answer?.status === 401) signInNeeded.value = true;
}

/** One connection for each distinct subscription; the one without rows only while there is no other. */
const connections = new Map<string, Connection>();
const plain = apiUrl('/live');

function keepPlain(): void {
  const others = [...connections.keys()].some((url) => url !== plain);
  if (others) drop(plain);
  else if (!connections.has(plain)) connections.set(plain, new Connection(plain));
}

function drop(url: string): void {
  connections.get(url)?.close();
  connections.delete(url);
}

function liveUrl({ stream, tags = [], detectors = [], rate }: Subscription): string {
  if (tags.length === 0 && detectors.length === 0) return plain;
  return apiUrl('/live', { stream, rate, tags: tags.length > 0 ? tags : undefined, detectors: detectors.length > 0 ? detectors : undefined });
}

let hiddenTimer: ReturnType<typeof setTimeout> | undefined;

/** Opens the feed for the whole page, as soon as it may. */
export function startFeed(): void {
  keepPlain();
  effect(() => {
    for (const connection of connections.values()) {
      if (signInNeeded.value) connection.close();
      else if (!connection.isOpen) connection.open();
    }
  });
  document.addEventListener('visibilitychange', () => {
    clearTimeout(hiddenTimer);
    if (document.hidden) {
      hiddenTimer = setTimeout(() => {
        feedState.value = 'reconnecting';
        for (const connection of connections.values()) connection.close();
      }, hiddenFor);
    } else if (feedState.value !== 'live') {
      for (const connection of connections.values()) connection.open();
    }
  });
  window.addEventListener('online', () => {
    for (const connection of connections.values()) connection.open();
  });
}

/**
 * Rows as they come, while the component is there. Null asks for none. `onGap` is called when the feed came back after it was
 * cut: what came meanwhile has to be asked for.
 */
export function useLive(subscription: Subscription | null, onRows: (rows: LiveRows) => void, onGap?: () => void): void {
  const latest = useRef({ onRows, onGap });
  latest.current = { onRows, onGap };
  const url = subscription === null ? null : liveUrl(subscription);
  useEffect(() => {
    if (url === null) return;
    const connection = connections.get(url) ?? new Connection(url);
    connections.set(url, connection);
    const listener: Listener = { onRows: (rows) => latest.current.onRows(rows), onGap: () => latest.current.onGap?.() };
    connection.listeners.add(listener);
    keepPlain();
    return () => {
      connection.listeners.delete(listener);
      if (connection.listeners.size === 0 && url !== plain) drop(url);
      keepPlain();
    };
  }, [url]);
}

/** A list of incidents with a change put into it, in no order. */
export function withChange(incidents: readonly ApiIncident[], { incident }: LiveIncident): ApiIncident[] {
  const known = incidents.some(({ id }) => id === incident.id);
  return known ? incidents.map((old) => (old.id === incident.id ? incident : old)) : [...incidents, incident];
}
