import { afterAll, beforeAll, expect, it } from 'vitest';
import * as api from '../../serve/api.ts';
import type { Server } from '../../serve/server.ts';
import { type ServedPlant, servedPlant } from './served-plant.ts';

const token = 'a-token-of-the-plant';
let plant: ServedPlant;
let server: Server;
let url: string;
beforeAll(async () => {
  plant = await servedPlant({ taken: 500 });
  server = await plant.serve({ host: '0.0.0.0', token });
  url = `http://127.0.0.1:${server.port}`;
});
afterAll(() => plant.close());

const show = (shown: string): Promise<Response> =>
  fetch(`${url}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ token: shown }) });
const session = async (headers: Record<string, string> = {}): Promise<unknown> =>
  api.session.parse(await (await fetch(`${url}/api/session`, { headers })).json());

it('where only this machine can ask, nobody needs to', async () => {
  const { body } = await plant.get('/api/session');
  expect(api.session.parse(body)).toEqual({ required: false, signedIn: true });
  expect((await plant.get('/api/streams')).status).toBe(200);
});

it('without the token everything about the plant is refused; health, metrics and the page are not', async () => {
  for (const path of ['/api/streams', '/api/status', '/api/live', '/api/openapi.json', '/api/none', '/api/incidents/x/mark']) {
    const answer = await fetch(url + path);
    expect([answer.status, answer.headers.get('www-authenticate'), api.problem.parse(await answer.json()).error.code]).toEqual([
      401,
      'Bearer',
      'TOKEN_REFUSED',
    ]);
  }
  for (const path of ['/', '/metrics', '/healthz', '/readyz']) expect((await fetch(url + path)).status, path).toBe(200);
  expect((await fetch(`${url}/api/streams`, { headers: { authorization: `Bearer ${token}` } })).status).toBe(200);
});

it('a browser shows the token once, and holds a cookie that no script and no other site can use', async () => {
  expect(await session()).toEqual({ required: true, signedIn: false });
  const answer = await show(token);
  expect([answer.status, await answer.json()]).toEqual([200, { required: true, signedIn: true }]);
  const [set] = answer.headers.getSetCookie();
  expect(set).toMatch(/^sluice_session=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict; Max-Age=604800$/);
  const cookie = { cookie: `other=1; ${set.split(';')[0]}` };
  expect(set).not.toContain(token);
  expect(await session(cookie)).toEqual({ required: true, signedIn: true });
  expect((await fetch(`${url}/api/streams`, { headers: cookie })).status).toBe(200);
  // The cookie goes along with whatever a browser sends; where it comes from decides.
  const foreign = { ...cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' };
  expect((await fetch(`${url}/api/session`, { method: 'DELETE', headers: foreign })).status).toBe(403);

  const left = await fetch(`${url}/api/session`, { method: 'DELETE', headers: cookie });
  expect(left.headers.getSetCookie()[0]).toMatch(/^sluice_session=; .*Max-Age=0$/);
  expect((await fetch(`${url}/api/streams`, { headers: cookie })).status).toBe(401);
  expect(await session({ cookie: 'sluice_session=' })).toEqual({ required: true, signedIn: false });
});

it('after ten wrong tokens an address waits, also with the right one', async () => {
  for (let n = 0; n < 5; n++) {
    expect((await show(`wrong ${n}`)).status).toBe(401);
    expect((await fetch(`${url}/api/streams`, { headers: { authorization: `Bearer wrong ${n}` } })).status).toBe(401);
  }
  const [shown, sent] = [await show(token), await fetch(`${url}/api/streams`, { headers: { authorization: `Bearer ${token}` } })];
  for (const answer of [shown, sent]) {
    expect([answer.status, Number(answer.headers.get('retry-after')) > 0]).toEqual([429, true]);
    expect(api.problem.parse(await answer.json()).error.code).toBe('TOO_MANY_ATTEMPTS');
  }
  // Who sends none is not held up by it.
  expect((await fetch(`${url}/api/streams`)).status).toBe(401);
});

it('one address gets so many answers in a while', async () => {
  const busy = await plant.serve({ requests: { max: 20, timeWindow: 600_000 } });
  const ask = async (): Promise<number> => (await fetch(`${busy.url}/api/session`)).status;
  expect(new Set(await Promise.all(Array.from({ length: 20 }, ask)))).toEqual(new Set([200]));
  const answer = await fetch(`${busy.url}/api/session`);
  expect([answer.status, api.problem.parse(await answer.json()).error.code, answer.headers.has('retry-after')]).toEqual([429, 'TOO_MANY_REQUESTS', true]);
  // What watches the process is not counted.
  expect((await fetch(`${busy.url}/healthz`)).status).toBe(200);
});
