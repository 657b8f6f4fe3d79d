import { randomUUID } from 'node:crypto';
import { type InfluxAddress, type InfluxServer, influxBinary, influxRequest, startInfluxServer } from './influx-server.ts';
import { haveJars } from './kafka-jars.ts';
import { type KafkaOptions, type KafkaServer, startKafkaServer } from './kafka-server.ts';
import { onPath } from './programs.ts';

/** A server that others use at the same time, or one that may be stopped and killed. */
export type Need = 'shared' | 'own';

export interface Needs {
  readonly kafka?: Need;
  readonly influx?: Need;
}

export interface SharedKafka {
  readonly brokers: string[];
  /** A name for a topic or group that nobody else uses. */
  freshName(prefix: string): string;
}

export interface FreshBucket {
  readonly bucket: string;
  readonly bucketId: string;
  /** Reads and writes this bucket alone. */
  readonly token: string;
  readonly readToken: string;
}

export interface SharedInflux extends InfluxAddress {
  /** An empty bucket that keeps everything, and tokens that open nothing else. */
  freshBucket(): Promise<FreshBucket>;
}

/** Where the process that runs the tests hands out the servers that all of them share. */
export const sharedStackVariable = 'SLUICE_TEST_STACK';

/** What cannot be had, and what would help; empty when the servers can be had. Starts nothing. */
export function missingServers({ kafka, influx }: Needs): string[] {
  const missing: string[] = [];
  if (kafka !== undefined && !(kafka === 'shared' && process.env.SLUICE_TEST_KAFKA) && !(onPath('java') && (haveJars() || onPath('mvn')))) {
    missing.push(`needs Kafka: ${kafka === 'own' ? '' : 'set SLUICE_TEST_KAFKA, or '}install Java 17+ and Maven, or Docker`);
  }
  if (influx !== undefined && !(influx === 'shared' && process.env.SLUICE_TEST_INFLUX_URL) && influxBinary() === undefined) {
    missing.push(
      `needs InfluxDB: ${influx === 'own' ? '' : 'set SLUICE_TEST_INFLUX_URL and SLUICE_TEST_INFLUX_TOKEN, or '}set INFLUXD_BIN, or install influxd or Docker`,
    );
  }
  return missing;
}

/** A Kafka of one's own, to be stopped, killed and started again. Close it. */
export const startKafka = (options: KafkaOptions = {}): Promise<KafkaServer> => startKafkaServer(options);

/** An InfluxDB of one's own, to be stopped, killed and started again. Close it. */
export const startInflux = (): Promise<InfluxServer> => startInfluxServer();

let kafka: Promise<{ brokers: string[] }> | undefined;
let influx: Promise<InfluxAddress> | undefined;

/** The Kafka that all tests of a run share. */
export async function sharedKafka(): Promise<SharedKafka> {
  kafka ??= process.env.SLUICE_TEST_KAFKA ? Promise.resolve({ brokers: process.env.SLUICE_TEST_KAFKA.split(',') }) : fromRun('kafka', startKafka);
  const { brokers } = await kafka;
  return { brokers, freshName };
}

/** The InfluxDB that all tests of a run share. */
export async function sharedInflux(): Promise<SharedInflux> {
  influx ??= process.env.SLUICE_TEST_INFLUX_URL ? influxOfEnvironment() : fromRun('influx', startInflux);
  const { url, org, token } = await influx;
  return { url, org, token, freshBucket: () => freshBucket({ url, org, token }) };
}

const freshName = (prefix: string): string => `${prefix}-${randomUUID().slice(0, 8)}`;

/** In a test run the process that runs the tests starts it, once; elsewhere this process does. */
async function fromRun<T>(name: string, start: () => Promise<T>): Promise<T> {
  const run = process.env[sharedStackVariable];
  if (!run) return start();
  const response = await fetch(`${run}/${name}`);
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return JSON.parse(text) as T;
}

async function influxOfEnvironment(): Promise<InfluxAddress> {
  const { SLUICE_TEST_INFLUX_URL: url = '', SLUICE_TEST_INFLUX_TOKEN: token, SLUICE_TEST_INFLUX_ORG: org } = process.env;
  if (!token) throw new Error('SLUICE_TEST_INFLUX_URL is set, SLUICE_TEST_INFLUX_TOKEN is not');
  if (org) return { url, org, token };
  const { orgs } = await influxRequest<{ orgs: { name: string }[] }>({ url, token }, 'GET', '/api/v2/orgs?limit=1');
  return { url, org: orgs[0].name, token };
}

async function freshBucket(influx: InfluxAddress): Promise<FreshBucket> {
  const { orgs } = await influxRequest<{ orgs: { id: string }[] }>(influx, 'GET', `/api/v2/orgs?org=${encodeURIComponent(influx.org)}`);
  const orgID = orgs[0].id;
  const bucket = freshName('bucket');
  const { id } = await influxRequest<{ id: string }>(influx, 'POST', '/api/v2/buckets', { orgID, name: bucket, retentionRules: [] });
  const tokenTo = async (...actions: string[]): Promise<string> => {
    const permissions = actions.map((action) => ({ action, resource: { type: 'buckets', id, orgID } }));
    const { token } = await influxRequest<{ token: string }>(influx, 'POST', '/api/v2/authorizations', { orgID, permissions });
    return token;
  };
  return { bucket, bucketId: id, token: await tokenTo('read', 'write'), readToken: await tokenTo('read') };
}
