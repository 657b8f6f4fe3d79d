import { connect, createServer, type Server as NetServer } from 'node:net';
import { join } from 'node:path';
import { Gauge, Registry } from 'prom-client';
import { afterEach, describe, expect, test } from 'vitest';
import { LiveFeed } from '../core/live-feed.ts';
import { makeMetrics } from '../core/metrics.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Runtime } from '../core/runtime.ts';
import { type Server, type ServerOptions, startServer } from './server.ts';

const metrics = makeMetrics();
metrics.rowsRead.inc({ stream: 'swat' }, 500);

let reason: string | undefined;
const runtime: Runtime = {
  config: { stream: 'swat <script>' } as PipelineConfig,
  metrics: metrics.registry,
  version: '0.0.0',
  startedAt: new Date(),
  live: new LiveFeed(() => undefined),
  warmUp: () => new Map(),
  notReady: () => reason,
  graph: () => [],
  progress() {
    throw new Error('nobody asks for it here');
  },
};

const open: { close(): unknown }[] = [];
afterEach(async () => {
  reason = undefined;
  for (const each of open.splice(0)) await each.close();
});

/** No page was built into it, wherever else one was. */
const unbuilt = join(import.meta.dirname, 'unbuilt');

async function start(options: ServerOptions = { port: 0 }, of: Runtime = runtime): Promise<Server> {
  const server = await startServer(of, options);
  open.push(server);
  return server;
}

/** Something that holds a port, and the port. */
async function occupy(port = 0): Promise<number> {
  const holder: NetServer = createServer();
  await new Promise<void>((resolve, reject) => holder.once('error', reject).listen(port, '127.0.0.1', resolve));
  open.push({ close: () => new Promise((resolve) => holder.close(resolve)) });
  return (holder.address() as { port: number }).port;
}

const get = (server: Server, path: string, init?: RequestInit): Promise<Response> => fetch(`${server.url}${path}`, init);

