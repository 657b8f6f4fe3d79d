import { request } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { guard, refusalOf } from './access.ts';
import { makeHttpApp } from './http-app.ts';
import { listen, type Server } from './listen.ts';
import { isToken, tokenFor, tokenVariable } from './token.ts';

const token = '0123456789abcdef';
const names = { host: 'host', port: 'port', setPort: '--port ' };

async function serve(guarded: { token: string | undefined; open?: (path: string) => boolean }): Promise<Server> {
  const make = () => {
    const app = makeHttpApp(undefined);
    guard(app, guarded);
    app.get('/seen', async () => 'seen');
    app.get('/open', async () => 'open');
    app.post('/done', async () => 'done');
    return app;
  };
  return await listen(make, { host: '127.0.0.1', port: 0, exact: false, names });
}

/** By node:http, since fetch lets nobody choose a Host. */
function ask(server: Server, method: string, path: string, headers: Record<string, string> = {}): Promise<{ status: number | undefined; body: string }> {
  return new Promise((done, fail) => {
    const sent = request({ host: '127.0.0.1', port: server.port, method, path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => (body += text));
      response.on('end', () => done({ status: response.statusCode, body }));
    });
    sent.on('error', fail).end();
  });
}

describe('the token', () => {
  test('is asked for where other machines can reach the server', () => {
    for (const host of ['127.0.0.1', '127.8.0.1', 'localhost', '::1']) expect(tokenFor(host, 'serve.host', { [tokenVariable]: token })).toBeUndefined();
    for (const host of ['0.0.0.0', '::', '192.168.1.7', 'plant.example']) expect(tokenFor(host, 'serve.host', { [tokenVariable]: token })).toBe(token);
  });

  test.each([
    [{}, 'there is no token'],
    [{ [tokenVariable]: 'secret' }, 'the token has 6 characters'],
  ])('must be there, and long: %j', (environment, told) => {
    let error: unknown;
    try {
      tokenFor('0.0.0.0', 'serve.host', environment);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toMatchObject({ code: 'CONFIG_INVALID', place: 'serve.host', what: `other machines can reach '0.0.0.0', and ${told} that they must know` });
    expect((error as { fix: string }).fix).toContain('SLUICE_TOKEN');
  });

  test('is itself and no other', () => {
    expect([isToken(token, token), isToken(`${token} `, token), isToken('', token), isToken(undefined, token)]).toEqual([true, false, false, false]);
  });
});

describe('a server of this machine alone', () => {
  let server: Server;
  beforeAll(async () => {
    server = await serve({ token: undefined });
  });
  afterAll(() => server.close());

  test.each(['127.0.0.1', 'localhost', '[::1]'])('answers as %s', async (host) => {
    expect(await ask(server, 'GET', '/seen', { host: `${host}:${server.port}` })).toEqual({ status: 200, body: 'seen' });
  });

  test.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example', '@'])('does not as %j', async (host) => {
    const { status, body } = await ask(server, 'GET', '/seen', { host });
    expect([status, JSON.parse(body).error.code]).toEqual([403, 'HOST_REFUSED']);
  });

  test('is commanded by programs and its own page', async () => {
    expect((await ask(server, 'POST', '/done')).status).toBe(200);
    const own = { host: `localhost:${server.port}`, origin: `http://localhost:${server.port}`, 'sec-fetch-site': 'same-origin' };
    expect((await ask(server, 'POST', '/done', own)).status).toBe(200);
  });

  test.each<Record<string, string>>([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://127.0.0.1:1' },
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
  ])('is not by a page with %j', async (headers) => {
    const { status, body } = await ask(server, 'POST', '/done', headers);
    expect([status, JSON.parse(body).error.code]).toEqual([403, 'ORIGIN_REFUSED']);
    // Reading by a program, or by following a link, is no harm; being read by another page is.
    expect((await ask(server, 'GET', '/seen', headers)).status).toBe('sec-fetch-site' in headers ? 403 : 200);
    expect((await ask(server, 'GET', '/seen', { ...headers, 'sec-fetch-mode': 'navigate' })).status).toBe(200);
  });
});

describe('a server with a token', () => {
  let server: Server;
  beforeAll(async () => {
    server = await serve({ token, open: (path) => path === '/open' });
  });
  afterAll(() => server.close());

  test('asks for it, under whatever name', async () => {
    const host = { host: 'plant.example' };
    expect((await ask(server, 'GET', '/seen', { ...host, authorization: `Bearer ${token}` })).status).toBe(200);
    for (const headers of [host, { ...host, authorization: 'Bearer wrong' }, { ...host, authorization: `Basic ${token}` }]) {
      const { status, body } = await ask(server, 'GET', '/seen', headers);
      expect([status, JSON.parse(body).error]).toMatchObject([401, { code: 'TOKEN_REFUSED', fix: expect.stringContaining('SLUICE_TOKEN') }]);
    }
    expect((await ask(server, 'GET', '/none', host)).status).toBe(401);
  });

  test('leaves open what is to be open, and no page of another origin in', async () => {
    expect((await ask(server, 'GET', '/open?x=1')).status).toBe(200);
    expect((await ask(server, 'POST', '/done', { authorization: `Bearer ${token}`, origin: 'https://evil.example' })).status).toBe(403);
  });

  test('takes it shown in another way too', () => {
    expect(refusalOf({ method: 'POST', headers: { host: 'plant.example' } }, { token, signedIn: true })).toBeUndefined();
  });
});
