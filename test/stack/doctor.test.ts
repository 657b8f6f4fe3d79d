import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fastify from 'fastify';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Finding } from '../../core/finding.ts';
import { Sluice } from '../command-line.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { freshName } from './fresh-name.ts';
import { type FreshBucket, type InfluxAccess, influxRequest } from './influx-access.ts';
import { freePort } from './server-process.ts';
import { type InfluxServer, type SecureKafkaServer, sharedInflux, sharedKafka, startInflux, startKafka } from './servers.ts';

/** Each look takes a process of its own; several in a test take their time on a busy machine. */
vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'sluice-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));
const rows = Array.from({ length: 30 }, (_, i) => `2024-01-01T00:00:${String(i).padStart(2, '0')}Z,${i},${i % 3}`);
writeFileSync(join(folder, 'plant.csv'), `time,FLOW,LEVEL\n${rows.join('\n')}\n`);

interface Report {
  readonly ok: boolean;
  readonly counts: Readonly<Record<string, number>>;
  readonly checks: readonly (Finding & { readonly section: string })[];
  readonly code: number | null;
  /** The findings of a section whose title begins so, in short: `ok broker: …`. */
  of(section: string): string[];
  /** The one finding of this name. */
  find(check: string): Finding;
}

let pipelines = 0;

/** Runs `sluice doctor --json` on a pipeline of this bus and store. */
async function examined(parts: { bus?: object | string; store?: object | string; more?: object; topic?: string }, args: readonly string[] = [], cwd = folder) {
  const file = join(cwd, `${pipelines++}.yaml`);
  const { bus = 'memory', store = { type: 'duckdb', path: `${pipelines}.duckdb` }, more = {}, topic = 'plant' } = parts;
  const source = { type: 'csv', path: join(folder, 'plant.csv') };
  writeFileSync(file, JSON.stringify({ stream: 'plant', topic, source, detectors: { mahalanobis: {} }, serve: false, bus, store, ...more }));
  return report(await new Sluice(['doctor', file, '--json', ...args], cwd).ended);
}

