import { freshName } from './fresh-name.ts';
import { freshBucket, type InfluxAccess, type InfluxAddress, influxRequest } from './influx-access.ts';
import { canStartInflux, influxRemedy, prepareInflux, startInflux } from './influx-server.ts';
import { canStartKafka, type KafkaAccess, kafkaRemedy, prepareKafka, startKafka } from './kafka-server.ts';
import { canStartTelegraf, telegrafRemedy } from './telegraf.ts';

/**
 * Real servers, had as a user would have them:
 *
 * - InfluxDB: SLUICE_TEST_INFLUX_URL with SLUICE_TEST_INFLUX_TOKEN (one that may do everything; SLUICE_TEST_INFLUX_ORG when it is
 *   not the first), else a binary in INFLUXD_BIN or `influxd` on PATH, else Docker.
 * - Kafka: SLUICE_TEST_KAFKA (host:port, several with commas), else Java 17 or newer with Maven, which fetches the broker once into
 *   SLUICE_STACK_CACHE (~/.cache/sluice-stack), else Docker.
 * - Telegraf: a binary in TELEGRAF_BIN or `telegraf` on PATH.
 *
 * What is started here listens on free ports of the loopback, keeps its data in a temporary folder and ends with this process.
 */
export { type InfluxServer, startInflux } from './influx-server.ts';
export { type KafkaServer, type SecureKafkaServer, startKafka } from './kafka-server.ts';
export { startTelegraf, type Telegraf } from './telegraf.ts';

/** A server that others use at the same time, or one of one's own that may be stopped and killed. */
export type Need = 'shared' | 'own';

export interface Needs {
  readonly kafka?: Need;
  readonly influx?: Need;
  readonly telegraf?: 'own';
}

/** Where the process that runs the tests hands out the servers that all of them share. */
export const sharedStackVariable = 'SLUICE_TEST_STACK';

/** What cannot be had, and what would help; empty when all can be had. Starts nothing. */
export function missingServers({ kafka, influx, telegraf }: Needs): string[] {
  const missing: string[] = [];
  if (kafka === 'own' && !canStartKafka()) missing.push(`needs a Kafka of its own: ${kafkaRemedy}`);
  if (kafka === 'shared' && !process.env.SLUICE_TEST_KAFKA && !canStartKafka()) missing.push(`needs Kafka: set SLUICE_TEST_KAFKA, or ${kafkaRemedy}`);
  if (influx === 'own' && !canStartInflux()) missing.push(`needs an InfluxDB of its own: ${influxRemedy}`);
  if (influx === 'shared' && !process.env.SLUICE_TEST_INFLUX_URL && !canStartInflux()) {
    missing.push(`needs InfluxDB: set SLUICE_TEST_INFLUX_URL and SLUICE_TEST_INFLUX_TOKEN, or ${influxRemedy}`);
  }
  if (telegraf !== undefined && !canStartTelegraf()) missing.push(`needs Telegraf: ${telegrafRemedy}`);
  return missing;
}

/** Has the servers that are shared running, and what the own ones need on this machine: the first time that takes a download. */
export async function prepareServers({ kafka, influx }: Needs): Promise<void> {
  const steps: Promise<unknown>[] = [];
  if (kafka !== undefined) steps.push(kafka === 'shared' ? sharedKafka() : prepareKafka());
  if (influx !== undefined) steps.push(influx === 'shared' ? sharedInflux() : prepareInflux());
  await Promise.all(steps);
}

let kafka: Promise<{ brokers: string[] }> | undefined;
let influx: Promise<InfluxAddress> | undefined;

/** The Kafka that all tests of a run share. */
export async function sharedKafka(): Promise<KafkaAccess> {
  kafka ??= kafkaOfEnvironment() ?? fromRun('kafka', startKafka);
  const { brokers } = await kafka;
  return { brokers, freshName };
}

/** The InfluxDB that all tests of a run share. */
export async function sharedInflux(): Promise<InfluxAccess> {
  influx ??= influxOfEnvironment() ?? fromRun('influx', startInflux);
  const { url, org, token } = await influx;
  return { url, org, token, freshBucket: () => freshBucket({ url, org, token }) };
}

/** In a test run the process that runs the tests starts it, once; elsewhere this process does. */
async function fromRun<T>(name: string, start: () => Promise<T>): Promise<T> {
  const run = process.env[sharedStackVariable];
  if (!run) return start();
  const response = await fetch(`${run}/${name}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as T;
}

function kafkaOfEnvironment(): Promise<{ brokers: string[] }> | undefined {
  const addresses = process.env.SLUICE_TEST_KAFKA;
  return addresses ? Promise.resolve({ brokers: addresses.split(',') }) : undefined;
}

function influxOfEnvironment(): Promise<InfluxAddress> | undefined {
  const { SLUICE_TEST_INFLUX_URL: url, SLUICE_TEST_INFLUX_TOKEN: token, SLUICE_TEST_INFLUX_ORG: org } = process.env;
  if (!url) return undefined;
  if (!token) throw new Error('SLUICE_TEST_INFLUX_URL is set, SLUICE_TEST_INFLUX_TOKEN is not');
  if (org) return Promise.resolve({ url, org, token });
  return influxRequest<{ orgs: { name: string }[] }>({ url, token }, 'GET', '/api/v2/orgs?limit=1').then(({ orgs }) => ({ url, org: orgs[0].name, token }));
}
