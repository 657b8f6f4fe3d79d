import { createReadStream, readFileSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type CellValue, streamXlsxRows, writeXlsx, writeXlsxStream } from 'hucre/xlsx';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Source, SourceContext } from '../../core/component.ts';
import { formatTime } from '../../core/time.ts';
import { sourceConformance } from '../conformance/source.ts';
import type { Cell } from '../decode/cell.ts';
import { readSheet } from '../workbook/sheet.ts';
import { openWorkbook } from '../workbook/workbook.ts';
import { workbookParts, zipOf } from '../workbook/zip-fixture.ts';
import xlsx from './xlsx.ts';

const fixtures = join(import.meta.dirname, 'fixtures');
const sample = join(import.meta.dirname, '../../data/swat-sample.xlsx');
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-xlsx-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function save(bytes: Uint8Array): Promise<string> {
  const path = join(folder, `${++files}.xlsx`);
  await writeFile(path, bytes);
  return path;
}
const write = async (rows: CellValue[][], name = 'Sheet1') => save(await writeXlsx({ sheets: [{ name, rows }] }));

type Given = Record<string, unknown>;
const quiet: SourceContext = { stream: 'plant', lateness: 60_000, seed: 1, warn: () => undefined };
const make = (path: string, options: Given = {}, context = quiet): Source => xlsx.create(xlsx.options.parse({ path, ...options }), context);

/** Everything that a file gives, closed again. */
async function load(path: string, options: Given = {}, context = quiet) {
  const source = make(path, options, context);
  const info = await source.open();
  const rows: { time: string; values: (number | null)[]; label: number | undefined }[] = [];
  const dead: string[] = [];
  for await (const chunk of source.read(0)) {
    dead.push(...chunk.dead.map((letter) => letter.message));
    for (const batch of chunk.batches) {
      const tags = batch.schema.tags.length;
      for (let row = 0; row < batch.rows; row++) {
        const values = Array.from(batch.values.subarray(row * tags, (row + 1) * tags), (value) => (Number.isNaN(value) ? null : value));
        rows.push({ time: formatTime(batch.times[row]), values, label: batch.labels?.[row] });
      }
    }
  }
  await source.close();
  return { info, rows, dead, tags: info.schema.tags.map((tag) => tag.name), missing: Object.fromEntries(source.missing()) };
}

describe('as a source', () => {
  const checks = sourceConformance(async ({ header, rows, options }, context) => {
    const path = await write([[...header], ...rows.map((row) => [...row])]);
    return make(path, options, context);
  });
  for (const { name, run } of checks) it(name, run);
});

it('has the fingerprint of its content, not of the moment it was saved', async () => {
  const rows = [
    ['Timestamp', 'LIT101'],
    ['2020-01-01T00:00:00Z', 500],
    ['2020-01-01T00:00:01Z', 501],
  ];
  vi.useFakeTimers({ toFake: ['Date'], now: Date.UTC(2020, 0, 1) });
  try {
    const first = await write(rows);
    vi.setSystemTime(Date.UTC(2021, 5, 6, 7, 8, 10));
    const later = await write(rows);
    const [a, b] = await Promise.all([first, later].map(async (path) => (await load(path)).info.fingerprint));
    expect(a).toBe(b);
    expect(await readFile(first)).not.toEqual(await readFile(later));
  } finally {
    vi.useRealTimers();
  }
});