function report({ stdout, stderr, code }: { stdout: string; stderr: string; code: number | null }): Report {
  expect(stderr).toBe('');
  const parsed = JSON.parse(stdout) as Omit<Report, 'code' | 'of' | 'find'>;
  const failed = parsed.checks.filter(({ status }) => status === 'failed');
  expect({ ok: parsed.ok, code }).toEqual({ ok: failed.length === 0, code: failed.length === 0 ? 0 : 4 });
  for (const { status, fix, check } of parsed.checks) if (status === 'failed' || status === 'warning') expect(fix, check).toMatch(/^[A-Z`].*\S$/s);
  return {
    ...parsed,
    code,
    of: (section) => parsed.checks.filter((each) => each.section.startsWith(section)).map(({ status, check, found }) => `${status} ${check}: ${found}`),
    find(check) {
      const found = parsed.checks.filter((each) => each.check === check);
      expect(found, `${check} of ${parsed.checks.map((each) => each.check).join(', ')}`).toHaveLength(1);
      const [{ section: _, ...finding }] = found;
      return finding;
    },
  };
}

describe('sluice doctor on this machine', () => {
  it('looks at a pipeline without servers', async () => {
    const { of, code, find } = await examined({ more: { serve: { port: await freePort() } } });
    expect(code).toBe(0);
    expect(of('machine')).toEqual(expect.arrayContaining([`ok node: ${process.versions.node}`, expect.stringMatching(/^ok disk: [\d.]+ GB left under /)]));
    expect(find('port').found).toMatch(/^127\.0\.0\.1:\d+ is free$/);
    expect(of('source')).toEqual([expect.stringMatching(/^ok source: .*2 tags/)]);
    expect(of('bus memory')).toEqual(['ok bus: lives in the process, nothing to reach']);
    expect(of('store duckdb')).toEqual([
      expect.stringMatching(/^ok file \d+\.duckdb: does not exist yet and can be made$/),
      expect.stringMatching(/^ok disk: /),
      'not checked content: there is no file yet',
    ]);
  });

  it('reads a store file, also while a process holds it, and says what is wrong with one', async () => {
    const store = { type: 'duckdb', path: join(folder, 'kept.duckdb') };
    const file = join(folder, 'kept.yaml');
    const source = { type: 'csv', path: 'plant.csv', pace: 'max' };
    writeFileSync(file, JSON.stringify({ stream: 'plant', source, detectors: { mahalanobis: {} }, train: { rows: 20 }, serve: false, outputs: [], store }));
    const run = new Sluice(['run', file, '--json'], folder);
    await run.line(({ text }) => text.startsWith('end of '));
    try {
      expect((await examined({ store })).find('content')).toMatchObject({
        status: 'ok',
        found: 'readable, through the process that holds it: 30 rows of plant',
      });
    } finally {
      run.kill('SIGTERM');
      await run.ended;
    }
    const { find } = await examined({ store });
    expect(find('content')).toMatchObject({ status: 'ok', found: 'readable: 30 rows of plant' });
    expect(find(`file ${store.path}`).found).toMatch(/ MB, can be written$/);
    writeFileSync(join(folder, 'text.duckdb'), 'no database '.repeat(1000));
    expect((await examined({ store: { type: 'duckdb', path: 'text.duckdb' } })).find('content')).toEqual({
      check: 'content',
      status: 'failed',
      found: 'this is not a DuckDB file',
      fix: 'Give another store.path.',
    });
    expect((await examined({ store: { type: 'duckdb', path: 'plant.csv/x.duckdb' } })).find('file plant.csv/x.duckdb')).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('is a file, not a folder'),
    });
  });

  it('names each mistake of the file, and looks at the rest', async () => {
    const { of, code } = await examined({ bus: { type: 'memory', capcity: 3 }, more: { batch: { rows: 0 } } });
    expect(code).toBe(4);
    expect(of('pipeline').filter((line) => line.startsWith('failed'))).toEqual([
      expect.stringMatching(/^failed file 1:\d+: bus\.capcity: /),
      expect.stringMatching(/^failed file 1:\d+: batch\.rows: /),
    ]);
    expect(of('pipeline')).toContain('not checked store: the pipeline file has mistakes');
    expect(of('machine').length).toBeGreaterThan(1);
    const missing = report(await new Sluice(['doctor', 'none.yaml', '--json'], folder).ended);
    expect(missing.find('file')).toMatchObject({ status: 'failed', found: "there is no pipeline file 'none.yaml'" });
    expect(missing.of('servers').length).toBeGreaterThan(0);
  });

  it('says where variables come from, and goes on without those that are not set', async () => {
    const cwd = join(folder, 'variables');
    mkdirSync(cwd);
    writeFileSync(join(cwd, '.env'), 'PLANT_STREAM=mill\nINFLUX_READER_TOKEN=x\n');
    chmodSync(join(cwd, '.env'), 0o644);
    const url = `http://127.0.0.1:${await freePort()}`;
    const [stream, level, token] = ['PLANT_STREAM', 'LEVEL_OF_NOTHING:-7', 'INFLUX_TOKEN'].map((name) => `\${${name}}`);
    const { of, find } = await examined({ more: { stream, seed: level }, store: { type: 'influxdb', url, token } }, [], cwd);
    expect(find('variable')).toEqual({
      check: 'variable',
      status: 'failed',
      found: 'INFLUX_TOKEN is not set',
      fix: 'Run `sluice init influxdb`, which puts it into .env.',
    });
    expect(of('pipeline')).toEqual(
      expect.arrayContaining([
        'ok file: no mistakes but for variables',
        'ok variables: from .env: PLANT_STREAM; from their defaults: LEVEL_OF_NOTHING',
        "warning variables: others can read '.env', which holds INFLUX_READER_TOKEN",
      ]),
    );
    expect(find('server').status).toBe('failed');
    writeFileSync(join(cwd, '.env'), 'what?\n');
    const { find: again, of: rest } = await examined({}, [], cwd);
    expect(again('environment file')).toMatchObject({ status: 'failed', found: 'this line is no NAME=value (.env:1)' });
    expect(rest('store').length).toBeGreaterThan(0);
  });

  it('says who holds the port', async () => {
    const other = createServer((socket) => socket.end('not http'));
    const port = await new Promise<number>((done) => other.listen(0, '127.0.0.1', () => done((other.address() as { port: number }).port)));
    try {
      const find = async (more: object) => (await examined({ more })).find('port');
      expect(await find({ serve: { port } })).toMatchObject({ status: 'failed', found: `127.0.0.1:${port} is in use` });
      expect(await find({ serve: { host: '192.0.2.1', port: 8080 } })).toMatchObject({
        status: 'failed',
        found: expect.stringContaining('cannot be listened on'),
      });
    } finally {
      other.close();
    }
    const file = join(folder, 'served.yaml');
    const source = { type: 'csv', path: 'plant.csv', pace: 'max' };
    const served = {
      stream: 'plant',
      source,
      detectors: { mahalanobis: {} },
      train: { rows: 20 },
      outputs: [],
      store: { type: 'duckdb', path: 'served.duckdb' },
    };
    writeFileSync(file, JSON.stringify({ ...served, serve: { port } }));
    const run = new Sluice(['run', file, '--json'], folder);
    await run.line(({ text }) => text.startsWith('end of '));
    try {
      const { find } = report(await new Sluice(['doctor', file, '--json'], folder).ended);
      expect(find('port')).toMatchObject({ status: 'ok', found: `127.0.0.1:${port} is held by a running Sluice` });
    } finally {
      run.kill('SIGTERM');
      await run.ended;
    }
  });

  it('a source that is not there fails where this pipeline reads it, and is a warning where another process does', async () => {
    const more = { source: { type: 'csv', path: 'none.csv' } };
    expect((await examined({ more })).find('source').status).toBe('failed');
    const bus = { type: 'kafka', brokers: `127.0.0.1:${await freePort()}` };
    expect((await examined({ more, bus })).find('source')).toMatchObject({
      status: 'warning',
      fix: expect.stringContaining('Only `sluice produce` needs it.'),
    });
  });

  it('as text is folded to the width, with a summary', async () => {
    const file = join(folder, 'text.yaml');
    const bus = { type: 'kafka', brokers: [`127.0.0.1:${await freePort()}`] };
    writeFileSync(file, JSON.stringify({ stream: 'plant', source: { type: 'csv', path: 'plant.csv' }, detectors: { mahalanobis: {} }, serve: false, bus }));
    const { stdout, code } = await new Sluice(['doctor', file], folder).ended;
    expect(code).toBe(4);
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).toMatch(
      /^bus kafka\n {2}failed {7}broker 127\.0\.0\.1:\d+ +refuses connections: nothing listens there\n +Start Kafka there, or correct bus\.brokers/m,
    );
    expect(stdout).toMatch(/\n\n1 failed, (\d+ warnings?, )?\d+ ok, \d+ not checked\n$/);
    expect(stdout).not.toContain('\u001b');
  });
});

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
    const { of } = await examined({ store: store({ readToken: fresh.readToken }) });
    expect(of('store influxdb').map((line) => line.replace(/ answers in \d+ ms/, ' answers').replace(/[\d.]+ GB left under .*/, 'left'))).toEqual([
      expect.stringMatching(`^ok server: InfluxDB 2\\.\\d+\\.\\d+ at ${influx.url}, answers$`),
      'ok clock: the same as here, to the second',
      expect.stringMatching(/^(ok|not checked) disk: /),
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
    const { of, find } = await examined({ store: store({ url }) });
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

  it('what answers is no InfluxDB 2, or has a clock of its own', async () => {
    const app = fastify();
    let answer: { name: string; status: string; version: string; message?: string };
    let ahead = 0;
    app.get('/health', (_, reply) => reply.header('date', new Date(Date.now() + ahead).toUTCString()).send(answer));
    const url = await app.listen({ host: '127.0.0.1', port: 0 });
    try {
      answer = { name: 'influxdb', status: 'pass', version: '1.8.10' };
      expect((await examined({ store: store({ url }) })).find('server')).toMatchObject({ status: 'failed', fix: 'Use InfluxDB 2; 2.7 is tested.' });
      answer = { name: 'influxdb', status: 'fail', message: 'loading', version: '2.7.12' };
      expect((await examined({ store: store({ url }) })).find('server')).toMatchObject({
        status: 'failed',
        found: expect.stringContaining('is not ready: loading'),
      });
      answer = { name: 'influxdb', status: 'pass', version: '2.7.12' };
      for (const [ms, found] of [
        [120_000, /^the server is (1 min 5\d s|2 min) ahead of this machine: /],
        [-3_600_000, /^the server is (59 min 5\d s|1 h) behind this machine: /],
      ] as const) {
        ahead = ms;
        expect((await examined({ store: store({ url }) })).find('clock')).toMatchObject({
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
    const result = await examined({ store: store({ token: value }) });
    const finding = result.find(check === 'bucket' ? `bucket ${fresh.bucket}` : check);
    expect(`${finding.status}: ${finding.found}`).toMatch(found);
    expect(finding.fix).toMatch(fix);
    expect(JSON.stringify(result.checks)).not.toContain(value);
  });

  it('no such bucket, no such organisation, a bucket that forgets', async () => {
    const bucket = freshName('none');
    expect((await examined({ store: store({ bucket }) })).find(`bucket ${bucket}`)).toMatchObject({
      status: 'failed',
      found: `organisation '${influx.org}' has no such bucket`,
      fix: expect.stringContaining('`sluice init influxdb`'),
    });
    expect((await examined({ store: store({ org: 'nobody' }) })).find(`bucket ${fresh.bucket}`)).toMatchObject({
      status: 'failed',
      found: "there is no organisation 'nobody'",
    });
    const other = await influx.freshBucket();
    await influxRequest(influx, 'PATCH', `/api/v2/buckets/${other.bucketId}`, { retentionRules: [{ type: 'expire', everySeconds: 1_209_600 }] });
    expect((await examined({ store: store({ bucket: other.bucket, token: other.token }) })).find('retention')).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('keeps 14 d: older rows, as of a recording, are refused'),
      fix: expect.stringContaining('--fix-retention'),
    });
  });

  it("a reader's token that is wrong, or writes", async () => {
    const find = async (readToken: string) => (await examined({ store: store({ readToken }) })).find('reader token');
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
    const { find, of } = await examined({ store: { type: 'influxdb', url: server.url, token: 'x' } });
    expect(find('token')).toMatchObject({ status: 'failed', found: expect.stringMatching(/^the server was never set up/), fix: 'Run `sluice init influxdb`.' });
    expect(of('store')[0]).toMatch(/^ok server/);
  });
});

describeWithStack('sluice doctor with Kafka', { kafka: 'shared' }, () => {
  let brokers: string[];
  let admin: Admin;
  beforeAll(async () => {
    brokers = (await sharedKafka()).brokers;
    admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
  });
  afterAll(() => admin?.disconnect());

  const bus = (more: object = {}) => ({ type: 'kafka', brokers, ...more });
  const made = async (settings: Record<string, string> = {}, { topic = freshName('doctor'), partitions = 1 } = {}): Promise<string> => {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic, numPartitions: partitions, configEntries }] });
    return topic;
  };
  const sent = async (topic: string, messages: { value: string; timestamp?: string }[]): Promise<void> => {
    const producer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).producer();
    await producer.connect();
    await producer.send({ topic, messages });
    await producer.disconnect();
  };

  it('all is well: topics that are not there yet will be made', async () => {
    const topic = freshName('doctor');
    const { of, code } = await examined({ bus: bus({ partitions: 3 }), topic });
    expect(code).toBe(0);
    expect(of('bus kafka').map((line) => line.replace(/ in \d+ ms$/, ''))).toEqual([
      ...brokers.map((address) => expect.stringMatching(`^ok broker ${address}: Kafka \\d+\\.\\d+, answers$`)),
      'ok login: none is asked for',
      expect.stringMatching(/^ok cluster: (one broker|\d+ brokers): /),
      `ok topic ${topic}: does not exist yet; it will be made with 3 partitions`,
      `ok topic ${topic}.announcements: does not exist yet; it will be made with 1 partition, cleanup.policy=compact`,
      `ok topic ${topic}.sluice.state: does not exist yet; it will be made with 1 partition, cleanup.policy=compact`,
      'ok group sluice: nobody processes now; it has processed nothing yet',
    ]);
    const { topics } = await admin.fetchTopicMetadata();
    expect(topics.filter(({ name }) => name.startsWith(topic))).toEqual([]);
  });

  it('all is well: topics that are there', async () => {
    const topic = await made({}, { partitions: 2 });
    const group = freshName('group');
    await made({ 'cleanup.policy': 'compact' }, { topic: `${topic}.announcements` });
    await made({ 'cleanup.policy': 'compact' }, { topic: `${topic}.${group}.state` });
    await sent(
      topic,
      Array.from({ length: 10 }, () => ({ value: '{}' })),
    );
    await admin.setOffsets({ groupId: group, topic, partitions: [0, 1].map((partition) => ({ partition, offset: '0' })) });
    const { of } = await examined({ bus: bus({ group, partitions: 2 }), topic });
    expect(of('bus kafka').slice(-8)).toEqual([
      `ok topic ${topic}: 2 partitions, one copy of each`,
      `ok messages ${topic}: 10 messages`,
      `ok retention ${topic}: rows are kept for 7 d`,
      `ok message size ${topic}: up to 1 MB`,
      `ok topic ${topic}.announcements: schemas and sources, compacted`,
      `ok topic ${topic}.${group}.state: positions and models, compacted`,
      `ok rights ${topic}: may read and write what is there`,
      `ok group ${group}: nobody processes now; 10 messages behind`,
    ]);
  });

  it('no broker answers, or one of several', async () => {
    const away = `127.0.0.1:${await freePort()}`;
    const { of, find } = await examined({ bus: { type: 'kafka', brokers: [away, 'nobody.invalid:9092', 'nonsense'] } });
    expect(find(`broker ${away}`)).toMatchObject({
      status: 'failed',
      found: 'refuses connections: nothing listens there',
      fix: expect.stringMatching(/^Start Kafka there/),
    });
    expect(find('broker nobody.invalid:9092')).toMatchObject({ status: 'failed', found: expect.stringMatching(/^is a name that/) });
    expect(find('broker nonsense')).toMatchObject({ status: 'failed', found: 'is no host:port' });
    expect(of('bus').slice(3)).toEqual(['login', 'cluster', 'topic plant', 'group sluice'].map((check) => `not checked ${check}: no broker answers`));
    const one = await examined({ bus: { type: 'kafka', brokers: [away, ...brokers] }, topic: freshName('doctor') });
    expect(one.code).toBe(0);
    expect(one.find(`broker ${away}`).status).toBe('warning');
  });

  it('something else listens there', async () => {
    const [silent, closing, talking] = await Promise.all(
      [() => {}, (end: () => void) => end(), (_: () => void, write: (text: string) => void) => write('HTTP/1.1 400 Bad Request\r\n\r\n')].map(
        (answer) =>
          new Promise<{ address: string; close(): void }>((done) => {
            const server = createServer((socket) => {
              socket.on('error', () => {});
              socket.once('data', () =>
                answer(
                  () => socket.destroy(),
                  (text) => socket.write(text),
                ),
              );
            });
            server.listen(0, '127.0.0.1', () => done({ address: `127.0.0.1:${(server.address() as { port: number }).port}`, close: () => server.close() }));
          }),
      ),
    );
    const { find } = await examined({ bus: { type: 'kafka', brokers: [silent.address, closing.address, talking.address] } });
    for (const { close } of [silent, closing, talking]) close();
    expect(find(`broker ${silent.address}`).found).toBe('takes connections, but does not answer within 3 s');
    expect(find(`broker ${closing.address}`).found).toMatch(/^takes connections, but closes them|^breaks off/);
    expect(find(`broker ${talking.address}`).found).toBe('answers, but not as Kafka does');
  });

  it('a topic is missing and may not be made', async () => {
    const topic = freshName('doctor');
    const { find } = await examined({ bus: bus({ createTopics: false, partitions: 4 }), topic });
    expect(find(`topic ${topic}`)).toEqual({
      check: `topic ${topic}`,
      status: 'failed',
      found: 'it does not exist, and bus.createTopics is false',
      fix: 'Create it with 4 partitions, or set bus.createTopics to true.',
    });
    expect(find(`topic ${topic}.sluice.state`).fix).toBe('Create it with 1 partition, cleanup.policy=compact, or set bus.createTopics to true.');
  });

  it('topics that are not as they have to be', async () => {
    const topic = await made({ 'retention.ms': '3600000', 'max.message.bytes': '100000' });
    await made({}, { topic: `${topic}.announcements` });
    await made({ 'cleanup.policy': 'compact', 'max.message.bytes': '100000' }, { topic: `${topic}.sluice.state` });
    const { find } = await examined({ bus: bus({ partitions: 3 }), topic });
    expect(find(`topic ${topic}`)).toMatchObject({
      status: 'warning',
      found: expect.stringContaining('1 partition, one copy of each, bus.partitions says 3: no more than 1 processors'),
    });
    expect(find(`retention ${topic}`)).toMatchObject({ status: 'warning', found: 'rows are kept for 1 h: a processor that is away for longer loses rows' });
    expect(find(`message size ${topic}`)).toMatchObject({ status: 'warning', found: 'up to 98 KB, 1 MB may be needed' });
    expect(find(`topic ${topic}.announcements`)).toMatchObject({
      status: 'failed',
      found: 'schemas and sources: cleanup.policy is delete, so they are deleted with time',
    });
    expect(find(`topic ${topic}.sluice.state`)).toMatchObject({ status: 'failed', found: 'positions and models: up to 98 KB, 528 KB may be needed' });
    const compacted = await made({ 'cleanup.policy': 'compact' });
    expect((await examined({ bus: bus(), topic: compacted })).find(`retention ${compacted}`)).toMatchObject({
      status: 'failed',
      fix: 'Set cleanup.policy to delete.',
    });
  });

  it('rows that were deleted before they were processed, and a clock that is ahead', async () => {
    const topic = await made();
    const group = freshName('group');
    await sent(topic, [...Array.from({ length: 9 }, () => ({ value: '{}' })), { value: '{}', timestamp: String(Date.now() + 600_000) }]);
    await admin.setOffsets({ groupId: group, topic, partitions: [{ partition: 0, offset: '2' }] });
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '5' }] });
    const { find } = await examined({ bus: bus({ group }), topic });
    expect(find(`group ${group}`)).toMatchObject({
      status: 'failed',
      found: 'nobody processes now; 5 messages behind; 3 messages were deleted before they were processed',
    });
    expect(find(`messages ${topic}`)).toMatchObject({ status: 'warning', found: expect.stringMatching(/^5 messages, some stamped later than now/) });
  });
});

