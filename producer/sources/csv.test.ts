import { appendFile, mkdtemp, open as openFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concatBatches } from '../../core/batch.ts';
import { type DeadLetter, deadPayloadLimit } from '../../core/chunk.ts';
import type { Source } from '../../core/component.ts';
import { formatTime, parseTime } from '../../core/time.ts';
import { type SourceTable, sourceConformance } from '../conformance/source.ts';
import csv from './csv.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-csv-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function write(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `${++files}.csv`);
  await writeFile(path, content);
  return path;
}

type Given = Record<string, unknown>;

function make(path: string, options: Given = {}, warnings: string[] = []): Source {
  const context = { stream: 'plant', lateness: 60_000, seed: 1, warn: (text: string) => void warnings.push(text) };
  return csv.create(csv.options.parse({ path, ...options }), context);
}

async function rowsFrom(source: Source, from = 0) {
  const rows: { time: string; seq: number; origin: number; values: (number | null)[]; label?: number; stream: string }[] = [];
  const dead: DeadLetter[] = [];
  for await (const chunk of source.read(from)) {
    dead.push(...chunk.dead);
    for (const batch of chunk.batches) {
      const tags = batch.schema.tags.length;
      for (let row = 0; row < batch.rows; row++) {
        rows.push({
          time: formatTime(batch.times[row]),
          seq: batch.seqs[row],
          origin: batch.origins[row],
          values: Array.from(batch.values.subarray(row * tags, (row + 1) * tags), (value) => (Number.isNaN(value) ? null : value)),
          ...(batch.labels ? { label: batch.labels[row] } : {}),
          stream: batch.stream,
        });
      }
    }
  }
  return { rows, dead };
}

async function load(content: string | Uint8Array, options: Given = {}) {
  const warnings: string[] = [];
  const source = make(await write(content), options, warnings);
  const info = await source.open();
  const { rows, dead } = await rowsFrom(source);
  return { source, info, rows, dead, warnings, values: rows.map((row) => row.values), missing: Object.fromEntries(source.missing()) };
}

const failure = (content: string | Uint8Array, options: Given = {}) =>
  load(content, options).then(
    () => undefined,
    (error) => error,
  );

const plain = `time,LIT101,P101
2020-01-01T00:00:00Z,500.5,1
2020-01-01T00:00:01Z,501,2
2020-01-01T00:00:02Z,-5e-1,2
`;
const plainValues = [
  [500.5, 1],
  [501, 2],
  [-0.5, 2],
];

const cellText = (cell: string | number | null) => `"${String(cell ?? '').replaceAll('"', '""')}"`;
const tableText = ({ header, rows }: SourceTable) => [header, ...rows].map((cells) => `${cells.map(cellText).join(',')}\n`).join('');

describe('the promises of every source', () => {
  for (const { name, run } of sourceConformance(async (table, context) =>
    csv.create(csv.options.parse({ path: await write(tableText(table)), ...table.options }), context),
  )) {
    it(name, run);
  }
});

