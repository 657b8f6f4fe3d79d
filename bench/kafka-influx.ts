/**
 * The pipeline of pipelines/swat-kafka.yaml as its two processes, through a real Kafka into a real InfluxDB, all on this machine:
 * `node dist/bench/kafka-influx.js [rows] [seconds] [profiles]`. Prints JSON:
 *
 * - rows/s of `produce`, and of `process` over a topic that is full, without detectors and with all of them, with the CPU time of
 *   every process meanwhile;
 * - at 1,000 rows/s offered for so many seconds: how long a row takes from its append to the topic until a query finds it.
 *
 * Where a folder for profiles is named, it holds a CPU profile of `process` with all detectors afterwards, and nothing else is measured.
 *
 * Needs Java and Maven for Kafka, and INFLUXD_BIN or influxd on the PATH.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Kafka, logLevel } from 'kafkajs';
import { measurement, originField } from '../connectors/influxdb/layout.ts';
import type { FreshBucket } from '../test/stack/influx-access.ts';
import { type InfluxServer, type KafkaServer, startInflux, startKafka } from '../test/stack/servers.ts';
import { writePlantRows } from './plant-rows.ts';

const rows = Number(process.argv[2] ?? 100_000);
const seconds = Number(process.argv[3] ?? 30);
const profiles = process.argv[4];
const offered = 1000;
/** Rows that the pipeline learns from: they wait for the fit. */
const learned = 7200;
const main = join(import.meta.dirname, '../cli/main.js');
const pipeline = 'pipelines/swat-kafka.yaml';

/** Clock ticks of Linux are hundredths of a second. */
const ticks = 100;

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
const [kafka, influx] = await Promise.all([startKafka(), startInflux()]);
try {
  const csv = join(folder, 'plant.csv');
  await writePlantRows(csv, rows);
  const result = {
    bench: 'kafka-influx: csv to Kafka to InfluxDB, pipelines/swat-kafka.yaml',
    rows,
    tags: 51,
    produce: await produceAll(csv),
    ...(profiles === undefined
      ? { withoutDetectors: await forwardAll(), withDetectors: await processAll(), appendToQueryable: await measureLatency() }
      : { withDetectors: await processAll(['--cpu-prof', `--cpu-prof-dir=${profiles}`]) }),
    machine: { node: process.version, cpu: cpus()[0].model, cores: cpus().length, load: loadavg()[0] },
  };
  process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
} finally {
  await Promise.all([kafka.close(), influx.close()]);
  await rm(folder, { recursive: true, force: true });
}

async function produceAll(csv: string): Promise<object> {
  const meter = cpuMeter({ kafka, influx });
  const child = sluice('produce', await target('produce', 'SWAT', [`source={type: csv, path: ${csv}}`]), ['--pace', 'max', '--json']);
  const { rowsPerSecond } = await summaryOf<{ rowsPerSecond: number }>(child);
  return { rowsPerSecond, ...meter.perRow(rows) };
}

/** Rows alone: no detector, no verdict, no position. */
async function forwardAll(): Promise<object> {
  const meter = cpuMeter({ kafka, influx });
  const child = start(join(import.meta.dirname, 'forward-rows.js'), await target('forward', 'SWAT', []));
  return { ...stored(await summaryOf(child)), ...meter.perRow(rows) };
}

async function processAll(node: readonly string[] = []): Promise<object> {
  const meter = cpuMeter({ kafka, influx });
  const summary = await summaryOf<Summary>(sluice('process', await target('process', 'SWAT', []), ['--until-end', '--json'], node));
  return { ...stored(summary), incidents: summary.incidents, ...meter.perRow(rows) };
}

interface Summary {
  readonly rowsStored: number;
  readonly rowsPerSecond: number;
  readonly seconds: number;
  readonly peakRssMb: number;
  readonly incidents?: object;
}

function stored({ rowsStored, rowsPerSecond, seconds: took, peakRssMb }: Summary): object {
  if (rowsStored !== rows) throw new Error(`${rowsStored} of ${rows} rows were stored`);
  return { rowsPerSecond, seconds: took, peakRssMb };
}