describe('what it shows', () => {
  test('/metrics is what the registry holds, in the format of Prometheus', async () => {
    const response = await get(await start(), '/metrics');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe(metrics.registry.contentType);
    expect(await response.text()).toContain('sluice_rows_read_total{stream="swat"} 500\n');
  });

  test('/healthz answers while the process lives, ready or not', async () => {
    reason = 'warm-up';
    const response = await get(await start(), '/healthz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ alive: true, uptimeSeconds: expect.any(Number) });
  });

  test('/readyz is 503 with the reason, and 200 once there is none', async () => {
    const server = await start();
    reason = "warm-up of stream 'swat': 1200 of 3600 rows";
    const waiting = await get(server, '/readyz');
    expect([waiting.status, await waiting.json()]).toEqual([503, { ready: false, reason }]);
    reason = undefined;
    const ready = await get(server, '/readyz');
    expect([ready.status, await ready.json()]).toEqual([200, { ready: true }]);
  });

  test('/ names what there is where no page was built, as text or for a browser', async () => {
    const server = await start({ port: 0, page: unbuilt });
    const text = await (await get(server, '/')).text();
    for (const path of ['/metrics', '/healthz', '/readyz']) {
      expect(text).toContain(path);
      expect((await get(server, path)).status).toBe(200);
    }
    const page = await get(server, '/', { headers: { accept: 'text/html,*/*;q=0.8' } });
    expect(page.headers.get('content-type')).toContain('text/html');
    const html = await page.text();
    expect(html).toContain('<a href="/metrics">');
    expect(html).not.toContain('<script>');
  });

  test('HEAD answers without a body', async () => {
    const response = await get(await start(), '/metrics', { method: 'HEAD' });
    expect([response.status, await response.text()]).toEqual([200, '']);
  });
});

describe('what goes wrong', () => {
  test('an unknown path is 404 as JSON', async () => {
    const response = await get(await start(), '/nothing');
    expect([response.status, await response.json()]).toEqual([404, { error: { code: 'NOT_FOUND', message: expect.stringContaining('GET /nothing') } }]);
  });

  test.each(['POST', 'DELETE', 'PUT'])('%s changes nothing: 405 with what is allowed, on a page that there is', async (method) => {
    const server = await start();
    for (const path of ['/', '/metrics', '/healthz', '/readyz?verbose']) {
      const response = await get(server, path, { method });
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
      expect(await response.json()).toEqual({ error: { code: 'METHOD_NOT_ALLOWED', message: expect.stringContaining(method) } });
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    }
    expect((await get(server, '/nothing', { method })).status).toBe(404);
  });

  test('a path that cannot be decoded is 400 as JSON', async () => {
    const response = await get(await start(), '/%zz');
    expect([response.status, await response.json()]).toEqual([400, { error: { code: 'FST_ERR_BAD_URL', message: expect.stringContaining('%zz') } }]);
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
  });

  test('a request that fails is 500 without details; the log has them', async () => {
    const logged: object[] = [];
    const broken: Runtime = {
      ...runtime,
      notReady() {
        throw new Error('the cellar is flooded');
      },
    };
    const log = { warn: () => undefined, error: (fields: object) => logged.push(fields) };
    const response = await get(await start({ port: 0, log }, broken), '/readyz');
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(JSON.parse(text)).toEqual({ error: { code: 'INTERNAL', message: expect.any(String) } });
    expect(text).not.toContain('flooded');
    expect(logged).toMatchObject([{ err: { message: 'the cellar is flooded' }, method: 'GET', url: '/readyz' }]);
  });

  test('what is not HTTP is answered and cut off', async () => {
    const { port } = await start();
    const answer = await new Promise<string>((resolve, reject) => {
      let text = '';
      const socket = connect(port, '127.0.0.1', () => socket.write('once upon a time\r\n\r\n'));
      socket.on('data', (data) => {
        text += data.toString();
      });
      socket.on('error', reject).on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  });
});

test('every answer carries headers that keep a browser from doing more than it should', async () => {
  const server = await start({ port: 0, page: unbuilt });
  for (const path of ['/', '/metrics', '/nothing']) {
    const { headers } = await get(server, path);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  }
});

describe('where it listens', () => {
  test('on the loopback interface by default', async () => {
    const server = await start();
    expect(server.url).toBe(`http://127.0.0.1:${server.port}`);
  });

  test('elsewhere with a token only', async () => {
    await expect(startServer(runtime, { host: '0.0.0.0', port: 0 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      fix: expect.stringContaining('SLUICE_TOKEN'),
    });
    const server = await start({ host: '0.0.0.0', port: 0, token: 'fedcba9876543210' });
    for (const path of ['/healthz', '/metrics', '/']) expect((await fetch(`http://127.0.0.1:${server.port}${path}`)).status).toBe(200);
    expect((await fetch(`http://127.0.0.1:${server.port}/api/none`)).status).toBe(401);
  });

  test('on the next free port when the first is busy', async () => {
    const busy = await occupy();
    const server = await start({ port: busy });
    expect(server.port).toBeGreaterThan(busy);
    expect((await get(server, '/healthz')).status).toBe(200);
  });

  test('not elsewhere when the port was asked for: an error that says what to do', async () => {
    const busy = await occupy();
    await expect(startServer(runtime, { port: busy, exact: true })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      exitCode: 4,
      message: expect.stringMatching(new RegExp(`port ${busy} is in use \\(serve.port\\)\\. .*--set serve\\.port=${busy + 1}`)),
    });
  });

  test('nowhere when every port up to the last one is busy', async () => {
    await occupy(65_535);
    await expect(startServer(runtime, { port: 65_535 })).rejects.toMatchObject({ code: 'PORT_IN_USE', message: expect.stringContaining('65535') });
  });

  test('an address of another machine is an error in the configuration', async () => {
    await expect(startServer(runtime, { host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining("'192.0.2.1'"),
    });
  });
});

describe('closing', () => {
  test('frees the port', async () => {
    const server = await startServer(runtime, { port: 0 });
    await get(server, '/metrics');
    await server.close();
    await expect(get(server, '/healthz')).rejects.toThrow();
    const again = await start({ port: server.port, exact: true });
    expect(again.port).toBe(server.port);
  });

  test('is not held up by a connection that says nothing', async () => {
    const server = await startServer(runtime, { port: 0 });
    const socket = connect(server.port, '127.0.0.1');
    const closed = new Promise((resolve) => socket.on('close', resolve).on('error', () => undefined));
    await new Promise((resolve) => socket.once('connect', resolve));
    await server.close();
    await closed;
  });

  test('lets a request at work end', async () => {
    const registry = new Registry();
    let finish = (): void => undefined;
    const arrived = new Promise<void>((resolve) => {
      new Gauge({
        name: 'slow',
        help: 'takes its time',
        registers: [registry],
        collect() {
          resolve();
          return new Promise((done) => {
            finish = done;
          });
        },
      });
    });
    const server = await startServer({ ...runtime, metrics: registry }, { port: 0 });
    const asked = get(server, '/metrics');
    await arrived;
    const closing = server.close();
    finish();
    expect(await (await asked).text()).toContain('slow 0');
    await closing;
  });
});
