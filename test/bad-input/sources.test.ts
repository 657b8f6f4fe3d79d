import { gzipSync } from 'node:zlib';
import { writeXlsx } from 'hucre/xlsx';
import { describe, test } from 'vitest';
import { zipOf } from '../../producer/workbook/zip-fixture.ts';
import { clock, csv, header, Plant, type Refusal, rowAt, valuesAt } from './plant.ts';

const plant = new Plant();

type Cells = (string | number)[];
const table = (rows: number, head: Cells = header.split(',')): Cells[] => [head, ...Array.from({ length: rows }, (_, i) => [clock(i), ...valuesAt(i)])];
const workbook = (rows: Cells[], password?: string): Promise<Uint8Array> =>
  writeXlsx({ sheets: [{ name: 'Plant', rows }], ...(password === undefined ? {} : { encryption: { password, spinCount: 1000 } }) });
const json = (rows: number, line: (i: number) => string): string => Array.from({ length: rows }, (_, i) => `${line(i)}\n`).join('');
const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.map((byte, i) => (i === at ? byte ^ 0x10 : byte));
const random = Uint8Array.from({ length: 4000 }, (_, i) => (i * 73 + (i >> 3) * 151) % 256);

/** What is in the file; undefined: there is none. The extension is that of the source that reads it. */
type Case = [name: string, file: string, content: () => string | Uint8Array | undefined | Promise<Uint8Array>, refusal: Refusal];

