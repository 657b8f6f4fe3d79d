import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { Services } from '../../cli/broker.ts';
import { RunRecorder } from '../../cli/run-recorder.ts';
import type { Batch } from '../../core/batch.ts';
import { loadConfig } from '../../core/config/load.ts';
import { makeLog } from '../../core/log.ts';
import { makeMetrics } from '../../core/metrics.ts';
import type { PipelineConfig } from '../../core/pipeline-config.ts';
import type { Registry } from '../../core/registry.ts';
import type { Runtime } from '../../core/runtime.ts';
import type { SimulatorControl } from '../../core/simulator.ts';
import type { Store, StoreWrite } from '../../core/store.ts';
import { Pipeline } from '../../processor/pipeline.ts';
import { makeProgress } from '../../producer/progress.ts';
import { type Server, type ServerOptions, startServer } from '../../serve/server.ts';
import { smallPlant } from '../pipeline/small-plant.ts';
import { everything, push, workbench } from '../pipeline/workbench.ts';

const attacks = [
  { from: 1900, to: 1960, tag: 'LIT101', value: 1200 },
  { from: 2400, to: 2460, tag: 'P102', value: 2 },
];

/** The small plant, judged by a real pipeline into a real store, behind a real server. */
export interface ServedPlant {
  readonly url: string;
  readonly rows: Batch;
  readonly config: PipelineConfig;
  readonly registry: Registry;
  readonly runtime: Runtime;
  readonly store: Store;
  readonly folder: string;
  /** What the pipeline gave the store so far. */
  readonly writes: readonly StoreWrite[];
  get(path: string): Promise<{ status: number; headers: Headers; body: Any }>;
  send(method: string, path: string, body?: unknown): Promise<{ status: number; headers: Headers; body: Any }>;
  /** Takes rows [from, to) through the pipeline, in one piece, and commits. */
  push(from: number, to: number): Promise<void>;
  serve(options?: Partial<ServerOptions>, of?: Runtime): Promise<Server>;
  close(): Promise<void>;
}

// biome-ignore lint/suspicious/noExplicitAny: an answer of any endpoint; its schema says more
type Any = any;

/** @param taken rows that are stored at the beginning */
export async function servedPlant({ taken = 3000, simulator }: { taken?: number; simulator?: SimulatorControl } = {}): Promise<ServedPlant> {
  const bench = await workbench();
  const file = join(bench.folder, 'plant.yaml');
  await writeFile(file, `${everything}store: { type: duckdb, path: ${join(bench.folder, 'plant.duckdb')} }\n`);
  const config = await loadConfig(file, bench.registry);
  const { registry } = bench;
  const store = await bench.openStore('plant');
  const log = await makeLog({ level: 'silent' });
  const metrics = makeMetrics();
  const services = new Services(() => undefined, new AbortController().signal, metrics);
  services.expect('store');
  const progress = makeProgress({ stream: new PassThrough() });
  const recorder = new RunRecorder({ config, log, metrics, services, progress, pace: 'max', print: () => undefined, staysUp: true, simulator });
  const writes: StoreWrite[] = [];
  const { observer } = recorder;
  const pipeline = await Pipeline.open({
    ...{ config, registry, store, key: 'plant/0', source: 'plant.csv' },
    observer: {
      ...observer,
      chunk(chunk, written, ...more) {
        writes.push(...written);
        observer.chunk?.(chunk, written, ...more);
      },
    },
  });
  recorder.start({ pipeline, description: 'the small plant', rows: undefined, resumedAt: 0, shiftMs: 0, simulator: undefined });
  const rows = smallPlant(6000, attacks);
  await push(pipeline, rows, [500], 0, taken);
  await pipeline.commit();
  const servers: Server[] = [];
  const serve: ServedPlant['serve'] = async (options = {}, of = recorder.runtime) => {
    const server = await startServer(of, { port: 0, api: { registry, store: async () => store }, ...options });
    servers.push(server);
    return server;
  };
  const { url } = await serve();
  const send: ServedPlant['send'] = async (method, path, body) => {
    const headers = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return await answerOf(await fetch(url + path, { method, ...headers }));
  };
  return {
    ...{ url, rows, config, registry, runtime: recorder.runtime, store, folder: bench.folder, writes, send, serve },
    get: (path) => send('GET', path),
    async push(from, to) {
      await push(pipeline, rows, [to - from], from, to);
      await pipeline.commit();
    },
    async close() {
      for (const server of servers) await server.close();
      progress.stop();
      await store.close();
      await bench.close();
    },
  };
}

async function answerOf(response: Response): Promise<{ status: number; headers: Headers; body: Any }> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text };
}