describe('what a CSV file may look like', () => {
  it('reads rows with their times, places and values', async () => {
    const { info, rows, dead } = await load(plain);
    expect(info).toMatchObject({ labelled: false, schema: { tags: [{ name: 'LIT101' }, { name: 'P101' }] } });
    expect(info.description).toMatch(/^CSV \(utf-8\), cells separated by comma, 2 tags/);
    expect(rows[2]).toEqual({ time: '2020-01-01T00:00:02Z', seq: 0, origin: 2, values: [-0.5, 2], stream: 'plant' });
    expect(rows.map((row) => row.values)).toEqual(plainValues);
    expect(dead).toEqual([]);
  });

  it.each<[string, string | Uint8Array]>([
    ['CRLF', plain.replaceAll('\n', '\r\n')],
    ['CR', plain.replaceAll('\n', '\r')],
    ['no newline at the end', plain.trimEnd()],
    ['semicolons', plain.replaceAll(',', ';')],
    ['tabs', plain.replaceAll(',', '\t')],
    ['pipes', plain.replaceAll(',', '|')],
    ['decimal commas', plain.replaceAll(',', ';').replaceAll('.', ',')],
    ['quoted cells with decimal commas', plain.replaceAll('500.5', '"500,5"').replaceAll('-5e-1', '"-5e-1"')],
    ['all cells quoted', plain.replaceAll(/[^,\n]+/g, '"$&"')],
    ['blank lines, comments, rows of delimiters', `# export\n\n${plain.replaceAll('\n', '\n\n# and so on\n,,\n')}\n,,\n`],
    ['delimiters at the end of data rows', plain.replaceAll(/(\d)\n/g, '$1,\n').replace('P101,', 'P101')],
    ['delimiters at the end of all rows', plain.replaceAll('\n', ',\n')],
    ['spaces around cells', plain.replaceAll(',', ' , ')],
    ['a title above the header', `Export of the plant\n\n${plain}`],
    ['a byte order mark', `\ufeff${plain}`],
    ['UTF-16 LE', Buffer.from(`\ufeff${plain}`, 'utf16le')],
    ['UTF-16 BE', Buffer.from(`\ufeff${plain}`, 'utf16le').swap16()],
    ['gzip', gzipSync(plain)],
  ])('takes %s', async (_, content) => {
    const { values, dead, info } = await load(content);
    expect(dead).toEqual([]);
    expect(values).toEqual(plainValues);
    expect(info.schema.tags.map((tag) => tag.name)).toEqual(['LIT101', 'P101']);
  });

  it('believes what is set', async () => {
    const text = 'time;a|b;c\n2020-01-01T00:00:00Z;1,5;2\n2020-01-01T00:00:01Z;1,5;2\n';
    expect((await load(text, { delimiter: 'semicolon', decimal: ',' })).values[0]).toEqual([1.5, 2]);
    const { dead } = await load(text.replace('1,5;2\n', '1.5;2\n'), { decimal: ',' });
    expect(dead).toMatchObject([{ reason: 'number', message: expect.stringContaining("'1.5'") }]);
  });

  it('finds Windows-1252 by a header that is no UTF-8, and takes it when set', async () => {
    const text = plain.replace('LIT101', 'T °C');
    for (const options of [{}, { encoding: 'windows-1252' }, { encoding: 'latin1' }]) {
      const { info, values } = await load(Buffer.from(text, 'latin1'), options);
      expect(info.schema.tags[0].name).toBe('T °C');
      expect(values).toEqual(plainValues);
    }
    expect((await load(text)).info.schema.tags[0].name).toBe('T °C');
  });

  it('reads the conversions of the SWaT workbooks that people share', async () => {
    const header = ' Timestamp; FIT101;LIT101 ; MV101;P101;Normal/Attack';
    const text = `${header}\n 28/12/2015 10:00:00 AM;2,427057;522,8467;2;2;Normal\n 28/12/2015 10:00:01 AM;2,446274;522,886;2;2;A ttack\n`;
    const { info, rows } = await load(text, { timezone: 'Asia/Singapore' });
    expect(info.labelled).toBe(true);
    expect(info.schema.tags.map(({ name, kind }) => `${name} ${kind}`)).toEqual(['FIT101 continuous', 'LIT101 continuous', 'MV101 discrete', 'P101 discrete']);
    expect(rows).toEqual([
      { time: '2015-12-28T02:00:00Z', seq: 0, origin: 0, values: [2.427057, 522.8467, 2, 2], label: 0, stream: 'plant' },
      { time: '2015-12-28T02:00:01Z', seq: 0, origin: 1, values: [2.446274, 522.886, 2, 2], label: 1, stream: 'plant' },
    ]);
  });

  it('spaces rows of a file without times by a period', async () => {
    const { rows } = await load('a,b\n1,2\n3,4\n', { period: '1.5s', start: '2020-01-01T00:00:00Z' });
    expect(rows.map((row) => row.time)).toEqual(['2020-01-01T00:00:00Z', '2020-01-01T00:00:01.500Z']);
  });

  it('reads numbers between spaces, without a row of names where it is told that there is none', async () => {
    const text = '   2.5025000e-01   3.6e+03  4\n   2.6000000e-01   3.7e+03  5  \n';
    const { info, values, rows, dead } = await load(text, { header: 'none', period: '3m' });
    expect(info.schema.tags.map(({ name }) => name)).toEqual(['c1', 'c2', 'c3']);
    expect(info.description).toContain('cells separated by space');
    expect(info.labelled).toBe(false);
    expect(values).toEqual([
      [0.25025, 3600, 4],
      [0.26, 3700, 5],
    ]);
    expect(rows.map(({ time, origin }) => [time, origin])).toEqual([
      ['1970-01-01T00:00:00Z', 0],
      ['1970-01-01T00:03:00Z', 1],
    ]);
    expect(dead).toEqual([]);
    const named = await load('FLOW LEVEL\n1 2\n3 4\n', { period: '1s' });
    expect(named.values).toEqual([
      [1, 2],
      [3, 4],
    ]);
    expect((await load('1;2\n3;4\n', { header: 'none', period: '1s' })).values).toHaveLength(2);
    expect((await load('2020-03-01 00:00:00,5\n2020-03-01 00:00:01,6\n', { header: 'none', timezone: 'UTC' })).values).toEqual([[5], [6]]);
  });

  it('tells which column the labels stand in', async () => {
    expect((await load('time;FLOW;anomaly\n2020-03-01T00:00:00Z;5;0.0\n2020-03-01T00:00:01Z;5;1.0\n')).info.labelColumn).toBe('anomaly');
    expect((await load('time;FLOW\n2020-03-01T00:00:00Z;5\n')).info.labelColumn).toBeUndefined();
  });

  it('takes the stream from a column, and only where it is asked to', async () => {
    const text = 'time,unit,a\n2020-01-01T00:00:00Z,north,1\n2020-01-01T00:00:00Z,"süd ""2""",2\n2020-01-01T00:00:01Z,,3\n2020-01-01T00:00:01Z,north,4\n';
    const { rows, dead } = await load(text, { streamColumn: 'unit' });
    expect(rows.map((row) => `${row.stream} ${row.seq} ${row.values[0]}`)).toEqual(['north 0 1', 'süd "2" 0 2', 'north 0 4']);
    expect(dead).toMatchObject([{ reason: 'cells', position: 2, message: expect.stringContaining("'unit'") }]);
  });

  it('leaves out columns, names discrete tags, does without the label', async () => {
    const { info, values } = await load('time,a,b,label\n2020-01-01T00:00:00Z,1,2,0\n', { ignore: ['a'], discrete: ['b'], label: 'none' });
    expect(info.schema.tags.map(({ name, kind }) => [name, kind])).toEqual([
      ['b', 'discrete'],
      ['label', 'continuous'],
    ]);
    expect(values).toEqual([[2, 0]]);
  });

  it('warns where nothing tells day from month', async () => {
    const { warnings, rows } = await load('time,a\n1/2/2020 00:00:00,1\n', { timezone: 'UTC' });
    expect(warnings).toEqual([expect.stringMatching(/day from month.*dateOrder/)]);
    expect(rows[0].time).toBe('2020-02-01T00:00:00Z');
  });

  it('counts seqs of times that repeat or step backwards', async () => {
    const times = ['00:05', '00:05', '00:04', '00:05', '00:04'];
    const { rows } = await load(`time,a\n${times.map((time) => `2020-01-01T00:${time}Z,1\n`).join('')}`);
    expect(rows.map((row) => row.seq)).toEqual([0, 1, 0, 2, 1]);
  });
});

