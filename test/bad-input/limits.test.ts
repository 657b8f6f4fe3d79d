import { closeSync, ftruncateSync, openSync, statSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { workbookParts, zipOf } from '../../producer/workbook/zip-fixture.ts';
import { csv, header, Plant, type Refusal, rowAt } from './plant.ts';

/** What a run of this small plant takes, MB, with room: far below anything that a bomb would need. */
const memory = 400;
const plant = new Plant({ measured: true });
const GB = 2 ** 30;

/** A file of these texts with as many zero bytes between them, which take no room on the disk. */
function sparse(name: string, before: string, zeros: number, after: string): string {
  const file = openSync(join(plant.path, name), 'w');
  try {
    writeSync(file, before);
    ftruncateSync(file, before.length + zeros);
    writeSync(file, after, before.length + zeros);
  } finally {
    closeSync(file);
  }
  expect(statSync(join(plant.path, name)).size).toBeGreaterThan(zeros);
  return name;
}

/** Longer than any line may be, so that what follows is its rest. */
const long = 'x'.repeat(2 ** 21);
const lines = (from: number, to: number): string => Array.from({ length: to - from }, (_, i) => `${rowAt(from + i)}\n`).join('');

describe('a line of 2 GB', () => {
  test('among others is one dead letter; the rows around it are stored, in little memory', async () => {
    const file = plant.pipeline(`{ type: csv, path: ${sparse('middle.csv', `${header}\n${lines(0, 150)}`, 2 * GB, `\n${lines(151, 200)}`)} }`, 'middle.yaml');
    const { status, stdout, stderr, peakMb } = await plant.sluice('run', file, '--until-end', '--json');
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rowsRead: 200, rowsStored: 199, deadLetters: 1, deadReasons: { 'line-too-long': 1 } });
    const [letter] = await plant.stored((store) => store.deadLetters({}));
    expect(letter).toMatchObject({ position: 150, reason: 'line-too-long', message: expect.stringContaining('`maxLineBytes` (middle.csv line 152)') });
    expect(letter.payload.length).toBeLessThanOrEqual(4096);
    expect(peakMb).toBeLessThan(memory);
  });

  const first: [type: string, content: string, refusal: Refusal][] = [
    [
      'csv',
      header + long,
      {
        code: 'SOURCE_LIMIT',
        says: 'the first line is longer than 1048576 bytes',
        place: 'first.csv',
        fix: 'Give a file with one row per line, or raise `maxLineBytes`',
      },
    ],
    [
      'jsonl',
      `{"time":"${long}`,
      { code: 'SOURCE_LIMIT', says: 'the first line is longer than 1048576 bytes', place: 'first.jsonl', fix: 'Write one object a line' },
    ],
  ];
  test.each(first)('at the head of a %s file is refused', async (type, content, refusal) => {
    const file = plant.pipeline(`{ type: ${type}, path: ${sparse(`first.${type}`, content, 2 * GB, '\n')} }`, `first-${type}.yaml`);
    expect((await plant.refuses(refusal, ['check', file])).peakMb).toBeLessThan(memory);
  });
});

describe('a bomb is refused in little memory:', () => {
  const head = '<sheetData><row r="1"><c r="A1" t="str"><v>Time</v></c><c r="B1" t="str"><v>A</v></c></row>';
  const size = 200 * 2 ** 20;
  const packed = deflateRawSync(Buffer.alloc(size, ' '));
  const bombs: [is: string, bytes: () => Buffer, refusal: Refusal][] = [
    [
      'a workbook whose sheet says that it unpacks to 4 GB',
      () => zipOf(workbookParts(head, { sheet: { data: 'x', declaredSize: 4_000_000_000 } })),
      {
        code: 'SOURCE_LIMIT',
        says: /part 'xl\/worksheets\/sheet1\.xml' of the workbook unpacks to more than \d+ times its \d+ bytes \(a zip bomb\?\)/,
        place: 'bomb.xlsx',
        fix: 'export it as csv',
      },
    ],
    [
      'one whose sheet unpacks to 200 MB of spaces and says so',
      () => zipOf(workbookParts(head, { sheet: { data: '', packed, declaredSize: size } })),
      { code: 'SOURCE_LIMIT', says: /unpacks to more than \d+ times/, place: 'bomb.xlsx', fix: 'export it as csv' },
    ],
    [
      'one whose sheet unpacks to 200 MB and denies it',
      () => zipOf(workbookParts(head, { sheet: { data: '', packed, declaredSize: 1000 } })),
      { code: 'SOURCE_UNREADABLE', says: 'it unpacks to more than the 1000 bytes that the directory says', place: 'bomb.xlsx', fix: 'Copy it again' },
    ],
    [
      'one whose table of texts unpacks to 200 MB',
      () =>
        zipOf([
          ...workbookParts(`${head}</sheetData>`, { strings: '' }).map((part) =>
            part.name === 'xl/sharedStrings.xml' ? { ...part, packed, declaredSize: size } : part,
          ),
        ]),
      {
        code: 'SOURCE_LIMIT',
        says: /part 'xl\/sharedStrings\.xml' of the workbook unpacks to more than \d+ times/,
        place: 'bomb.xlsx',
        fix: 'export it as csv',
      },
    ],
  ];
  test.each(bombs)('%s', async (_, bytes, refusal) => {
    plant.write('bomb.xlsx', bytes());
    const file = plant.pipeline('{ type: xlsx, path: bomb.xlsx }', 'bomb.yaml');
    expect((await plant.refuses(refusal, ['check', file])).peakMb).toBeLessThan(memory);
  });

  test('a gzip file of 300 KB with a line of 300 MB is one dead letter', async () => {
    const piece = gzipSync(Buffer.alloc(2 ** 20, 'x'));
    plant.write('bomb.csv', Buffer.concat([gzipSync(csv(150)), ...Array.from({ length: 300 }, () => piece), gzipSync(`\n${lines(151, 200)}`)]));
    const { status, stdout, stderr, peakMb } = await plant.sluice(
      'run',
      plant.pipeline('{ type: csv, path: bomb.csv }', 'gzip.yaml'),
      '--until-end',
      '--fresh',
      '--json',
    );
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ rowsRead: 200, rowsStored: 199, deadReasons: { 'line-too-long': 1 } });
    expect(peakMb).toBeLessThan(memory);
  });
});

test('more columns than can be read are refused', async () => {
  const columns = Array.from({ length: 3000 }, (_, i) => `TAG${i}`);
  plant.write(
    'wide.csv',
    `Timestamp,${columns.join(',')}\n${Array.from({ length: 5 }, (_, i) => `${rowAt(i).slice(0, 20)},${columns.map((__, c) => (c * i) % 7).join(',')}`).join('\n')}\n`,
  );
  await plant.refuses({ code: 'SOURCE_LIMIT', says: 'there are more than 2048 columns', place: 'wide.csv', fix: 'Split the table or drop columns' }, [
    'check',
    plant.pipeline('{ type: csv, path: wide.csv }', 'wide.yaml'),
  ]);
});
