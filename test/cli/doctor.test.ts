import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Sluice } from '../command-line.ts';
import { examined, examinedIn, plantFolder, report } from '../doctor-report.ts';
import { freePort } from '../stack/server-process.ts';

const folder = plantFolder();

describe('sluice doctor on this machine', () => {
  it('looks at a pipeline without servers', async () => {
    const { of, ok, find } = await examined(folder, { more: { serve: { port: await freePort() } } });
    expect(ok).toBe(true);
    expect(of('machine')).toEqual(expect.arrayContaining([`ok node: ${process.versions.node}`, expect.stringMatching(/^ok disk: [\d.]+ GB left under /)]));
    expect(find('port').found).toMatch(/^127\.0\.0\.1:\d+ is free$/);
    expect(of('source')).toEqual([expect.stringMatching(/^ok source: .*2 tags/)]);
    expect(of('bus memory')).toEqual(['ok bus: lives in the process, nothing to reach']);
    expect(of('store duckdb')).toEqual([
      expect.stringMatching(/^ok file \S+\d+\.duckdb: does not exist yet and can be made$/),
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
      expect((await examined(folder, { store })).find('content')).toMatchObject({
        status: 'ok',
        found: 'readable, through the process that holds it: 30 rows of plant',
      });
    } finally {
      run.kill('SIGTERM');
      await run.ended;
    }
    const { find } = await examined(folder, { store });
    expect(find('content')).toMatchObject({ status: 'ok', found: 'readable: 30 rows of plant' });
    expect(find(`file ${store.path}`).found).toMatch(/ MB, can be written$/);
    writeFileSync(join(folder, 'text.duckdb'), 'no database '.repeat(1000));
    expect((await examined(folder, { store: { type: 'duckdb', path: join(folder, 'text.duckdb') } })).find('content')).toEqual({
      check: 'content',
      status: 'failed',
      found: 'this is not a DuckDB file',
      fix: 'Give another store.path.',
    });
    const within = join(folder, 'plant.csv/x.duckdb');
    expect((await examined(folder, { store: { type: 'duckdb', path: within } })).find(`file ${within}`)).toMatchObject({
      status: 'failed',
      found: expect.stringContaining('is a file, not a folder'),
    });
  });

  it('names each mistake of the file, and looks at the rest', async () => {
    const { of, ok } = await examined(folder, { bus: { type: 'memory', capcity: 3 }, more: { batch: { rows: 0 } } });
    expect(ok).toBe(false);
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
    const { of, find } = await examinedIn(cwd, folder, { more: { stream, seed: level }, store: { type: 'influxdb', url, token } });
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
    const { find: again, of: rest } = await examinedIn(cwd, folder, {});
    expect(again('environment file')).toMatchObject({ status: 'failed', found: 'this line is no NAME=value (.env:1)' });
    expect(rest('store').length).toBeGreaterThan(0);
  });

  it('says who holds the port', async () => {
    const other = createServer((socket) => socket.end('not http'));
    const port = await new Promise<number>((done) => other.listen(0, '127.0.0.1', () => done((other.address() as { port: number }).port)));
    try {
      const find = async (more: object) => (await examined(folder, { more })).find('port');
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
    expect((await examined(folder, { more })).find('source').status).toBe('failed');
    const bus = { type: 'kafka', brokers: `127.0.0.1:${await freePort()}` };
    expect((await examined(folder, { more, bus })).find('source')).toMatchObject({
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