describeWithStack('sluice doctor with a Kafka that asks who is there', { kafka: 'own' }, () => {
  let server: SecureKafkaServer;
  beforeAll(async () => {
    const settings = { 'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'super.users': 'User:ANONYMOUS' };
    server = await startKafka({ sasl: true, settings });
  }, 300_000);
  afterAll(() => server?.close());

  const sasl = (more: object = {}) => ({ mechanism: 'scram-sha-512', username: server.auth.username, password: server.auth.password, ...more });
  const login = async (more: object): Promise<Finding> => (await examined({ bus: { type: 'kafka', brokers: server.auth.saslBrokers, ...more } })).find('login');

  it('the login', async () => {
    expect(await login({ sasl: sasl() })).toMatchObject({ status: 'ok', found: `${server.auth.username} by scram-sha-512` });
    for (const mechanism of server.auth.mechanisms) {
      const wrong = await login({ sasl: sasl({ mechanism, password: 'hunter2' }) });
      expect(wrong).toMatchObject({
        status: 'failed',
        found: expect.stringMatching(/^the cluster refuses the user or the password: /),
        fix: 'Correct bus.sasl.username and bus.sasl.password.',
      });
      expect(JSON.stringify(wrong)).not.toContain('hunter2');
    }
    expect(await login({})).toMatchObject({
      status: 'failed',
      found: expect.stringMatching(/^the broker asks for one \((?=.*PLAIN)(?=.*SCRAM-SHA-256)(?=.*SCRAM-SHA-512).*\), bus\.sasl is not set$/),
    });
    expect(await login({ brokers: server.brokers, sasl: sasl() })).toMatchObject({ status: 'failed', found: 'this listener asks for none, bus.sasl is set' });
  });

  it('the encryption', async () => {
    const broker = async (address: string, more: object): Promise<Finding> =>
      (await examined({ bus: { type: 'kafka', brokers: [address], ...more } })).find(`broker ${address}`);
    const [tls] = server.auth.tlsBrokers;
    const [plain] = server.brokers;
    expect((await broker(tls, { tls: { ca: server.auth.caFile } })).found).toMatch(/^Kafka \d/);
    expect(await broker(tls, { tls: true })).toMatchObject({
      status: 'failed',
      found: 'its certificate is not accepted: self-signed certificate',
      fix: expect.stringContaining('bus.tls: { ca: ca.pem }'),
    });
    expect(await broker(tls, { tls: { ca: server.auth.caFile, serverName: 'kafka.example.com' } })).toMatchObject({
      status: 'failed',
      fix: expect.stringContaining('bus.tls.serverName'),
    });
    expect(await broker(tls, {})).toMatchObject({
      status: 'failed',
      found: 'speaks TLS',
      fix: 'Set bus.tls: true, or use the port of a listener without TLS.',
    });
    expect(await broker(plain, { tls: true })).toMatchObject({
      status: 'failed',
      found: 'does not speak TLS',
      fix: 'Set bus.tls: false, or use the port of a listener with TLS.',
    });
    expect(await broker(tls, { tls: { ca: 'none.pem' } })).toMatchObject({
      status: 'failed',
      found: expect.stringContaining("cannot read the file 'none.pem'"),
      fix: 'Name a readable PEM file.',
    });
    const both = await examined({ bus: { type: 'kafka', brokers: server.auth.saslTlsBrokers, tls: { ca: server.auth.caFile }, sasl: sasl() } });
    expect(both.find('login').status).toBe('ok');
  });

  it('the rights', async () => {
    const admin = new Kafka({ brokers: server.brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const topic = freshName('doctor');
    await admin.createTopics({ waitForLeaders: true, topics: [{ topic }] });
    // By the numbers of the protocol: a topic (2), this very name (3), READ (3) and DESCRIBE (8), allowed (3).
    const acl = (operation: number) => ({
      resourceType: 2,
      resourceName: topic,
      resourcePatternType: 3,
      principal: `User:${server.auth.username}`,
      host: '*',
      operation,
      permissionType: 3,
    });
    const bus = { type: 'kafka', brokers: server.auth.saslBrokers, sasl: sasl() };
    try {
      const none = await examined({ bus, topic });
      expect(none.find(`topic ${topic}`)).toMatchObject({
        status: 'failed',
        found: 'the user may not see it',
        fix: expect.stringContaining(`on topic ${topic}`),
      });
      expect(none.find('group sluice')).toMatchObject({
        status: 'failed',
        found: expect.stringMatching(/^the user may not use it/),
        fix: 'Allow READ on group sluice to the user of bus.sasl.',
      });
      await admin.createAcls({ acl: [acl(3), acl(8)] });
      const reads = await examined({ bus, topic });
      expect(reads.find(`topic ${topic}`).status).toBe('ok');
      expect(reads.find(`rights ${topic}`)).toMatchObject({ status: 'failed', found: `the user lacks WRITE on ${topic}` });
      expect(reads.find(`retention ${topic}`)).toMatchObject({ status: 'not checked', found: 'the user may not see its settings (DESCRIBE_CONFIGS)' });
      await admin.createAcls({ acl: [acl(4), acl(10)] });
      const writes = await examined({ bus, topic });
      expect([writes.find(`rights ${topic}`).status, writes.find(`retention ${topic}`).status]).toEqual(['ok', 'ok']);
    } finally {
      await admin.disconnect();
    }
  });
});