describe('values that are missing', () => {
  it('counts empty cells and the status words of historians, NaN among them', async () => {
    const { values, missing, dead } = await load(
      'time,a,b\n2020-01-01T00:00:00Z,1,2\n2020-01-01T00:00:01Z,,Bad Input\n2020-01-01T00:00:02Z,NaN,I/O Timeout\n2020-01-01T00:00:03Z," ",bad input\n',
    );
    expect(values.slice(1)).toEqual([
      [null, null],
      [null, null],
      [null, null],
    ]);
    expect(missing).toEqual({ empty: 2, 'Bad Input': 2, NaN: 1, 'I/O Timeout': 1 });
    expect(dead).toEqual([]);
  });
});

/** One bad row between two good ones. */
const around = (row: string | Uint8Array) =>
  Buffer.concat([Buffer.from('time,a,b\n2020-01-01T00:00:00Z,1,2\n'), Buffer.from(row as string), Buffer.from('\n2020-01-01T00:00:02Z,3,4\n')]);

describe('bad rows become dead letters, and the rest is read', () => {
  it.each<[string, string | Uint8Array, string, RegExp]>([
    ['too few cells', '2020-01-01T00:00:01Z,1', 'cells', /has 2 cells, the header 3 .*line 3/],
    ['too many cells', '2020-01-01T00:00:01Z,1,2,9', 'cells', /has 4 cells, the header ends at column 3 .*line 3/],
    ['far too many cells', `2020-01-01T00:00:01Z,1,2${','.repeat(50)}`, 'cells', /has 53 cells/],
    ['text instead of a number', '2020-01-01T00:00:01Z,open,2', 'number', /'open' in column 'a' .*line 3/],
    ['1e400', '2020-01-01T00:00:01Z,1,1e400', 'number', /'1e400' in column 'b'/],
    ['Infinity', '2020-01-01T00:00:01Z,-Infinity,2', 'number', /'-Infinity' in column 'a'/],
    ['thousands separators', '2020-01-01T00:00:01Z,"1,234.5",2', 'number', /'1,234.5'/],
    ['a time that cannot be read', 'noon,1,2', 'time', /'noon' in column 'time' .*line 3.*expected ISO 8601/],
    ['a time that does not exist', '2020-02-30T00:00:01Z,1,2', 'time', /'2020-02-30T00:00:01Z'/],
    ['no time', ',1,2', 'time', /no time in column 'time'/],
    ['bad UTF-8', Buffer.from([...Buffer.from('2020-01-01T00:00:01Z,1,2'), 0xff]), 'encoding', /not UTF-8 .*line 3.*`encoding`/],
    ['a quote that is left open', '2020-01-01T00:00:01Z,"1,2', 'syntax', /quote .*line 3/],
    ['text behind a quote', '2020-01-01T00:00:01Z,"1"5,2', 'syntax', /quote .*line 3/],
    ['a line over the limit', `2020-01-01T00:00:01Z,1,${'2'.repeat(5000)}`, 'line-too-long', /maxLineBytes.*line 3/],
  ])('%s', async (_, row, reason, message) => {
    const { rows, dead } = await load(around(row), { maxLineBytes: 4500 });
    expect(rows.map(({ origin, values }) => [origin, ...values])).toEqual([
      [0, 1, 2],
      [2, 3, 4],
    ]);
    expect(dead).toMatchObject([{ reason, position: 1, partition: 0, message: expect.stringMatching(message) }]);
    expect(dead[0].source).toMatch(/^csv:.*\.csv$/);
    const raw = Buffer.from(row as string).toString();
    expect(dead[0].payload).toBe(raw.slice(0, deadPayloadLimit));
  });

  it('a column that turns from number to text', async () => {
    const rows = Array.from({ length: 50 }, (_, i) => `2020-01-01T00:00:${String(i).padStart(2, '0')}Z,${i < 30 ? i : `state ${i}`}\n`).join('');
    const { values, dead } = await load(`time,a\n${rows}`);
    expect(values).toHaveLength(30);
    expect(dead.map((letter) => letter.position)).toEqual(Array.from({ length: 20 }, (_, i) => 30 + i));
  });

  it('a quote that never closes costs its line alone, in a file of any length', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `${formatTime(BigInt(i) * 1_000_000_000n)},${i}\n`);
    lines[2] = `${lines[2].trimEnd()}",\n`.replace(',2', ',"2');
    lines[7] = lines[7].replace(',7', ',"7');
    const { rows, dead } = await load(`time,a\n${lines.join('')}`);
    expect(dead.map(({ position, reason }) => [position, reason])).toEqual([[7, 'syntax']]);
    expect(rows.map((row) => row.values[0])).toEqual(lines.flatMap((_, i) => (i === 7 ? [] : [i])));
  });

  it('a very long line does not stay in memory', async () => {
    const path = await write('time,a\n2020-01-01T00:00:00Z,1\n');
    const file = await openFile(path, 'a');
    const piece = Buffer.alloc(8 << 20, '9');
    for (let i = 0; i < 32; i++) await file.write(piece);
    await file.write('\n2020-01-01T00:00:02Z,3\n');
    await file.close();
    const source = make(path);
    await source.open();
    const before = process.memoryUsage().arrayBuffers;
    const { rows, dead } = await rowsFrom(source);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 << 20);
    expect(rows.map((row) => row.values[0])).toEqual([1, 3]);
    expect(dead).toMatchObject([{ reason: 'line-too-long', position: 1, payload: '9'.repeat(deadPayloadLimit) }]);
  });
});

