import { existsSync, statSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { serialize } from 'node:v8';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allocateBatch, concatBatches } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import type { Store, StoreReader } from '../../core/store.ts';
import { openStore, openStoreForReading } from './open.ts';
import { connectReader, serveReaders, socketPath } from './socket.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-socket-'));
  path = join(folder, 'plant.duckdb');
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const schema = makeSchema([
  { name: 'LIT101', kind: 'continuous' },
  { name: 'P101', kind: 'discrete' },
]);

async function owner(rows: number, at = path): Promise<Store> {
  const store = await openStore({ path: at, memoryLimit: '150MB', threads: 2 });
  await store.openStream('plant', schema);
  const batch = allocateBatch('plant', schema, rows, true);
  for (let i = 0; i < rows; i++) {
    batch.times[i] = BigInt(i) * 1_000_000_000n + 7n;
    batch.origins[i] = i;
    batch.values[2 * i] = i % 5 === 0 ? Number.NaN : i / 3;
    batch.values[2 * i + 1] = -0;
  }
  const flagged = { rows: [0], tags: [0, 1, -1, -1, -1], shares: [0.75, -0.25, 0, 0, 0], rest: [0] };
  const verdicts = {
    detector: 'd',
    score: new Float64Array(rows).fill(1),
    grade: new Float64Array(rows),
    status: new Int8Array(rows).fill(-1),
    contributions: flagged,
  };
  const incident = {
    ...{ id: 'i', stream: 'plant', detector: 'd', start: 7n, end: 9n, open: true, rows: 2, peakTime: 7n, peakScore: 1, peakGrade: 1 },
    ...{ causes: ['d'], contributions: Float64Array.of(0.5, -0.5) },
  };
  await store.append({ batch, verdicts: [verdicts], incidents: [incident], thresholds: [], buckets: [] });
  await store.commit({ key: 'k', positions: {}, totals: { read: rows }, records: {} });
  return store;
}

async function everything(reader: StoreReader): Promise<unknown[]> {
  const plant = { stream: 'plant' };
  const scanned = [];
  for await (const batch of reader.scan(plant)) scanned.push(batch);
  const { values, times, origins, labels } = concatBatches(scanned);
  return [
    ...[await reader.streams(), await reader.rows(plant), await reader.verdicts(plant), await reader.incidents({}), await reader.statistics(plant)],
    ...[await reader.buckets({ ...plant, level: 10_000 }), await reader.thresholds('plant'), await reader.annotations(plant), await reader.deadLetters({})],
    ...[
      await reader.known('plant', BigInt64Array.of(7n, 8n), Int32Array.of(0, 0)),
      await reader.manifest('k'),
      await reader.manifest('x'),
      await reader.manifests(),
    ],
    ...[[...values], [...times], [...origins], labels && [...labels]],
  ];
}

