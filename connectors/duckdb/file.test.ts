import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import type { Store, StoreWrite } from '../../core/store.ts';
import { openStore, openStoreForReading } from './open.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-file-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const schema = makeSchema(Array.from({ length: 20 }, (_, i) => ({ name: `T${i}`, kind: 'continuous' as const })));

function rowsAt(first: number, count: number): StoreWrite {
  const batch: Batch = allocateBatch('plant', schema, count);
  for (let i = 0; i < count; i++) {
    batch.times[i] = BigInt(first + i) * 1_000_000_000n;
    batch.origins[i] = first + i;
    // Bits that do not compress, so that the disk fills.
    for (let t = 0; t < 20; t++) batch.values[i * 20 + t] = Math.sin((first + i) * 20 + t);
  }
  return { batch, verdicts: [], incidents: [], thresholds: [], buckets: [] };
}

const open_ = (path: string): Promise<Store> => openStore({ path, memoryLimit: '150MB', threads: 2 });

async function storeWithRows(path: string, rows = 3000): Promise<void> {
  const store = await open_(path);
  await store.openStream('plant', schema);
  await store.append(rowsAt(0, rows));
  await store.commit();
  await store.close();
}

/** Another process that holds the file open until killed. */
async function holder(path: string): Promise<ChildProcess> {
  const child = spawn(
    process.execPath,
    ['-e', `require('@duckdb/node-api').DuckDBInstance.create(${JSON.stringify(path)}).then(() => { console.log('open'); setInterval(() => {}, 1000); })`],
    { stdio: ['ignore', 'pipe', 'inherit'], cwd: import.meta.dirname },
  );
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  await once(child.stdout, 'data');
  return child;
}

