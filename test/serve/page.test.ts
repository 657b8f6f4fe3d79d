import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Items } from '../../producer/simulator/items.ts';
import * as api from '../../serve/api.ts';
import type { Server } from '../../serve/server.ts';
import { type ServedPlant, servedPlant } from './served-plant.ts';

let plant: ServedPlant;
beforeAll(async () => {
  plant = await servedPlant({ taken: 500, simulator: new Items() });
});
afterAll(() => plant.close());

describe('the page', () => {
  const script = `console.log(${JSON.stringify('x'.repeat(2000))})`;
  let server: Server;
  beforeAll(async () => {
    const page = join(plant.folder, 'dashboard');
    await mkdir(join(page, 'assets'), { recursive: true });
    await writeFile(join(page, 'index.html'), '<!doctype html><title>Sluice</title>');
    await writeFile(join(page, 'assets/main-a1b2c3.js'), script);
    await writeFile(join(page, 'assets/main-a1b2c3.js.gz'), gzipSync(script));
    server = await plant.serve({ page });
  });

  it.each(['/', '/live?tags=LIT101', '/incidents', '/incidents/0123', '/compare', '/data', '/simulator', '/pipeline', '/docs'])('is at %s', async (path) => {
    const answer = await fetch(server.url + path);
    expect([answer.status, answer.headers.get('content-type'), answer.headers.get('cache-control')]).toEqual([200, 'text/html; charset=utf-8', 'no-cache']);
    expect(await answer.text()).toContain('<title>Sluice');
    const policy = answer.headers.get('content-security-policy') ?? '';
    for (const rule of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"])
      expect(policy.split('; ')).toContain(rule);
    expect(policy).not.toContain('unsafe');
  });

  it('has files that are kept for a year, compressed where the browser takes that', async () => {
    const headers = (encoding: string): Promise<{ length: number; headers: Record<string, unknown> }> =>
      new Promise((done, fail) => {
        const sent = request(`${server.url}/assets/main-a1b2c3.js`, { headers: { 'accept-encoding': encoding } }, (answer) => {
          let length = 0;
          answer.on('data', (piece: Buffer) => (length += piece.length)).on('end', () => done({ length, headers: answer.headers }));
        });
        sent.on('error', fail).end();
      });
    const [plain, packed] = await Promise.all([headers('identity'), headers('gzip, deflate')]);
    expect(plain).toMatchObject({ length: script.length, headers: { 'cache-control': 'public, max-age=31536000, immutable' } });
    expect(packed.headers).toMatchObject({ 'content-encoding': 'gzip', 'content-type': expect.stringContaining('javascript') });
    expect(packed.length).toBeLessThan(200);
  });

  it.each(['/assets/none.js', '/index.htm', '/nothing', '/assets/..%2f..%2fplant.yaml', '/..%2fplant.yaml', '/%2e%2e/plant.yaml'])(
    'has no %s',
    async (path) => {
      const status = await new Promise((done, fail) => {
        // As it is written: fetch would take the dots apart.
        request({ host: '127.0.0.1', port: server.port, path }, ({ statusCode }) => done(statusCode))
          .on('error', fail)
          .end();
      });
      expect(status).toBe(404);
    },
  );

  it('that was not built is a list of what there is, and what to do', async () => {
    const bare = await plant.serve({ page: join(plant.folder, 'nowhere') });
    const text = await (await fetch(bare.url)).text();
    expect(text).toContain('npm run build');
    expect(text).toContain('/metrics');
  });
});

describe('simulated items', () => {
  const items = '/api/simulator/items';

  it('are started, changed, disturbed and stopped', async () => {
    expect((await plant.get('/api/pipeline')).body.simulator).toBe(true);
    const started = await plant.send('POST', `${items}/pump-1`, { mean: 10, variance: 4, rate: 5 });
    expect([started.status, api.simulatedItem.parse(started.body)]).toMatchObject([201, { id: 'pump-1', mean: 10, pending: 0 }]);
    const changed = await plant.send('PATCH', `${items}/pump-1`, { rate: 20 });
    expect([changed.status, changed.body]).toMatchObject([200, { mean: 10, rate: 20 }]);
    const disturbed = await plant.send('POST', `${items}/pump-1/anomaly`, { shape: 'spike', size: 50, length: 7 });
    expect([disturbed.status, disturbed.body.pending]).toEqual([202, 7]);
    expect(api.simulatedItems.parse((await plant.get(items)).body).items.map(({ id }) => id)).toEqual(['pump-1']);
    expect(api.simulator.parse((await plant.get('/api/simulator')).body)).toMatchObject({ available: true, limits: { items: 1000 } });
    expect(api.simulatedItem.parse((await plant.send('DELETE', `${items}/pump-1`)).body).id).toBe('pump-1');
    expect((await plant.get(items)).body.items).toEqual([]);
  });

  it.each([
    ['POST', '/pump-2', { mean: 'ten', variance: 4, rate: 5 }, 400, 'ITEM_INVALID'],
    ['PATCH', '/none', { rate: 5 }, 404, 'ITEM_UNKNOWN'],
    ['POST', '/none/anomaly', { deltas: [1] }, 404, 'ITEM_UNKNOWN'],
    ['DELETE', '/none', undefined, 404, 'ITEM_UNKNOWN'],
  ])('%s %s %j is answered with %i %s', async (method, path, body, status, code) => {
    const answer = await plant.send(method, items + path, body);
    expect([answer.status, api.problem.parse(answer.body).error.code]).toEqual([status, code]);
  });

  it('that there are none of are told with what starts some', async () => {
    const { simulator: _, ...runtime } = plant.runtime;
    const server = await plant.serve({}, runtime);
    const answer = await fetch(`${server.url}/api/simulator`);
    expect(api.simulator.parse(await answer.json())).toMatchObject({ available: false, command: expect.stringContaining('playground') });
    expect((await fetch(`${server.url}${items}`)).status).toBe(404);
  });
});

describe('the document of the interface', () => {
  it('names every path with what it takes and gives, and nothing that is not answered', async () => {
    const { body } = await plant.get('/api/openapi.json');
    expect(body).toMatchObject({ openapi: '3.1.0', info: { title: 'Sluice', version: plant.runtime.version } });
    const operations = Object.entries(body.paths as Record<string, Record<string, Operation>>).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
    );
    expect(operations.length).toBeGreaterThanOrEqual(24);
    for (const { path, method, summary, parameters = [], responses } of operations) {
      expect(summary, `${method} ${path}`).toMatch(/^[A-Z].*\.$/);
      const named = Array.from(path.matchAll(/\{(\w+)\}/g), ([, name]) => name);
      expect(parameters.filter((each) => each.in === 'path').map(({ name }) => name)).toEqual(named);
      for (const each of parameters) expect(each.description, `${method} ${path} ${each.name}`).toBeTypeOf('string');
      expect(Object.keys(responses).filter((code) => code !== 'default')).toHaveLength(1);
      expect(responses.default.content?.['application/json'].schema).toMatchObject({ type: 'object', required: ['error'] });
    }
    expect(JSON.stringify(body)).not.toContain('$ref');
    const [series] = operations.filter(({ path }) => path === '/api/streams/{stream}/series');
    expect(series.parameters?.filter(({ required }) => required).map(({ name }) => name)).toEqual(['tags', 'stream']);
    for (const { path, method } of operations.filter((each) => each.method === 'get' && !each.path.includes('{') && each.path !== '/api/live'))
      expect((await plant.send(method.toUpperCase(), path)).status, path).toBe(200);
  });

  interface Operation {
    readonly summary: string;
    readonly parameters?: readonly { name: string; in: string; required: boolean; description?: string }[];
    readonly responses: Record<string, { content?: Record<string, { schema: object }> }>;
  }
});
