import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseEnv } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';
import influxdb from '../../connectors/influxdb/store.ts';
import { parseTime } from '../../core/time.ts';
import { startInflux, startKafka, startTelegraf } from '../stack/servers.ts';
import { queryFlux } from './flux-client.ts';
import { repeatBackwards, runTask, tasksOf } from './monitoring-past.ts';
import type { Environment } from './provisioned-text.ts';
import { type Command, startSluice } from './sluice-command.ts';

/** A store that the real pipeline has filled from the sample, and that Telegraf fills on. */
export interface FilledStack {
  /** Addresses, buckets and tokens as `sluice init influxdb` wrote them: what Grafana is given. */
  readonly environment: Environment;
  close(): Promise<void>;
}

const pipeline = 'pipelines/swat-kafka.yaml';
const topic = 'SWAT';
/** Of data/swat-sample.xlsx. */
const sampleRows = 14_400;

/** What no plant should send: no JSON, no time, a number that is none, a row from years ago. */
const badMessages = [
  'pump 1 started',
  '{"FIT101":2.5}',
  '{"Timestamp":"2015-12-28T06:00:01Z","FIT101":"2.x"}',
  '{"Timestamp":"2011-01-01T00:00:00Z","FIT101":2.5}',
];

/** Starts Kafka and InfluxDB, and runs the main job on them: everything as a user would have it, on free ports of this machine. */
export async function fillStack(say: (what: string) => void): Promise<FilledStack> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).reverse()) await step();
  };
  try {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-boards-'));
    closing.push(() => rm(folder, { recursive: true, force: true }));
    const environmentFile = join(folder, '.env');
    say('start Kafka and InfluxDB');
    const servers = await Promise.allSettled([startKafka(), startInflux({ empty: true })]);
    for (const server of servers) if (server.status === 'fulfilled') closing.push(() => server.value.close());
    const [kafka, influx] = servers.map((server) => {
      if (server.status === 'rejected') throw server.reason;
      return server.value;
    }) as [Awaited<ReturnType<typeof startKafka>>, Awaited<ReturnType<typeof startInflux>>];
    const sluice = (...words: string[]): Command => {
      const command = startSluice(words, { SLUICE_ENV_FILE: environmentFile, INFLUX_URL: influx.url, KAFKA_BROKERS: kafka.brokers.join(',') });
      closing.push(() => command.kill());
      return command;
    };
    say('make buckets, tokens and tasks');
    await sluice('init', 'influxdb').succeeded;
    const environment: Environment & Record<'INFLUX_ORG' | 'INFLUX_MONITORING_BUCKET', string> = {
      INFLUX_URL: influx.url,
      INFLUX_ORG: 'sluice',
      INFLUX_BUCKET: 'plant',
      INFLUX_MONITORING_BUCKET: 'monitoring',
      INFLUX_HISTORY_BUCKET: 'monitoring_history',
      ...parseEnv(await readFile(environmentFile, 'utf8')),
    };
    const messages = await receiver();
    closing.push(() => messages.close());
    const outputs = `[{terminal: {detectors: [combined]}}, kafka, {webhook: {url: '${messages.url}'}}]`;
    const processing = sluice('process', pipeline, '--set', 'serve.port=0', '--set', `outputs=${outputs}`);
    say('score the sample: sluice produce, sluice process, watched by Telegraf');
    const producing = sluice('produce', pipeline, '--pace', 'max');
    const metrics = await metricsAddress(processing);
    const telegraf = await startTelegraf({
      influx: { url: influx.url, org: environment.INFLUX_ORG, bucket: environment.INFLUX_MONITORING_BUCKET, token: environment.INFLUX_TELEGRAF_TOKEN ?? '' },
      metricsUrls: [metrics],
    });
    closing.push(() => telegraf.close());
    await producing.succeeded;
    await sendBadMessages(kafka.brokers);
    await until(processing, 'all rows and dead letters are stored', async () => {
      const text = await (await fetch(metrics)).text();
      return (
        sumOf(text, 'sluice_rows_stored_total') >= sampleRows &&
        sumOf(text, 'sluice_rows_dead_total') >= badMessages.length &&
        sumOf(text, 'sluice_lag_rows') === 0
      );
    });
    await annotate(environment);
    say('wait for the metrics, and have the tasks run');
    await until(processing, 'Telegraf has written it', async () => (await dead(environment)) >= scrapes);
    await repeatBackwards(environment);
    for (const task of await tasksOf(environment)) await runTask(environment, task);
    return { environment, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Takes the messages about incidents, as some chat would. */
async function receiver(): Promise<{ url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.writeHead(204).end());
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  };
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, close };
}

async function sendBadMessages(brokers: string[]): Promise<void> {
  const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer();
  await producer.connect();
  await producer.send({ topic, messages: badMessages.map((value) => ({ key: 'swat', value })) });
  await producer.disconnect();
}

/** The process says where its metrics are. */
async function metricsAddress(processing: Command): Promise<string> {
  let address: string | undefined;
  await until(processing, 'it shows its metrics', async () => {
    address = /http:\/\/\S+\/metrics/.exec(processing.said())?.[0];
    return address !== undefined;
  });
  return address as string;
}

const patienceMs = 180_000;

/** Asks until it is so, as long as the command runs. */
async function until(command: Command, what: string, isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs;
  while (!(await isSo())) {
    if (!command.running()) await command.succeeded;
    if (!command.running() || performance.now() > end) throw new Error(`sluice process: waited in vain until ${what}\n${command.said().slice(-3000)}`);
    await sleep(200);
  }
}

/** Of all series of that name in the text format of Prometheus. */
function sumOf(metrics: string, name: string): number {
  const lines = metrics.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), lines.length === 0 ? Number.NaN : 0);
}

/** After the last row, so that metrics hold all that there is, and change between. */
const scrapes = 3;

/** How often Telegraf has written the number of dead letters. */
async function dead({ INFLUX_URL = '', INFLUX_ORG = '', INFLUX_MONITORING_BUCKET, INFLUX_READER_TOKEN = '' }: Environment): Promise<number> {
  const flux = `from(bucket: ${JSON.stringify(INFLUX_MONITORING_BUCKET)}) |> range(start: -5m) |> filter(fn: (r) => r._field == "sluice_rows_dead_total") |> limit(n: ${scrapes})`;
  const tables = await queryFlux({ url: INFLUX_URL, org: INFLUX_ORG, token: INFLUX_READER_TOKEN }, flux);
  return tables[0]?.rows.length ?? 0;
}

/** What an operator would note down. */
async function annotate({ INFLUX_URL, INFLUX_ORG, INFLUX_BUCKET, INFLUX_TOKEN }: Environment): Promise<void> {
  const store = await influxdb.open(influxdb.options.parse({ url: INFLUX_URL, org: INFLUX_ORG, bucket: INFLUX_BUCKET, token: INFLUX_TOKEN }), 'own');
  try {
    const at = (clock: string): bigint => parseTime(`2015-12-28T${clock}Z`) as bigint;
    await store.annotate({ id: 'filter-washed', stream: 'swat', from: at('04:03:00'), to: at('04:09:00'), text: 'The filter was washed by hand.' });
  } finally {
    await store.close();
  }
}
