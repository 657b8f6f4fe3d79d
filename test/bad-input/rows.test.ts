import { writeXlsx } from 'hucre/xlsx';
import { expect, test } from 'vitest';
import type { DeadLetter, DeadReason } from '../../core/chunk.ts';
import { parseTime } from '../../core/time.ts';
import { contentOfFile, differences } from '../store-content.ts';
import { clock, csv, header, Plant, rowAt, valuesAt } from './plant.ts';

/** Rows of the file, of which the first 100 train. */
const rows = 200;

/** A row that cannot be taken, in place of row `at`; `expected` is why, and what the message says besides the line. */
interface BadRow<T> {
  readonly at: number;
  readonly is: string;
  readonly row: T;
  readonly reason: DeadReason;
  readonly says: string;
}

const [flow, level, pump] = ['5.5', '801', '1'];

const badLines: BadRow<string>[] = [
  { at: 10, is: 'too few cells', row: `${clock(10)},${flow}`, reason: 'cells', says: 'the row has 2 cells, the header 4' },
  { at: 20, is: 'too many cells', row: `${clock(20)},${flow},${level},${pump},9,9`, reason: 'cells', says: 'the row has 6 cells, the header ends at column 4' },
  { at: 110, is: 'Infinity', row: `${clock(110)},Infinity,${level},${pump}`, reason: 'number', says: "'Infinity' in column 'FLOW' is not a finite number" },
  { at: 112, is: '-inf', row: `${clock(112)},${flow},-inf,${pump}`, reason: 'number', says: "'-inf' in column 'LEVEL' is not a finite number" },
  { at: 114, is: '1e400', row: `${clock(114)},1e400,${level},${pump}`, reason: 'number', says: "'1e400' in column 'FLOW' is beyond the range of numbers" },
  { at: 116, is: 'text for a number', row: `${clock(116)},high,${level},${pump}`, reason: 'number', says: "'high' in column 'FLOW' is text, not a number" },
  {
    at: 118,
    is: 'a decimal comma among points',
    row: `${clock(118)},"5,5",${level},${pump}`,
    reason: 'number',
    says: "'5,5' in column 'FLOW' is text, not a number",
  },
  { at: 120, is: 'no time', row: `,${flow},${level},${pump}`, reason: 'time', says: "there is no time in column 'Timestamp'" },
  {
    at: 122,
    is: 'a time that cannot be read',
    row: `noon,${flow},${level},${pump}`,
    reason: 'time',
    says: "cannot read the time 'noon' in column 'Timestamp'",
  },
  {
    at: 124,
    is: 'a day that does not exist',
    row: `2024-02-30T00:00:00Z,${flow},${level},${pump}`,
    reason: 'time',
    says: "cannot read the time '2024-02-30T00:00:00Z'",
  },
  { at: 199, is: 'the last, cut short', row: `${clock(199)},${flow},80`, reason: 'cells', says: 'the row has 3 cells, the header 4' },
];

const badObjects: BadRow<string>[] = [
  { at: 10, is: 'no JSON', row: `{"time":"${clock(10)}","FLOW":5.5`, reason: 'syntax', says: 'the line is no JSON' },
  { at: 20, is: 'no object', row: '[1, 2]', reason: 'syntax', says: 'not an object' },
  {
    at: 110,
    is: '1e400',
    row: `{"time":"${clock(110)}","FLOW":1e400,"LEVEL":801,"PUMP":1}`,
    reason: 'number',
    says: "in 'FLOW' is beyond the range of numbers",
  },
  { at: 112, is: 'Infinity', row: `{"time":"${clock(112)}","FLOW":Infinity,"LEVEL":801,"PUMP":1}`, reason: 'syntax', says: 'the line is no JSON' },
  {
    at: 114,
    is: 'text for a number',
    row: `{"time":"${clock(114)}","FLOW":"high","LEVEL":801,"PUMP":1}`,
    reason: 'number',
    says: "'high' in 'FLOW' is text, not a number",
  },
  { at: 116, is: 'an unknown tag', row: `{"time":"${clock(116)}","FLOW":5.5,"LEVEL":801,"PMUP":1}`, reason: 'cells', says: "unknown key 'PMUP'" },
  { at: 118, is: 'an unreadable time', row: `{"time":"noon","FLOW":5.5,"LEVEL":801,"PUMP":1}`, reason: 'time', says: "cannot read the time 'noon' in 'time'" },
  { at: 120, is: 'no time', row: `{"FLOW":5.5,"LEVEL":801,"PUMP":1}`, reason: 'time', says: "there is no 'time'" },
];