describe("SWaT's 2015 layout", () => {
  it('passes over the title row and the stray spaces, and knows the plant', async () => {
    const { info, rows, dead, tags } = await load(sample, { timezone: 'Asia/Singapore' });
    expect(dead).toEqual([]);
    expect(rows).toHaveLength(14_400);
    expect(tags).toHaveLength(51);
    expect(tags.slice(0, 5)).toEqual(['FIT101', 'LIT101', 'MV101', 'P101', 'P102']);
    expect(info.schema.tags[2]).toEqual({ name: 'MV101', kind: 'discrete', stage: 'P1' });
    expect(info.schema.tags[0]).toEqual({ name: 'FIT101', kind: 'continuous', unit: 'm3/h', stage: 'P1' });
    expect(rows[0].time).toBe('2015-12-28T02:00:00Z');
    expect(rows.at(-1)?.time).toBe('2015-12-28T05:59:59Z');
    expect(info.labelled).toBe(true);
    expect(new Set(rows.map((row) => row.label))).toEqual(new Set([0, 1]));
    expect(info.description).toContain("header in row 2, 51 tags (SWaT), time in 'Timestamp', label in 'Normal/Attack'");
  });

  it('reads the label that SWaT misspelt', async () => {
    const path = await write([
      ['', 'P1', null, null],
      [' Timestamp', 'FIT101', ' MV101 ', 'Normal/Attack'],
      [' 28/12/2015 10:00:00 AM', 2.5, 2, 'Normal'],
      [' 28/12/2015 12:00:01 PM', 2.5, 2, 'A ttack'],
      [' 29/12/2015 12:00:02 AM', 2.5, 2, 'Attack'],
    ]);
    const { rows } = await load(path, { timezone: 'Asia/Singapore' });
    expect(rows.map(({ time, label }) => [time, label])).toEqual([
      ['2015-12-28T02:00:00Z', 0],
      ['2015-12-28T04:00:01Z', 1],
      ['2015-12-28T16:00:02Z', 1],
    ]);
  });
});

describe('the June 2017 historian layout, written by openpyxl', () => {
  const cells = JSON.parse(readFileSync(join(fixtures, 'openpyxl.json'), 'utf8')) as Record<string, (number | string | null)[][]>;

  it('shortens the names, finds the sheet and counts what is missing', async () => {
    const { info, rows, tags, missing, dead } = await load(join(fixtures, 'historian.xlsx'), { timezone: 'Asia/Singapore' });
    expect(tags).toEqual(['FIT101', 'LIT101', 'MV101', 'AIT202', 'P101']);
    expect(info.schema.tags[0].description).toBe('SWAT_SUTD:RSLinx Enterprise:P1.HMI_FIT101.Pv');
    expect(info.schema.tags[3]).toMatchObject({ kind: 'continuous', unit: 'pH', stage: 'P2' });
    expect(info.schema.tags[4].kind).toBe('discrete');
    expect(info.description).toContain("sheet 'Data', header in row 2");
    expect(dead).toEqual([]);
    expect(missing).toEqual({ 'Bad Input': 1, empty: 1, 'I/O Timeout': 1, '#N/A': 1, 'No Data': 1 });
    const expected = cells.historian.slice(2).map((row) => row.slice(1).map((cell) => (typeof cell === 'number' ? cell : null)));
    expect(rows.map((row) => row.values)).toEqual(expected);
    expect(rows[2].time).toBe('2015-12-28T02:00:02.500Z');
  });

  it.each(['serial-1900', 'serial-1904'])('reads the dates of %s as openpyxl does, to the millisecond', async (name) => {
    const { rows, tags } = await load(join(fixtures, `${name}.xlsx`), { timezone: 'UTC' });
    expect(tags).toEqual(['Level', 'Flow']);
    expect(rows.map(({ time }) => new Date(time).toISOString())).toEqual(cells[name].slice(1).map(([time]) => `${time}Z`));
    expect(rows.map(({ values }) => values)).toEqual(cells[name].slice(1).map((row) => row.slice(1)));
  });

  it('reads serial dates that carry no date format', async () => {
    const { rows } = await load(join(fixtures, 'serial-unformatted.xlsx'), { timezone: 'UTC' });
    expect(rows.map(({ time }) => new Date(time).toISOString())).toEqual(cells['serial-1900'].slice(1).map(([time]) => `${time}Z`));
  });
});

