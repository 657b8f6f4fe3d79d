import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { openStore, openStoreForReading } from '../../connectors/duckdb/open.ts';
import type { DeadLetter } from '../../core/chunk.ts';
import { BucketFold, bucketStart } from '../../core/level-of-detail.ts';
import { type Bucket, levelsOfDetail, type RowsResult, type StoreReader } from '../../core/store.ts';
import { formatTime, parseTime } from '../../core/time.ts';
import { Status } from '../../core/verdict.ts';
import { type Ended, settings, type Workplace, workplace } from '../command-line.ts';
import { plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { contentOfFile, differences } from '../store-content.ts';

const small = plantPipeline.replace('rows: 1500', 'rows: 400');
/** The verdicts of that pipeline on a row: of detectors and combinations. */
const judges = 6;

interface Retried {
  readonly tried: number;
  readonly taken: number;
  readonly known: number;
  readonly waiting: number;
  readonly left: readonly { readonly source: string; readonly position: number; readonly reason: string; readonly why: string }[];
  readonly dryRun: boolean;
}

const timeOf = (line: string): string => line.split(',')[0];
const cellsOf = (line: string): string[] => line.split(',').slice(1, 7);

/** 900 lines: rows 300 and 301 come at 600 and 601, row 500 has a bad number, row 700 a bad time. */
function untidy(): { lines: string[]; right: string[] } {
  const right = plantLines(900).map((line) => line.replaceAll('Bad Input', ''));
  const [late, also] = right.splice(300, 2);
  right.splice(600, 0, late, also);
  const lines = [...right];
  lines[500] = [timeOf(right[500]), '5x1', ...right[500].split(',').slice(2)].join(',');
  lines[700] = ['yesterday', ...right[700].split(',').slice(1)].join(',');
  return { lines, right };
}

async function retry(place: Workplace, ...args: readonly string[]): Promise<Retried> {
  const { code, stdout, stderr } = await place.call('dead', 'retry', 'plant.yaml', '--json', ...args);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout) as Retried;
}

async function lettersOf(place: Workplace, ...args: readonly string[]): Promise<DeadLetter[]> {
  const { code, stdout, stderr } = await place.call('dead', 'list', 'plant.yaml', '--json', ...args);
  expect([code, stderr]).toEqual([0, '']);
  return (JSON.parse(stdout) as { dead: DeadLetter[] }).dead;
}

async function stored<T>(place: Workplace, read: (store: StoreReader) => Promise<T>, name = 'plant.duckdb'): Promise<T> {
  const store = await openStoreForReading(place.path(name));
  try {
    return await read(store);
  } finally {
    await store.close();
  }
}

/** The rows of one time, and the statuses of each. */
function at(place: Workplace, time: string, name?: string): Promise<{ rows: number[][]; seqs: number[]; statuses: number[][] }> {
  const from = parseTime(time) as bigint;
  return stored(
    place,
    async (store) => {
      const range = { stream: 'plant', from, to: from + 1n };
      const { columns, seqs } = await store.rows(range);
      const verdicts = await store.verdicts(range);
      return {
        rows: [...seqs.keys()].map((i) => columns.map((column) => column[i])),
        seqs: [...seqs],
        statuses: [...seqs].map((seq) => verdicts.filter((verdict) => verdict.seq === seq).map(({ status }) => status)),
      };
    },
    name,
  );
}

const numbersOf = (line: string): number[] => cellsOf(line).map((cell) => (cell === '' ? Number.NaN : Number(cell)));

function foldAll({ times, columns }: RowsResult, level: number): Bucket[] {
  const folds: BucketFold[] = [];
  for (const [i, time] of times.entries()) {
    if (!folds.at(-1)?.holds(time)) folds.push(new BucketFold(level, bucketStart(time, level), columns.length));
    folds.at(-1)?.add(
      Float64Array.from(columns, (column) => column[i]),
      0,
    );
  }
  return folds.map((fold) => fold.bucket());
}