type Cells = (string | number | boolean | Date | null)[];
const badCells: BadRow<Cells>[] = [
  { at: 20, is: 'too many cells', row: [clock(20), 5.5, 801, 1, 9], reason: 'cells', says: 'column 5 holds 9, but the header has 4 columns' },
  { at: 110, is: 'text for a number', row: [clock(110), 'high', 801, 1], reason: 'number', says: "'high' in column 'FLOW' is text, not a number" },
  { at: 112, is: '1e400', row: [clock(112), '1e400', 801, 1], reason: 'number', says: "'1e400' in column 'FLOW' is beyond the range of numbers" },
  {
    at: 114,
    is: 'a date for a number',
    row: [clock(114), new Date(Date.UTC(2024, 0, 1)), 801, 1],
    reason: 'number',
    says: "in column 'FLOW' is a date, not a number",
  },
  { at: 116, is: 'an unreadable time', row: ['noon', 5.5, 801, 1], reason: 'time', says: "cannot read the time 'noon' in column 'Timestamp'" },
  { at: 118, is: 'no time', row: [null, 5.5, 801, 1], reason: 'time', says: "there is no time in column 'Timestamp'" },
];

const cellsAt = (i: number): Cells => [clock(i), ...valuesAt(i)];
const replaced = <T>(bad: readonly BadRow<T>[], good: (i: number) => T): T[] =>
  Array.from({ length: rows }, (_, i) => bad.find(({ at }) => at === i)?.row ?? good(i));

const files: [type: string, bad: readonly BadRow<string | Cells>[], content: () => string | Promise<Uint8Array>, place: (at: number) => string][] = [
  ['csv', badLines, () => `${[header, ...replaced(badLines, rowAt)].join('\n')}`, (at) => `plant.csv line ${at + 2}`],
  [
    'jsonl',
    badObjects,
    () =>
      `${replaced(badObjects, (i) => JSON.stringify(Object.fromEntries(cellsAt(i).map((cell, c) => [['time', 'FLOW', 'LEVEL', 'PUMP'][c], cell])))).join('\n')}\n`,
    (at) => `plant.jsonl line ${at + 1}`,
  ],
  [
    'xlsx',
    badCells,
    () => writeXlsx({ sheets: [{ name: 'Plant', rows: [header.split(','), ...replaced(badCells, cellsAt)] }] }),
    (at) => `plant.xlsx sheet 'Plant' row ${at + 2}`,
  ],
];

test.concurrent.each(files)(
  'every row that cannot be taken from %s is a dead letter that says why; every other row is stored',
  async (type, bad, content, place) => {
    const plant = new Plant();
    plant.write(`plant.${type}`, await content());
    const file = plant.pipeline(`{ ${type}: plant.${type} }`);
    const expectedDead = bad.map(({ at, reason, says }) => ({ position: at, reason, says: [says, place(at)] }));
    const good = Array.from({ length: rows }, (_, i) => i).filter((i) => !bad.some(({ at }) => at === i));

    const checked = await plant.sluice('check', file, '--all', '--json');
    expect(checked).toMatchObject({ status: 0, stderr: '' });
    expect(JSON.parse(checked.stdout).source).toMatchObject({ rows: good.length, dead: bad.length });

    expect(await plant.run(file)).toMatchObject({ rowsRead: rows, rowsStored: good.length, deadLetters: bad.length, duplicates: 0, late: 0 });
    const { dead } = JSON.parse((await plant.sluice('query', 'dead', file, '--json')).stdout) as { dead: DeadLetter[] };
    const saysOf = (message: string, n: number): string[] => expectedDead[n].says.filter((part) => message.includes(part));
    expect(dead.map(({ position, reason, message }, n) => ({ position, reason, says: saysOf(message, n) }))).toEqual(expectedDead);
    expect(dead.map(({ payload }) => payload)).toEqual(bad.map(({ row }) => (typeof row === 'string' ? row : JSON.stringify(row).replace('.000Z"', '.000"'))));
    const stored = await plant.stored((store) => store.rows({ stream: 'plant' }));
    expect([...stored.times]).toEqual(good.map((i) => parseTime(clock(i))));
    expect(stored.columns.map((column) => [...column])).toEqual([0, 1, 2].map((tag) => good.map((i) => valuesAt(i)[tag])));

    expect(await plant.run(file)).toMatchObject({ resumedAt: rows, rowsRead: 0, deadLetters: 0, total: { rowsStored: good.length, deadLetters: bad.length } });
  },
);

test.concurrent('NaN, status words and empty cells are missing values, counted by reason, never 0 and never a lost row', async () => {
  const plant = new Plant();
  const cells: Record<number, string> = { 110: 'NaN', 120: 'nan', 130: '', 140: 'Bad Input', 150: '  ', 160: '#DIV/0!' };
  plant.write(
    'plant.csv',
    csv(rows, (i) => (cells[i] === undefined ? undefined : `${clock(i)},${cells[i]},801,1`)),
  );
  const summary = await plant.run(plant.pipeline('{ type: csv, path: plant.csv }'));
  expect(summary).toMatchObject({ rowsRead: rows, rowsStored: rows, deadLetters: 0, missing: { NaN: 2, empty: 2, 'Bad Input': 1, '#DIV/0!': 1 } });
  const { columns } = await plant.stored((store) => store.rows({ stream: 'plant', tags: ['FLOW'] }));
  expect([...columns[0].keys()].filter((i) => Number.isNaN(columns[0][i]))).toEqual([110, 120, 130, 140, 150, 160]);
});

