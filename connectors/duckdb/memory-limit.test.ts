import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { allocateBatch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import type { Store } from '../../core/store.ts';
import { storeError } from './file.ts';
import { memoryLimitFor } from './memory-limit.ts';
import { openStore } from './open.ts';

test('a stream of a thousand tags is stored with the usual limit, and gone on with', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-wide-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const tags = 1000;
  const schema = makeSchema(Array.from({ length: tags }, (_, t) => ({ name: `T${t}`, kind: 'continuous' as const })));
  const value = (row: number, t: number): number => Math.sin(row * 7 + t);
  const append = async (store: Store, from: number, rows: number): Promise<void> => {
    const batch = allocateBatch('plant', schema, rows);
    for (let i = 0; i < rows; i++) {
      batch.times[i] = BigInt(from + i) * 1_000_000_000n;
      batch.origins[i] = from + i;
      for (let t = 0; t < tags; t++) batch.values[i * tags + t] = value(from + i, t);
    }
    await store.append({ batch, verdicts: [], incidents: [], thresholds: [], buckets: [] });
  };
  for (const start of [0, 3000]) {
    const store = await openStore({ path: join(folder, 'wide.duckdb'), memoryLimit: '150MB', threads: 2 });
    await store.openStream('plant', schema);
    for (let from = start; from < start + 3000; from += 1000) {
      await append(store, from, 1000);
      await store.commit();
    }
    const { times, columns } = await store.rows({ stream: 'plant', tags: ['T0', 'T999'] });
    expect(times).toHaveLength(start + 3000);
    for (const row of [0, 1500, start + 2999]) expect([columns[0][row], columns[1][row]]).toEqual([value(row, 0), value(row, 999)]);
    await store.close();
  }
});

test('the limit is raised where tags need more than it allows, in any of its units', () => {
  expect(memoryLimitFor('150MB', 100)).toBeUndefined();
  expect(memoryLimitFor('150MB', 101)).toBe('151MB');
  expect(memoryLimitFor('1.5 GB', 2000)).toBeUndefined();
  expect(memoryLimitFor('100KiB', 10)).toBe('105MB');
});

test('memory that runs out is told as such, and the store is not called damaged', () => {
  for (const text of [
    'Out of Memory Error: failed to allocate data of size 16.0 KiB',
    'TransactionContext Error: Failed to commit: could not allocate block of size 256.0 KiB',
  ]) {
    expect(storeError(new Error(text), 'plant.duckdb')).toMatchObject({ code: 'STORE_UNAVAILABLE', fix: expect.stringContaining('Raise store.memoryLimit') });
  }
});
