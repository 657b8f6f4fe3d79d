import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { type CellValue, writeXlsx } from 'hucre/xlsx';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeadLetter } from '../../core/chunk.ts';
import { SluiceError } from '../../core/errors.ts';
import { type FixturePart, workbookParts, zipOf } from '../workbook/zip-fixture.ts';
import xlsx from './xlsx.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-damage-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function save(bytes: Uint8Array | string): Promise<string> {
  const path = join(folder, `${++files}.xlsx`);
  await writeFile(path, bytes);
  return path;
}
const workbook = (rows: CellValue[][]) => writeXlsx({ sheets: [{ name: 'Sheet1', rows }] });
const healthy = (rows = 20): CellValue[][] => [['Time', 'A', 'B'], ...Array.from({ length: rows }, (_, i) => [clock(i), i / 3, i % 7])];
const clock = (second: number) => new Date(1_500_000_000_000 + second * 1000).toISOString();

/** Reads everything; what it took in, or the error. */
async function attempt(path: string, options: Record<string, unknown> = {}) {
  const source = xlsx.create(xlsx.options.parse({ path, timezone: 'UTC', ...options }), { stream: 's', lateness: 60_000, seed: 1, warn: () => undefined });
  let rows = 0;
  const dead: DeadLetter[] = [];
  const seqs: number[] = [];
  try {
    await source.open();
    for await (const chunk of source.read(0)) {
      for (const batch of chunk.batches) {
        rows += batch.rows;
        seqs.push(...batch.seqs);
      }
      dead.push(...chunk.dead);
    }
    return { rows, dead, seqs, error: undefined, missing: Object.fromEntries(source.missing()) };
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return { rows, dead, seqs, error, missing: {} };
  } finally {
    await source.close();
  }
}

async function expectError(path: string, code: string, message: RegExp | string, options: Record<string, unknown> = {}) {
  const { error } = await attempt(path, options);
  expect(error?.code).toBe(code);
  expect(error?.message).toMatch(message);
  expect(error?.fix).toBeTruthy();
}