describe('cells', () => {
  it.each([
    ['the sample workbook', sample],
    ['a workbook by openpyxl', join(fixtures, 'serial-1904.xlsx')],
  ])('of %s are those that another reader finds', async (_, path) => {
    expect(await differences(path)).toEqual([]);
  });

  const data = process.env.SLUICE_DATA;
  it.skipIf(!data)('of the SWaT June 2017 export are those that another reader finds (needs SLUICE_DATA)', async () => {
    const path = join(data as string, 'swat/swat-june-2017.xlsx');
    expect(await differences(path)).toEqual([]);
    const { rows, dead, tags } = await load(path, { timezone: 'Asia/Singapore' });
    expect([rows.length, dead.length, tags.length]).toEqual([13_661, 0, 51]);
    expect(tags.every((tag) => /^[A-Z]+\d{3}$/.test(tag))).toBe(true);
    expect([rows[0].time, rows[1].time]).toEqual(['2017-06-13T08:23:00Z', '2017-06-13T08:23:37.961Z']);
  });

  it('come from shared texts, rich ones and ones with entities alike', async () => {
    const strings =
      '<sst><si><t>Time</t></si><si><r><t>Tank </t></r><r><rPr><b/></rPr><t xml:space="preserve">&lt;A&gt; &#38; B</t></r><rPh sb="0" eb="1"><t>x</t></rPh></si><si/><si><t>Bad_x0020_Input</t></si></sst>';
    const sheet = `<sheetData>
      <row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>
      <row r="2"><c r="A2" t="inlineStr"><is><t>2020-01-01T00:00:00Z</t></is></c><c r="B2"><f>1&lt;2</f><v>1.5e-3</v></c></row>
      <row><c t="d"><v>2020-01-01T00:00:01Z</v></c><c t="s"><v>3</v></c></row><row/>
      <row r="6"><c r="A6" t="str"><f>x</f><v>2020-01-01T00:00:02Z</v></c><c r="B6" t="b"><v>1</v></c></row>
      <row r="7"><c r="A7" t="str"><v>2020-01-01T00:00:03Z</v></c><c r="B7" t="s"><v>2</v></c></row></sheetData>`;
    const { rows, tags, missing } = await load(await save(zipOf(workbookParts(sheet, { strings }))));
    expect(tags).toEqual(['Tank <A> & B']);
    expect(rows.map(({ time, values }) => [time, values[0]])).toEqual([
      ['2020-01-01T00:00:00Z', 0.0015],
      ['2020-01-01T00:00:01Z', null],
      ['2020-01-01T00:00:02Z', 1],
      ['2020-01-01T00:00:03Z', null],
    ]);
    expect(missing).toEqual({ 'Bad Input': 1, empty: 1 });
  });

  it('are found behind namespace prefixes and comments', async () => {
    const sheet = `<!-- <row r="9"> --><x:sheetData><x:row r="1"><x:c r="A1" t="str"><x:v>Time</x:v></x:c><x:c r="B1" t="str"><x:v>A</x:v></x:c></x:row>
      <x:row r="2"><x:c r="A2" t="str"><x:v>2020-01-01T00:00:00Z</x:v></x:c><x:c r="B2"><x:v>7</x:v></x:c></x:row></x:sheetData>`;
    const { rows } = await load(await save(zipOf(workbookParts(sheet))));
    expect(rows).toEqual([{ time: '2020-01-01T00:00:00Z', values: [7], label: undefined }]);
  });

  it('are found in an archive with 64-bit sizes', async () => {
    const rows = [['Time', 'A'], ...Array.from({ length: 2000 }, (_, i) => [1_500_000_000 + i, i / 3])];
    const bytes = new Uint8Array(await new Response(writeXlsxStream(rows, { name: 'S', zip64: true })).arrayBuffer());
    expect(Buffer.from(bytes).includes('PK\x06\x06', 0, 'latin1')).toBe(true);
    expect((await load(await save(bytes))).rows.map((row) => row.values[0])).toEqual(rows.slice(1).map((row) => row[1]));
  });

  it('with a decimal comma in text are numbers', async () => {
    const path = await write([['Time', 'A'], ...Array.from({ length: 5 }, (_, i) => [`2020-01-01T00:00:0${i}Z`, `${i},25`])]);
    expect((await load(path)).rows.map((row) => row.values[0])).toEqual([0.25, 1.25, 2.25, 3.25, 4.25]);
  });
});

