import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { storeConformance } from '../conformance/store.ts';
import duckdb from './store.ts';

describe('conformance', () => {
  const checks = storeConformance(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-store-'));
    const options = duckdb.options.parse({ path: join(folder, 'plant.duckdb') });
    let store = await duckdb.open(options, 'own');
    return {
      transactional: duckdb.transactional,
      store,
      async reopen() {
        await store.close();
        store = await duckdb.open(options, 'own');
        return store;
      },
      async close() {
        await store.close();
        await rm(folder, { recursive: true });
      },
    };
  });
  for (const check of checks) test(check.name, check.run);
});
