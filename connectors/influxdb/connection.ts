import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { InfluxDB, type SendOptions } from '@influxdata/influxdb-client';
import { formatTime } from '../../core/time.ts';
import { type Action, influxError, type Place } from './failure.ts';

export interface ConnectionOptions extends Place {
  readonly token: string;
  /** For queries; default: the token. */
  readonly readToken?: string | undefined;
  /** Milliseconds that the server may be silent while it writes. */
  readonly timeout: number;
  /** Whether bodies are compressed; `auto`: unless the server is on this machine. */
  readonly gzip: 'auto' | boolean;
}

/** A bucket as its readers see it. */
export interface BucketInfo {
  readonly id: string;
  /** How long points are kept, in milliseconds; 0 = for good. */
  readonly retention: number;
}

/** A query may aggregate for long before its first line. */
const queryTimeout = 300_000;

const compress = promisify(gzip);

/** Requests to one bucket of an InfluxDB, over connections that are kept open. What fails is an `InfluxError`. Never shows the token. */
export class InfluxConnection {
  readonly at: Place;
  readonly #options: ConnectionOptions;
  readonly #agent: HttpAgent;
  readonly #writing: InfluxDB['transport'];
  readonly #reading: InfluxDB['transport'];
  readonly #gzip: boolean;
  readonly #target: string;