describe('options', () => {
  const table = (name: string): CellValue[][] => [
    ['Time', name, 'valve'],
    ['1/2/2020 00:00:00', 1, 0],
    ['1/2/2020 00:00:01', 2, 1],
  ];

  it('sheet: by name or by position, else the first with a table', async () => {
    const bytes = await writeXlsx({
      sheets: [
        { name: 'Read me', rows: [['Two tables follow.']] },
        { name: 'One', rows: table('A') },
        { name: 'Two', rows: table('B') },
      ],
    });
    const path = await save(bytes);
    const tags = async (options: Given) => (await load(path, { timezone: 'UTC', ...options })).tags[0];
    expect(await tags({})).toBe('A');
    expect(await tags({ sheet: 'Two' })).toBe('B');
    expect(await tags({ sheet: 3 })).toBe('B');
    await expect(tags({ sheet: 'Twoo' })).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND', message: expect.stringContaining("Did you mean 'Two'?") });
    await expect(tags({ sheet: 1 })).rejects.toMatchObject({ code: 'SOURCE_EMPTY' });
  });

  it('dateOrder: day first and a warning, unless it is given', async () => {
    const warnings: string[] = [];
    const path = await write(table('A'));
    const context = { ...quiet, warn: (text: string) => void warnings.push(text) };
    expect((await load(path, { timezone: 'UTC' }, context)).rows[0].time).toBe('2020-02-01T00:00:00Z');
    expect(warnings).toEqual([expect.stringContaining('day first')]);
    expect((await load(path, { timezone: 'UTC', dateOrder: 'mdy' }, context)).rows[0].time).toBe('2020-01-02T00:00:00Z');
    expect(warnings).toHaveLength(1);
  });

  it('discrete and ignore', async () => {
    const { info } = await load(await write(table('A')), { timezone: 'UTC', discrete: ['valve'], ignore: ['A'] });
    expect(info.schema.tags).toEqual([{ name: 'valve', kind: 'discrete' }]);
  });

  it('the path may be the whole value', () => {
    expect(xlsx.shorthand).toBe('path');
  });
});

describe('the fingerprint', () => {
  it('stays with a copy and changes with a single value', async () => {
    const rows = (last: number): CellValue[][] => [['Time', 'A'], ...Array.from({ length: 3000 }, (_, i) => [1_500_000_000 + i, i === 2999 ? last : i])];
    const first = await write(rows(0));
    const copy = join(folder, 'copy.xlsx');
    await cp(first, copy);
    const print = async (path: string) => (await load(path)).info.fingerprint;
    expect(await print(copy)).toBe(await print(first));
    expect(await print(await write(rows(1)))).not.toBe(await print(first));
  });
});

/** Rows in which this reader and hucre's do not find the same cells. */
async function differences(path: string): Promise<unknown[]> {
  const workbook = await openWorkbook(path);
  const [sheet] = workbook.sheets;
  const ours = new Map<number, Cell[]>();
  for await (const { index, values } of readSheet(workbook, sheet)) ours.set(index, [...values]);
  await workbook.close();
  const different: unknown[] = [];
  let rows = 0;
  for await (const { index, values } of streamXlsxRows(Readable.toWeb(createReadStream(path)) as ReadableStream<Uint8Array>)) {
    rows++;
    const mine = ours.get(index) ?? [];
    const same =
      values.length === mine.length &&
      values.every((cell, i) => Object.is(cell instanceof Date ? cell.getTime() : cell, mine[i] instanceof Date ? mine[i].getTime() : mine[i]));
    if (!same) different.push([index, values, mine]);
  }
  if (rows !== ours.size) different.push(`${ours.size} rows, not ${rows}`);
  return different.slice(0, 3);
}
