import { randomUUID } from 'node:crypto';
import { canStartInflux, type InfluxAddress, influxRequest, startInflux } from './influx-server.ts';
import { canStartKafka, startKafka } from './kafka-server.ts';

/**
 * Real servers, had as a user would have them:
 *
 * - InfluxDB: SLUICE_TEST_INFLUX_URL with SLUICE_TEST_INFLUX_TOKEN (one that may do everything; SLUICE_TEST_INFLUX_ORG when it is
 *   not the first), else a binary in INFLUXD_BIN or `influxd` on PATH, else Docker.
 * - Kafka: SLUICE_TEST_KAFKA (host:port, several with commas), else Java 17 or newer with Maven, which fetches the broker once into
 *   SLUICE_STACK_CACHE (~/.cache/sluice-stack), else Docker.
 *
 * What is started here listens on free ports of the loopback, keeps its data in a temporary folder and ends with this process.
 */
export { type InfluxServer, startInflux } from './influx-server.ts';
export { type KafkaServer, type SecureKafkaServer, startKafka } from './kafka-server.ts';

/** A server that others use at the same time, or one of one's own that may be stopped and killed. */
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
  /** Reads and writes this bucket, and opens nothing else. */
  readonly token: string;
  /** Only reads it. */
  readonly readToken: string;
}

export interface SharedInflux extends InfluxAddress {
  /** An empty bucket that keeps everything. */
  freshBucket(): Promise<FreshBucket>;
}

/** Where the process that runs the tests hands out the servers that all of them share. */
export const sharedStackVariable = 'SLUICE_TEST_STACK';

/** What cannot be had, and what would help; empty when all can be had. Starts nothing. */
export function missingServers({ kafka, influx }: Needs): string[] {
  const missing: string[] = [];
  const told = (need: Need | undefined, variable: string): boolean => need === 'shared' && Boolean(process.env[variable]);
  if (kafka !== undefined && !told(kafka, 'SLUICE_TEST_KAFKA') && !canStartKafka()) {
    const own = kafka === 'own' ? ' of its own: ' : ': set SLUICE_TEST_KAFKA, or ';
    missing.push(`needs Kafka${own}install Java 17+ and Maven, or Docker`);
  }
  if (influx !== undefined && !told(influx, 'SLUICE_TEST_INFLUX_URL') && !canStartInflux()) {
    const own = influx === 'own' ? ' of its own: ' : ': set SLUICE_TEST_INFLUX_URL and SLUICE_TEST_INFLUX_TOKEN, or ';
    missing.push(`needs InfluxDB${own}set INFLUXD_BIN, or install influxd or Docker`);
  }
  return missing;
}

let kafka: Promise<{ brokers: string[] }> | undefined;
let influx: Promise<InfluxAddress> | undefined;

/** The Kafka that all tests of a run share. */
export async function sharedKafka(): Promise<SharedKafka> {
  kafka ??= kafkaOfEnvironment() ?? fromRun('kafka', startKafka);
  const { brokers } = await kafka;
  return { brokers, freshName };
}

/** The InfluxDB that all tests of a run share. */
export async function sharedInflux(): Promise<SharedInflux> {
  influx ??= influxOfEnvironment() ?? fromRun('influx', startInflux);
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
