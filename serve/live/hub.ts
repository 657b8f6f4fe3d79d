import type { ServerResponse } from 'node:http';
import type { Incident } from '../../core/incident.ts';
import type { LiveFeed } from '../../core/live-feed.ts';
import type { StoreWrite } from '../../core/store.ts';
import type { LiveHello, LiveIncident } from '../api.ts';
import { Refusal } from '../problem.ts';
import type { ServedStreams } from '../served-streams.ts';
import { type Mark, shownIncident } from '../shown-incident.ts';
import type { StatusBoard } from '../status-board.ts';
import { LiveClient } from './client.ts';
import { Subscription, type Wish } from './subscription.ts';

/** Clients at the same time. */
const mostClients = 300;
/** Milliseconds between signs of life. */
const heartbeat = 15_000;

interface HubParts {
  readonly feed: LiveFeed;
  readonly board: StatusBoard;
  readonly streams: ServedStreams;
  readonly failed: (error: unknown) => void;
}

/** Gives what passes to all who listen. While nobody does, it is not even looked at. */
export class LiveHub {
  readonly #parts: HubParts;
  readonly #subscriptions = new Map<string, Subscription>();
  /** By client: the stream whose incidents it wants; undefined: all. */
  readonly #clients = new Map<LiveClient, string | undefined>();
  /** Marks that were set here, by incident; what comes from the pipeline knows nothing of them. */
  readonly #marks = new Map<string, Mark | undefined>();
  #leave: (() => void)[] = [];
  #beat: NodeJS.Timeout | undefined;

  constructor(parts: HubParts) {
    this.#parts = parts;
  }

  /** @throws Refusal 503 when there are as many as can be */
  requireRoom(): void {
    if (this.#clients.size < mostClients) return;
    const fix = 'Close a page that watches, or try again later.';
    throw new Refusal(503, 'TOO_MANY_CLIENTS', `${mostClients} clients watch already, and no more can`, { fix });
  }

  /** @param wish undefined: incidents and status alone */
  add(response: ServerResponse, hello: LiveHello, stream: string | undefined, wish: Wish | undefined): void {
    const client = new LiveClient(response);
    client.event(encode('hello', hello));
    if (this.#clients.size === 0) this.#begin();
    this.#clients.set(client, stream);
    const subscription = wish && this.#subscribe(wish);
    subscription?.clients.add(client);
    response.on('close', () => {
      this.#clients.delete(client);
      subscription?.clients.delete(client);
      if (subscription?.clients.size === 0) this.#unsubscribe(subscription);
      if (this.#clients.size === 0) this.#end();
    });
  }

  /** What people say of an incident. */
  async marked(incident: Incident, mark: Mark | undefined): Promise<void> {
    this.#marks.set(incident.id, mark);
    await this.#tell(incident, 'marked');
  }

  close(): void {
    for (const client of this.#clients.keys()) client.end();
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#end();
  }

  #subscribe(wish: Wish): Subscription {
    const key = JSON.stringify([wish.stream, wish.tags, wish.detectors, wish.rate]);
    const subscription = this.#subscriptions.get(key) ?? new Subscription(wish);
    this.#subscriptions.set(key, subscription);
    return subscription;
  }

  #unsubscribe(subscription: Subscription): void {
    subscription.close();
    for (const [key, each] of this.#subscriptions) if (each === subscription) this.#subscriptions.delete(key);
  }

  #begin(): void {
    const { feed, board, failed } = this.#parts;
    const leaveFeed = feed.subscribe({
      write: (write) => this.#write(write),
      incident: (incident, change) => void this.#tell(incident, change).catch(failed),
    });
    const leaveBoard = board.subscribe((status) => {
      const event = encode('status', status);
      for (const client of this.#clients.keys()) client.status(event);
    });
    this.#leave = [leaveFeed, leaveBoard];
    const beat = Buffer.from(': still here\n\n');
    this.#beat = setInterval(() => {
      for (const client of this.#clients.keys()) client.status(beat);
    }, heartbeat);
  }

  #end(): void {
    for (const leave of this.#leave) leave();
    this.#leave = [];
    clearInterval(this.#beat);
  }

  #write(write: StoreWrite): void {
    for (const subscription of this.#subscriptions.values()) if (subscription.wish.stream === write.batch.stream) subscription.write(write);
  }

  async #tell(incident: Incident, change: LiveIncident['change']): Promise<void> {
    if (this.#clients.size === 0) return;
    const schema = await this.#parts.streams.schemaOf(incident.stream);
    const told: LiveIncident = { change, incident: shownIncident(incident, schema, this.#marks.get(incident.id)) };
    const event = encode('incident', told);
    for (const [client, stream] of this.#clients) if (stream === undefined || stream === incident.stream) client.event(event);
  }
}

function encode(event: string, data: object): Buffer {
  return Buffer.from(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}