describe('files that are no workbook', () => {
  it('missing', () => expectError(join(folder, 'nowhere.xlsx'), 'SOURCE_NOT_FOUND', /nowhere\.xlsx' does not exist/));

  it('a folder', async () => {
    await mkdir(join(folder, 'folder.xlsx'));
    await expectError(join(folder, 'folder.xlsx'), 'SOURCE_NOT_FOUND', /is not a file/);
  });

  it('a link to itself', async () => {
    const path = join(folder, 'loop.xlsx');
    await symlink(path, path);
    await expectError(path, 'SOURCE_NOT_FOUND', /cannot be opened \(ELOOP\)/);
  });

  it('empty', async () => expectError(await save(''), 'SOURCE_EMPTY', /is empty \(0 bytes\)/));

  it('a csv renamed', async () =>
    expectError(await save('Time,A\n2020-01-01T00:00:00Z,1\n'), 'SOURCE_UNREADABLE', /not an \.xlsx workbook but text.*source\.type: csv/));

  it('a csv in UTF-16 renamed', async () =>
    expectError(await save(Buffer.from('\ufeffTime,A\n', 'utf16le')), 'SOURCE_UNREADABLE', /not an \.xlsx workbook but text/));

  it('an image', async () => expectError(await save(Buffer.from('89504e470d0a1a0a0000', 'hex')), 'SOURCE_UNREADABLE', /it begins with '89504e470d0a1a0a'/));

  it('protected by a password', async () => {
    const bytes = await writeXlsx({ sheets: [{ name: 'S', rows: healthy() }], encryption: { password: 'secret', spinCount: 1000 } });
    await expectError(await save(bytes), 'SOURCE_UNREADABLE', /protected by a password.*save it without one/);
  });

  it('an .xls of the years before 2007', async () => {
    const file = Buffer.alloc(2048);
    Buffer.from('d0cf11e0a1b11ae1', 'hex').copy(file);
    file.writeUInt16LE(9, 30);
    file.writeUInt32LE(1, 48);
    file.write('Workbook\0', 1024 + 128, 'utf16le');
    file.writeUInt16LE(18, 1024 + 128 + 64);
    await expectError(await save(file), 'SOURCE_UNREADABLE', /older format \(\.xls\)/);
  });

  const archives: [string, FixturePart[], RegExp][] = [
    ['an empty zip', [], /holds nothing/],
    ['a zip of something else', [{ name: 'plant.csv', data: 'a,b' }], /zip archive without a workbook \(it holds 'plant\.csv'\)/],
    [
      'an .xlsb',
      [
        { name: '[Content_Types].xml', data: '<Types/>' },
        { name: 'xl/workbook.bin', data: 'x' },
      ],
      /binary workbook \(\.xlsb\)/,
    ],
    ['an .ods', [{ name: 'mimetype', data: 'application/vnd.oasis.opendocument.spreadsheet' }], /OpenDocument/],
    [
      'a .docx',
      [
        { name: '_rels/.rels', data: '<Relationships/>' },
        { name: 'word/document.xml', data: '<w/>' },
      ],
      /but no workbook/,
    ],
  ];
  it.each(archives)('%s', async (_, parts, message) => expectError(await save(zipOf(parts)), 'SOURCE_UNREADABLE', message));
});

describe('damaged workbooks', () => {
  it('cut short anywhere', async () => {
    const bytes = await workbook(healthy(2000));
    for (const share of [0.01, 0.3, 0.7, 0.99]) {
      await expectError(await save(bytes.subarray(0, Math.floor(bytes.length * share))), 'SOURCE_UNREADABLE', /its end is missing: it was cut short/);
    }
  });

  it('with a flipped bit in the packed sheet', async () => {
    const bytes = Buffer.from(await workbook(healthy(5000)));
    const sheet = bytes.indexOf('xl/worksheets/sheet1.xml');
    bytes[sheet + 30_000] ^= 0x10;
    await expectError(await save(bytes), 'SOURCE_UNREADABLE', /part 'xl\/worksheets\/sheet1\.xml' of the workbook is damaged/);
  });

  const small =
    '<sheetData><row r="1"><c r="A1" t="str"><v>Time</v></c><c r="B1" t="str"><v>A</v></c></row><row r="2"><c r="A2"><v>1500000000</v></c><c r="B2"><v>1</v></c></row></sheetData>';
  const cases: [string, FixturePart[], RegExp][] = [
    ['whose checksum is wrong', workbookParts(small, { sheet: { crc: 1 } }), /its checksum does not match/],
    ['that unpacks to less than it says', workbookParts(small, { sheet: { declaredSize: 5000 } }), /unpacks to \d+ bytes where the directory says 5000/],
    ['with an encrypted part', workbookParts(small, { sheet: { flags: 1 } }), /is encrypted/],
    ['packed by an unknown method', workbookParts(small, { sheet: { method: 12 } }), /packed by method 12/],
    ['whose sheet ends in the middle', workbookParts(small, { sheet: { data: `<worksheet>${small.slice(0, -30)}` } }), /ends in the middle/],
    ['whose rows go backwards', workbookParts(small.replace('r="2"', 'r="1"')), /row 1 comes after row 1/],
    [
      'that refers to a text it does not have',
      workbookParts(small.replace('<c r="B2">', '<c r="B2" t="s">'), { strings: '<sst><si/></sst>' }),
      /shared text 1 of 1/,
    ],
    [
      'whose list of sheets is no XML',
      workbookParts(small).map((part) => (part.name === 'xl/workbook.xml' ? { ...part, data: '<workbook><sheets>' } : part)),
      /xl\/workbook\.xml' of the workbook is damaged/,
    ],
    ['without its sheet', workbookParts(small).filter((part) => !part.name.includes('sheet1')), /without a workbook/],
  ];
  it.each(cases)('%s', async (_, parts, message) => expectError(await save(zipOf(parts)), 'SOURCE_UNREADABLE', message));

  it('whose directory is overwritten', async () => {
    const bytes = zipOf(workbookParts(small));
    bytes.fill(0, bytes.indexOf('PK\x01\x02', 0, 'latin1'), bytes.indexOf('PK\x01\x02', 0, 'latin1') + 4);
    await expectError(await save(bytes), 'SOURCE_UNREADABLE', /directory of the archive is damaged/);
  });
});

describe('bombs', () => {
  const head = '<sheetData><row r="1"><c r="A1" t="str"><v>Time</v></c><c r="B1" t="str"><v>A</v></c></row>';

  it('that say what they unpack to are refused before anything is unpacked', async () => {
    const parts = workbookParts(head, { sheet: { data: 'x', declaredSize: 4_000_000_000 } });
    await expectError(await save(zipOf(parts)), 'SOURCE_LIMIT', /250 times its \d+ bytes \(a zip bomb\?\)/);
  });

  it('that hide it stop at what they said', async () => {
    const filler = ' '.repeat(40_000_000);
    const parts = workbookParts(head, { sheet: { data: `<worksheet>${head}${filler}</sheetData></worksheet>`, declaredSize: 1000 } });
    const before = process.memoryUsage().rss;
    await expectError(await save(zipOf(parts)), 'SOURCE_UNREADABLE', /unpacks to more than the 1000 bytes/);
    expect(process.memoryUsage().rss - before).toBeLessThan(200e6);
  });

  it('in the table of texts', async () => {
    const strings = `<sst><si><t>${'a'.repeat(40_000_000)}</t></si></sst>`;
    await expectError(
      await save(zipOf(workbookParts(`${head}</sheetData>`, { strings }))),
      'SOURCE_LIMIT',
      /sharedStrings\.xml' of the workbook unpacks to more than 100 times/,
    );
  });

  it('of one row without end', async () => {
    const cell = `<c r="A2" t="inlineStr"><is><t>${Buffer.alloc(20_000_000, 'incompressible? no: but large').toString()}</t></is></c>`;
    await expectError(await save(zipOf(workbookParts(`${head}<row r="2">${cell}</row></sheetData>`))), 'SOURCE_LIMIT', /row 2 is larger than 8 MiB/);
  });

  it('of cells far to the right', async () => {
    const rows = Array.from({ length: 1000 }, (_, i) => `<row r="${i + 2}"><c r="XFD${i + 2}"><v>1</v></c></row>`).join('');
    await expectError(await save(zipOf(workbookParts(`${head}${rows}</sheetData>`))), 'SOURCE_LIMIT', /row 2 has a cell in column 16384; 2048 can be read/);
  });

  it('of entities are left as text', async () => {
    const doctype = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>';
    const sheet = `${head}<row r="2"><c r="A2"><v>1500000000</v></c><c r="B2" t="str"><v>&b;</v></c></row><row r="3"><c r="A3"><v>1500000001</v></c><c r="B3"><v>2</v></c></row></sheetData>`;
    const { dead, error } = await attempt(await save(zipOf(workbookParts(sheet, { sheet: { data: `${doctype}<worksheet>${sheet}</worksheet>` } }))));
    expect(error).toBeUndefined();
    expect(dead[0].message).toContain("'&b;' in column 'A' is text, not a number");
  });

  it('packed once more inside are not unpacked', async () => {
    const inner = deflateRawSync(Buffer.alloc(50_000_000));
    const parts = workbookParts(`${head}<row r="2"><c r="A2"><v>1500000000</v></c><c r="B2"><v>2</v></c></row></sheetData>`, {
      extra: [{ name: 'xl/media/image1.png', data: 'x', packed: inner, declaredSize: 50_000_000 }],
    });
    expect((await attempt(await save(zipOf(parts)))).rows).toBe(1);
  });
});

describe('tables', () => {
  const cases: [string, CellValue[][], string, RegExp][] = [
    ['without rows', [], 'SOURCE_EMPTY', /there are no rows/],
    ['without data rows', [['Time', 'A']], 'SOURCE_EMPTY', /a header row but no data row/],
    ['without a header row', healthy().slice(1), 'SOURCE_NO_HEADER', /no header row above the first data row '2017-07-14T02:40:00\.000Z \| 0 \| 0' .*row 1/],
    ['of prose', [['Dear all'], ['see below'], ['Yours']], 'SOURCE_NO_HEADER', /no table.*'Dear all'/],
    [
      'with a tag twice',
      [
        ['Time', ' A', 'A '],
        [clock(0), 1, 2],
      ],
      'SOURCE_TAGS',
      /tag 'A' comes twice, in columns 2 and 3/,
    ],
    [
      'with a column without name',
      [
        ['Time', 'A', null, 'B'],
        [clock(0), 1, 2, 3],
        [clock(1), 1, 7, 3],
      ],
      'SOURCE_TAGS',
      /column 3 has values such as 2 but no name.*ignore: \['column 3'\]/,
    ],
    [
      'with a column of words',
      [
        ['Time', 'A', 'operator'],
        [clock(0), 1, 'ann'],
        [clock(1), 1, 'bob'],
      ],
      'SOURCE_TAGS',
      /column 'operator' holds no numbers, but 'ann'/,
    ],
    [
      'without a time column',
      [
        ['A', 'B'],
        [1, 2],
        [3, 4],
      ],
      'SOURCE_TIME',
      /no time column was found.*--set source\.period=1s/,
    ],
    [
      'whose times cannot be read',
      [
        ['Time', 'A'],
        ['soon', 2],
        ['later', 4],
      ],
      'SOURCE_TIME',
      /cannot read the time 'soon' .*column 'Time'/,
    ],
  ];
  it.each(cases)('%s', async (_, rows, code, message) => expectError(await save(await workbook(rows)), code, message));

  it('whose tags are not those expected', async () => {
    const path = await save(
      await workbook([
        ['Time', 'LIT101', 'FIT102'],
        [clock(0), 1, 2],
      ]),
    );
    await expectError(path, 'SOURCE_TAGS', /missing 'FIT101'; unknown 'FIT102'.*'FIT102' may be 'FIT101'/, { tags: ['LIT101', 'FIT101'] });
    await expectError(path, 'SOURCE_TAGS', /no column 'LTI101', which `ignore` names.*Did you mean 'LIT101'\?/, { ignore: ['LTI101'] });
  });

  it('whose times have no zone', async () => {
    const path = await save(
      await workbook([
        ['Time', 'A'],
        ['28/12/2015 10:00:00 AM', 1],
      ]),
    );
    await expectError(path, 'SOURCE_TIME', /'28\/12\/2015 10:00:00 AM' has no zone.*--set source\.timezone=Asia\/Singapore/, { timezone: undefined });
  });
});

describe('rows that cannot be taken', () => {
  it('become dead letters, each with its row, column and value; the others are kept', async () => {
    const rows = healthy();
    rows[3] = [clock(2), 'open', 1];
    rows[5] = ['noon', 1, 1];
    rows[7] = [clock(6), 1, 1, null, 'note'];
    rows[9] = [null, 1, 1];
    rows[11] = [clock(10)];
    rows[13] = [clock(12), '1e400', 1];
    rows[15] = [clock(14), '-Infinity', 1];
    const { rows: taken, dead, missing } = await attempt(await save(await workbook(rows)));
    expect(taken).toBe(14);
    expect(missing).toEqual({ empty: 2 });
    expect(dead.map(({ position, reason }) => [position, reason])).toEqual([
      [2, 'number'],
      [4, 'time'],
      [6, 'cells'],
      [8, 'time'],
      [12, 'number'],
      [14, 'number'],
    ]);
    expect(dead[0].message).toMatch(/^'open' in column 'A' is text, not a number \(.*sheet 'Sheet1' row 4\)$/);
    expect(dead[1].message).toContain("cannot read the time 'noon' in column 'Time'");
    expect(dead[2].message).toContain("column 5 holds 'note', but the header has 3 columns");
    expect(dead[3].message).toContain("there is no time in column 'Time'");
    expect(dead[4].message).toContain("'1e400' in column 'A' is beyond the range of numbers");
    expect(dead[5].message).toContain("'-Infinity' in column 'A' is not a finite number");
    expect(JSON.parse(dead[0].payload)).toEqual([clock(2), 'open', 1]);
  });

  it('a column that turns to text kills its rows, not the run', async () => {
    const rows = healthy(1500).map((row, i) => (i > 1000 ? [row[0], 'off', row[2]] : row));
    const { rows: taken, dead } = await attempt(await save(await workbook(rows)));
    expect([taken, dead.length]).toEqual([1000, 500]);
  });

  it('times that repeat and go back keep their rows', async () => {
    const times = [0, 1, 1, 3, 2, 1, 200, 0];
    const { seqs, dead } = await attempt(await save(await workbook([['Time', 'A'], ...times.map((t) => [clock(t), t])])));
    expect(seqs).toEqual([0, 0, 1, 0, 0, 2, 0, -1]);
    expect(dead).toEqual([]);
  });

  it('empty rows are no rows', async () => {
    const rows = healthy(6);
    rows[3] = [];
    rows[5] = [null, ' ', ''];
    const { rows: taken, dead } = await attempt(await save(await workbook(rows)));
    expect([taken, dead.length]).toEqual([4, 0]);
  });
});

it('the file may be exchanged under an open source without a crash', async () => {
  const path = await save(await workbook(healthy(3000)));
  const source = xlsx.create(xlsx.options.parse({ path, timezone: 'UTC' }), { stream: 's', lateness: 60_000, seed: 1, warn: () => undefined });
  await source.open();
  await writeFile(path, (await readFile(path)).subarray(0, 5000));
  await expect(source.lastTime()).rejects.toMatchObject({ code: 'SOURCE_UNREADABLE' });
  await source.close();
});
