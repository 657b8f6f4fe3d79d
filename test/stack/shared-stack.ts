import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Server } from './server-process.ts';
import { sharedStackVariable, startInflux, startKafka } from './servers.ts';

const starters: Readonly<Record<string, () => Promise<Server>>> = { '/kafka': () => startKafka(), '/influx': () => startInflux() };

/** Vitest runs this in its main process, which outlives every test file: the first to ask for a server has it started here. */
export default async function sharedStack(): Promise<() => Promise<void>> {
  const started = new Map<string, Promise<Server>>();
  const desk = createServer(({ url = '' }, response) => {
    const server = started.get(url) ?? starters[url]?.() ?? Promise.reject(new Error(`no such server: ${url}`));
    started.set(url, server);
    server.then(
      (address) => response.end(JSON.stringify(address)),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  });
  await new Promise<void>((done) => desk.listen(0, '127.0.0.1', done));
  desk.unref();
  process.env[sharedStackVariable] = `http://127.0.0.1:${(desk.address() as AddressInfo).port}`;
  return async () => {
    desk.close();
    const servers = await Promise.allSettled(started.values());
    await Promise.all(servers.map((server) => (server.status === 'fulfilled' ? server.value.close() : undefined)));
  };
}
