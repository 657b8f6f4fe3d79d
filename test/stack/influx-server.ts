import { randomBytes } from 'node:crypto';
import { basename, join } from 'node:path';
import { fetchImage, inContainer } from './container.ts';
import { dockerAnswers, onPath } from './programs.ts';
import { freePort, type Server, ServerProcess, serverFolder } from './server-process.ts';

export interface InfluxAddress {
  readonly url: string;
  readonly org: string;
  /** May do everything. */
  readonly token: string;
}

export interface InfluxServer extends InfluxAddress, Server {}

const image = 'influxdb:2.7';

const influxBinary = (): string | undefined => process.env.INFLUXD_BIN || onPath('influxd');

export const canStartInflux = (): boolean => influxBinary() !== undefined || dockerAnswers();

/** An InfluxDB of one's own in a temporary folder, to be stopped, killed and started again. Close it. */
export async function startInflux(): Promise<InfluxServer> {
  const binary = influxBinary();
  if (binary === undefined) await fetchImage(image);
  const folder = await serverFolder('influx');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const options = {
    'http-bind-address': `${binary === undefined ? '0.0.0.0' : '127.0.0.1'}:${port}`,
    'bolt-path': join(folder, 'influxd.bolt'),
    'sqlite-path': join(folder, 'influxd.sqlite'),
    'engine-path': join(folder, 'engine'),
    'log-level': 'warn',
  };
  const args = ['run', '--reporting-disabled', '--ui-disabled', ...Object.entries(options).map(([name, value]) => `--${name}=${value}`)];
  const container = binary === undefined ? basename(folder) : undefined;
  const command =
    container === undefined ? [binary ?? 'influxd', ...args] : inContainer({ image, name: container, folder, ports: [port] }, ['influxd', ...args]);
  const server = new ServerProcess({ command, folder, container, ready: () => healthy(url) });
  const address = { url, org: 'sluice', token: randomBytes(24).toString('hex') };
  try {
    await server.start();
    await setUp(address);
  } catch (error) {
    await server.close();
    throw error;
  }
  return Object.assign(server, address);
}

async function healthy(url: string): Promise<void> {
  const response = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) });
  await response.text();
  if (response.status !== 200) throw new Error(`/health answers ${response.status}`);
}

async function setUp({ url, org, token }: InfluxAddress): Promise<void> {
  const account = { username: 'sluice', password: randomBytes(12).toString('hex'), org, bucket: 'unused', token };
  await influxRequest({ url, token }, 'POST', '/api/v2/setup', account);
}

/** The answer to a request of the HTTP API. */
export async function influxRequest<T>({ url, token }: { url: string; token: string }, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(new URL(path, url), {
    method,
    headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
