import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { expect, onTestFinished, test } from 'vitest';
import { levelsOfDetail, type Store } from '../../core/store.ts';
import { foldBuckets, makeBatch, part, plant, writing } from '../conformance/store/plant.ts';
import { openStore, openStoreForReading } from './open.ts';

const open = (path: string): Promise<Store> => openStore({ path, memoryLimit: '150MB', threads: 2 });

test('a store of the first format is brought up to date by its owner; a reader says so', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-upgrade-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'plant.duckdb');
  const rows = Array.from({ length: 90 }, (_, second) => second);
  const batch = makeBatch('plant', plant, rows);
  const expected = foldBuckets(batch, 10_000);
  const store = await open(path);
  await store.openStream('plant', plant);
  await store.append(writing(batch, { buckets: expected.slice(0, 7) }));
  await store.commit();
  await store.close();
  // The first format had the buckets of all levels in one table.
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  await connection.run('CREATE TABLE sluice_data.buckets (stream_id INTEGER, level INTEGER, time BIGINT, content BLOB)');
  for (const level of levelsOfDetail) {
    await connection.run(`INSERT INTO sluice_data.buckets SELECT stream_id, ${level}, time, content FROM sluice_data.buckets_${level}`);
    await connection.run(`DROP TABLE sluice_data.buckets_${level}`);
  }
  await connection.run('UPDATE sluice_data.format SET version = 1');
  connection.closeSync();
  instance.closeSync();

  await expect(openStoreForReading(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', fix: expect.stringContaining('Start the pipeline') });
  const again = await open(path);
  expect(await again.buckets({ stream: 'plant', level: 10_000 })).toEqual(expected);
  await again.append(writing(part(batch, 0, 0), { buckets: expected.slice(6) }));
  await again.commit();
  await again.close();
  const reader = await openStoreForReading(path);
  expect(await reader.buckets({ stream: 'plant', level: 10_000 })).toEqual(expected);
  expect((await reader.rows({ stream: 'plant', tags: [] })).times.length).toBe(90);
  await reader.close();
});