const unusable: Case[] = [
  ['missing', 'nowhere.csv', () => undefined, { code: 'SOURCE_NOT_FOUND', says: "there is no file 'nowhere.csv'", fix: 'Check `path`' }],
  ['missing', 'nowhere.jsonl', () => undefined, { code: 'SOURCE_NOT_FOUND', says: "there is no file 'nowhere.jsonl'", fix: 'Check `path`' }],
  ['missing', 'nowhere.xlsx', () => undefined, { code: 'SOURCE_NOT_FOUND', says: "the file 'nowhere.xlsx' does not exist", fix: 'Check `source.path`' }],
  ['a folder', '../', () => undefined, { code: 'SOURCE_NOT_FOUND', says: "'../' is a folder", fix: 'Name a file in it' }],

  ['empty', 'empty.csv', () => '', { code: 'SOURCE_EMPTY', says: 'the file is empty', place: 'empty.csv', fix: 'Copy it again' }],
  ['empty', 'empty.jsonl', () => '', { code: 'SOURCE_EMPTY', says: 'the file is empty', place: 'empty.jsonl', fix: 'Copy it again' }],
  ['empty', 'empty.xlsx', () => '', { code: 'SOURCE_EMPTY', says: 'the file is empty (0 bytes)', place: 'empty.xlsx', fix: 'Copy it again' }],
  [
    'of blank lines',
    'blank.csv',
    () => '\n  \n\n',
    { code: 'SOURCE_EMPTY', says: 'there are no rows', place: 'blank.csv', fix: 'Give a file with a header row and data rows' },
  ],
  ['of a header alone', 'head.csv', () => `${header}\n`, { code: 'SOURCE_EMPTY', says: 'no data row', place: 'head.csv', fix: 'Give a file with data rows' }],
  [
    'of a header alone',
    'head.xlsx',
    () => workbook(table(0)),
    { code: 'SOURCE_EMPTY', says: 'no data row', place: 'head.xlsx', fix: 'Give a file with data rows' },
  ],

  [
    'cut short',
    'cut.csv',
    () => gzipSync(csv(3000)).subarray(0, 9000),
    { code: 'SOURCE_UNREADABLE', says: 'the gzip file is damaged or cut short', place: 'cut.csv', fix: 'Fetch it again' },
  ],
  [
    'cut short',
    'cut.xlsx',
    async () => (await workbook(table(200))).subarray(0, 3000),
    { code: 'SOURCE_UNREADABLE', says: 'its end is missing: it was cut short', place: 'cut.xlsx', fix: 'Copy it again' },
  ],
  [
    'with a flipped bit',
    'bit.xlsx',
    async () => {
      const bytes = await workbook(table(2000));
      return flipped(bytes, Buffer.from(bytes).indexOf('xl/worksheets/sheet1.xml') + 8000);
    },
    { code: 'SOURCE_UNREADABLE', says: "part 'xl/worksheets/sheet1.xml' of the workbook is damaged", place: 'bit.xlsx', fix: 'Copy it again' },
  ],
  [
    'protected by a password',
    'secret.xlsx',
    () => workbook(table(20), 'secret'),
    { code: 'SOURCE_UNREADABLE', says: 'protected by a password', place: 'secret.xlsx', fix: 'save it without one' },
  ],
  [
    'protected by a password',
    'secret.csv',
    () => workbook(table(20), 'secret'),
    { code: 'SOURCE_UNREADABLE', says: 'password-protected Office file, not text', place: 'secret.csv', fix: 'Save it as CSV, or as .xlsx without a password' },
  ],
  [
    'that is CSV',
    'text.xlsx',
    () => csv(20),
    { code: 'SOURCE_UNREADABLE', says: 'not an .xlsx workbook but text', place: 'text.xlsx', fix: 'set `source.type: csv`' },
  ],
  ['that is a workbook', 'book.csv', () => workbook(table(20)), { code: 'SOURCE_UNREADABLE', says: /workbook|zip/, place: 'book.csv', fix: 'xlsx' }],
  [
    'that is CSV',
    'text.jsonl',
    () => csv(20),
    {
      code: 'SOURCE_UNREADABLE',
      says: "no line holds a JSON object; the first reads 'Timestamp,FLOW,LEVEL,PUMP'",
      place: 'text.jsonl',
      fix: 'Write one object a line',
    },
  ],
  ['of noise', 'noise.csv', () => random, { code: 'SOURCE_UNREADABLE', says: 'this is not a text file', place: 'noise.csv', fix: 'Give a CSV' }],
  ['of noise', 'noise.xlsx', () => random, { code: 'SOURCE_UNREADABLE', says: "it begins with '", place: 'noise.xlsx', fix: 'Give a workbook saved as .xlsx' }],
  [
    'that is some other archive',
    'photos.xlsx',
    () => zipOf([{ name: 'holiday.jpg', data: 'x' }]),
    {
      code: 'SOURCE_UNREADABLE',
      says: "a zip archive without a workbook (it holds 'holiday.jpg')",
      place: 'photos.xlsx',
      fix: 'Unpack it and give the file inside',
    },
  ],

  [
    'without a header row',
    'bare.csv',
    () => `${json(50, rowAt)}`,
    {
      code: 'SOURCE_NO_HEADER',
      says: "no header row above the first data row '2024-01-01T00:00:00Z | 5 | 810 | 1'",
      place: 'bare.csv row 1',
      fix: 'Put a row with the column names above the data',
    },
  ],
  [
    'without a header row',
    'bare.xlsx',
    () => workbook(table(50).slice(1)),
    {
      code: 'SOURCE_NO_HEADER',
      says: "no header row above the first data row '2024-01-01T00:00:00Z | 5 | 810 | 1'",
      place: 'bare.xlsx row 1',
      fix: 'Put a row with the column names above the data',
    },
  ],
  [
    'of prose',
    'letter.csv',
    () => 'Dear all,\n\nplease find the data attached.\n\nYours,\nA.\n',
    { code: 'SOURCE_NO_HEADER', says: "'Dear all", place: 'letter.csv', fix: 'Give a table with a header row' },
  ],

  [
    'whose times have no zone',
    'local.csv',
    () => csv(50, (i) => rowAt(i).replace('Z', '')),
    {
      code: 'SOURCE_TIME',
      says: "the time '2024-01-01T00:00:00' has no zone",
      place: 'local.csv',
      fix: 'Name the zone of its clock, e.g. --set source.timezone=Asia/Singapore',
    },
  ],
  [
    'whose times have no zone',
    'local.xlsx',
    () => workbook(table(50).map((row) => [String(row[0]).replace('Z', ''), ...row.slice(1)])),
    {
      code: 'SOURCE_TIME',
      says: "the time '2024-01-01T00:00:00' has no zone",
      place: "local.xlsx column 'Timestamp'",
      fix: '--set source.timezone=Asia/Singapore',
    },
  ],
  [
    'whose times have no zone',
    'local.jsonl',
    () => json(50, (i) => JSON.stringify({ time: clock(i).replace('Z', ''), FLOW: i })),
    { code: 'SOURCE_TIME', says: "the time '2024-01-01T00:00:00' has no zone", place: 'local.jsonl', fix: '--set source.timezone=Asia/Singapore' },
  ],
  [
    'of which one time has no zone',
    'mixed.csv',
    () => csv(50, (i) => (i === 30 ? rowAt(i).replace('Z', '') : undefined)),
    { code: 'SOURCE_TIME', says: "the time '2024-01-01T00:00:30' has no zone", place: 'mixed.csv', fix: '--set source.timezone=Asia/Singapore' },
  ],
  [
    'of which no time can be read',
    'noon.csv',
    () => csv(50, (i) => rowAt(i).replace(clock(i), 'noon')),
    { code: 'SOURCE_TIME', says: "cannot read the time 'noon'", place: 'noon.csv', fix: 'Use ISO 8601' },
  ],
  [
    'without a time column',
    'timeless.csv',
    () => `FLOW,LEVEL\n${json(50, (i) => `${i % 7},${(i * 5) % 11}`)}`,
    {
      code: 'SOURCE_TIME',
      says: 'no time column was found',
      place: 'timeless.csv',
      fix: "Name it with `time` (columns: 'FLOW', 'LEVEL'), or say how far rows are apart",
    },
  ],

  [
    'with a tag twice',
    'twice.csv',
    () => csv(50, undefined, 'Timestamp,FLOW,FLOW,PUMP'),
    { code: 'SOURCE_TAGS', says: "tag 'FLOW' comes twice, in columns 2 and 3", place: 'twice.csv', fix: 'Rename or drop one of the columns' },
  ],
  [
    'with a tag twice',
    'twice.xlsx',
    () => workbook(table(50, ['Timestamp', 'FLOW', ' FLOW', 'PUMP'])),
    { code: 'SOURCE_TAGS', says: "tag 'FLOW' comes twice, in columns 2 and 3", place: 'twice.xlsx', fix: 'Rename or drop one of the columns' },
  ],
  [
    'with a tag without a name',
    'nameless.csv',
    () => csv(50, undefined, 'Timestamp,FLOW,,PUMP'),
    { code: 'SOURCE_TAGS', says: "column 3 has values such as '810' but no name", place: 'nameless.csv', fix: "leave it out with `ignore: ['column 3']`" },
  ],
  [
    'with a column of words',
    'words.csv',
    () => csv(50, (i) => rowAt(i).replace(/[^,]+$/, 'high')),
    { code: 'SOURCE_TAGS', says: "column 'PUMP' holds no numbers, but 'high'", place: 'words.csv', fix: "Leave it out with `ignore: ['PUMP']`" },
  ],
];

describe('a source is refused that is', () => {
  test.concurrent.each(unusable)('%s (%s)', async (_, file, content, refusal) => {
    const bytes = await content();
    if (bytes !== undefined) plant.write(file, bytes);
    const type = /\.(csv|jsonl|xlsx)$/.exec(file)?.[1] ?? 'csv';
    const pipeline = plant.pipeline(`{ type: ${type}, path: ${file} }`, `${file.replaceAll('/', '_')}.yaml`);
    await plant.refuses(refusal, ['check', pipeline, '--all'], ['run', pipeline, '--until-end', '--set', `store.path=${file.replaceAll('/', '_')}.duckdb`]);
  });
});
