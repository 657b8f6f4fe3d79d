import { randomBytes } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import { fetchImage, inContainer } from './container.ts';
import { freshBucket, type InfluxAccess, type InfluxAddress, influxRequest } from './influx-access.ts';
import { dockerAnswers, onPath } from './programs.ts';
import { freePort, type Server, ServerProcess, serverFolder } from './server-process.ts';

export interface InfluxServer extends InfluxAccess, Server {}

export interface InfluxOptions {
  /** As it comes: without organisation and user, and the token opens nothing yet. */
  readonly empty?: boolean;
}

const image = 'influxdb:2.7';

const influxBinary = (): string | undefined => (process.env.INFLUXD_BIN ? resolve(process.env.INFLUXD_BIN) : onPath('influxd'));

export const canStartInflux = (): boolean => influxBinary() !== undefined || dockerAnswers();

/** What to do where it cannot be started. */
export const influxRemedy = 'set INFLUXD_BIN, or install influxd or Docker';

/** Fetches what a start needs and this machine does not have yet. */
export async function prepareInflux(): Promise<void> {
  if (!canStartInflux()) throw new Error(`no InfluxDB can be started: ${influxRemedy}`);
  if (influxBinary() === undefined) await fetchImage(image);
}

/** An InfluxDB of one's own in a temporary folder, to be stopped, killed and started again. Close it. */
export async function startInflux({ empty = false }: InfluxOptions = {}): Promise<InfluxServer> {
  await prepareInflux();
  const binary = influxBinary();
  const folder = serverFolder('influx');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = {
    'http-bind-address': `${binary === undefined ? '0.0.0.0' : '127.0.0.1'}:${port}`,
    'bolt-path': join(folder.path, 'influxd.bolt'),
    'sqlite-path': join(folder.path, 'influxd.sqlite'),
    'engine-path': join(folder.path, 'engine'),
    'log-level': 'warn',
  };
  const args = ['run', '--reporting-disabled', '--ui-disabled', ...Object.entries(options).map(([name, value]) => `--${name}=${value}`)];
  const name = basename(folder.path);
  const command = binary === undefined ? inContainer({ image, name, folder: folder.path, ports: [port] }, ['influxd', ...args]) : [binary, ...args];
  const server = new ServerProcess({ command, folder, container: binary === undefined ? name : undefined, ready: () => healthy(url) });
  const address = { url, org: 'sluice', token: randomBytes(24).toString('hex') };
  try {
    await server.start();
    if (!empty) await setUp(address);
  } catch (error) {
    await server.close();
    throw error;
  }
  return Object.assign(server, address, { freshBucket: () => freshBucket(address) });
}

async function healthy(url: string): Promise<void> {
  const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) });
  await response.text();
  if (response.status !== 200) throw new Error(`/health answers ${response.status}`);
}

async function setUp({ url, org, token }: InfluxAddress): Promise<void> {
  const account = { username: 'sluice', password: randomBytes(12).toString('hex'), org, bucket: 'first', token };
  await influxRequest({ url, token }, 'POST', '/api/v2/setup', account);
}
