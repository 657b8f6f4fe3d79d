/**
 * Clients of the live feed, for page-live, in a process of their own: counts what each of them gets, and how late.
 *
 *   node dist/bench/live-clients.js '<JSON of Wanted>'
 */
import { get, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { plantTags } from '../producer/plant/tags.ts';
import type { ApiStatus } from '../serve/api.ts';
import { hundredths, summary } from './live-plant.ts';

/** What the clients do. */
export interface Wanted {
  readonly url: string;
  readonly clients: number;
  /** Further ones that ask for everything and read nothing of it until the end. */
  readonly mute: number;
  readonly seconds: number;
  /** Frames a second, at most. */
  readonly rate: number;
  /** Rows a second that the source gives, those after `learned`; the plant's first row is of the time `start`, ms, and each further one a second later. */
  readonly offered: number;
  readonly learned: number;
  readonly start: number;
}

/** Tags that a client looks at. */
const tagsEach = 6;

/** Has all of them look on for so many seconds. */
async function watch(wanted: Wanted): Promise<object> {
  const { url, clients, mute, seconds } = wanted;
  const delays = new Delays(wanted);
  const statuses: ApiStatus[] = [];
  const board = await opened(`${url}/api/live`);
  eachEvent(board, (event, data) => {
    if (event !== 'status') return;
    const status = JSON.parse(data) as ApiStatus;
    statuses.push(status);
    delays.status(status);
  });
  const counts = new Float64Array(clients);
  let [measuring, bytes, skipped] = [false, 0, 0];
  const streams: IncomingMessage[] = [];
  for (let c = 0; c < clients; c++) {
    const stream = await opened(`${url}/api/live?stream=swat&tags=${tagsOf(c)}&detectors=combined&rate=${wanted.rate}`);
    eachEvent(stream, (event, data) => {
      if (event !== 'rows' || !measuring) return;
      counts[c]++;
      bytes += data.length;
      skipped += Number(/"skipped":(\d+)/.exec(data.slice(-30))?.[1]);
      delays.frame(data, Date.now());
    });
    streams.push(stream);
  }
  const mutes = Array.from({ length: mute }, () => silent(url, wanted.rate));
  await sleep(2000);
  const cpu = process.cpuUsage();
  const first = statuses.length;
  const from = performance.now();
  measuring = true;
  await sleep(seconds * 1000);
  measuring = false;
  const took = (performance.now() - from) / 1000;
  const own = process.cpuUsage(cpu);
  const during = statuses.slice(first - 1);
  const woken = await Promise.all(mutes.map(wake));
  for (const stream of [...streams, board]) stream.destroy();
  const sorted = Array.from(counts).sort((a, b) => a - b);
  return {
    clients: { clients, tagsEach, distinct: new Set(Array.from({ length: clients }, (_, c) => tagsOf(c))).size, asked: wanted.rate, seconds: hundredths(took) },
    pipeline: summary(during),
    framesPerSecond: {
      least: hundredths(sorted[0] / took),
      median: hundredths(sorted[sorted.length >> 1] / took),
      all: Math.round(counts.reduce((a, b) => a + b, 0) / took),
    },
    rowToFrameMs: delays.result(),
    kilobytesPerSecond: Math.round(bytes / took / 1024),
    rowsSkipped: skipped,
    clientCores: hundredths((own.user + own.system) / 1e6 / took),
    mute: {
      clients: mute,
      letGo: woken.filter(({ gone }) => gone).length,
      kilobytesThatWaited: Math.round(woken.reduce((sum, each) => sum + each.bytes, 0) / 1024),
      rowsSkipped: woken.reduce((sum, each) => sum + each.skipped, 0),
    },
  };
}

/** Six tags: other ones, or others together, for each of the first few hundred clients. */
function tagsOf(client: number): string {
  const step = 1 + Math.floor(client / plantTags.length);
  return Array.from({ length: tagsEach }, (_, i) => plantTags[(client + i * step) % plantTags.length]).join();
}

function opened(url: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      if (response.statusCode === 200) resolve(response.setEncoding('utf8'));
      else reject(new Error(`${url}: ${response.statusCode}`));
    }).on('error', reject);
  });
}

function eachEvent(stream: IncomingMessage, take: (event: string, data: string) => void): void {
  let rest = '';
  stream.on('error', () => undefined);
  stream.on('data', (piece: string) => {
    const events = (rest + piece).split('\n\n');
    rest = events.pop() ?? '';
    for (const text of events) {
      const [, event, data] = /^event: (\w+)\ndata: (.*)$/s.exec(text) ?? [];
      if (event !== undefined) take(event, data);
    }
  });
}

/** Asks for all tags and all scores, and does not look at them. */
function silent(url: string, rate: number): Socket {
  const { hostname, port, host } = new URL(url);
  const socket = connect(Number(port), hostname);
  socket.pause();
  socket.on('error', () => undefined);
  const detectors = 'one-class-svm,isolation-forest,k-means,lof,var,mahalanobis,k-nn,constant-broken,combined';
  socket.write(`GET /api/live?stream=swat&tags=${plantTags}&detectors=${detectors}&rate=${rate} HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  return socket;
}

/** Reads for two seconds what waited, and how much it says was left out. */
async function wake(socket: Socket): Promise<{ gone: boolean; bytes: number; skipped: number }> {
  const found = { gone: false, bytes: 0, skipped: 0 };
  let rest = '';
  socket.setEncoding('latin1').on('data', (piece: string) => {
    found.bytes += piece.length;
    let text = rest + piece;
    // The number is a chunk of its own in the answer's chunked encoding.
    for (const { 0: all, 1: skipped, index } of (rest + piece).matchAll(/"skipped":(?:\r\n[\da-f]+\r\n)?(\d+)\}/g)) {
      found.skipped += Number(skipped);
      text = (rest + piece).slice(index + all.length);
    }
    rest = text.slice(-60);
  });
  socket.resume();
  await sleep(2000);
  found.gone = socket.readableEnded || socket.destroyed;
  socket.destroy();
  return found;
}

/**
 * How long after it was due each row arrived. When the first paced row was due is taken from what the server says of rows and time: the
 * row released last was due by then. The source lets rows through ten times a second, so among many sayings one comes right behind.
 */
class Delays {
  readonly #wanted: Wanted;
  readonly #arrived: number[] = [];
  #started = Number.POSITIVE_INFINITY;

  constructor(wanted: Wanted) {
    this.#wanted = wanted;
  }

  #dueAfter(row: number): number {
    return ((row - this.#wanted.learned) * 1000) / this.#wanted.offered;
  }

  status({ time, rows, lag }: ApiStatus): void {
    this.#began(Date.parse(time) - this.#dueAfter(rows.read + (lag.rows ?? 0) - 1));
  }

  frame(data: string, at: number): void {
    const from = data.indexOf('"times":[') + 9;
    for (const time of data.slice(from, data.indexOf(']', from)).split(',')) {
      const arrived = at - this.#dueAfter((Number(time) - this.#wanted.start) / 1000);
      this.#arrived.push(arrived);
      this.#began(arrived);
    }
  }

  result(): object {
    const sorted = Float64Array.from(this.#arrived).sort();
    const quantile = (q: number): number => Math.round(sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] - this.#started);
    return { rows: sorted.length, median: quantile(0.5), p99: quantile(0.99), most: quantile(1) };
  }

  #began(at: number): void {
    if (at < this.#started) this.#started = at;
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.stdout.write(JSON.stringify(await watch(JSON.parse(process.argv[2]) as Wanted)));
}
