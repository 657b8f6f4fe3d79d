import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allocateBatch, type Batch, concatBatches } from '../../core/batch.ts';
import { makeRandom } from '../../core/random.ts';
import { recordHash } from '../../core/record.ts';
import { makeSchema } from '../../core/schema.ts';
import type { Store, StoreWrite } from '../../core/store.ts';
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

describe('what only this store promises', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-store-'));
    path = join(folder, 'sluice.duckdb');
  });

  afterEach(async () => {
    await rm(folder, { recursive: true });
  });

  const own = (): Promise<Store> => duckdb.open(duckdb.options.parse({ path }), 'own');
  const writing = (batch: Batch, more: Partial<StoreWrite> = {}): StoreWrite => ({ batch, verdicts: [], incidents: [], thresholds: [], buckets: [], ...more });

  async function sql(query: string): Promise<DuckDBValue[][]> {
    const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' });
    const connection = await instance.connect();
    try {
      return (await connection.runAndReadAll(query)).getRows();
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  }

  test('any doubles and gaps in batches of any size, over the bounds of chunks and row groups, in the order they came', async () => {
    const random = makeRandom(5);
    const bits = new BigUint64Array(1);
    const anyDouble = (): number => {
      bits[0] = (BigInt(random.int(2 ** 32)) << 32n) | BigInt(random.int(2 ** 32));
      const value = new Float64Array(bits.buffer)[0];
      return Number.isFinite(value) ? value : random.next();
    };
    const schema = makeSchema(Array.from({ length: 5 }, (_, i) => ({ name: `T${i}`, kind: 'continuous' as const })));
    const batches: Batch[] = [];
    // One column never has a gap, one always, the others in some batches.
    for (let rows = 0, at = 0; at < 70_000; at += rows) {
      rows = 1 + random.int([1, 7, 500, 2048, 5000][random.int(5)]);
      const batch = allocateBatch('plant', schema, rows);
      const gappy = random.next() < 0.5;
      for (let i = 0; i < rows; i++) {
        batch.times[i] = BigInt(random.int(1000)) * 1_000_000_007n;
        batch.seqs[i] = at + i;
        batch.origins[i] = at + i;
        for (let t = 0; t < 5; t++) batch.values[5 * i + t] = t === 1 || (t > 1 && gappy && random.next() < 0.3) ? Number.NaN : anyDouble();
      }
      batches.push(batch);
    }
    const store = await own();
    await store.openStream('plant', schema);
    for (const [i, batch] of batches.entries()) {
      await store.append(writing(batch));
      if (i % 7 === 0) await store.commit();
    }
    await store.commit();
    await store.close();
    const again = await own();
    const pieces: Batch[] = [];
    for await (const piece of again.scan({ stream: 'plant' })) pieces.push(piece);
    const [found, written] = [concatBatches(pieces), concatBatches(batches)];
    expect(found.rows).toBe(written.rows);
    expect(Buffer.compare(bytesOf(found.times), bytesOf(written.times))).toBe(0);
    expect(Buffer.compare(bytesOf(found.seqs), bytesOf(written.seqs))).toBe(0);
    let different = 0;
    for (let i = 0; i < written.values.length; i++) if (!Object.is(found.values[i], written.values[i])) different++;
    expect(different).toBe(0);
    await again.close();
  });

  test('text of any kind, and streams, tags and detectors of any name', async () => {
    const store = await own();
    const schema = makeSchema([{ name: 'a\0b', kind: 'continuous' }]);
    const stream = 'st\0ream "x"';
    await store.openStream(stream, schema);
    const none = { rows: [], tags: [], shares: [], rest: [] };
    const verdicts = { detector: 'd\0"', score: Float64Array.of(1), grade: Float64Array.of(0), status: Int8Array.of(1), contributions: none };
    await store.append(writing(allocateBatch(stream, schema, 1), { verdicts: [verdicts] }));
    const letter = { source: 'f\0', partition: 0, position: 1, reason: 'encoding', message: "'", payload: '\0\u0001\u{1F600}\n' } as const;
    await store.appendDead([letter]);
    await store.commit();
    expect((await store.streams())[0]).toMatchObject({ stream, detectors: ['d\0"'], rows: 1 });
    expect((await store.rows({ stream })).tags).toEqual(['a\0b']);
    expect(await store.deadLetters({})).toEqual([letter]);
    await store.close();
  });

  test('views for people with SQL: names, timestamps, gaps as NULL; names that differ by case get a number', async () => {
    const store = await own();
    const schema = makeSchema(['LIT101', 'lit101', 'Time', 'it\'s "x"'].map((name) => ({ name, kind: 'continuous' as const })));
    for (const stream of ['swat', 'SWaT']) {
      await store.openStream(stream, schema);
      const batch = allocateBatch(stream, schema, 2, true);
      batch.times.set([1_451_296_800_123_456_789n, 1_451_296_801_000_000_000n]);
      batch.values.set([1, 2, 3, 4, Number.NaN, 6, 7, 8]);
      batch.labels?.set([1, -1]);
      const verdicts = {
        ...{ detector: 'k-means', score: Float64Array.of(9, Number.NaN), grade: Float64Array.of(1, Number.NaN), status: Int8Array.of(-1, 2) },
        contributions: { rows: [0], tags: [3, 0, -1, -1, -1], shares: [0.75, -0.25, 0, 0, 0], rest: [0] },
      };
      await store.append(writing(batch, { verdicts: [verdicts] }));
    }
    await store.commit();
    await store.close();
    const text = async (query: string): Promise<string[][]> => (await sql(query)).map((row) => row.map(String));
    const columns = '"LIT101", "lit101_2", "Time_2", "it\'s ""x""", label';
    expect(await text(`SELECT time::VARCHAR, ${columns} FROM rows_swat ORDER BY time`)).toEqual([
      ['2015-12-28 10:00:00.123456789', '1', '2', '3', '4', '1'],
      ['2015-12-28 10:00:01', 'null', '6', '7', '8', 'null'],
    ]);
    expect(await sql('SELECT count(*), avg("LIT101") FROM "rows_SWaT_2"')).toEqual([[2n, 1]]);
    expect(await text("SELECT stream, detector, time::VARCHAR, score, status FROM verdicts WHERE stream = 'SWaT' ORDER BY time")).toEqual([
      ['SWaT', 'k-means', '2015-12-28 10:00:00.123456789', '9', '-1'],
      ['SWaT', 'k-means', '2015-12-28 10:00:01', 'null', '2'],
    ]);
    expect(await sql("SELECT rank, tag, share FROM contributions WHERE stream = 'swat' ORDER BY rank")).toEqual([
      [1, 'it\'s "x"', 0.75],
      [2, 'LIT101', -0.25],
    ]);
  });

  test('records replaced with every commit leave their space', async () => {
    const store = await own();
    for (let commit = 0; commit < 150; commit++) {
      const bytes = randomBytes(400_000);
      const hash = recordHash(bytes);
      await store.commit({ key: 'k', positions: {}, totals: {}, records: { state: hash } }, new Map([[hash, bytes]]));
    }
    await store.close();
    // 60 MB went through; what may be left is what was replaced since the last checkpoint, and before it.
    expect((await stat(path)).size).toBeLessThan(45e6);
  });

  test('forgetting the only stream gives the space back, while others read', async () => {
    const store = await own();
    const schema = makeSchema([{ name: 'a', kind: 'continuous' }]);
    const fill = async (): Promise<void> => {
      await store.openStream('plant', schema);
      const batch = allocateBatch('plant', schema, 50_000);
      for (let i = 0; i < batch.rows; i++) batch.values[i] = Math.sin(i);
      await store.append(writing(batch));
      await store.commit({ key: 'k', positions: {}, totals: {}, records: {} });
    };
    await fill();
    let done = false;
    const counts = new Set<number>();
    const reading = (async () => {
      while (!done) counts.add((await store.streams())[0]?.rows ?? 0);
    })();
    await store.forget('plant', 'k');
    expect((await stat(path)).size).toBeLessThan(100_000);
    expect(await store.manifests()).toEqual([]);
    await fill();
    done = true;
    await reading;
    expect([...counts].filter((count) => count !== 0 && count !== 50_000)).toEqual([]);
    await store.close();
  });

  test('forget refuses while something is staged, and leaves it staged', async () => {
    const store = await own();
    const schema = makeSchema([{ name: 'a', kind: 'continuous' }]);
    await store.openStream('plant', schema);
    await store.append(writing(allocateBatch('plant', schema, 3)));
    await expect(store.forget('plant', 'k')).rejects.toMatchObject({ code: 'INTERNAL', message: expect.stringContaining('committed first') });
    await store.commit();
    expect((await store.streams())[0].rows).toBe(3);
    await store.close();
  });

  test('a closed store says so', async () => {
    const store = await own();
    await store.close();
    await expect(store.streams()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('closed') });
  });
});

function bytesOf(view: ArrayBufferView): Buffer {
  return Buffer.from(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
}
