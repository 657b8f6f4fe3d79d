import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { openStore, openStoreForReading } from '../../connectors/duckdb/open.ts';

const built = resolve(import.meta.dirname, '../../dist');

let path: string;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-crash-'));
  path = join(folder, 'plant.duckdb');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/**
 * A process that appends batches of 500 rows and commits every `every` batches with a manifest that says how many rows there are.
 * It prints a line for each thing done and waits for a line before the next.
 */
function writer(every: number): { child: ChildProcess; next(): Promise<string> } {
  if (!existsSync(built)) throw new Error(`${built} is missing: build first (npm run build)`);
  const script = `
    import { createInterface } from 'node:readline';
    const { openStore } = await import(${JSON.stringify(join(built, 'connectors/duckdb/open.js'))});
    const { makeSchema } = await import(${JSON.stringify(join(built, 'core/schema.js'))});
    const { allocateBatch } = await import(${JSON.stringify(join(built, 'core/batch.js'))});
    const { recordHash } = await import(${JSON.stringify(join(built, 'core/record.js'))});
    const schema = makeSchema(Array.from({ length: 8 }, (_, i) => ({ name: 'T' + i, kind: 'continuous' })));
    const store = await openStore({ path: ${JSON.stringify(path)}, memoryLimit: '150MB', threads: 2 });
    await store.openStream('plant', schema);
    let rows = (await store.manifest('k'))?.positions.plant.nextOffset ?? 0;
    const turns = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
    for (let n = 1; ; n++) {
      const batch = allocateBatch('plant', schema, 500);
      for (let i = 0; i < 500; i++) {
        batch.times[i] = BigInt(rows + i) * 1000000000n;
        batch.origins[i] = rows + i;
        for (let t = 0; t < 8; t++) batch.values[8 * i + t] = Math.sin((rows + i) * 8 + t);
      }
      const none = { rows: [], tags: [], shares: [], rest: [] };
      const verdicts = [{ detector: 'd', score: batch.origins, grade: batch.origins, status: new Int8Array(500), contributions: none }];
      await store.append({ batch, verdicts, incidents: [], thresholds: [], buckets: [] });
      rows += 500;
      let done = 'appended ' + rows;
      if (n % ${every} === 0) {
        const state = new Float64Array(1000).fill(rows);
        const bytes = new Uint8Array(state.buffer);
        const hash = recordHash(bytes);
        const manifest = { key: 'k', positions: { plant: { nextOffset: rows, shiftMs: 0 } }, totals: { rows }, records: { state: hash } };
        await store.commit(manifest, new Map([[hash, bytes]]));
        done = 'committed ' + rows;
      }
      console.log(done);
      await turns.next();
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
  let first = true;
  return {
    child,
    async next() {
      if (!first) child.stdin?.write('\n');
      first = false;
      return (await lines.next()).value as string;
    },
  };
}

async function kill(child: ChildProcess): Promise<void> {
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGKILL');
  await gone;
}

/** Everything up to the manifest is there, once, and nothing else. */
async function requireRows(rows: number): Promise<void> {
  const store = await openStoreForReading(path);
  try {
    const { times, columns } = await store.rows({ stream: 'plant' });
    expect(times).toEqual(BigInt64Array.from({ length: rows }, (_, i) => BigInt(i) * 1_000_000_000n));
    for (const [t, column] of columns.entries()) expect(column).toEqual(Float64Array.from({ length: rows }, (_, i) => Math.sin(i * 8 + t)));
    expect(Float64Array.from(await store.verdicts({ stream: 'plant' }), ({ score }) => score)).toEqual(Float64Array.from({ length: rows }, (_, i) => i));
    const manifest = await store.manifest('k');
    expect(manifest?.positions.plant.nextOffset ?? 0).toBe(rows);
    if (manifest) expect(new Float64Array((await store.record(manifest.records.state)).slice().buffer)[999]).toBe(rows);
  } finally {
    await store.close();
  }
}

describe('a process that dies at once', () => {
  test('right after a commit it has lost nothing', async () => {
    const { child, next } = writer(1);
    for (let rows = 500; rows <= 5000; rows += 500) expect(await next()).toBe(`committed ${rows}`);
    await kill(child);
    await requireRows(5000);
  });

  test('between two commits it is as after the first, and goes on from there', async () => {
    const { child, next } = writer(4);
    for (let n = 1; n <= 7; n++) await next();
    await kill(child);
    await requireRows(2000);
    const again = writer(4);
    for (let n = 1; n <= 4; n++) await again.next();
    await kill(again.child);
    await requireRows(4000);
  });

  test('before its first commit it leaves an empty store', async () => {
    const { child, next } = writer(9);
    for (let n = 1; n <= 5; n++) await next();
    await kill(child);
    const store = await openStoreForReading(path);
    expect((await store.streams()).map(({ rows }) => rows)).toEqual([0]);
    expect(await store.manifests()).toEqual([]);
    await store.close();
  });

  test('in the middle of whatever it does, again and again, the store is that of its last commit', async () => {
    for (let round = 0; round < 6; round++) {
      const { child, next } = writer(2);
      await next();
      // From here on it is not waited for: it dies while appending or committing.
      child.stdin?.write('\n'.repeat(400));
      await new Promise((done) => setTimeout(done, 20 + round * 37));
      await kill(child);
      const store = await openStoreForReading(path);
      const rows = (await store.manifest('k'))?.positions.plant.nextOffset ?? 0;
      await store.close();
      await requireRows(rows);
    }
    expect(existsSync(path)).toBe(true);
  });

  test('its socket is passed over by readers and taken over by the next owner', async () => {
    const { child, next } = writer(1);
    await next();
    const through = await openStoreForReading(path);
    expect((await through.streams())[0].rows).toBe(500);
    await kill(child);
    await expect(through.streams()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', message: expect.stringContaining('has gone') });
    expect(existsSync(`${path}.sock`)).toBe(true);
    await requireRows(500);
    const owner = await openStore({ path, memoryLimit: '150MB', threads: 1 });
    const reader = await openStoreForReading(path);
    expect((await reader.streams())[0].rows).toBe(500);
    await reader.close();
    await owner.close();
    expect(existsSync(`${path}.sock`)).toBe(false);
  });
});