describe('opening', () => {
  test('makes missing folders; a name with quotes and spaces is a name', async () => {
    const path = join(folder, "a b'c", 'deep "er"', 'sluice.duckdb');
    await storeWithRows(path, 10);
    expect((await stat(path)).isFile()).toBe(true);
    const store = await open_(path);
    expect((await store.streams())[0].rows).toBe(10);
    await store.close();
    expect(existsSync(`${path}.wal`)).toBe(false);
  });

  test('a file held by another process is STORE_LOCKED by its id, for writing at once, for reading after a while', async () => {
    const path = join(folder, 'plant.duckdb');
    const { pid } = await holder(path);
    const locked = { code: 'STORE_LOCKED', exitCode: 4, place: path, message: expect.stringContaining(`held by process ${pid}`) };
    await expect(open_(path)).rejects.toMatchObject(locked);
    await expect(openStoreForReading(path)).rejects.toMatchObject(locked);
  });

  test('a file that is open in this process is STORE_LOCKED', async () => {
    const path = join(folder, 'plant.duckdb');
    const store = await open_(path);
    await expect(open_(path)).rejects.toMatchObject({ code: 'STORE_LOCKED', message: expect.stringContaining(`in this process (${process.pid})`) });
    await symlink(folder, `${folder}-link`);
    await expect(open_(join(`${folder}-link`, 'plant.duckdb'))).rejects.toMatchObject({ code: 'STORE_LOCKED' });
    await rm(`${folder}-link`);
    await store.close();
    await (await open_(path)).close();
  });

  test('what is not a DuckDB file is refused and left as it is', async () => {
    const path = join(folder, 'plant.duckdb');
    await writeFile(path, 'time;FIT101\n'.repeat(2000));
    await expect(open_(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('not a DuckDB file') });
    expect((await stat(path)).size).toBe(24_000);
  });

  test('a DuckDB file with other tables is refused', async () => {
    const path = join(folder, 'other.duckdb');
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await connection.run('CREATE TABLE t AS SELECT 1 AS a');
    connection.closeSync();
    instance.closeSync();
    for (const attempt of [open_, openStoreForReading]) {
      await expect(attempt(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('not a Sluice store') });
    }
  });

  test('a store of another format is refused by its number', async () => {
    const path = join(folder, 'plant.duckdb');
    await storeWithRows(path, 1);
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await connection.run('UPDATE sluice_data.format SET version = 99');
    connection.closeSync();
    instance.closeSync();
    await expect(open_(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('has format 99') });
  });

  test.each([
    ['cut in half', 0.5],
    ['cut to its head', 0.01],
  ])('a damaged file, %s', async (_, part) => {
    const path = join(folder, 'plant.duckdb');
    await storeWithRows(path);
    const { size } = await stat(path);
    const handle = await open(path, 'r+');
    await handle.truncate(Math.floor(size * part));
    await handle.close();
    await expect(open_(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', place: path, fix: expect.stringMatching(/backup|store\.path/) });
  });

  test('flipped bits in the head and in the rows', async () => {
    const path = join(folder, 'plant.duckdb');
    await storeWithRows(path);
    const flip = async (at: number): Promise<void> => {
      const handle = await open(path, 'r+');
      const byte = Buffer.alloc(1);
      await handle.read(byte, 0, 1, at);
      byte[0] ^= 0x10;
      await handle.write(byte, 0, 1, at);
      await handle.close();
    };
    // Past the three header blocks (12 KB) the first block holds rows.
    const inRows = 12_288 + 100_000;
    await flip(inRows);
    const reading = async (): Promise<void> => {
      const store = await open_(path);
      try {
        await store.rows({ stream: 'plant' });
      } finally {
        await store.close();
      }
    };
    await expect(reading()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('damaged') });
    await flip(inRows);
    await reading();
    await flip(4);
    await expect(open_(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('a folder that is a file, a path that is a folder', async () => {
    await writeFile(join(folder, 'plain'), 'x');
    await expect(open_(join(folder, 'plain', 'plant.duckdb'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', exitCode: 4 });
    await mkdir(join(folder, 'plant.duckdb'));
    await expect(open_(join(folder, 'plant.duckdb'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', exitCode: 4 });
  });

  test('nothing to read where there is no file, and none is made', async () => {
    const path = join(folder, 'plant.duckdb');
    await expect(openStoreForReading(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining(`no store '${path}'`) });
    expect(existsSync(path)).toBe(false);
  });
});

describe('a disk of its own', () => {
  const disk = (): string | undefined => {
    const mounted = join(tmpdir(), `sluice-disk-${process.pid}`);
    try {
      execFileSync('sh', ['-c', `mkdir -p ${mounted} && mount -t tmpfs -o size=40m tmpfs ${mounted}`], { stdio: 'ignore' });
      onTestFinished(() => {
        execFileSync('sh', ['-c', `umount -l ${mounted} && rmdir ${mounted}`]);
      });
      return mounted;
    } catch (error) {
      return void error;
    }
  };

  test('when it is full, what was committed stays; with room again, writing goes on from there', async (context) => {
    const mounted = disk() ?? context.skip('needs the right to mount a tmpfs');
    const path = join(mounted, 'plant.duckdb');
    const ballast = join(mounted, 'ballast');
    await writeFile(ballast, Buffer.alloc(34 * 2 ** 20));
    const store = await open_(path);
    await store.openStream('plant', schema);
    let committed = 0;
    const next = async (): Promise<void> => {
      await store.append(rowsAt(committed, 2000));
      await store.commit({ key: 'k', positions: { plant: { nextOffset: committed + 2000, shiftMs: 0 } }, totals: {}, records: {} });
      committed += 2000;
    };
    const full = { code: 'STORE_FULL', exitCode: 4, place: path };
    await expect(
      (async () => {
        for (;;) await next();
      })(),
    ).rejects.toMatchObject(full);
    expect(committed).toBeGreaterThan(0);
    // Again and again, not only the first time.
    await expect(next()).rejects.toMatchObject(full);
    await expect(next()).rejects.toMatchObject(full);
    await rm(ballast);
    await next();
    await next();
    expect((await store.rows({ stream: 'plant' })).times).toEqual(BigInt64Array.from({ length: committed }, (_, i) => BigInt(i) * 1_000_000_000n));
    expect((await store.manifest('k'))?.positions.plant.nextOffset).toBe(committed);
    await store.close();
  });

  test('read-only: reading works, owning does not', async (context) => {
    const mounted = disk() ?? context.skip('needs the right to mount a tmpfs');
    const path = join(mounted, 'plant.duckdb');
    await storeWithRows(path, 100);
    execFileSync('mount', ['-o', 'remount,ro', mounted]);
    await expect(open_(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('cannot be written') });
    await expect(open_(join(mounted, 'new', 'plant.duckdb'))).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', exitCode: 4 });
    const store = await openStoreForReading(path);
    expect((await store.streams())[0].rows).toBe(100);
    await expect(store.append(rowsAt(0, 1))).rejects.toMatchObject({ message: expect.stringContaining('opened for reading') });
    await store.close();
  });
});

describe('when the file goes away while it is open', () => {
  const gone = { code: 'STORE_UNAVAILABLE', exitCode: 4, message: expect.stringMatching(/plant\.duckdb' was removed or replaced while it was open/) };

  async function opened(): Promise<{ path: string; store: Store }> {
    const path = join(folder, 'plant.duckdb');
    const store = await open_(path);
    await store.openStream('plant', schema);
    await store.append(rowsAt(0, 100));
    await store.commit();
    await store.append(rowsAt(100, 100));
    return { path, store };
  }

  test('removed: the next commit says so, and so do those after it; a new store begins cleanly', async () => {
    const { path, store } = await opened();
    await rm(path);
    await expect(store.commit()).rejects.toMatchObject(gone);
    await store.append(rowsAt(100, 1));
    await expect(store.commit()).rejects.toMatchObject(gone);
    await expect(store.forget('plant')).rejects.toMatchObject(gone);
    await expect(store.annotate({ id: 'a', stream: 'plant', from: 0n, to: 1n, text: '' })).rejects.toMatchObject(gone);
    await store.close();
    expect(existsSync(path) || existsSync(`${path}.wal`)).toBe(false);
    await storeWithRows(path, 7);
    const again = await open_(path);
    expect((await again.streams())[0].rows).toBe(7);
    await again.close();
  });

  test('moved away: what was committed is whole where it went', async () => {
    const { path, store } = await opened();
    await rename(path, join(folder, 'moved.duckdb'));
    await expect(store.commit()).rejects.toMatchObject(gone);
    await store.close();
    const moved = await open_(join(folder, 'moved.duckdb'));
    expect((await moved.streams())[0].rows).toBe(100);
    await moved.close();
  });

  test('replaced by another: that one keeps its rows and its log', async () => {
    const { path, store } = await opened();
    await rm(path);
    await rm(`${path}.wal`, { force: true });
    const instance = await DuckDBInstance.create(path);
    const connection = await instance.connect();
    await connection.run('CREATE TABLE other AS SELECT 5 AS x');
    expect(existsSync(`${path}.wal`)).toBe(true);
    await expect(store.commit()).rejects.toMatchObject(gone);
    await store.close();
    expect(existsSync(`${path}.wal`)).toBe(true);
    connection.closeSync();
    instance.closeSync();
  });

  test('forget makes the file anew by itself: that is no removal', async () => {
    const { store } = await opened();
    await store.commit();
    await store.forget('plant');
    await store.openStream('plant', schema);
    await store.append(rowsAt(0, 5));
    await store.commit();
    expect((await store.streams())[0].rows).toBe(5);
    await store.close();
  });
});
