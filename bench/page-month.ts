/**
 * How fast the page gets what it shows of a month: 2,592,000 rows of 51 tags, one a second, with the verdicts of three detectors, behind
 * the real server: `node dist/bench/page-month.js [duckdb|influxdb] [days] [folder]`. Prints JSON: for each request the time of the
 * first and the median of the next nine, ms, and the size of the answer. In a folder that is named the DuckDB file is kept, and taken again.
 *
 * The rows are written through the store, not by the pipeline. InfluxDB needs INFLUXD_BIN or influxd on the PATH.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadPipeline } from '../cli/load-pipeline.ts';
import { allocateBatch, type Batch } from '../core/batch.ts';
import { LiveFeed } from '../core/live-feed.ts';
import { makeMetrics } from '../core/metrics.ts';
import { makeRandom } from '../core/random.ts';
import type { Runtime } from '../core/runtime.ts';
import { makeSchema } from '../core/schema.ts';
import type { Store } from '../core/store.ts';
import { Status, type Verdicts } from '../core/verdict.ts';
import { LevelOfDetail } from '../processor/level-of-detail.ts';
import { startServer } from '../serve/server.ts';
import { startInflux } from '../test/stack/servers.ts';

const kind = process.argv[2] === 'influxdb' ? 'influxdb' : 'duckdb';
const days = Number(process.argv[3] ?? 30);
const tags = 51;
const hour = 3600;
const start = 1_451_260_800_000_000_000n;
const detectors = ['combined', 'mahalanobis', 'k-means'];
const schema = makeSchema(Array.from({ length: tags }, (_, t) => ({ name: `T${101 + t}`, kind: 'continuous' as const, stage: `P${1 + (t % 6)}` })));

const kept = process.argv[4];
const folder = kept ?? (await mkdtemp(join(tmpdir(), 'sluice-bench-')));
const influx = kind === 'influxdb' ? await startInflux() : undefined;
try {
  const { config, registry } = await loadPipeline('pipelines/swat.yaml');
  const definition = await registry.load('store', kind);
  const bucket = await influx?.freshBucket();
  const options = definition.options.parse(
    influx && bucket ? { url: influx.url, org: influx.org, bucket: bucket.bucket, token: bucket.token } : { path: join(folder, 'month.duckdb') },
  );
  const store: Store = await definition.open(options, 'own');
  const began = performance.now();
  if ((await store.streams()).length === 0) await fill(store);
  const filled = (performance.now() - began) / 1000;
  const metrics = makeMetrics();
  const runtime: Runtime = {
    ...{ config, metrics: metrics.registry, version: 'bench', startedAt: new Date(), live: new LiveFeed((error) => process.stderr.write(`${error}\n`)) },
    ...{ warmUp: () => new Map(), notReady: () => undefined, graph: () => [] },
    progress: () => ({
      ...{ rows: { read: 0, stored: 0, duplicate: 0, late: 0, dead: 0 }, ended: true, waiting: 0, openIncidents: 0 },
      ...{ streams: new Map(), services: new Map() },
    }),
  };
  const server = await startServer(runtime, { port: 0, api: { registry, store: async () => store } });
  const requests: Record<string, object> = {};
  for (const [name, path] of Object.entries(asked())) requests[name] = await timed(`${server.url}/api/streams/swat/${path}`);
  await server.close();
  await store.close();
  const result = {
    bench: `page-month: ${kind}, ${days} days of a row a second, ${tags} tags, ${detectors.length} detectors`,
    rows: days * 24 * hour,
    filledSeconds: Math.round(filled),
    requests,
    machine: { node: process.version, cpu: cpus()[0].model, cores: cpus().length, load: loadavg()[0] },
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  await influx?.close();
  if (kept === undefined) await rm(folder, { recursive: true, force: true });
}

/** What the page asks for when a view of the month, of a day or of an hour is opened. */
function asked(): Record<string, string> {
  const six = 'tags=T101,T102,T111,T121,T131,T151';
  return {
    'six tags of the month': `series?${six}`,
    'six tags of the month, 5,000 points': `series?${six}&points=5000`,
    'six tags of a day': `series?${six}&last=1d`,
    'six tags of an hour': `series?${six}&last=1h&points=5000`,
    'three scores of the month': `scores?detectors=${detectors}`,
    'three scores of an hour': `scores?detectors=${detectors}&last=1h&points=5000`,
    'thousand rows': `rows?limit=1000&detector=combined`,
    'six tags in figures, a day': `statistics?${six}&last=1d`,
    'distribution of a tag, newest 500,000': 'distribution?tag=T111&detector=combined',
    'agreement over the month': `agreement?detectors=${detectors}`,
  };
}

async function timed(url: string): Promise<object> {
  const times: number[] = [];
  let bytes = 0;
  for (let n = 0; n < 10; n++) {
    const began = performance.now();
    const answer = await fetch(url);
    const text = await answer.text();
    times.push(performance.now() - began);
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status} ${text.slice(0, 300)}`);
    bytes = text.length;
  }
  const [first, ...others] = times;
  others.sort((a, b) => a - b);
  return { firstMs: Math.round(first), medianMs: Math.round(others[4]), leastMs: Math.round(others[0]), kilobytes: Math.round(bytes / 1024) };
}

/** An hour at a time, as the pipeline would write it; committed every six. */
async function fill(store: Store): Promise<void> {
  const random = makeRandom(7, 'month');
  const detail = new LevelOfDetail(tags, 60_000);
  await store.openStream('swat', schema);
  for (let h = 0; h < days * 24; h++) {
    const batch = hourOf(h, random);
    const verdicts = detectors.map((detector, d) => verdictsOf(detector, batch, d));
    await store.append({ batch, verdicts, incidents: [], thresholds: [], buckets: detail.add(batch) });
    if (h % 6 === 5) await store.commit();
    if (h % 24 === 23) process.stderr.write(`${(h + 1) / 24} of ${days} days\n`);
  }
  await store.commit();
}

function hourOf(h: number, random: ReturnType<typeof makeRandom>): Batch {
  const batch = allocateBatch('swat', schema, hour);
  const noise = Float64Array.from({ length: 997 }, () => random.normal());
  for (let row = 0; row < hour; row++) {
    const second = h * hour + row;
    batch.times[row] = start + BigInt(second) * 1_000_000_000n;
    batch.origins[row] = second;
    for (let t = 0; t < tags; t++) {
      const value = 100 + t + 20 * Math.sin(second / (600 + 37 * t)) + noise[(row * 31 + t * 7) % 997];
      batch.values[row * tags + t] = Math.round(value * 1000) / 1000;
    }
  }
  return batch;
}

/** One row in a thousand is flagged. */
function verdictsOf(detector: string, { rows, values }: Batch, d: number): Verdicts {
  const score = Float64Array.from({ length: rows }, (_, row) => Math.abs(values[row * tags + d] % 10));
  const status = Int8Array.from({ length: rows }, (_, row) => ((row + d) % 1000 === 0 ? Status.error : Status.ok));
  return { detector, score, grade: Float64Array.from(score, (value) => value / 10), status, contributions: { rows: [], tags: [], shares: [], rest: [] } };
}