describe('files that cannot be read at all', () => {
  it.each<[string, string | Uint8Array, string, RegExp, Given?]>([
    ['an empty one', '', 'SOURCE_EMPTY', /empty/],
    ['one of blank lines', '\n\n  \n', 'SOURCE_EMPTY', /no rows/],
    ['a header alone', 'time,a\n', 'SOURCE_EMPTY', /no data row/],
    ['no header', '2020-01-01T00:00:00Z,1,2\n2020-01-01T00:00:01Z,1,2\n', 'SOURCE_NO_HEADER', /no header row/],
    ['prose', 'Dear all,\nplease find attached\nthe file.\n', 'SOURCE_NO_HEADER', /Dear all/],
    ['one huge line', '9'.repeat(3 << 20), 'SOURCE_LIMIT', /longer than 1048576 bytes.*maxLineBytes/],
    [
      'too many columns',
      `time,${Array.from({ length: 5000 }, (_, i) => `t${i}`).join(',')}\n2020-01-01T00:00:00Z${',1'.repeat(5000)}\n`,
      'SOURCE_LIMIT',
      /columns/,
    ],
    ['a tag twice', 'time,a,a\n2020-01-01T00:00:00Z,1,2\n', 'SOURCE_TAGS', /'a' comes twice/],
    ['a renamed tag', 'time,LIT_101\n2020-01-01T00:00:00Z,1\n', 'SOURCE_TAGS', /LIT_101/, { tags: ['LIT101'] }],
    ['an unknown column in `ignore`', plain, 'SOURCE_TAGS', /LIT102/, { ignore: ['LIT102'] }],
    ['no time column', 'a,b\n1,2\n', 'SOURCE_TIME', /no time column.*period/],
    ['times without zone', 'time,a\n2020-01-01 00:00:00,1\n', 'SOURCE_TIME', /no zone.*timezone/],
    ['a workbook', Buffer.from('PK\u0003\u0004 and more'), 'SOURCE_UNREADABLE', /xlsx/],
    ['gzip that is cut short', gzipSync(Buffer.from(plain.repeat(10))).subarray(0, 60), 'SOURCE_UNREADABLE', /cut short/],
  ])('%s', async (_, content, code, message, options) => {
    const error = await failure(content, options);
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
    expect(error.message).toContain('.csv');
  });

  it('a missing one', async () => {
    await expect(make(join(folder, 'none.csv')).open()).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });
});

