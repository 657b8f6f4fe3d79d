import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, rmSync, statfsSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { contentOfFile, differences } from '../store-content.ts';
import { csv, Plant, type Refusal, rowAt } from './plant.ts';

const plant = new Plant();
plant.write('plant.csv', csv(200));
const file = plant.pipeline('{ type: csv, path: plant.csv }');
const at = (store: string): string[] => ['run', file, '--until-end', '--set', `store.path=${store}`];

/** A file system of its own at a folder of the plant; false where this user may not mount one. */
function mount(folder: string, options: string): boolean {
  const path = join(plant.path, folder);
  mkdirSync(path, { recursive: true });
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', path]).status !== 0) return false;
  afterAll(() => void spawnSync('umount', ['-l', path]));
  return true;
}

const whole = await (async () => {
  await plant.run(file);
  return readFileSync(join(plant.path, 'store.duckdb'));
})();
const flipped = Buffer.from(whole);
flipped[4096 + 64] ^= 0x10;
flipped[8192 + 64] ^= 0x10;

const unusable: [is: string, store: string, content: string | Buffer | undefined, refusal: Refusal][] = [
  [
    'a folder',
    'folder.duckdb',
    undefined,
    { code: 'STORE_UNAVAILABLE', says: 'the store is to be a file, this is a folder', place: 'folder.duckdb', fix: 'Give another store.path' },
  ],
  [
    'a file that is no store',
    'letter.duckdb',
    'Dear all,\n',
    { code: 'STORE_UNAVAILABLE', says: 'this is not a DuckDB file', place: 'letter.duckdb', fix: 'Give another store.path' },
  ],
  [
    'in a folder that is a file',
    'plant.csv/plant.duckdb',
    undefined,
    {
      code: 'STORE_UNAVAILABLE',
      says: 'the store cannot lie in what is a file, not a folder',
      place: 'plant.csv/plant.duckdb',
      fix: 'Give another store.path',
    },
  ],
  [
    'cut short',
    'cut.duckdb',
    whole.subarray(0, whole.length >> 1),
    { code: 'STORE_UNAVAILABLE', says: 'the store is damaged', place: 'cut.duckdb', fix: /Restore it from a backup, or move it away/ },
  ],
  [
    'altered',
    'altered.duckdb',
    flipped,
    { code: 'STORE_UNAVAILABLE', says: 'the store is damaged', place: 'altered.duckdb', fix: /Restore it from a backup, or move it away/ },
  ],
];

describe('a store is refused that is', () => {
  mkdirSync(join(plant.path, 'folder.duckdb'));
  test.concurrent.each(unusable)('%s', async (_, store, content, refusal) => {
    if (content !== undefined) plant.write(store, content);
    await plant.refuses(refusal, at(store));
  });
});

test('a store or bus that `run` could not go on with after a crash is refused, before anything is asked of it', async () => {
  const influxdb = 'store={type: influxdb, url: "http://127.0.0.1:9", token: none}';
  await plant.refuses(
    {
      code: 'CONFIG_INVALID',
      says: "store 'influxdb' keeps rows, but not how far they were read, and neither does bus 'memory'",
      place: 'store',
      fix: 'Use `store: duckdb`, or `bus: kafka` with `sluice produce` and `sluice process`.',
    },
    ['run', file, '--until-end', '--set', influxdb],
  );
  await plant.refuses({ code: 'CONFIG_INVALID', says: "bus 'kafka' connects two processes, `run` is one", place: 'bus', fix: 'Use `bus: memory`' }, [
    ...['run', file, '--set', 'bus={type: kafka, brokers: "127.0.0.1:9"}', '--set', influxdb],
  ]);
});

describe('a store that cannot be written is refused', () => {
  const refusal = (place: string): Refusal => ({
    code: 'STORE_UNAVAILABLE',
    says: 'the store cannot be written: no rights, or a read-only file system',
    place,
    fix: 'Give rights to the file and its folder, or another store.path',
  });

  const readOnly = mount('ro', 'size=16m');
  test.skipIf(!readOnly)('on a read-only file system, also when it is not there yet (skipped where none can be mounted)', async () => {
    plant.write('ro/old.duckdb', whole);
    spawnSync('mount', ['-o', 'remount,ro', join(plant.path, 'ro')]);
    await plant.refuses(refusal('ro/old.duckdb'), at('ro/old.duckdb'));
    await plant.refuses(refusal('ro/new.duckdb'), at('ro/new.duckdb'));
    // Reading needs no rights to write.
    const stats = await plant.sluice('query', 'stats', file, '--json', '--set', 'store.path=ro/old.duckdb');
    expect(JSON.parse(stats.stdout)).toMatchObject({ rows: 200 });
  });

  const immutable = join(plant.path, plant.write('immutable.duckdb', whole));
  const sealed = spawnSync('chattr', ['+i', immutable]).status === 0;
  afterAll(() => void spawnSync('chattr', ['-i', immutable]));
  test.skipIf(!sealed)('that is immutable (skipped where chattr +i is not possible)', () => plant.refuses(refusal('immutable.duckdb'), at('immutable.duckdb')));

  test.skipIf(process.getuid?.() === 0)('without rights (skipped for root, who has them)', async () => {
    chmodSync(join(plant.path, plant.write('private.duckdb', whole)), 0o400);
    await plant.refuses(refusal('private.duckdb'), at('private.duckdb'));
  });
});