describe('while an owner lives', () => {
  test('a reader gets through it what the owner reads itself, bit for bit', async () => {
    const store = await owner(5000);
    const reader = await openStoreForReading(path);
    expect(await everything(reader)).toEqual(await everything(store));
    const { columns } = await reader.rows({ stream: 'plant', limit: 1 });
    expect(Object.is(columns[1][0], -0)).toBe(true);
    await reader.close();
    await store.close();
  });

  test('the socket is for the owner of the file alone, beside it, and gone when it closes', async () => {
    const store = await owner(1);
    expect(socketPath(path)).toBe(`${path}.sock`);
    expect(statSync(`${path}.sock`).mode & 0o777).toBe(0o600);
    await store.close();
    expect(existsSync(`${path}.sock`)).toBe(false);
  });

  test('many readers at once, while rows are written', async () => {
    const store = await owner(2000);
    const readers = await Promise.all(Array.from({ length: 5 }, () => openStoreForReading(path)));
    const counting = readers.map(async (reader) => {
      const counts: number[] = [];
      for (let n = 0; n < 20; n++) counts.push((await reader.streams())[0].rows);
      return counts;
    });
    for (let n = 0; n < 10; n++) {
      const batch = allocateBatch('plant', schema, 100);
      for (let i = 0; i < 100; i++) batch.times[i] = BigInt(10_000 + n * 100 + i) * 1_000_000_000n;
      await store.append({ batch, verdicts: [], incidents: [], thresholds: [], buckets: [] });
      await store.commit();
    }
    for (const counts of await Promise.all(counting)) {
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
      expect(counts.every((count) => count % 100 === 0 && count >= 2000 && count <= 3000)).toBe(true);
    }
    expect((await readers[0].streams())[0].rows).toBe(3000);
    await Promise.all(readers.map((reader) => reader.close()));
    await store.close();
  });

  test('an error crosses with its code, place and fix', async () => {
    const store = await owner(1);
    const reader = await openStoreForReading(path);
    const own = await store.rows({ stream: 'plant', tags: ['LIT999'] }).catch((error: unknown) => error);
    const crossed = await reader.rows({ stream: 'plant', tags: ['LIT999'] }).catch((error: unknown) => error);
    expect(crossed).toMatchObject({ name: 'SluiceError', code: 'USAGE', message: (own as Error).message, fix: 'Known: LIT101, P101.' });
    const missing = await store.record('00').catch((error: unknown) => error);
    expect(await reader.record('00').catch((error: unknown) => error)).toMatchObject({ message: (missing as Error).message, place: path });
    await expect(reader.annotate({ id: '', stream: '', from: 0n, to: 0n, text: '' })).rejects.toMatchObject({ code: 'INTERNAL' });
    await reader.close();
    await store.close();
  });

  test('an export is written where the reader stands', async () => {
    const store = await owner(10);
    const reader = await openStoreForReading(path);
    expect(await reader.export({ what: 'rows', format: 'csv', path: join(folder, 'rows.csv'), stream: 'plant' })).toEqual({ rows: 10 });
    expect(existsSync(join(folder, 'rows.csv'))).toBe(true);
    await reader.close();
    await store.close();
  });

  test('a scan can be left in the middle, by the loop or by the reader, and the owner still closes', async () => {
    const store = await owner(60_000);
    const reader = await openStoreForReading(path);
    let rows = 0;
    for await (const batch of reader.scan({ stream: 'plant' })) {
      rows += batch.rows;
      break;
    }
    expect(rows).toBeLessThan(60_000);
    expect((await reader.streams())[0].rows).toBe(60_000);
    const pieces = reader.scan({ stream: 'plant' })[Symbol.asyncIterator]();
    await pieces.next();
    await reader.close();
    await store.close();
    expect(existsSync(`${path}.sock`)).toBe(false);
  });

  test('a slow reader gets no more than a few pieces ahead of what it asks for', async () => {
    let made = 0;
    const reader = {
      async *scan() {
        for (; made < 1000; ) {
          made++;
          yield allocateBatch('plant', schema, 1);
        }
      },
    } as unknown as StoreReader;
    const server = await serveReaders(reader, path);
    const remote = await connectReader(path);
    const pieces = remote?.scan({ stream: 'plant' })[Symbol.asyncIterator]();
    for (let n = 0; n < 10; n++) await pieces?.next();
    expect(made).toBeGreaterThanOrEqual(10);
    expect(made).toBeLessThan(20);
    await pieces?.return?.();
    await remote?.close();
    await server.close();
  });

  test('calls under way fail when the owner goes', async () => {
    const never = { streams: () => new Promise(() => {}), async *scan() { await new Promise(() => {}); } } as unknown as StoreReader; // biome-ignore format: one line
    const server = await serveReaders(never, path);
    const reader = (await connectReader(path)) as StoreReader;
    const gone = { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('has gone') };
    const call = expect(reader.streams()).rejects.toMatchObject(gone);
    const scan = expect(reader.scan({ stream: 'x' })[Symbol.asyncIterator]().next()).rejects.toMatchObject(gone);
    // The server has both before it goes.
    await new Promise((done) => setTimeout(done, 50));
    await server.close();
    await Promise.all([call, scan]);
    await expect(reader.streams()).rejects.toMatchObject(gone);
  });

  test.each([
    ['what is no message', Buffer.concat([Buffer.from([5, 0, 0, 0]), Buffer.from('hello')])],
    ['a length over the limit', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a method that is none of its own', frame({ id: 1, call: 'constructor', args: [] })],
    ['a method for writing', frame({ id: 1, call: 'forget', args: ['plant', 'k'] })],
  ])('%s does no harm', async (_, bytes) => {
    const store = await owner(3);
    const socket = connect(`${path}.sock`);
    const answered = new Promise((done) => socket.once('data', done).once('close', done));
    socket.on('error', done).write(bytes);
    await answered;
    socket.destroy();
    expect((await store.streams())[0].rows).toBe(3);
    const reader = await openStoreForReading(path);
    expect((await reader.streams())[0].rows).toBe(3);
    await reader.close();
    await store.close();
    function done(): void {}
  });
});

describe('without an owner', () => {
  test('the file itself is read, by several at once', async () => {
    const store = await owner(2000);
    const expected = await everything(store);
    await store.close();
    const [one, two] = await Promise.all([openStoreForReading(path), openStoreForReading(path)]);
    expect(await everything(one)).toEqual(expected);
    expect(await everything(two)).toEqual(expected);
    await one.close();
    await two.close();
  });

  test('a socket that a dead owner left is passed over by readers and replaced by the next owner', async () => {
    await (await owner(3)).close();
    await abandonSocket(`${path}.sock`);
    const reader = await openStoreForReading(path);
    expect((await reader.streams())[0].rows).toBe(3);
    await reader.close();
    const next = await openStore({ path, memoryLimit: '150MB', threads: 1 });
    const through = await openStoreForReading(path);
    expect((await through.streams())[0].rows).toBe(3);
    await through.close();
    await next.close();
  });

  test("somebody's file in the place of the socket is left alone", async () => {
    await (await owner(3)).close();
    await writeFile(`${path}.sock`, 'mine');
    await expect(openStore({ path, memoryLimit: '150MB', threads: 1 })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', place: `${path}.sock` });
    expect(statSync(`${path}.sock`).size).toBe(4);
    // And the file was let go.
    await rm(`${path}.sock`);
    await (await openStore({ path, memoryLimit: '150MB', threads: 1 })).close();
  });
});

test('a path too long for a socket gets one in the folder for temporary files, private too', async () => {
  const deep = join(folder, 'd'.repeat(60), 'e'.repeat(60), 'plant.duckdb');
  await mkdir(dirname(deep), { recursive: true });
  const store = await owner(3, deep);
  const socket = socketPath(deep);
  expect(dirname(socket)).toBe(tmpdir());
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  const reader = await openStoreForReading(deep);
  expect((await reader.streams())[0].rows).toBe(3);
  await reader.close();
  await store.close();
  expect(existsSync(socket)).toBe(false);
});

function frame(message: unknown): Buffer {
  const body = serialize(message);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(body.length);
  return Buffer.concat([length, body]);
}

/** A socket file without a listener, as a killed process leaves it. */
async function abandonSocket(at: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(`${at}.live`, done));
  await rename(`${at}.live`, at);
  await new Promise<void>((done) => server.close(() => done()));
}