describe('reading from a row on', () => {
  const row = fc.oneof(
    {
      weight: 8,
      arbitrary: fc
        .tuple(fc.integer({ min: 0, max: 40 }), fc.double({ noNaN: true, noDefaultInfinity: true }))
        .map(([s, v]) => `2020-01-01T00:00:${String(s).padStart(2, '0')}Z,${v},`),
    },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'noon,1,',
        '2020-01-01T00:00:07Z,x,',
        '2020-01-01T00:00:08Z',
        '2020-01-01T00:00:09Z,"1,',
        '2020-01-01T00:00:09Z,1,1,1',
        '',
        '# no',
        ',,',
      ),
    },
  );

  it('gives the same rows, identities and dead letters as a pass from the first row', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 60 }), fc.nat(60), async (rows, from) => {
        const source = make(await write(`time,a,b\n2020-01-01T00:00:00Z,1,1\n${rows.join('\n')}\n`));
        await source.open();
        const whole = await rowsFrom(source);
        const part = await rowsFrom(source, from);
        expect(part.rows).toEqual(whole.rows.filter(({ origin }) => origin >= from));
        expect(part.dead).toEqual(whole.dead.filter(({ position }) => position >= from));
      }),
      { numRuns: 60 },
    );
  });

  it('cuts long files into chunks whose offsets and shares grow', async () => {
    const lines = Array.from({ length: 5000 }, (_, i) => `${formatTime(BigInt(i) * 1_000_000_000n)},${i}\n`);
    const source = make(await write(`time,a\n${lines.join('')}`));
    await source.open();
    const chunks = [];
    for await (const chunk of source.read(0)) chunks.push(chunk);
    const batches = chunks.flatMap((chunk) => chunk.batches);
    expect([...concatBatches(batches).origins]).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(chunks.length).toBeGreaterThan(3);
    expect(chunks.at(-1)).toMatchObject({ nextOffset: 5000, progress: 1 });
    for (let i = 1; i < chunks.length; i++) expect(chunks[i].progress).toBeGreaterThan(chunks[i - 1].progress as number);
  });

  it('gives nothing past the end, and more when the file has grown', async () => {
    const path = await write(plain);
    const source = make(path);
    await source.open();
    expect(await rowsFrom(source, 3)).toEqual({ rows: [], dead: [] });
    await appendFile(path, '2020-01-01T00:00:03Z,7,8\n');
    expect((await rowsFrom(source, 3)).rows).toMatchObject([{ origin: 3, values: [7, 8] }]);
  });
});

describe('what it says of itself', () => {
  it('has a fingerprint that growing keeps and another beginning changes', async () => {
    const path = await write(plain);
    const { fingerprint } = await make(path).open();
    await appendFile(path, '2020-01-01T00:00:03Z,7,8\n'.repeat(1000));
    expect((await make(path).open()).fingerprint).toBe(fingerprint);
    expect((await make(await write(plain.replace('500.5', '500.6'))).open()).fingerprint).not.toBe(fingerprint);
    expect((await make(await write(plain.replace('P101', 'P102'))).open()).fingerprint).not.toBe(fingerprint);
  });

  it('knows the newest time, wherever it stands', async () => {
    const { source } = await load('time,a\n2020-01-01T00:00:00Z,1\n2021-01-01T00:00:00Z,1\n2020-01-01T00:00:01Z,x\n');
    expect(await source.lastTime()).toBe(parseTime('2021-01-01T00:00:00Z'));
    const unread = make(await write(plain));
    await unread.open();
    expect(await unread.lastTime()).toBe(parseTime('2020-01-01T00:00:02Z'));
  });
});
