import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSettings } from '../../cli/environment-text.ts';
import type { SetupResult } from '../../connectors/influxdb/setup.ts';
import { sluice } from '../cli/sluice.ts';
import { Sluice } from '../command-line.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { influxRequest } from './influx-access.ts';
import { freePort } from './server-process.ts';
import { type InfluxServer, startInflux } from './servers.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-influx-setup-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Place {
  readonly path: string;
  readonly envFile: string;
  init(args?: readonly string[], env?: Record<string, string>): ReturnType<typeof sluice>;
  values(): Record<string, string>;
}

let places = 0;
/** A folder with an environment file of its own. */
function place(url: string, text?: string): Place {
  const path = join(folder, String(places++));
  mkdirSync(path);
  const envFile = join(path, '.env');
  if (text !== undefined) writeFileSync(envFile, text, { mode: 0o600 });
  return {
    path,
    envFile,
    init: (args = [], env = {}) => sluice(['init', 'influxdb', '--url', url, ...args], { cwd: path, env }),
    values: () => Object.fromEntries(parseSettings(readFileSync(envFile, 'utf8'), '.env').map(({ name, value }) => [name, value])),
  };
}

const outcomes = (stdout: string): Record<string, string> =>
  Object.fromEntries((JSON.parse(stdout) as SetupResult).steps.map(({ what, outcome }) => [what, outcome]));
const secrets = ['INFLUX_ADMIN_PASSWORD', 'INFLUX_OPERATOR_TOKEN', 'INFLUX_TOKEN', 'INFLUX_READER_TOKEN', 'INFLUX_TELEGRAF_TOKEN'];
const tokens = secrets.slice(2);