  constructor(options: ConnectionOptions) {
    const { url, org, bucket, token, readToken = token } = options;
    this.#options = options;
    this.at = { url, org, bucket };
    const { protocol, hostname } = new URL(url);
    this.#agent = protocol === 'https:' ? new HttpsAgent({ keepAlive: true }) : new HttpAgent({ keepAlive: true });
    this.#gzip = options.gzip === 'auto' ? !isLoopback(hostname) : options.gzip;
    // A silent server is timed here: the client reports one, but keeps its request.
    const transport = (as: string): InfluxDB['transport'] => new InfluxDB({ url, token: as, timeout: 0, transportOptions: { agent: this.#agent } }).transport;
    this.#writing = transport(token);
    this.#reading = readToken === token ? this.#writing : transport(readToken);
    this.#target = `org=${encodeURIComponent(org)}&bucket=${encodeURIComponent(bucket)}`;
  }

  /** Lines of line protocol with times in nanoseconds. What resolves is durable. An empty body is not written, but needs the right to write. */
  async write(lines: Uint8Array, signal?: AbortSignal): Promise<void> {
    const headers: Record<string, string> = { 'content-type': 'text/plain; charset=utf-8' };
    let body = lines;
    if (this.#gzip && lines.length > 0) {
      body = await compress(lines, { level: 1, chunkSize: 2 ** 21 });
      headers['content-encoding'] = 'gzip';
    }
    await this.#send('write', this.#writing, `/api/v2/write?${this.#target}&precision=ns`, body, { method: 'POST', headers }, signal);
  }

  /**
   * The answer to a Flux query in the CSV dialect of InfluxDB without annotations, in pieces as they come. The answer may end in a
   * table with the columns `error` and `reference`.
   */
  async *query(flux: string, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
    const body = JSON.stringify({ query: flux, type: 'flux', dialect: { header: true, annotations: [] } });
    const headers = { 'content-type': 'application/json; charset=utf-8', 'accept-encoding': this.#gzip ? 'gzip' : 'identity' };
    const path = `/api/v2/query?org=${encodeURIComponent(this.at.org)}`;
    const bound = new Bound(Math.max(queryTimeout, this.#options.timeout), signal);
    const pieces = this.#reading.iterate(path, body, { method: 'POST', headers, signal: bound.signal });
    try {
      for (;;) {
        // Only the server is timed, not who reads.
        bound.start();
        const { done, value } = await pieces.next();
        bound.stop();
        if (done) return;
        yield value;
      }
    } catch (error) {
      throw influxError(bound.reason ?? error, 'read', this.at);
    } finally {
      bound.close();
      // Whoever reads may stop early.
      await pieces.return?.();
    }
  }

  /** Deletes points in [first, last] by a predicate such as `_measurement="sensors" AND stream="plant"`. */
  async delete(predicate: string, first: bigint, last: bigint): Promise<void> {
    const body = Buffer.from(JSON.stringify({ start: formatTime(first), stop: formatTime(last), predicate }));
    const headers = { 'content-type': 'application/json' };
    await this.#send('delete', this.#writing, `/api/v2/delete?${this.#target}`, body, { method: 'POST', headers });
  }

  /** What the token that reads can see of the bucket; undefined when it may not read it. @throws InfluxError of the kind missing */
  async bucket(): Promise<BucketInfo | undefined> {
    const path = `/api/v2/buckets?org=${encodeURIComponent(this.at.org)}&name=${encodeURIComponent(this.at.bucket)}`;
    const answer = await this.#send('read', this.#reading, path, new Uint8Array(0), { method: 'GET' });
    const { buckets = [] } = JSON.parse(answer.toString()) as { buckets?: { id: string; retentionRules?: { everySeconds: number }[] }[] };
    if (buckets.length === 0) return undefined;
    return { id: buckets[0].id, retention: (buckets[0].retentionRules?.[0]?.everySeconds ?? 0) * 1000 };
  }

  /** Requests under way end. */
  close(): void {
    this.#agent.destroy();
  }

  async #send(action: Action, transport: InfluxDB['transport'], path: string, body: Uint8Array, options: SendOptions, signal?: AbortSignal): Promise<Buffer> {
    const bound = new Bound(this.#options.timeout, signal);
    try {
      bound.start();
      return await new Promise<Buffer>((resolve, reject) => {
        const pieces: Uint8Array[] = [];
        // The transport takes bytes as they are, whatever its type says.
        transport.send(path, body as unknown as string, { ...options, signal: bound.signal }, {
          next: (piece: Uint8Array) => void pieces.push(piece),
          complete: () => resolve(Buffer.concat(pieces)),
          error: reject,
        }); // biome-ignore format: the callbacks are one argument
      });
    } catch (error) {
      throw influxError(bound.reason ?? error, action, this.at);
    } finally {
      bound.close();
    }
  }
}

/**
 * A condition of a delete predicate. Any text can stand in it.
 * @example
 * predicate({ _measurement: 'sensors', stream: 'tank "1"' }); // '_measurement="sensors" AND stream="tank \\"1\\""'
 */
export function predicate(tags: Readonly<Record<string, string>>): string {
  return Object.entries(tags)
    .map(([tag, value]) => `${tag}="${value.replace(/["\\]/g, '\\$&')}"`)
    .join(' AND ');
}

/** Ends a request when the server is silent for too long or the caller gives up. */
class Bound {
  readonly #controller = new AbortController();
  readonly #ms: number;
  readonly #outer: AbortSignal | undefined;
  readonly #giveUp = (): void => this.#end(this.#outer?.reason);
  #timer: NodeJS.Timeout | undefined;
  /** Why it was ended here. */
  reason: unknown;

  constructor(ms: number, outer: AbortSignal | undefined) {
    this.#ms = ms;
    this.#outer = outer;
    if (outer?.aborted) this.#giveUp();
    else outer?.addEventListener('abort', this.#giveUp);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  start(): void {
    this.#timer = setTimeout(() => this.#end(new Error(`no answer within ${this.#ms / 1000} s`)), this.#ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  close(): void {
    this.stop();
    this.#outer?.removeEventListener('abort', this.#giveUp);
  }

  #end(reason: unknown): void {
    this.reason ??= reason ?? new Error('given up');
    this.#controller.abort();
  }
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname.endsWith('.localhost') || /^127\.\d+\.\d+\.\d+$/.test(hostname) || hostname === '[::1]';
}
