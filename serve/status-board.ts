import { existsSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Registry } from '../core/registry.ts';
import type { Runtime, RuntimeProgress } from '../core/runtime.ts';
import type { ApiStatus } from './api.ts';
import { shownTime } from './asked-range.ts';
import { type GraphEdge, graphOf } from './pipeline-info.ts';
import { Rates } from './rates.ts';

/** Milliseconds between looks. */
const interval = 1000;
/** Streams that are told of. */
const mostStreams = 100;
/** Rows older than this are of another time, such as a recording's: how late they are says nothing. */
const present = 86_400_000;

/** How the process, its pipeline and its machine are doing: looked at each second, whoever asks. */
export class StatusBoard {
  readonly #runtime: Runtime;
  readonly #registry: Registry;
  readonly #rates = new Rates();
  readonly #timer: NodeJS.Timeout;
  readonly #listeners = new Set<(status: ApiStatus) => void>();
  #edges: Promise<readonly GraphEdge[]> | undefined;
  #current: { readonly at: number; readonly status: Promise<ApiStatus> } | undefined;
  #load = { at: 0, process: process.cpuUsage(), machine: machineTimes(), cores: 0, share: 0 };

  constructor(runtime: Runtime, registry: Registry) {
    this.#runtime = runtime;
    this.#registry = registry;
    this.#load.at = performance.now();
    this.#sample(runtime.progress());
    this.#timer = setInterval(() => this.#look(), interval).unref();
  }

  /** At most a second old. */
  current(): Promise<ApiStatus> {
    const now = performance.now();
    if (!this.#current || now - this.#current.at > interval) this.#current = { at: now, status: this.#make() };
    return this.#current.status;
  }

  /** Calls each second. @returns ends it */
  subscribe(listener: (status: ApiStatus) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#listeners.clear();
  }

  #look(): void {
    this.#sample(this.#runtime.progress());
    if (this.#listeners.size === 0) return;
    this.#current = { at: performance.now(), status: this.#make() };
    void this.#current.status.then((status) => {
      for (const listener of this.#listeners) listener(status);
    });
  }

  #sample({ streams }: RuntimeProgress): void {
    const now = performance.now();
    const counts = new Map<string, number>();
    for (const { from, rows } of this.#runtime.graph()) counts.set(`edge ${from}`, rows);
    for (const [stream, { rows }] of streams) counts.set(`stream ${stream}`, rows);
    this.#rates.sample(now, counts);
    const { at, process: before, machine } = this.#load;
    if (now - at < interval / 2) return;
    const used = process.cpuUsage();
    const times = machineTimes();
    const [busy, all] = [times.busy - machine.busy, times.all - machine.all];
    const cores = (used.user + used.system - before.user - before.system) / 1000 / (now - at);
    this.#load = { at: now, process: used, machine: times, cores, share: all > 0 ? busy / all : this.#load.share };
  }

  async #make(): Promise<ApiStatus> {
    const runtime = this.#runtime;
    const { rows, ended, waiting, openIncidents, streams, services } = runtime.progress();
    const reason = runtime.notReady() ?? null;
    const warmUps = runtime.warmUp();
    const names = [...new Set([...warmUps.keys(), ...streams.keys()])];
    const newest = (name: string): bigint | undefined => streams.get(name)?.newest;
    names.sort((a, b) => Number((newest(b) ?? 0n) - (newest(a) ?? 0n)));
    const age = names.length === 0 || newest(names[0]) === undefined ? undefined : Date.now() - Number((newest(names[0]) as bigint) / 1_000_000n);
    return {
      time: new Date().toISOString(),
      ...{ ready: reason === null, reason, ended, rows, openIncidents, streamCount: names.length },
      rowsPerSecond: this.#rates.of('edge bus'),
      lag: { rows: waiting ?? null, seconds: age !== undefined && age < present ? Math.max(0, age / 1000) : null },
      streams: names.slice(0, mostStreams).map((stream) => ({
        stream,
        warmUp: warmUps.get(stream) ?? { stage: 'waiting', have: 0, need: 0 },
        rowsPerSecond: this.#rates.of(`stream ${stream}`),
        newest: shownTime(newest(stream)),
      })),
      edges: await this.#edgeRates(),
      services: [...services].map(([name, up]) => ({ name, up })),
      process: { cpu: this.#load.cores, memory: process.memoryUsage.rss(), uptime: process.uptime() },
      host: { cpu: this.#load.share, cores: cpus().length, memory: { used: totalmem() - freemem(), total: totalmem() }, disk: await this.#disk() },
    };
  }

  async #edgeRates(): Promise<ApiStatus['edges']> {
    const passed = this.#runtime.graph();
    const source = passed.some(({ from }) => from === 'source');
    this.#edges ??= graphOf(this.#runtime.config, this.#registry, { source }).then(({ edges }) => edges);
    const from = { read: 'source', processed: 'bus', stored: 'pipeline' } as const;
    return (await this.#edges).map((edge) => ({
      ...{ from: edge.from, to: edge.to },
      rows: passed.find((each) => each.from === from[edge.rows])?.rows ?? 0,
      rowsPerSecond: this.#rates.of(`edge ${from[edge.rows]}`),
    }));
  }

  async #disk(): Promise<ApiStatus['host']['disk']> {
    const { path } = this.#runtime.config.store.options;
    const folder = typeof path === 'string' ? dirname(path) : undefined;
    if (folder === undefined || !existsSync(folder)) return null;
    const { blocks, bfree, bsize } = await statfs(folder);
    return { used: (blocks - bfree) * bsize, total: blocks * bsize };
  }
}

function machineTimes(): { busy: number; all: number } {
  let [busy, all] = [0, 0];
  for (const { times } of cpus()) {
    const each = times.user + times.nice + times.sys + times.irq;
    busy += each;
    all += each + times.idle;
  }
  return { busy, all };
}