describeWithStack('sluice init influxdb', { influx: 'own' }, () => {
  let server: InfluxServer;
  beforeAll(async () => {
    server = await startInflux({ empty: true });
  });
  afterAll(() => server?.close());

  const status = async (token: string, method: string, path: string, body = ''): Promise<number> => {
    const response = await fetch(`${server.url}${path}`, {
      method,
      headers: { Authorization: `Token ${token}` },
      ...(method === 'GET' ? {} : { body }),
    });
    await response.text();
    return response.status;
  };
  const write = (token: string, bucket: string): Promise<number> => status(token, 'POST', `/api/v2/write?org=sluice&bucket=${bucket}`, `probe x=1 ${now}`);
  const now = Date.now() * 1_000_000;
  const read = async (token: string, bucket: string): Promise<boolean> => {
    const headers = { Authorization: `Token ${token}`, 'Content-Type': 'application/vnd.flux', Accept: 'application/csv' };
    const body = `from(bucket: "${bucket}") |> range(start: 0) |> limit(n: 1)`;
    const response = await fetch(`${server.url}/api/v2/query?org=sluice`, { method: 'POST', headers, body });
    const text = await response.text();
    if (response.status !== 200) expect(text).toMatch(/could not find bucket|unauthorized|insufficient/);
    return response.status === 200;
  };
  const inInfluxQl = async (token: string, database: string): Promise<unknown> => {
    const parameters = new URLSearchParams({ db: database, q: 'SELECT x FROM probe', epoch: 'ns' });
    const response = await fetch(`${server.url}/query?${parameters}`, { headers: { Authorization: `Token ${token}` } });
    return ((await response.json()) as { results?: { series?: { values: unknown }[] }[] }).results?.[0]?.series?.[0]?.values;
  };
  const asOperator = <T>(token: string, method: string, path: string, body?: unknown): Promise<T> =>
    influxRequest<T>({ url: server.url, token }, method, path, body);
  const authorizations = async (operator: string) =>
    (await asOperator<{ authorizations: { token: string; description: string }[] }>(operator, 'GET', '/api/v2/authorizations')).authorizations;
  const tasks = async (token: string) =>
    (await asOperator<{ tasks: { id: string; name: string; flux: string; status: string }[] }>(token, 'GET', '/api/v2/tasks')).tasks;
  const retention = async (operator: string, bucket: string): Promise<number> => {
    type Buckets = { buckets: { retentionRules: { everySeconds: number }[] }[] };
    const { buckets } = await asOperator<Buckets>(operator, 'GET', `/api/v2/buckets?name=${bucket}`);
    return buckets[0].retentionRules[0]?.everySeconds ?? 0;
  };

  let first: Place;
  let operator: string;

  it('sets an empty server up, and puts what it made into the environment file alone', async () => {
    first = place(server.url, '# mine\nKAFKA_BROKERS=a:1 # stays\nINFLUX_TOKEN=\n');
    const { status: code, stdout, stderr } = first.init();
    expect(code, stderr).toBe(0);
    expect(stderr).toBe('');
    const values = first.values();
    expect(readFileSync(first.envFile, 'utf8')).toMatch(/^# mine\nKAFKA_BROKERS=a:1 # stays\nINFLUX_TOKEN=\S+\n/);
    expect(values).toMatchObject({ INFLUX_URL: server.url, INFLUX_ORG: 'sluice', INFLUX_BUCKET: 'plant', INFLUX_MONITORING_BUCKET: 'monitoring' });
    expect(values.INFLUX_HISTORY_BUCKET).toBe('monitoring_history');
    expect(statSync(first.envFile).mode & 0o777).toBe(0o600);
    for (const name of secrets) {
      expect(values[name].length, name).toBeGreaterThanOrEqual(40);
      expect(stdout).not.toContain(values[name]);
    }
    expect(new Set(secrets.map((name) => values[name])).size).toBe(secrets.length);
    expect(stdout).toMatch(/^ {2}created +user sluice /m);
    expect(stdout).toMatch(/^ {2}created +bucket plant +keeps everything$/m);
    expect(stdout).toMatch(/^ {2}created +bucket monitoring +keeps 30 d$/m);
    expect(stdout).toMatch(/^ {2}created +bucket monitoring_history +keeps 730 d$/m);
    expect(stdout).toMatch(/^ {2}created +task sluice: monitoring by five minutes into monitoring_history +every 5 min$/m);
    expect(stdout).toMatch(/^ {2}created +INFLUX_TOKEN +reads and writes bucket plant$/m);
    expect(stdout).toMatch(/^secrets +\.env, for its owner alone: INFLUX_OPERATOR_TOKEN, INFLUX_ADMIN_PASSWORD, INFLUX_TOKEN/m);
    expect(stdout).toMatch(/^next +.*sluice doctor pipeline\.yaml$/m);
    operator = values.INFLUX_OPERATOR_TOKEN;
    expect([await retention(operator, 'plant'), await retention(operator, 'monitoring')]).toEqual([0, 30 * 86_400]);
    expect(await retention(operator, 'monitoring_history')).toBe(730 * 86_400);
    const credentials = Buffer.from(`sluice:${values.INFLUX_ADMIN_PASSWORD}`).toString('base64');
    const signIn = await fetch(`${server.url}/api/v2/signin`, { method: 'POST', headers: { Authorization: `Basic ${credentials}` } });
    expect(signIn.status).toBe(204);
  });

  it.each([
    ['INFLUX_TOKEN', [true, true], [false, false], [false, false]],
    ['INFLUX_READER_TOKEN', [true, false], [true, false], [true, false]],
    ['INFLUX_TELEGRAF_TOKEN', [false, false], [false, true], [false, false]],
  ])('%s may read, write plant: %j, monitoring: %j, monitoring_history: %j, and nothing else', async (name, ...may) => {
    const token = first.values()[name];
    await asOperator(operator, 'POST', '/api/v2/buckets', { orgID: await orgId(), name: `other-${name}`, retentionRules: [] });
    for (const [i, bucket] of ['plant', 'monitoring', 'monitoring_history'].entries()) {
      expect(await read(token, bucket), `read ${bucket}`).toBe(may[i][0]);
      expect(await write(token, bucket), `write ${bucket}`).toBe(may[i][1] ? 204 : 403);
    }
    expect([await read(token, `other-${name}`), await write(token, `other-${name}`)]).toEqual([false, 403]);
    expect(await status(token, 'POST', '/api/v2/buckets', JSON.stringify({ orgID: await orgId(), name: 'more' }))).toBe(401);
    expect(await status(token, 'GET', '/api/v2/authorizations')).toBe(200);
    expect(await authorizations(token)).toEqual([]);
    expect(await tasks(token)).toEqual([]);
    const erased = await status(
      token,
      'POST',
      '/api/v2/delete?org=sluice&bucket=_monitoring',
      '{"start":"2000-01-01T00:00:00Z","stop":"2001-01-01T00:00:00Z"}',
    );
    expect(erased).toBe(403);
  });

  const orgId = async (): Promise<string> => (await asOperator<{ orgs: { id: string }[] }>(operator, 'GET', '/api/v2/orgs?org=sluice')).orgs[0].id;

  it('InfluxQL finds all buckets as databases, by mappings of their own', async () => {
    const { INFLUX_READER_TOKEN, INFLUX_TOKEN, INFLUX_TELEGRAF_TOKEN } = first.values();
    expect(await write(INFLUX_TOKEN, 'plant')).toBe(204);
    expect(await write(INFLUX_TELEGRAF_TOKEN, 'monitoring')).toBe(204);
    expect(await write(operator, 'monitoring_history')).toBe(204);
    for (const database of ['plant', 'monitoring', 'monitoring_history']) expect(await inInfluxQl(INFLUX_READER_TOKEN, database)).toEqual([[now, 1]]);
    expect(await inInfluxQl(INFLUX_TELEGRAF_TOKEN, 'monitoring')).toBeUndefined();
    const { content } = await asOperator<{ content: { database: string; retention_policy: string; default: boolean; virtual?: boolean }[] }>(
      operator,
      'GET',
      '/api/v2/dbrps?org=sluice',
    );
    const mappings = content
      .filter(({ virtual }) => !virtual)
      .map(({ database, retention_policy, default: isDefault }) => [database, retention_policy, isDefault]);
    expect(mappings.sort()).toEqual([
      ['monitoring', 'autogen', true],
      ['monitoring_history', 'autogen', true],
      ['plant', 'autogen', true],
    ]);
  });

  it('changes nothing the second time', async () => {
    const before = { text: readFileSync(first.envFile, 'utf8'), authorizations: await authorizations(operator), tasks: await tasks(operator) };
    expect(before.tasks.map(({ name, status }) => [name, status])).toEqual([['sluice: monitoring by five minutes into monitoring_history', 'active']]);
    const { status: code, stdout, stderr } = first.init(['--json']);
    expect(code, stderr).toBe(0);
    expect(new Set(Object.values(outcomes(stdout)))).toEqual(new Set(['kept']));
    expect(JSON.parse(stdout)).toMatchObject({ url: server.url, warnings: [], envFile: '.env', variables: expect.arrayContaining(secrets) });
    expect({ text: readFileSync(first.envFile, 'utf8'), authorizations: await authorizations(operator), tasks: await tasks(operator) }).toEqual(before);
  });

  it('replaces a token that is gone, and one that has other rights; the one made before for it stops working', async () => {
    const before = first.values();
    const own = (await asOperator<{ authorizations: { id: string; token: string }[] }>(operator, 'GET', '/api/v2/authorizations')).authorizations;
    await asOperator(operator, 'DELETE', `/api/v2/authorizations/${own.find(({ token }) => token === before.INFLUX_READER_TOKEN)?.id}`).catch((error: Error) =>
      expect(error.message).toContain('JSON'),
    );
    // The operator's opens everything.
    const text = readFileSync(first.envFile, 'utf8');
    writeFileSync(first.envFile, text.replace(`INFLUX_TOKEN=${before.INFLUX_TOKEN}`, `INFLUX_TOKEN=${operator}`));
    const { stdout } = first.init(['--json']);
    expect(outcomes(stdout)).toMatchObject({ INFLUX_TOKEN: 'replaced', INFLUX_READER_TOKEN: 'replaced', INFLUX_TELEGRAF_TOKEN: 'kept' });
    const after = first.values();
    expect(await write(after.INFLUX_TOKEN, 'plant')).toBe(204);
    expect(await write(before.INFLUX_TOKEN, 'plant')).toBe(401);
    expect(await read(after.INFLUX_READER_TOKEN, 'plant')).toBe(true);
    expect(after.INFLUX_OPERATOR_TOKEN).toBe(operator);
    expect((await authorizations(operator)).filter(({ description }) => description.startsWith('sluice plant: '))).toHaveLength(3);
  });

  it('gives who could read two buckets the third one, and takes the token away that could not', async () => {
    const before = first.values();
    const resource = async (name: string) => {
      const { buckets } = await asOperator<{ buckets: { id: string }[] }>(operator, 'GET', `/api/v2/buckets?name=${name}`);
      return { type: 'buckets', id: buckets[0].id, orgID: await orgId() };
    };
    const { token } = await asOperator<{ token: string }>(operator, 'POST', '/api/v2/authorizations', {
      orgID: await orgId(),
      description: 'sluice plant: reads plant and monitoring',
      permissions: [
        { action: 'read', resource: await resource('plant') },
        { action: 'read', resource: await resource('monitoring') },
      ],
    });
    writeFileSync(first.envFile, readFileSync(first.envFile, 'utf8').replace(before.INFLUX_READER_TOKEN, token));
    const { stdout } = first.init(['--json']);
    expect(outcomes(stdout)).toMatchObject({ INFLUX_TOKEN: 'kept', INFLUX_READER_TOKEN: 'replaced', INFLUX_TELEGRAF_TOKEN: 'kept' });
    expect(await read(first.values().INFLUX_READER_TOKEN, 'monitoring_history')).toBe(true);
    for (const old of [token, before.INFLUX_READER_TOKEN]) expect(await status(old, 'GET', '/api/v2/buckets')).toBe(401);
  });

  it('puts a task back that was changed, and tells of one that is paused or failed', async () => {
    const task = 'task sluice: monitoring by five minutes into monitoring_history';
    const [made] = await tasks(operator);
    const change = (change: object): Promise<unknown> => asOperator(operator, 'PATCH', `/api/v2/tasks/${made.id}`, change);
    await change({ flux: made.flux.replace('every: 5m', 'every: 10m'), status: 'inactive' });
    const changed = JSON.parse(first.init(['--json']).stdout) as SetupResult;
    expect(changed.steps).toContainEqual({ what: task, outcome: 'changed', detail: 'every 5 min' });
    expect(changed.warnings).toEqual([expect.stringMatching(/^task 'sluice: .*' is paused: .* --id \w{16} --status active$/)]);
    expect(await tasks(operator)).toEqual([{ ...made, status: 'inactive', updatedAt: expect.any(String) }]);
    const again = JSON.parse(first.init(['--json']).stdout) as SetupResult;
    expect(again.steps).toContainEqual({ what: task, outcome: 'kept', detail: 'every 5 min' });
    await change({ status: 'active' });
    expect(JSON.parse(first.init(['--json']).stdout)).toMatchObject({ warnings: [] });
  });

  it('makes all anew with --rotate', async () => {
    const before = first.values();
    expect(outcomes(first.init(['--json', '--rotate']).stdout)).toMatchObject(Object.fromEntries(tokens.map((name) => [name, 'replaced'])));
    const after = first.values();
    for (const name of tokens) {
      expect(after[name]).not.toBe(before[name]);
      expect(await status(before[name], 'GET', '/api/v2/buckets'), name).toBe(401);
      expect(await status(after[name], 'GET', '/api/v2/buckets'), name).toBe(200);
    }
    expect(after.INFLUX_OPERATOR_TOKEN).toBe(operator);
  });

  it('keeps tokens by what they may do where the server does not show them', async () => {
    const proxy = fastify();
    proxy.all('/*', async (request, reply) => {
      const { authorization = '', 'content-type': type } = request.headers;
      const response = await fetch(`${server.url}${request.url}`, {
        method: request.method,
        headers: { authorization, ...(type === undefined ? {} : { 'content-type': type }) },
        ...(request.body ? { body: JSON.stringify(request.body) } : {}),
      });
      const text = await response.text();
      const list = request.method === 'GET' && request.url.startsWith('/api/v2/authorizations');
      const shown = list ? text.replace(/"token": *"[^"]*",?/g, '') : text;
      return reply
        .code(response.status)
        .type(response.headers.get('content-type') ?? 'text/plain')
        .send(shown);
    });
    const url = await proxy.listen({ host: '127.0.0.1', port: 0 });
    try {
      const other = place(url, readFileSync(first.envFile, 'utf8'));
      const run = async () => outcomes((await new Sluice(['init', 'influxdb', '--url', url, '--json'], other.path).ended).stdout);
      expect(await run()).toMatchObject(Object.fromEntries(tokens.map((name) => [name, 'kept'])));
      const kept = other.values();
      for (const name of tokens) expect(kept[name]).toBe(first.values()[name]);
      writeFileSync(other.envFile, readFileSync(other.envFile, 'utf8').replace(kept.INFLUX_TOKEN, kept.INFLUX_READER_TOKEN));
      expect(await run()).toMatchObject({ INFLUX_TOKEN: 'replaced', INFLUX_READER_TOKEN: 'kept', INFLUX_TELEGRAF_TOKEN: 'kept' });
      expect(await write(other.values().INFLUX_TOKEN, 'plant')).toBe(204);
      expect(await write(kept.INFLUX_TOKEN, 'plant')).toBe(401);
      writeFileSync(first.envFile, readFileSync(other.envFile, 'utf8').replace(url, server.url));
    } finally {
      await proxy.close();
    }
  });

  it('warns of a bucket that forgets, and changes it when told to', async () => {
    await asOperator(operator, 'POST', '/api/v2/buckets', { orgID: await orgId(), name: 'forgets', retentionRules: [{ type: 'expire', everySeconds: 7200 }] });
    const { path } = place(server.url);
    const run = (...args: string[]) =>
      sluice(['init', 'influxdb', '--url', server.url, '--bucket', 'forgets', ...args], { cwd: path, env: { INFLUX_OPERATOR_TOKEN: operator } });
    const { stdout } = run();
    expect(stdout).toMatch(/^ {2}kept +bucket forgets +keeps 2 h$/m);
    expect(stdout).toContain(
      "warning     bucket 'forgets' keeps 2 h, not everything: rows older than that are refused and deleted; change it with --fix-retention\n",
    );
    expect(await retention(operator, 'forgets')).toBe(7200);
    expect(run('--fix-retention').stdout).toMatch(/^ {2}changed +bucket forgets +keeps everything, before 2 h$/m);
    expect(await retention(operator, 'forgets')).toBe(0);
    expect(run('--monitoring-bucket', 'short', '--monitoring-retention', '1h').stdout).toMatch(/^ {2}created +bucket short +keeps 1 h$/m);
    expect(await retention(operator, 'short')).toBe(3600);
    const longer = run('--monitoring-bucket', 'short', '--monitoring-retention', '365d', '--fix-retention');
    expect(longer.stdout).toMatch(/^ {2}changed +bucket short +keeps 365 d, before 1 h$/m);
    const shorter = run('--monitoring-bucket', 'short', '--monitoring-retention', '1d', '--fix-retention');
    expect(shorter.stdout).toMatch(/^ {2}changed +bucket short +keeps 1 d, before 365 d$/m);
    expect(await retention(operator, 'short')).toBe(86_400);
  });

  it('makes another organisation, with what the environment names; its operator token is kept nowhere', async () => {
    const other = place(server.url);
    const env = { INFLUX_OPERATOR_TOKEN: operator, INFLUX_ORG: 'second', INFLUX_BUCKET: 'mill', INFLUX_MONITORING_BUCKET: 'machines' };
    expect(outcomes(other.init(['--json', '--env-file', 'tokens'], env).stdout)).toMatchObject({ 'organisation second': 'created', 'bucket mill': 'created' });
    expect(existsSync(other.envFile)).toBe(false);
    const text = readFileSync(join(other.path, 'tokens'), 'utf8');
    expect(text).toMatch(/^INFLUX_ORG=second\nINFLUX_BUCKET=mill\nINFLUX_MONITORING_BUCKET=machines\nINFLUX_HISTORY_BUCKET=machines_history\nINFLUX_TOKEN=/m);
    expect(text).not.toContain(operator);
  });

  it('takes the operator token from a file; tokens that were made before for the same buckets go', async () => {
    const other = place(server.url);
    writeFileSync(join(other.path, 'operator'), `${operator}\n`);
    const args = ['--token-file', 'operator', '--bucket', 'by-file', '--monitoring-bucket', 'by-file-too', '--json'];
    expect(JSON.parse(other.init(args).stdout)).toMatchObject({ warnings: [] });
    expect(other.values().INFLUX_OPERATOR_TOKEN).toBeUndefined();
    // The same again, by who has not these tokens.
    const before = other.values().INFLUX_TOKEN;
    rmSync(other.envFile);
    const { warnings } = JSON.parse(other.init(args).stdout) as SetupResult;
    expect(warnings).toEqual(
      tokens.map((name) => `the ${name} that was made before is not in this file and no longer works; whoever has it needs the new one`),
    );
    expect(await status(before, 'GET', '/api/v2/buckets')).toBe(401);
  });

  describe('says what is wrong', () => {
    it('no token is known', () => {
      const { status: code, stderr } = place(server.url).init();
      expect(code).toBe(4);
      expect(stderr).toMatch(/^error \[STORE_DENIED\] .* is set up already, and no token is known.* INFLUX_OPERATOR_TOKEN .*--token-file/);
    });

    it('the token is refused, or may not do it', () => {
      const wrong = place(server.url).init([], { INFLUX_OPERATOR_TOKEN: 'hunter2' });
      expect([wrong.status, wrong.stdout]).toEqual([4, '']);
      expect(wrong.stderr).toMatch(
        /^error \[STORE_DENIED\] InfluxDB at \S+ does not know the token\. Put a token that may do everything into INFLUX_OPERATOR_TOKEN/,
      );
      expect(wrong.stderr).not.toContain('hunter2');
      const weak = place(server.url).init(['--json'], { INFLUX_OPERATOR_TOKEN: first.values().INFLUX_TOKEN });
      expect(JSON.parse(weak.stderr).error).toMatchObject({
        code: 'STORE_DENIED',
        message: expect.stringContaining('does not let the token do it: write:orgs is unauthorized'),
      });
    });

    it('the environment file cannot be written, and nothing was made', async () => {
      const before = await authorizations(operator);
      const other = place(server.url);
      mkdirSync(join(other.path, 'folder'));
      for (const file of ['none/.env', 'folder']) {
        const { status: code, stderr } = other.init(['--env-file', file], { INFLUX_OPERATOR_TOKEN: operator });
        expect(code).toBe(4);
        expect(stderr).toMatch(/^error \[STORE_UNAVAILABLE\] cannot write the environment file '.*--env-file/);
      }
      expect(await authorizations(operator)).toEqual(before);
    });

    it('the environment file cannot be read: the line, not the value', () => {
      const { status: code, stderr } = place(server.url, 'A=1\nhunter2\n').init();
      expect([code, stderr]).toEqual([2, 'error [CONFIG_INVALID] this line is no NAME=value (.env:2). Write NAME=value; a comment begins with #.\n']);
    });
  });

  it('waits for a server that is not there yet', async () => {
    await server.stop();
    const run = new Sluice(['init', 'influxdb', '--url', server.url, '--json'], first.path);
    await run.line(({ text }) => text.startsWith('waiting up to 30s: InfluxDB does not answer'));
    await server.start();
    const { code, stdout } = await run.ended;
    expect(code).toBe(0);
    expect(new Set(Object.values(outcomes(stdout)))).toEqual(new Set(['kept']));
  });

  it('makes no second secret when the first ones were saved but not yet used', async () => {
    const empty = await startInflux({ empty: true });
    try {
      const prepared = place(empty.url, 'INFLUX_OPERATOR_TOKEN=0123456789abcdef0123456789abcdef\nINFLUX_ADMIN_PASSWORD=0123456789abcdef\n');
      chmodSync(prepared.envFile, 0o644);
      expect(prepared.init().status).toBe(0);
      expect(prepared.values()).toMatchObject({ INFLUX_OPERATOR_TOKEN: '0123456789abcdef0123456789abcdef', INFLUX_ADMIN_PASSWORD: '0123456789abcdef' });
      expect(statSync(prepared.envFile).mode & 0o777).toBe(0o600);
      const { orgs } = await influxRequest<{ orgs: { name: string }[] }>({ url: empty.url, token: '0123456789abcdef0123456789abcdef' }, 'GET', '/api/v2/orgs');
      expect(orgs.map(({ name }) => name)).toEqual(['sluice']);
    } finally {
      await empty.close();
    }
  });
});

describe('sluice init influxdb without a server', () => {
  const run = (...args: string[]) => sluice(['init', 'influxdb', '--wait', '0', ...args], { cwd: folder });

  it('says that nothing answers', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { status, stderr } = run('--url', url);
    expect(status).toBe(4);
    expect(stderr).toContain(`error [STORE_UNAVAILABLE] InfluxDB does not answer at ${url}: connect ECONNREFUSED`);
    expect(existsSync(join(folder, '.env'))).toBe(false);
  });

  it('says that what answers is no InfluxDB 2, without waiting', async () => {
    const app = fastify();
    app.get('/health', () => ({ name: 'influxdb', message: 'ready for queries and writes', status: 'pass', version: '1.8.10' }));
    const other = fastify();
    const [old, foreign] = await Promise.all([app.listen({ host: '127.0.0.1', port: 0 }), other.listen({ host: '127.0.0.1', port: 0 })]);
    try {
      const said = async (url: string): Promise<string> => (await new Sluice(['init', 'influxdb', '--url', url], folder).ended).stderr;
      expect(await said(old)).toContain("is version '1.8.10'. Use InfluxDB 2");
      expect(await said(foreign)).toContain('is no InfluxDB: status 404');
    } finally {
      await Promise.all([app.close(), other.close()]);
    }
  });

  it.each([
    [['--url', 'influx:8086'], 'the address of InfluxDB is no plain URL'],
    [['--url', 'http://me:hunter2@host'], 'the address of InfluxDB is no plain URL'],
    [['--wait', 'long'], "--wait 'long' is no span of time"],
    [['--monitoring-retention', '30'], "--monitoring-retention '30' is no span of time"],
    [['--history-retention', 'two years'], "--history-retention 'two years' is no span of time"],
    [['--monitoring-bucket', 'y', '--history-bucket', 'y'], "two buckets are called 'y'"],
    [['--bucket', 'x', '--monitoring-bucket', 'x'], "two buckets are called 'x'"],
    [['--token-file', 'none'], "cannot read 'none': ENOENT"],
    [['--path', 'x.csv'], 'init influxdb has no --path'],
  ])('%j is refused', (args, message) => {
    const { status, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('hunter2');
  });
});
