import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { onPath } from './programs.ts';
import { freePort, type Server, ServerProcess, serverFolder } from './server-process.ts';

export interface InfluxAddress {
  readonly url: string;
  readonly org: string;
  /** May do everything. */
  readonly token: string;
}

export interface InfluxServer extends InfluxAddress, Server {}

export const influxBinary = (): string | undefined => process.env.INFLUXD_BIN || onPath('influxd');

/** Starts an InfluxDB of one's own in a temporary folder. */
export async function startInfluxServer(): Promise<InfluxServer> {
  const binary = influxBinary();
  if (binary === undefined) throw new Error('no influxd');
  const folder = await serverFolder('influx');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const places = { '--bolt-path': 'influxd.bolt', '--sqlite-path': 'influxd.sqlite', '--engine-path': 'engine' };
  const command = [binary, 'run', '--http-bind-address', `127.0.0.1:${port}`, '--reporting-disabled', '--ui-disabled', '--log-level', 'warn'];
  for (const [option, name] of Object.entries(places)) command.push(option, join(folder, name));
  const server = new ServerProcess(command, folder, () => healthy(url));
  await server.start();
  const address = { url, org: 'sluice', token: randomBytes(24).toString('hex') };
  await setUp(address);
  return Object.assign(server, address);
}

async function healthy(url: string): Promise<void> {
  const { status } = await fetch(`${url}/health`, { signal: AbortSignal.timeout(2000) });
  if (status !== 200) throw new Error(`/health answers ${status}`);
}

async function setUp({ url, org, token }: InfluxAddress): Promise<void> {
  await influxRequest({ url, token }, 'POST', '/api/v2/setup', { username: 'sluice', password: randomBytes(12).toString('hex'), org, bucket: 'unused', token });
}

/** The answer to a request of the HTTP API. */
export async function influxRequest<T>({ url, token }: { url: string; token: string }, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${url}${path}`, {
    method,
    headers: { Authorization: `Token ${token}`, 'Content-Type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  if (!response.ok) throw new Error(`${method} ${path} answers ${response.status}: ${await response.text()}`);
  return (await response.json()) as T;
}