/** From the timestamp that the producer gave a message until a query of the newest stored offset reaches its offset. */
async function measureLatency(): Promise<object> {
  const topic = 'LIVE';
  const csv = join(folder, 'live.csv');
  const live = offered * seconds;
  await writePlantRows(csv, learned + live);
  const bucket = await influx.freshBucket();
  const set = await target('live', topic, [`source={type: csv, path: ${csv}}`], bucket);
  const processing = sluice('process', set, ['--until-end', '--json']);
  const producing = sluice('produce', set, ['--pace', `${offered}/s`, '--json']);
  const seen: { offset: number; at: number }[] = [];
  const meter = cpuMeter({ kafka, influx });
  let over = false;
  const produced = summaryOf(producing);
  const processed = summaryOf(processing).finally(() => {
    over = true;
  });
  while (!over) {
    const offset = await newestOffset(bucket);
    if (offset !== undefined && offset !== seen.at(-1)?.offset) seen.push({ offset, at: Date.now() });
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  await Promise.all([produced, processed]);
  const cpu = meter.perRow(learned + live);
  const appended = await appendTimes(topic, learned + live);
  const latencies: number[] = [];
  for (let offset = learned, s = 0; offset < appended.length; offset++) {
    while (s < seen.length && seen[s].offset < offset) s++;
    if (s < seen.length) latencies.push(seen[s].at - appended[offset]);
  }
  // The first rows wait while those that came during the fit are caught up with.
  const secondHalf = latencies.slice(latencies.length >> 1);
  return {
    ...{ offeredPerSecond: offered, rows: latencies.length },
    ...{ p50Ms: quantile(latencies, 0.5), p90Ms: quantile(latencies, 0.9), p99Ms: quantile(latencies, 0.99), maxMs: quantile(latencies, 1) },
    secondHalfP99Ms: quantile(secondHalf, 0.99),
    ...cpu,
  };
}

function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

async function newestOffset({ bucket, token }: FreshBucket): Promise<number | undefined> {
  const flux = `from(bucket: ${JSON.stringify(bucket)}) |> range(start: 2015-01-01T00:00:00Z) |> filter(fn: (r) => r._measurement == "${measurement.rows}" and r._field == "${originField}") |> last() |> keep(columns: ["_value"])`;
  const response = await fetch(`${influx.url}/api/v2/query?org=${influx.org}`, {
    method: 'POST',
    headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/vnd.flux', Accept: 'application/csv' },
    body: flux,
  });
  const value = Number((await response.text()).split('\r\n')[1]?.split(',').at(-1));
  return Number.isFinite(value) ? value : undefined;
}

/** The timestamp of every message, by offset. */
async function appendTimes(topic: string, count: number): Promise<Float64Array> {
  const times = new Float64Array(count);
  const consumer = new Kafka({ brokers: kafka.brokers, logLevel: logLevel.NOTHING }).consumer({ groupId: 'append-times' });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((done) => {
    consumer.run({
      eachBatch: async ({ batch }) => {
        for (const { offset, timestamp } of batch.messages) times[Number(offset)] = Number(timestamp);
        if (Number(batch.lastOffset()) >= count - 1) done();
      },
    });
  });
  await consumer.disconnect();
  return times;
}

async function target(group: string, topic: string, more: readonly string[], bucket?: FreshBucket): Promise<string[]> {
  const own = bucket ?? (await influx.freshBucket());
  const store = `store={type: influxdb, url: '${influx.url}', org: ${influx.org}, bucket: ${own.bucket}, token: '${own.token}'}`;
  const bus = `bus={type: kafka, brokers: '${kafka.brokers.join(',')}', group: ${group}}`;
  return [`topic=${topic}`, bus, store, 'serve=false', 'outputs=[]', ...more].flatMap((value) => ['--set', value]);
}

function sluice(command: string, set: readonly string[], flags: readonly string[], node: readonly string[] = []): ChildProcess {
  return start(main, [command, pipeline, ...set, ...flags, '--quiet'], node);
}

function start(script: string, words: readonly string[], node: readonly string[] = []): ChildProcess {
  return spawn(process.execPath, [...node, script, ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
}

async function summaryOf<T>(child: ChildProcess): Promise<T> {
  let text = '';
  child.stdout?.setEncoding('utf8').on('data', (part: string) => {
    text += part;
  });
  const code = await new Promise<number | null>((done) => child.once('close', done));
  if (code !== 0) throw new Error(`exit ${code}`);
  return JSON.parse(text) as T;
}

/** CPU time of the servers and of the command that ran meanwhile, microseconds a row. */
function cpuMeter(servers: { kafka: KafkaServer; influx: InfluxServer }): { perRow(count: number): Record<string, number> } {
  const before = { kafka: cpuSeconds(servers.kafka.pid), influxd: cpuSeconds(servers.influx.pid), children: childSeconds() };
  return {
    perRow(count) {
      const after = { kafka: cpuSeconds(servers.kafka.pid), influxd: cpuSeconds(servers.influx.pid), children: childSeconds() };
      const each = (name: keyof typeof before): number => Math.round(((after[name] - before[name]) / count) * 1e6);
      return { cpuMicrosPerRowKafka: each('kafka'), cpuMicrosPerRowInfluxd: each('influxd'), cpuMicrosPerRowSluice: each('children') };
    },
  };
}

/** 0 where the process is not ours to look at, as in a container. */
function cpuSeconds(pid: number | undefined): number {
  if (pid === undefined) return 0;
  const fields = statFields(pid);
  return (Number(fields[11]) + Number(fields[12])) / ticks;
}

/** Of children that have ended. */
function childSeconds(): number {
  const fields = statFields(process.pid);
  return (Number(fields[13]) + Number(fields[14])) / ticks;
}

/** From the state on: the name before it may hold blanks. */
function statFields(pid: number): string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return text.slice(text.lastIndexOf(')') + 2).split(' ');
}