/** Every bucket is what folding the rows gives, every row has its verdicts, no identity comes twice. */
async function expectWhole(place: Workplace, rows: number, name?: string): Promise<void> {
  await stored(
    place,
    async (store) => {
      const all = await store.rows({ stream: 'plant' });
      expect(all.times).toHaveLength(rows);
      const ids = Array.from(all.times, (time, i) => `${time}/${all.seqs[i]}`);
      expect(new Set(ids).size).toBe(rows);
      for (const level of levelsOfDetail) expect(await store.buckets({ stream: 'plant', level }), `level ${level}`).toEqual(foldAll(all, level));
      const verdicts = await store.verdicts({ stream: 'plant' });
      const judged = new Set(verdicts.map(({ detector, time, seq }) => `${detector} ${time}/${seq}`));
      expect([verdicts.length, judged.size]).toEqual([judges * rows, judges * rows]);
    },
    name,
  );
}

function errorOf({ stderr }: Ended): { code: string; message: string; place?: string; fix?: string } {
  return JSON.parse(stderr.trimEnd().split('\n').at(-1) as string).error;
}

describe('sluice dead', () => {
  it('lists what could not be taken, and takes in what it can, in its place', async () => {
    const { lines, right } = untidy();
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': small });
    const summary = await place.run('plant.yaml');
    expect(summary).toMatchObject({ rowsRead: 900, rowsStored: 896, deadLetters: 4 });

    const letters = await lettersOf(place);
    expect(letters.map(({ position, reason }) => [position, reason])).toEqual([
      [500, 'number'],
      [600, 'too-late'],
      [601, 'too-late'],
      [700, 'time'],
    ]);
    expect(await lettersOf(place, '--last', '1')).toEqual(letters.slice(3));
    const table = await place.call('dead', 'list', 'plant.yaml');
    expect(table).toMatchObject({ code: 0, stderr: '', stdout: (await place.call('query', 'dead', 'plant.yaml')).stdout });
    expect(table.stdout.split('\n').map((line) => line.slice(0, 12))).toEqual([
      'ROW  REASON ',
      '500  number ',
      '600  too-lat',
      '601  too-lat',
      '700  time   ',
      '',
    ]);

    const before = await contentOfFile(place.path('plant.duckdb'), 'plant');
    expect(await retry(place, '--dry-run')).toMatchObject({ tried: 4, taken: 2, known: 0, dryRun: true });
    const foretold = await place.call('dead', 'retry', 'plant.yaml', '--dry-run', '--quiet');
    expect(foretold).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('4 dead letters tried: 2 can be taken in, 2 stay') });
    expect(differences(await contentOfFile(place.path('plant.duckdb'), 'plant'), before)).toEqual([]);

    const source = `csv:${place.path('plant.csv')}`;
    expect(await retry(place)).toEqual({
      ...{ tried: 4, taken: 2, known: 0, waiting: 0, dryRun: false },
      left: [
        { source, partition: 0, position: 500, reason: 'number', why: letters[0].message },
        { source, partition: 0, position: 700, reason: 'time', why: letters[3].message },
      ],
    });
    expect(await lettersOf(place)).toEqual([letters[0], letters[3]]);
    for (const line of [right[600], right[601]]) {
      const { rows, statuses } = await at(place, timeOf(line));
      expect(rows.at(-1)).toEqual(numbersOf(line));
      expect(statuses.at(-1)).toEqual(Array.from({ length: judges }, () => Status.undefined));
    }
    await expectWhole(place, 898);
    const after = await contentOfFile(place.path('plant.duckdb'), 'plant');
    const same = ({ incidents, thresholds, manifests }: Record<string, unknown>) => {
      const [{ positions, totals }] = manifests as { positions: object; totals: object }[];
      return { incidents, thresholds, positions, totals };
    };
    expect(same(after)).toEqual(same(before));

    const again = await place.call('dead', 'retry', 'plant.yaml', '--quiet');
    expect(again.stdout).toBe(
      `2 dead letters tried: 0 taken in, 2 stay\n  1 x number, first row 500: ${letters[0].message}\n  1 x time, first row 700: ${letters[3].message}\n`,
    );
    expect(differences(await contentOfFile(place.path('plant.duckdb'), 'plant'), after)).toEqual([]);
  });

  it('lets the pipeline go on as if nothing had happened, and takes in the same whenever it is called', async () => {
    const lines = plantLines(2600, { dirt: true });
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': small });
    const whole = await place.run('plant.yaml');
    const untouched = await contentOfFile(place.path('plant.duckdb'), 'plant');
    const last = await retry(place);
    expect(last.taken).toBeGreaterThan(5);
    expect(last.left.length).toBeGreaterThan(20);
    await expectWhole(place, whole.rowsStored + last.taken);

    const other = settings({ 'store.path': 'other.duckdb' });
    let taken = 0;
    for (const rows of [700, 1500, 1501, lines.length]) {
      await place.write('plant.csv', plantText(lines.slice(0, rows)));
      await place.run('plant.yaml', ...other);
      taken += (await retry(place, ...other)).taken;
    }
    expect(taken).toBe(last.taken);
    await expectWhole(place, whole.rowsStored + taken, 'other.duckdb');
    const [{ manifests: meanwhile, ...content }, { manifests: __, ...expected }] = [
      await contentOfFile(place.path('other.duckdb'), 'plant'),
      await contentOfFile(place.path('plant.duckdb'), 'plant'),
    ];
    expect(differences(content, expected)).toEqual([]);
    const stands = (manifests: unknown) => (manifests as { positions: object; totals: object }[]).map(({ positions, totals }) => ({ positions, totals }));
    expect(stands(meanwhile)).toEqual(stands(untouched.manifests));
    expect(await place.run('plant.yaml', ...other)).toMatchObject({ rowsRead: 0, duplicates: 0, total: whole.total });

    // Judged anew, rows that the detectors never saw stay unscored, and the others are judged as they were without them.
    const backfilled = await place.call('backfill', 'plant.yaml', '--json', '--quiet', ...other);
    expect(backfilled.code, backfilled.stderr).toBe(0);
    await expectWhole(place, whole.rowsStored + taken, 'other.duckdb');
    const range = ['--from', formatTime(1_500_000_900_000_000_000n), '--to', formatTime(1_500_001_200_000_000_000n)];
    const ranged = await place.call('backfill', 'plant.yaml', '--json', '--quiet', ...range);
    expect(ranged.code, ranged.stderr).toBe(0);
    await expectWhole(place, whole.rowsStored + taken);
    const undefinedAt = async (name: string): Promise<string[]> =>
      (await stored(place, (store) => store.verdicts({ stream: 'plant', detector: 'joint', from: 1_500_000_900_000_000_000n }), name))
        .filter(({ status }) => status === Status.undefined)
        .map(({ time, seq }) => `${time}/${seq}`);
    expect(await undefinedAt('plant.duckdb')).toEqual(await undefinedAt('other.duckdb'));
  });

  it('reads rows again at their place in a corrected file, and takes them in with their own identity', async () => {
    const { lines, right } = untidy();
    // A second row of the same time behind the one that is wrong.
    const tie = [timeOf(right[500]), '1', '2', '1', '1', '1', '7', 'Normal'].join(',');
    for (const text of [lines, right]) text.splice(501, 1, tie);
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': small });
    await place.run('plant.yaml');
    expect(await at(place, timeOf(tie))).toMatchObject({ seqs: [1] });
    await place.write('plant.csv', plantText(right));
    expect(await retry(place, '--reason', 'number')).toMatchObject({ tried: 1, taken: 1, left: [] });
    const { rows, seqs } = await at(place, timeOf(tie));
    expect([rows, seqs]).toEqual([
      [numbersOf(right[500]), numbersOf(tie)],
      [0, 1],
    ]);
    expect(await retry(place)).toMatchObject({ tried: 3, taken: 3, left: [] });
    expect((await at(place, timeOf(right[700]))).rows).toContainEqual(numbersOf(right[700]));
    await expectWhole(place, 900);
    expect(await retry(place)).toMatchObject({ tried: 0, taken: 0 });
    // The same rows under another name: each is known by its identity, and a late one by its values.
    const again = await place.run('plant.yaml', ...settings({ 'source.id': 'again' }));
    expect(again).toMatchObject({ rowsRead: 900, rowsStored: 0, deadLetters: 2 });
    expect(await retry(place, ...settings({ 'source.id': 'again' }))).toMatchObject({ tried: 2, taken: 0, known: 2, left: [] });
    expect(await lettersOf(place)).toEqual([]);
    await expectWhole(place, 900);
  });

  it('takes in rows that other settings make readable', async () => {
    const right = plantLines(600).map((line) => line.replaceAll('Bad Input', ''));
    const american = right.map((line) => {
      const [, year, month, day, clock] = /^(\d+)-(\d+)-(\d+)T([\d:]+)Z/.exec(line) as RegExpExecArray;
      return { mdy: `${month}/${day}/${year} ${clock}`, dmy: `${day}/${month}/${year} ${clock}`, cells: cellsOf(line).join(';') };
    });
    const lines = american.map(({ mdy, dmy, cells }, row) => `${row % 100 === 50 ? dmy : mdy};${row % 100 === 70 ? cells.replaceAll('.', ',') : cells}`);
    const text = `Timestamp;FIT101;LIT101;MV101;P101;P102;AIT201\n${lines.join('\n')}\n`;
    const yaml = small.replace('path: plant.csv', 'path: plant.csv, timezone: UTC, dateOrder: mdy, decimal: "."');
    const place = await workplace({ 'plant.csv': text, 'plant.yaml': yaml });
    expect(await place.run('plant.yaml')).toMatchObject({ rowsStored: 588, deadReasons: { time: 6, number: 6 } });
    const comma = await retry(place, ...settings({ 'source.decimal': '","' }));
    expect(comma).toMatchObject({ tried: 12, taken: 6 });
    expect(new Set(comma.left.map(({ reason }) => reason))).toEqual(new Set(['time']));
    expect(await retry(place, ...settings({ 'source.dateOrder': 'dmy' }))).toMatchObject({ tried: 6, taken: 6, left: [] });
    for (const row of [50, 170, 550, 570]) expect((await at(place, timeOf(right[row]))).rows, `row ${row}`).toContainEqual(numbersOf(right[row]));
    await expectWhole(place, 600);
    // With the settings it was read with, it goes on.
    await place.write('plant.csv', `${text}${american[599].mdy};9;9;9;9;9;9\n`);
    expect(await place.run('plant.yaml')).toMatchObject({ rowsRead: 1, rowsStored: 1 });
    await expectWhole(place, 601);
  });

  it('puts rows beside theirs when times are shifted to now', async () => {
    const { lines, right } = untidy();
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': `${small}clock: shifted\n` });
    await place.run('plant.yaml');
    await place.write('plant.csv', plantText(right));
    expect(await retry(place)).toMatchObject({ tried: 4, taken: 4 });
    await expectWhole(place, 900);
    const { times } = await stored(place, (store) => store.rows({ stream: 'plant', tags: [] }));
    const shift = times[0] - (parseTime(timeOf(right[0])) as bigint);
    expect(shift).toBeGreaterThan(0n);
    expect([...times]).toEqual(right.map((line) => (parseTime(timeOf(line)) as bigint) + shift).sort((a, b) => Number(a - b)));
  });

  it('reads a row again of which too much was kept for a letter, and keeps the letter where the source is gone', async () => {
    const tags = Array.from({ length: 250 }, (_, t) => `T${t}`);
    const row = (i: number): string => `${formatTime(1_500_000_000_000_000_000n + BigInt(i) * 1_000_000_000n)},${tags.map((_, t) => Math.sin(i + t) + t / 7)}`;
    const order = [...Array.from({ length: 300 }, (_, i) => i).filter((i) => i !== 50), 50];
    const yaml = `stream: plant\nsource: { type: csv, path: plant.csv }\ntrain: { rows: 100 }\ndetectors: { near: { type: k-means, clusters: 2 } }\noutputs: []\nstore: { type: duckdb, path: plant.duckdb }\nserve: false\n`;
    const text = `Timestamp,${tags}\n${order.map(row).join('\n')}\n`;
    const place = await workplace({ 'plant.csv': text, 'plant.yaml': yaml });
    await place.run('plant.yaml');
    expect(await lettersOf(place)).toMatchObject([{ position: 299, reason: 'too-late', payload: expect.stringMatching(/^.{4096}$/) }]);
    await place.write('plant.csv', '');
    expect((await retry(place)).left).toMatchObject([{ position: 299, why: expect.stringContaining('the source cannot be read again') }]);
    const elsewhere = await retry(place, ...settings({ 'source.path': 'other.csv' }));
    expect(elsewhere.left).toMatchObject([{ why: expect.stringContaining('set source.path, or source.id') }]);
    await place.write('plant.csv', text);
    expect(await retry(place)).toMatchObject({ tried: 1, taken: 1, left: [] });
    const { times, columns } = await stored(place, (store) => store.rows({ stream: 'plant' }));
    expect(times).toHaveLength(300);
    expect(columns.map((column) => column[50])).toEqual(tags.map((_, t) => Math.sin(50 + t) + t / 7));
  });

  it('tries only the letters asked for', async () => {
    const { lines } = untidy();
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': small });
    await place.run('plant.yaml');
    const source = `csv:${place.path('plant.csv')}`;
    const store = await openStore({ path: place.path('plant.duckdb'), memoryLimit: '150MB', threads: 1 });
    await store.appendDead([{ source: 'SWAT', partition: 1, position: 7, reason: 'syntax', message: 'not JSON', payload: '{' }]);
    await store.commit();
    await store.close();
    expect(await retry(place, '--source', 'SWAT')).toMatchObject({ tried: 1, left: [{ source: 'SWAT', why: expect.stringContaining('send it again') }] });
    expect(await retry(place, '--reason', 'syntax')).toMatchObject({ tried: 1 });
    expect(await retry(place, '--source', source, '--reason', 'too-late', '--limit', '1')).toMatchObject({ tried: 1, taken: 1 });
    expect(await retry(place, '--source', source, '--reason', 'too-late')).toMatchObject({ tried: 1, taken: 1 });
    expect(await retry(place, '--source', source, '--reason', 'too-late')).toMatchObject({ tried: 0 });
    expect((await lettersOf(place)).map(({ position }) => position)).toEqual([7, 500, 700]);

    const refused = async (...args: readonly string[]) => {
      const ended = await place.call('dead', 'retry', 'plant.yaml', '--json', ...args);
      expect([ended.code, ended.stdout]).toEqual([2, '']);
      return errorOf(ended);
    };
    for (const limit of ['0', '1.5', '100001']) {
      expect(await refused('--limit', limit)).toMatchObject({
        code: 'USAGE',
        message: expect.stringContaining(`'${limit}'`),
        fix: expect.stringContaining('1 to'),
      });
    }
    expect(await refused('--reason', 'to-late')).toMatchObject({ code: 'USAGE', fix: expect.stringContaining("Did you mean 'too-late'?") });
    expect(await refused('--source', `${source}x`)).toMatchObject({ code: 'USAGE', fix: expect.stringContaining(`Did you mean '${source}'?`) });
    expect(await refused('--nonsense')).toMatchObject({ code: 'USAGE' });
    const listed = await place.call('dead', 'list', 'plant.yaml', '--last', 'many', '--json');
    expect(errorOf(listed)).toMatchObject({ code: 'USAGE', fix: expect.stringContaining('e.g. 10') });
    expect(errorOf(await place.call('dead', 'list', '--json'))).toMatchObject({ code: 'USAGE', fix: expect.stringContaining('--store') });
    expect((await place.call('dead', 'list', '--store', 'plant.duckdb')).stdout).toContain('not JSON');
  });

  it('makes no store, and none of a file that is no store', async () => {
    const place = await workplace({ 'plant.csv': plantText(plantLines(500)), 'plant.yaml': small });
    const none = await place.call('dead', 'retry', 'plant.yaml', '--json');
    expect(none).toMatchObject({ code: 4, stdout: '' });
    expect(errorOf(none)).toMatchObject({ code: 'STORE_UNAVAILABLE', fix: expect.stringContaining('Run the pipeline first') });
    expect(existsSync(place.path('plant.duckdb'))).toBe(false);
    await place.run('plant.yaml');
    const bytes = await readFile(place.path('plant.duckdb'));
    expect((await place.call('dead', 'retry', 'plant.yaml')).stdout).toBe('no dead letters\n');
    expect((await readFile(place.path('plant.duckdb'))).equals(bytes)).toBe(true);
  });

  it('changes nothing beside a pipeline that runs, and says what to do', async () => {
    const { lines } = untidy();
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': small });
    const live = place.start('run', 'plant.yaml', '--json', '--log-level', 'trace');
    await live.logged('committed', ({ nextOffset }) => nextOffset === lines.length);
    expect(await lettersOf(place)).toHaveLength(4);
    expect(await retry(place, '--dry-run')).toMatchObject({ tried: 4, taken: 2 });
    const locked = await place.call('dead', 'retry', 'plant.yaml', '--json');
    expect(locked).toMatchObject({ code: 4, stdout: '' });
    expect(errorOf(locked)).toMatchObject({
      code: 'STORE_LOCKED',
      place: 'plant.duckdb',
      fix: expect.stringMatching(/End the pipeline.*goes on where it was/),
    });
    live.kill('SIGINT');
    expect((await live.ended).code).toBe(0);
    expect(await retry(place)).toMatchObject({ taken: 2 });
    await expectWhole(place, 898);
  });
});
