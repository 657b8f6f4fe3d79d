import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStore } from '../../connectors/duckdb/open.ts';
import { allocateBatch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import type { Store } from '../../core/store.ts';
import { sluice } from './sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-query-'));
const store = join(folder, 'plant.duckdb');
const start = 1_451_296_800n;
const hours = 3;

/** Three hours of a plant, a row every 10 s, and one hour of another. */
async function fill(): Promise<void> {
  const opened = await openStore({ path: store, memoryLimit: '150MB', threads: 1 });
  const schema = makeSchema([
    { name: 'LIT101', kind: 'continuous', unit: 'mm' },
    { name: 'P101', kind: 'discrete' },
  ]);
  for (const [stream, rows] of [
    ['swat', hours * 360],
    ['wadi', 360],
  ] as const) {
    // biome-ignore format: one line
    await opened.openStream(stream, schema);
    const batch = allocateBatch(stream, schema, rows, true);
    for (let i = 0; i < rows; i++) {
      batch.times[i] = (start + BigInt(i) * 10n) * 1_000_000_000n;
      batch.values[2 * i] = i % 4 === 3 ? Number.NaN : i;
      batch.values[2 * i + 1] = i % 2;
      (batch.labels as Int8Array)[i] = i === 5 ? 1 : 0;
    }
    const verdicts = {
      detector: 'k-means',
      score: Float64Array.from({ length: rows }, (_, i) => (i < 3 ? Number.NaN : i / 8)),
      grade: Float64Array.from({ length: rows }, (_, i) => (i < 3 ? Number.NaN : 0.25)),
      status: Int8Array.from({ length: rows }, (_, i) => (i < 3 ? 2 : i === 100 ? -1 : 1)),
      contributions: { rows: [100], tags: [1, 0, -1, -1, -1], shares: [0.75, -0.25, 0, 0, 0], rest: [0] },
    };
    const time = batch.times[100];
    const incident = {
      ...{ id: `${stream}1`, stream, detector: 'k-means', start: time, end: time + 90_000_000_000n, open: stream === 'wadi', rows: 4 },
      ...{ peakTime: time, peakScore: 12.5, peakGrade: 1, causes: ['k-means'], contributions: Float64Array.of(-0.25, 0.75) },
    };
    await opened.append({ batch, verdicts: [verdicts], incidents: [incident], thresholds: [], buckets: [] });
  }
  await opened.commit();
  await opened.close();
}

beforeAll(async () => {
  await fill();
  writeFileSync(
    join(folder, 'swat.yaml'),
    `stream: swat\nsource: { type: csv, path: none.csv }\ndetectors: { k-means: { type: k-means } }\nstore: { type: duckdb, path: ${JSON.stringify(store)} }\n`,
  );
});

afterAll(() => rmSync(folder, { recursive: true }));

