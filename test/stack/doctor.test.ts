import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fastify from 'fastify';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Sluice } from '../command-line.ts';
import { examined, plantFolder, type Report, report } from '../doctor-report.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { type FreshBucket, type InfluxAccess, influxRequest } from './influx-access.ts';
import { freePort } from './server-process.ts';
import { type InfluxServer, sharedInflux, startInflux } from './servers.ts';

const folder = plantFolder();

describeWithStack('sluice doctor with InfluxDB', { influx: 'shared' }, () => {
  let influx: InfluxAccess;
  let fresh: FreshBucket;
  beforeAll(async () => {
    influx = await sharedInflux();
    fresh = await influx.freshBucket();
  });
  const store = (more: object = {}) => ({ type: 'influxdb', url: influx.url, org: influx.org, bucket: fresh.bucket, token: fresh.token, ...more });
  const tokenTo = async (...actions: string[]): Promise<string> => {
    const { orgs } = await influxRequest<{ orgs: { id: string }[] }>(influx, 'GET', `/api/v2/orgs?org=${influx.org}`);
    const permissions = actions.map((action) => ({ action, resource: { type: 'buckets', id: fresh.bucketId, orgID: orgs[0].id } }));
    return (await influxRequest<{ token: string }>(influx, 'POST', '/api/v2/authorizations', { orgID: orgs[0].id, permissions })).token;
  };

  it('all is well, and no point is left', async () => {
    const { of } = await examined(folder, { store: store({ readToken: fresh.readToken }) });
    expect(of('store influxdb').map((line) => line.replace(/ answers in \d+ ms/, ' answers').replace(/[\d.]+ GB left under .*/, 'left'))).toEqual([
      expect.stringMatching(`^ok server: InfluxDB 2\\.\\d+\\.\\d+ at ${influx.url}, answers$`),
      'ok clock: the same as here, to the second',
      // Other tests make this server refuse points, which is told here too.
      expect.stringMatching(/^(ok|not checked|warning) disk: /),
      expect.stringMatching(/^(ok|warning) tasks: /),
      `ok token: reads and writes bucket ${fresh.bucket}, and opens nothing else`,
      `ok bucket ${fresh.bucket}: of organisation ${influx.org}: may be read and written`,
      'ok retention: keeps everything',
      'ok query: Flux answers',
      `ok reader token: reads bucket ${fresh.bucket}, does not write it`,
    ]);
    const body = `from(bucket: "${fresh.bucket}") |> range(start: 0)`;
    const headers = { Authorization: `Token ${fresh.token}`, 'Content-Type': 'application/vnd.flux' };
    const response = await fetch(`${influx.url}/api/v2/query?org=${influx.org}`, { method: 'POST', headers, body });
    expect((await response.text()).trim()).toBe('');
  });

  it('nothing answers', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { of, find } = await examined(folder, { store: store({ url }) });
    expect(find('server')).toMatchObject({
      status: 'failed',
      found: `InfluxDB does not answer at ${url}: connect ECONNREFUSED ${url.slice(7)}`,
      fix: 'Start it, or correct the address (INFLUX_URL, store.url).',
    });
    expect(
      of('store')
        .slice(1)
        .every((line) => line.startsWith('not checked') && line.endsWith(': no InfluxDB answers')),
    ).toBe(true);
  });

  it('an address with a password is not shown', async () => {
    const hidden = await examined(folder, { store: store({ url: `http://me:hunter2@127.0.0.1:${await freePort()}` }) });
    expect(hidden.find('server')).toMatchObject({ status: 'failed', found: expect.stringContaining('//[hidden]@') });
    expect(JSON.stringify(hidden.checks)).not.toContain('hunter2');
  });

  it('what answers is no InfluxDB 2, or has a clock of its own', async () => {
    const app = fastify();
    let answer: { name: string; status: string; version: string; message?: string };
    let ahead = 0;
    app.get('/health', (_, reply) => reply.header('date', new Date(Date.now() + ahead).toUTCString()).send(answer));
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    try {
      answer = { name: 'influxdb', status: 'pass', version: '1.8.10' };
      expect((await examined(folder, { store: store({ url }) })).find('server')).toMatchObject({ status: 'failed', fix: 'Use InfluxDB 2; 2.7 is tested.' });
      answer = { name: 'influxdb', status: 'fail', message: 'loading', version: '2.7.12' };
      expect((await examined(folder, { store: store({ url }) })).find('server')).toMatchObject({
        status: 'failed',
        found: expect.stringContaining('is not ready: loading'),
      });
      answer = { name: 'influxdb', status: 'pass', version: '2.7.12' };
      for (const [ms, found] of [
        [120_000, /^the server is (1 min 5\d s|2 min) ahead of this machine: /],
        [-3_600_000, /^the server is (59 min 5\d s|1 h) behind this machine: /],
      ] as const) {
        ahead = ms;
        expect((await examined(folder, { store: store({ url }) })).find('clock')).toMatchObject({
          status: 'warning',
          found: expect.stringMatching(found),
          fix: 'Set the clocks by NTP.',
        });
      }
    } finally {
      await app.close();
    }
  });

  const rights: [string, (() => Promise<string>) | string, string, RegExp, RegExp][] = [
    ['a wrong token', 'hunter2', 'token', /^failed: the server does not know it$/, /INFLUX_TOKEN .*`sluice init influxdb`/],
    ['a token that only reads', () => tokenTo('read'), 'bucket', /^failed: the token may read it, not write it$/, /`sluice init influxdb`/],
    ['a token that only writes', () => tokenTo('write'), 'bucket', /^failed: the token may write it, not read it/, /`sluice init influxdb`/],
    ['the operator token', async () => influx.token, 'token', /^warning: it may do far more than the pipeline needs/, /opens nothing else/],
    [
      'a token of another bucket',
      async () => (await influx.freshBucket()).token,
      'bucket',
      /^failed: the token may neither read nor write it$/,
      /INFLUX_TOKEN/,
    ],
  ];
  it.each(rights)('%s', async (_, token, check, found, fix) => {
    const value = typeof token === 'string' ? token : await token();
    const result = await examined(folder, { store: store({ token: value }) });
    const finding = result.find(check === 'bucket' ? `bucket ${fresh.bucket}` : check);
    expect(`${finding.status}: ${finding.found}`).toMatch(found);
    expect(finding.fix).toMatch(fix);
    expect(JSON.stringify(result.checks)).not.toContain(value);
  });

  it('no such bucket, no such organisation, a bucket that forgets', async () => {
    const bucket = freshName('none');
    expect((await examined(folder, { store: store({ bucket }) })).find(`bucket ${bucket}`)).toMatchObject({
      status: 'failed',
      found: `organisation '${influx.org}' has no such bucket`,
      fix: expect.stringContaining('`sluice init influxdb`'),
    });
    expect((await examined(folder, { store: store({ org: 'nobody' }) })).find(`bucket ${fresh.bucket}`)).toMatchObject({
      status: 'failed',
      found: "there is no organisation 'nobody'",
    });
    const other = await influx.freshBucket();
    await influxRequest(influx, 'PATCH', `/api/v2/buckets/${other.bucketId}`, { retentionRules: [{ type: 'expire', everySeconds: 1_209_600 }] });
    expect((await examined(folder, { store: store({ bucket: other.bucket, token: other.token }) })).find('retention')).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('keeps 14 d: older rows, as of a recording, are refused'),
      fix: expect.stringContaining('--fix-retention'),
    });
  });

  it("a reader's token that is wrong, or writes", async () => {
    const find = async (readToken: string) => (await examined(folder, { store: store({ readToken }) })).find('reader token');
    expect(await find('hunter2')).toMatchObject({ status: 'failed', found: 'the server does not know it' });
    expect(await find((await influx.freshBucket()).token)).toMatchObject({ status: 'failed', found: `it may not read bucket ${fresh.bucket}` });
    expect(await find(fresh.token)).toMatchObject({ status: 'warning', found: 'it may write, too' });
  });

  it('without a pipeline it says who answers, with the token that is known', async () => {
    const cwd = join(folder, 'known');
    mkdirSync(cwd);
    const doctor = async (text: string): Promise<Report> => {
      writeFileSync(join(cwd, '.env'), text, { mode: 0o600 });
      return report(await new Sluice(['doctor', '--json'], cwd).ended);
    };
    const brokers = `127.0.0.1:${await freePort()}`;
    const named = `INFLUX_URL=${influx.url}\nINFLUX_ORG=${influx.org}\nINFLUX_BUCKET=${fresh.bucket}\nKAFKA_BROKERS=${brokers}\n`;
    const known = await doctor(`${named}INFLUX_TOKEN=${fresh.token}\n`);
    expect(known.find('InfluxDB token').status).toBe('ok');
    expect(known.find(`Kafka ${brokers}`)).toMatchObject({ status: 'warning', found: 'refuses connections: nothing listens there' });
    expect((await doctor(named)).find(`InfluxDB ${influx.url}`)).toMatchObject({
      status: 'warning',
      found: expect.stringMatching(/^2\.\S+; no token is known/),
    });
  });
});

describeWithStack('sluice doctor with an empty InfluxDB', { influx: 'own' }, () => {
  let server: InfluxServer;
  beforeAll(async () => {
    server = await startInflux({ empty: true });
  });
  afterAll(() => server?.close());

  it('says that it was never set up', async () => {
    const { find, of } = await examined(folder, { store: { type: 'influxdb', url: server.url, token: 'x' } });
    expect(find('token')).toMatchObject({ status: 'failed', found: expect.stringMatching(/^the server was never set up/), fix: 'Run `sluice init influxdb`.' });
    expect(of('store')[0]).toMatch(/^ok server/);
  });
});