test.concurrent('a column that turns from numbers to text: each row from there on is kept as a dead letter, in words and in the summary', async () => {
  const plant = new Plant();
  plant.write(
    'plant.csv',
    csv(rows, (i) => (i < 150 ? undefined : rowAt(i).replace(/,[12]$/, ',open'))),
  );
  const file = plant.pipeline('{ type: csv, path: plant.csv }');
  expect(await plant.run(file)).toMatchObject({ rowsRead: rows, rowsStored: 150, deadLetters: 50, deadReasons: { number: 50 } });
  const dead = await plant.stored((store) => store.deadLetters({}));
  expect(dead.map(({ position, payload }) => [position, payload])).toEqual(
    Array.from({ length: 50 }, (_, n) => [150 + n, rowAt(150 + n).replace(/,[12]$/, ',open')]),
  );
  expect(new Set(dead.map(({ message }) => message.replace(/\d+/g, 'N')))).toEqual(
    new Set(["'open' in column 'PUMP' is text, not a number (plant.csv line N)"]),
  );
  const told = await plant.sluice('run', file, '--until-end', '--fresh');
  expect(told.stdout).toMatch(/^dead {6}number 50$/m);
  expect(told.stdout).toMatch(/sluice query dead plant\.yaml$/m);
  const byKind = (await plant.sluice('query', 'dead', file)).stdout.split('\n');
  expect(byKind[1]).toMatch(/^ +50 +150 +number +'open' in column 'PUMP' is text, not a number \(plant\.csv line 152\) +2\S+,open$/);
  const single = (await plant.sluice('query', 'dead', file, '--last', '50')).stdout.trimEnd().split('\n');
  expect(single).toHaveLength(51);
  for (const [n, line] of single.slice(1).entries())
    expect(line).toMatch(new RegExp(`^${150 + n} +number +'open' in column 'PUMP' .* line ${152 + n}\\) +2\\S+,open$`));
});

test.concurrent('a row ahead of its time is kept in its place, one that repeats a time beside the other, one from long ago as a dead letter', async () => {
  const plant = new Plant();
  const odd: Record<number, string> = {
    120: `${clock(105)},6.5,801,1`, // back by 15 s: that time has come already
    130: `${clock(110.5).replace('Z', '.5Z')},7.5,801,1`, // back by 20 s, to a time of its own
    140: `${clock(139)},8.5,801,1`, // the time of the row before
    150: `${clock(149)},${valuesAt(149).join(',')}`, // that row again, word for word: a second row of that time
    160: `${clock(-3600)},9.5,801,1`, // an hour back
  };
  plant.write(
    'plant.csv',
    csv(rows, (i) => odd[i]),
  );
  const file = plant.pipeline('{ type: csv, path: plant.csv }');
  expect(await plant.run(file)).toMatchObject({ rowsRead: rows, rowsStored: rows - 1, deadLetters: 1, duplicates: 0, late: 2 });
  const { times, seqs, columns, dead } = await plant.stored(async (store) => ({
    ...(await store.rows({ stream: 'plant', tags: ['FLOW'] })),
    dead: await store.deadLetters({}),
  }));
  const at = (time: bigint | undefined): [number, number][] => [...times.keys()].filter((i) => times[i] === time).map((i) => [seqs[i], columns[0][i]]);
  expect([...times]).toEqual([...times].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)));
  expect(at(parseTime(clock(105)))).toEqual([
    [0, valuesAt(105)[0]],
    [1, 6.5],
  ]);
  expect(at(parseTime('2024-01-01T00:01:50.5Z'))).toEqual([[0, 7.5]]);
  expect(at(parseTime(clock(139)))).toEqual([
    [0, valuesAt(139)[0]],
    [1, 8.5],
  ]);
  expect(at(parseTime(clock(149)))).toEqual([
    [0, valuesAt(149)[0]],
    [1, valuesAt(149)[0]],
  ]);
  expect(dead).toMatchObject([{ position: 160, reason: 'too-late', message: expect.stringMatching(/the time 2023-12-31T23:00:00Z .*`lateness`/) }]);
  expect(JSON.parse(dead[0].payload)).toEqual({ Timestamp: '2023-12-31T23:00:00Z', values: [9.5, 801, 1] });
});

test.concurrent('the same rows as another source are duplicates: counted, and the store stays as it was', async () => {
  const plant = new Plant();
  plant.write('plant.csv', csv(rows));
  plant.write('again.csv', csv(rows));
  const file = plant.pipeline('{ type: csv, path: plant.csv }');
  await plant.run(file);
  const { manifests: _, ...before } = await contentOfFile(`${plant.path}/store.duckdb`, 'plant');
  expect(await plant.run(file, '--set', 'source.path=again.csv')).toMatchObject({ rowsRead: rows, rowsStored: 0, duplicates: rows, deadLetters: 0 });
  const { manifests: __, ...after } = await contentOfFile(`${plant.path}/store.duckdb`, 'plant');
  expect(differences(after, before)).toEqual([]);
});