/** What a query prints as JSON. */
function json(args: readonly string[]): Record<string, never[]> & Record<string, unknown> {
  const { status, stdout, stderr } = sluice(['query', ...args, '--json'], { cwd: folder });
  expect([status, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

function text(args: readonly string[]): string[] {
  const { status, stdout, stderr } = sluice(['query', ...args], { cwd: folder });
  expect([status, stderr]).toEqual([0, '']);
  return stdout.trimEnd().split('\n');
}

function fails(args: readonly string[]): { code: string; message: string; exit: number | null } {
  const { status, stdout, stderr } = sluice([...args, '--json'], { cwd: folder });
  expect(stdout).toBe('');
  const { code, message, place = '', fix = '' } = (JSON.parse(stderr) as { error: { code: string; message: string; place?: string; fix?: string } }).error;
  return { code, message: [message, place, fix].join(' '), exit: status };
}

const swat = ['--store', 'plant.duckdb', '--stream', 'swat'];

describe('query', () => {
  test('by a pipeline file: its own stream of its own store', () => {
    const { stream, rows } = json(['rows', 'swat.yaml', '--last', '1']);
    expect(stream).toBe('swat');
    expect(rows).toEqual([{ time: '2015-12-28T12:59:50Z', seq: 0, label: 0, values: { LIT101: null, P101: 1 } }]);
  });

  test('incidents, as a table and as JSON', () => {
    expect(text(['incidents', 'swat.yaml'])).toEqual([
      'START                 DURATION    DETECTOR  ROWS  PEAK  TAGS                        CAUSES   ID',
      '2015-12-28T10:16:40Z  1 min 30 s  k-means      4  12.5  P101 ↑ 75 %, LIT101 ↓ 25 %  k-means  swat1',
    ]);
    expect(json(['incidents', ...swat]).incidents).toEqual([
      {
        ...{ id: 'swat1', stream: 'swat', detector: 'k-means', start: '2015-12-28T10:16:40Z', end: '2015-12-28T10:18:10Z', seconds: 90, open: false, rows: 4 },
        ...{ peakTime: '2015-12-28T10:16:40Z', peakScore: 12.5, peakGrade: 1, causes: ['k-means'] },
        tags: [{ tag: 'P101', share: 0.75 }, { tag: 'LIT101', share: -0.25 }], // biome-ignore format: one line
      },
    ]);
    expect(text(['incidents', '--store', 'plant.duckdb', '--stream', 'wadi'])[1]).toContain('1 min 30 s so far');
    expect(text(['incidents', ...swat, '--last', '1h'])).toEqual(['no incidents']);
    expect(text(['incidents', ...swat, '--detector', 'k-means'])).toHaveLength(2);
    expect(json(['incidents', ...swat, '--from', '2015-12-28T18:18:10+08:00']).incidents).toHaveLength(1);
    expect(json(['incidents', ...swat, '--to', '2015-12-28T10:16:40Z']).incidents).toEqual([]);
  });

  test('rows: the last 20 unless a span is given; the last hour is the last of the stream', () => {
    expect(json(['rows', ...swat]).rows).toHaveLength(20);
    expect(json(['rows', ...swat, '--last', '1h']).rows).toHaveLength(360);
    expect(
      json(['rows', ...swat, '--last', '10m', '--to', '2015-12-28T11:00:00Z'])
        .rows.map(({ time }) => time)
        .at(-1),
    ).toBe('2015-12-28T10:59:50Z');
    expect(json(['rows', ...swat, '--from', '2015-12-28T12:59:30Z']).rows).toHaveLength(3);
    expect(text(['rows', ...swat, '--tags', 'P101,LIT101', '--from', '2015-12-28T10:00:20Z', '--to', '2015-12-28T10:00:51Z'])).toEqual([
      'TIME                  P101  LIT101  LABEL',
      '2015-12-28T10:00:20Z     0       2      0',
      '2015-12-28T10:00:30Z     1              0',
      '2015-12-28T10:00:40Z     0       4      0',
      '2015-12-28T10:00:50Z     1       5      1',
    ]);
  });

  test('rows in stretches of time', () => {
    const { buckets, levelMs } = json(['rows', ...swat, '--level', '1m', '--tags', 'LIT101', '--from', '2015-12-28T10:00:00Z', '--to', '2015-12-28T10:02:00Z']);
    expect(levelMs).toBe(60_000);
    expect(buckets).toEqual([
      { time: '2015-12-28T10:00:00Z', tags: { LIT101: { count: 5, mean: 2.4, min: 0, max: 5 } } },
      { time: '2015-12-28T10:01:00Z', tags: { LIT101: { count: 4, mean: 8.25, min: 6, max: 10 } } },
    ]);
    expect(text(['rows', ...swat, '--level', '1h', '--last', '2'])).toHaveLength(5);
  });

  test('verdicts, flagged or all', () => {
    const { verdicts } = json(['verdicts', ...swat, '--flagged']);
    expect(verdicts).toEqual([
      {
        ...{ time: '2015-12-28T10:16:40Z', seq: 0, detector: 'k-means', score: 12.5, grade: 0.25, status: 'error', rest: 0 },
        contributions: [{ tag: 'P101', share: 0.75 }, { tag: 'LIT101', share: -0.25 }], // biome-ignore format: one line
      },
    ]);
    expect(text(['verdicts', ...swat, '--to', '2015-12-28T10:00:40Z'])).toEqual([
      'TIME                  DETECTOR  STATUS     SCORE  GRADE  TAGS',
      '2015-12-28T10:00:00Z  k-means   undefined',
      '2015-12-28T10:00:10Z  k-means   undefined',
      '2015-12-28T10:00:20Z  k-means   undefined',
      '2015-12-28T10:00:30Z  k-means   ok         0.375   0.25',
    ]);
    expect(json(['verdicts', ...swat, '--last', '7', '--detector', 'k-means']).verdicts).toHaveLength(7);
  });

  test('stats of the stream and of its tags', () => {
    const found = json(['stats', ...swat, '--tags', 'P101']);
    expect(found).toMatchObject({ stream: 'swat', rows: 1080, first: '2015-12-28T10:00:00Z', last: '2015-12-28T12:59:50Z', detectors: ['k-means'] });
    expect(found.tags).toEqual([{ tag: 'P101', count: 1080, missing: 0, min: 0, max: 1, mean: 0.5, deviation: Math.sqrt(270 / 1079) }]);
    expect(text(['stats', 'swat.yaml', '--last', '1h'])).toEqual([
      'swat: 1,080 rows from 2015-12-28T10:00:00Z to 2015-12-28T12:59:50Z',
      '',
      'TAG     UNIT  COUNT  MISSING  MIN  MAX   MEAN  DEVIATION',
      'LIT101  mm      270       90  720  1078   899    104.113',
      'P101            360        0    0     1   0.5   0.500696',
    ]);
  });

  test('dead letters are of all streams', () => expect(text(['dead', '--store', 'plant.duckdb'])).toEqual(['no dead letters']));

  test('a store without rows', async () => {
    const empty = join(folder, 'empty.duckdb');
    await (await openStore({ path: empty, memoryLimit: '150MB', threads: 1 })).close();
    expect(text(['rows', '--store', empty])).toEqual(['nothing is stored yet']);
    expect(json(['stats', '--store', empty])).toEqual({ stream: null, tags: [] });
    expect(json(['incidents', '--store', empty])).toEqual({ incidents: [] });
    expect(fails(['export', 'rows', '--store', empty, '--out', 'x.csv'])).toMatchObject({ code: 'USAGE', exit: 2 });
  });

  test('while a process owns the store', async () => {
    const owner: Store = await openStore({ path: store, memoryLimit: '150MB', threads: 1 });
    const { execFile } = await import('node:child_process');
    const { promisify } = await import('node:util');
    const main = join(import.meta.dirname, '../../dist/cli/main.js');
    const { stdout } = await promisify(execFile)(process.execPath, [main, 'query', 'stats', '--store', store, '--stream', 'wadi', '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ stream: 'wadi', rows: 360 });
    await promisify(execFile)(process.execPath, [main, 'export', 'rows', '--store', 'plant.duckdb', '--stream', 'wadi', '--out', 'live.csv'], { cwd: folder });
    expect(readFileSync(join(folder, 'live.csv'), 'utf8').split('\n')).toHaveLength(362);
    await owner.close();
  });

  test.each([
    [['query', 'rows'], 'USAGE', /no store is named [^?]*Name.*--store/],
    [['query', 'rows', '--store', 'none.duckdb'], 'STORE_UNAVAILABLE', /no store '.*none\.duckdb'/],
    [['query', 'rows', '--store', 'plant.duckdb'], 'USAGE', /several streams.*swat, wadi/],
    [['query', 'rows', '--store', 'plant.duckdb', '--stream', 'swot'], 'USAGE', /'swot'.*Did you mean 'swat'/],
    [['query', 'rows', ...swat, '--tags', 'LIT10'], 'USAGE', /'LIT10'.*Did you mean 'LIT101'/],
    [['query', 'rows', ...swat, '--from', 'noon'], 'USAGE', /--from 'noon'.*ISO 8601/],
    [['query', 'rows', ...swat, '--to', '2015-12-28T10:00:00'], 'USAGE', /zone/],
    [['query', 'rows', ...swat, '--from', '2015-12-28'], 'USAGE', /has no zone.*2015-12-28T00:00:00Z/],
    [['query', 'rows', ...swat, '--last', 'all'], 'USAGE', /--last 'all'/],
    [['query', 'rows', ...swat, '--level', 'x'], 'USAGE', /--level 'x'/],
    [['query', 'rows', ...swat, '--from', '2016-01-01T00:00:00Z', '--to', '2015-01-01T00:00:00Z'], 'USAGE', /not before/],
    [['query', 'rows', ...swat, '--from', '2015-12-28T00:00:00Z', '--last', '1h'], 'USAGE', /say the same/],
    [['query', 'incidents', ...swat, '--tags', 'LIT101'], 'USAGE', /incidents has no --tags/],
    [['query', 'stats', ...swat, '--last', '9'], 'USAGE', /duration/],
    [['query', 'everything', ...swat], 'USAGE', /what: there is no 'everything' +There are: incidents, rows/],
    [['query', 'incident', ...swat], 'USAGE', /Did you mean 'incidents'\?/],
    [['list', 'detektors'], 'USAGE', /kind: .*Did you mean 'detector/],
    [['export', 'row', ...swat, '--out', 'x.csv'], 'USAGE', /Did you mean 'rows'\?/],
    [['export', 'rows', ...swat, '--out', 'x', '--format', 'parket'], 'USAGE', /--format: .*Did you mean 'parquet'\?/],
    [['query', 'incidents', ...swat, '--detector', 'kmeans'], 'USAGE', /no detector 'kmeans'.*Did you mean 'k-means'\?/],
    [['query', 'verdicts', ...swat, '--detector', 'forest'], 'USAGE', /no detector 'forest'.*It has: k-means/],
    [['query', 'dead', ...swat.slice(0, 2), '--last', '1h'], 'USAGE', /--last '1h' is no number/],
    [['query', 'rows', 'none.yaml'], 'CONFIG_NOT_FOUND', /none\.yaml/],
    [['export', 'rows', ...swat, '--out', 'rows.txt'], 'USAGE', /format/],
    [['export', 'rows', ...swat, '--out', 'rows.csv', '--last', '5'], 'USAGE', /--last '5'/],
    [['export', 'rows', ...swat, '--out', 'plant.duckdb/rows.csv'], 'USAGE', /no folder 'plant\.duckdb'/],
    [['export', 'rows', ...swat, '--out', 'nowhere/x.csv', '--force'], 'USAGE', /no folder 'nowhere'/],
    [['export', 'rows', ...swat, '--out', 'swat.yaml', '--format', 'csv'], 'USAGE', /'swat\.yaml' exists already.*--force/],
    [['export', 'rows', ...swat, '--out', '.', '--format', 'csv', '--force'], 'USAGE', /'\.' is a folder/],
    [['train', 'swat.yaml', '--out', 'swat.yaml'], 'USAGE', /'swat\.yaml' exists already.*--force/],
    [['train', 'swat.yaml', '--out', 'nowhere/x.model'], 'USAGE', /no folder 'nowhere'/],
    [['backfill', 'swat.yaml', '--from', '2015-12-28'], 'USAGE', /has no zone/],
  ])('%j fails with %s', (args, code, message) => {
    const found = fails(args);
    expect(found.code).toBe(code);
    expect(found.message).toMatch(message);
    expect(found.exit).toBe(code === 'STORE_UNAVAILABLE' ? 4 : 2);
  });
});

describe('export', () => {
  test('the format follows the name of the file, or is given', () => {
    const { status, stdout } = sluice(['export', 'rows', 'swat.yaml', '--last', '1h', '--out', 'rows.csv'], { cwd: folder });
    expect([status, stdout]).toEqual([0, 'rows.csv: 360 rows of swat\n']);
    const lines = readFileSync(join(folder, 'rows.csv'), 'utf8').trimEnd().split('\n');
    expect(lines).toHaveLength(361);
    expect(lines.slice(0, 2)).toEqual(['time,seq,LIT101,P101,label', '2015-12-28T12:00:00Z,0,720.0,0.0,0']);
    const parquet = sluice(['export', 'verdicts', ...swat, '--format', 'parquet', '--out', 'verdicts.bin', '--json'], { cwd: folder });
    expect(JSON.parse(parquet.stdout)).toEqual({ file: 'verdicts.bin', what: 'verdicts', format: 'parquet', stream: 'swat', rows: 1080 });
    expect(readFileSync(join(folder, 'verdicts.bin')).subarray(0, 4).toString()).toBe('PAR1');
    expect(sluice(['export', 'incidents', ...swat, '--out', 'incidents.csv'], { cwd: folder }).stdout).toBe('incidents.csv: 1 incidents of swat\n');
  });

  test('--force replaces a file; what a status is stands there as a word', () => {
    const path = join(folder, 'again.csv');
    writeFileSync(path, 'before');
    expect(fails(['export', 'verdicts', ...swat, '--out', 'again.csv'])).toMatchObject({ code: 'USAGE', exit: 2 });
    expect(readFileSync(path, 'utf8')).toBe('before');
    expect(sluice(['export', 'verdicts', ...swat, '--out', 'again.csv', '--force'], { cwd: folder }).status).toBe(0);
    const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
    expect(new Set(lines.slice(1).map((line) => line.split(',')[5]))).toEqual(new Set(['ok', 'error', 'undefined']));
  });
});

describe('times without zone', () => {
  test('are in the zone of the pipeline', () => {
    const source = 'source: { type: csv, path: none.csv, timezone: Asia/Singapore }';
    writeFileSync(join(folder, 'zoned.yaml'), readFileSync(join(folder, 'swat.yaml'), 'utf8').replace(/^source: .*$/m, source));
    expect(json(['rows', 'zoned.yaml', '--from', '2015-12-28T20:59:30']).rows).toHaveLength(3);
    expect(json(['rows', 'zoned.yaml', '--from', '2015-12-28', '--to', '2015-12-28 18:01']).rows).toHaveLength(6);
    const out = sluice(['export', 'rows', 'zoned.yaml', '--from', '2015-12-28T20:59:30', '--out', 'zoned.csv', '--json'], { cwd: folder });
    expect(JSON.parse(out.stdout)).toMatchObject({ rows: 3 });
  });
});

describe('dead letters', () => {
  const path = join(folder, 'dead.duckdb');
  const dead = ['dead', '--store', path];

  beforeAll(async () => {
    const opened = await openStore({ path, memoryLimit: '150MB', threads: 1 });
    const letter = (position: number) => ({ source: 'plant.csv', partition: 0, position, reason: 'number' as const });
    await opened.appendDead([
      ...Array.from({ length: 30 }, (_, i) => ({ ...letter(i), message: `'x${i}' is no number`, payload: `10:00,x${i}\u001b` })),
      { ...letter(30), message: 'two cells are missing', payload: '10:01' },
    ]);
    await opened.commit();
    await opened.close();
  });

  test('many are counted by what is wrong', () => {
    expect(text(dead)).toEqual([
      'COUNT  FIRST ROW  REASON  WHAT                   RAW ROW',
      "   30          0  number  'x0' is no number      10:00,x0\ufffd",
      '    1         30  number  two cells are missing  10:01',
      '31 dead letters by kind, with the first of each; --last 20 lists single ones',
    ]);
  });

  test('--last shows the newest one by one', () => {
    expect(text([...dead, '--last', '2'])).toEqual([
      'ROW  REASON  WHAT                   RAW ROW',
      " 29  number  'x29' is no number     10:00,x29\ufffd",
      ' 30  number  two cells are missing  10:01',
    ]);
    expect(json([...dead, '--last', '1']).dead).toMatchObject([{ position: 30, payload: '10:01' }]);
    expect(json(dead).dead).toHaveLength(31);
  });
});