describe('a store that is held by another process is refused', () => {
  const held: ChildProcess[] = [];
  afterAll(() => {
    for (const child of held) child.kill('SIGKILL');
  });
  /** A process in the plant's folder, once it has said the word. */
  const holder = (args: string[], word: string): Promise<ChildProcess> =>
    new Promise((done, fail) => {
      const child = spawn(process.execPath, args, { cwd: plant.path, stdio: ['ignore', 'pipe', 'pipe'] });
      held.push(child);
      let text = '';
      const take = (piece: Buffer): void => {
        text += piece;
        if (text.includes(word)) done(child);
      };
      child.stdout.on('data', take);
      child.stderr.on('data', take);
      child.on('close', (status) => fail(new Error(`ended with ${status} before it said '${word}': ${text}`)));
    });

  test('of this program', async () => {
    const args = ['run', file, '--set', 'store.path=own.duckdb'];
    const first = await holder([plant.main, ...args], '200 rows');
    await plant.refuses(
      {
        code: 'STORE_LOCKED',
        says: `the store is held by process ${first.pid}`,
        place: 'own.duckdb',
        fix: 'Stop that process, or give this one another store.path',
      },
      args,
    );
    const ended = new Promise((done) => first.on('close', done));
    first.kill('SIGTERM');
    expect(await ended).toBe(0);
    expect(await plant.run(file, '--set', 'store.path=own.duckdb')).toMatchObject({ resumedAt: 200, total: { rowsStored: 200 } });
  });

  test('of another program', async () => {
    plant.write('foreign.duckdb', whole);
    const duckdb = pathToFileURL(createRequire(import.meta.url).resolve('@duckdb/node-api')).href;
    const script = `const { DuckDBInstance } = (await import('${duckdb}')).default; await DuckDBInstance.create('foreign.duckdb'); console.log('held'); setInterval(() => {}, 1000);`;
    const other = await holder(['--input-type=module', '-e', script], 'held');
    const refusal: Refusal = { code: 'STORE_LOCKED', says: `the store is held by process ${other.pid}`, place: 'foreign.duckdb', fix: 'Stop that process' };
    await plant.refuses(refusal, at('foreign.duckdb'));
    await plant.refuses({ ...refusal, fix: '' }, ['query', 'stats', file, '--set', 'store.path=foreign.duckdb']);
  });
});

describe('the disk full', () => {
  const rows = 30_000;
  const mounted = mount('small', 'size=32m');
  const disk = join(plant.path, 'small');
  const ballast = join(disk, 'ballast');

  /** Leaves so much room on the small disk. */
  const leave = (bytes: number): void => {
    rmSync(ballast, { force: true });
    const { bavail, bsize } = statfsSync(disk);
    const out = openSync(ballast, 'w');
    writeSync(out, Buffer.alloc(bavail * bsize - bytes));
    closeSync(out);
  };

  test.skipIf(!mounted)(
    'refused at each start until there is room; then the run goes on, and nothing is lost or doubled (skipped where no file system can be mounted)',
    async () => {
      plant.write(
        'long.csv',
        csv(rows, (i) => (i > 5000 && i % 2000 < 30 ? rowAt(i).replace(/,[^,]+,([12])$/, ',870,$1') : undefined)),
      );
      const long = plant.pipeline('{ type: csv, path: long.csv }', 'long.yaml', 'commit: { rows: 1000 }\n');
      const store = ['--set', 'store.path=small/plant.duckdb'];
      const refusal: Refusal = {
        code: 'STORE_FULL',
        says: 'the disk or quota under the store is full',
        place: 'small/plant.duckdb',
        fix: 'Make room, then start again: nothing committed is lost',
      };

      leave(0);
      await plant.refuses(refusal, ['run', long, '--until-end', ...store]);
      leave(3 * 2 ** 20);
      await plant.refuses(refusal, ['run', long, '--until-end', ...store]);
      rmSync(ballast);
      const { resumedAt, total } = await plant.run(long, ...store);
      expect(resumedAt).toBeGreaterThan(0);
      expect(resumedAt).toBeLessThan(rows);
      expect(total.rowsStored).toBe(rows);

      await plant.run(long, '--set', 'store.path=calm.duckdb');
      expect(differences(await contentOfFile(join(disk, 'plant.duckdb'), 'plant'), await contentOfFile(join(plant.path, 'calm.duckdb'), 'plant'))).toEqual([]);
    },
  );
});
