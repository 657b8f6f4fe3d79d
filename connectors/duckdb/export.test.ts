import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { allocateBatch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import type { Store } from '../../core/store.ts';
import { openStore } from './open.ts';

let folder: string;
let store: Store;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-export-'));
  store = await openStore({ path: join(folder, 'plant.duckdb'), memoryLimit: '150MB', threads: 1 });
  const schema = makeSchema(['LIT101', 'lit101', 'P1, "main"'].map((name) => ({ name, kind: 'continuous' as const })));
  await store.openStream("o'hara", schema);
  const batch = allocateBatch("o'hara", schema, 3, true);
  // Appended out of order: an export is in order of time.
  batch.times.set([1_451_296_801_000_000_000n, 1_451_296_800_000_000_000n, 1_451_296_801_500_000_001n]);
  batch.seqs.set([0, 0, 1]);
  batch.values.set([0.1, 1 / 3, -0, 5e-324, 1e300, 2, Number.NaN, Number.NaN, 1.5]);
  batch.labels?.set([0, 1, -1]);
  const verdicts = {
    ...{ detector: 'k-means', score: Float64Array.of(1.25, 9, Number.NaN), grade: Float64Array.of(0.5, 1, Number.NaN), status: Int8Array.of(1, -1, 2) },
    contributions: { rows: [1], tags: [2, 0, -1, -1, -1], shares: [0.75, -0.125, 0, 0, 0], rest: [0.125] },
  };
  const incident = {
    ...{ id: 'abc', stream: "o'hara", detector: 'k-means', start: batch.times[1], end: batch.times[0], open: false, rows: 2 },
    ...{ peakTime: batch.times[1], peakScore: 9, peakGrade: 1, causes: ['k-means', 'forest'], contributions: Float64Array.of(-0.6, 0.1, 0.3) },
  };
  await store.append({ batch, verdicts: [verdicts], incidents: [incident], thresholds: [], buckets: [] });
  await store.commit();
});

afterAll(async () => {
  await store.close();
  await rm(folder, { recursive: true });
});

const stream = "o'hara";

async function csv(what: 'rows' | 'verdicts' | 'incidents', range: { from?: bigint; to?: bigint } = {}): Promise<string> {
  const path = join(folder, `${what}'s.csv`);
  const { rows } = await store.export({ what, format: 'csv', path, stream, ...range });
  const text = await readFile(path, 'utf8');
  expect(text.trimEnd().split('\n').length).toBe(rows + 1);
  return text;
}

async function parquet(sql: string): Promise<DuckDBValue[][]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  const rows = (await connection.runAndReadAll(sql)).getRows();
  connection.closeSync();
  instance.closeSync();
  return rows;
}

test('rows as csv: header, ISO 8601 in UTC, shortest exact numbers, gaps empty, in order', async () => {
  expect(await csv('rows')).toBe(
    [
      'time,seq,LIT101,lit101_2,"P1, ""main""",label',
      '2015-12-28T10:00:00Z,0,5e-324,1e+300,2.0,1',
      '2015-12-28T10:00:01Z,0,0.1,0.3333333333333333,-0.0,0',
      '2015-12-28T10:00:01.500000001Z,1,,,1.5,',
      '',
    ].join('\n'),
  );
});

test('a range takes its first moment and leaves its last', async () => {
  const text = await csv('rows', { from: 1_451_296_800_000_000_000n, to: 1_451_296_801_000_000_000n });
  expect(text.split('\n')[1]).toMatch(/^2015-12-28T10:00:00Z/);
  expect(text.trimEnd().split('\n').length).toBe(2);
  expect((await csv('rows', { to: 0n })).trimEnd().split('\n').length).toBe(1);
});

test('verdicts as csv, with what they say of the tags', async () => {
  expect(await csv('verdicts')).toBe(
    [
      'time,seq,detector,score,grade,status,tag_1,share_1,tag_2,share_2,tag_3,share_3,tag_4,share_4,tag_5,share_5,rest',
      '2015-12-28T10:00:00Z,0,k-means,9.0,1.0,error,"P1, ""main""",0.75,LIT101,-0.125,,0.0,,0.0,,0.0,0.125',
      '2015-12-28T10:00:01Z,0,k-means,1.25,0.5,ok,,,,,,,,,,,',
      '2015-12-28T10:00:01.500000001Z,1,k-means,,,undefined,,,,,,,,,,,',
      '',
    ].join('\n'),
  );
});

test('incidents as csv: overlap, tags by the size of their share', async () => {
  const head = 'id,stream,detector,start,end,open,rows,peak_time,peak_score,peak_grade,causes,tag_1,share_1,tag_2,share_2,tag_3,share_3';
  const row = `abc,o'hara,k-means,2015-12-28T10:00:00Z,2015-12-28T10:00:01Z,false,2,2015-12-28T10:00:00Z,9.0,1.0,k-means forest,LIT101,-0.6,"P1, ""main""",0.3,lit101,0.1`;
  expect(await csv('incidents')).toBe(`${head}\n${row}\n`);
  expect(await csv('incidents', { from: 1_451_296_801_000_000_000n })).toContain('abc');
  expect(await csv('incidents', { from: 1_451_296_801_000_000_001n })).toBe(`${head}\n`);
});

test('parquet keeps doubles bit for bit and nanoseconds', async () => {
  const path = join(folder, 'rows.parquet');
  expect(await store.export({ what: 'rows', format: 'parquet', path, stream })).toEqual({ rows: 3 });
  const rows = await parquet(`SELECT epoch_ns(time), "LIT101", "lit101_2", "P1, ""main""", label FROM '${path}'`);
  expect(rows).toEqual([
    [1_451_296_800_000_000_000n, 5e-324, 1e300, 2, 1],
    [1_451_296_801_000_000_000n, 0.1, 1 / 3, -0, 0],
    [1_451_296_801_500_000_001n, null, null, 1.5, null],
  ]);
  for (const what of ['verdicts', 'incidents'] as const) {
    const file = join(folder, `${what}.parquet`);
    const { rows: count } = await store.export({ what, format: 'parquet', path: file, stream });
    expect(await parquet(`SELECT count(*) FROM '${file}'`)).toEqual([[BigInt(count)]]);
  }
});

test('a file is replaced whole, and left as it was when the export fails', async () => {
  const path = join(folder, 'kept.csv');
  await writeFile(path, 'before');
  await expect(store.export({ what: 'rows', format: 'csv', path, stream: 'nobody' })).rejects.toMatchObject({ code: 'USAGE' });
  expect(await readFile(path, 'utf8')).toBe('before');
  await store.export({ what: 'rows', format: 'csv', path, stream });
  expect(await readFile(path, 'utf8')).toMatch(/^time,/);
  expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toEqual([]);
});

test('a place that cannot be written is named', async () => {
  await writeFile(join(folder, 'plain'), 'x');
  const path = join(folder, 'plain', 'rows.csv');
  await expect(store.export({ what: 'rows', format: 'csv', path, stream })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', exitCode: 4, place: path });
  expect(existsSync(path)).toBe(false);
  const missing = join(folder, 'nowhere', 'rows.csv');
  await expect(store.export({ what: 'rows', format: 'csv', path: missing, stream })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(existsSync(join(folder, 'nowhere'))).toBe(false);
});
