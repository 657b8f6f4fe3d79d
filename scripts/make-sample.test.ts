import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type CellValue, streamXlsxRows } from 'hucre/xlsx';
import { beforeAll, describe, expect, it } from 'vitest';
import { readAttacks } from '../evaluate/attacks.ts';
import { type ListedAttack, workbookHead } from '../producer/plant/recording-file.ts';
import { at, normalRange, type PlantTag, plantTags, spareTags } from '../producer/plant/tags.ts';
import { type SampleRow, sampleAttacks, sampleList, sampleRows } from './make-sample.ts';

const file = join(import.meta.dirname, '../data/swat-sample.xlsx');
const list = readFileSync(join(import.meta.dirname, '../data/swat-sample.attacks.json'), 'utf8');
/** Rows that pipelines/swat.yaml learns from. */
const training = 7200;
const rows: SampleRow[] = [];
const column = (tag: PlantTag): number[] => rows.map(({ values }) => values[at[tag]]);

beforeAll(() => {
  rows.push(...sampleRows());
});

describe('data/swat-sample.xlsx', () => {
  it('holds exactly what the generator makes', async () => {
    const cells: CellValue[][] = [];
    for await (const row of streamXlsxRows(Readable.toWeb(createReadStream(file)) as ReadableStream<Uint8Array>)) cells.push(row.values);
    const [title, header] = workbookHead();
    expect(cells).toHaveLength(rows.length + 2);
    expect(cells[0].map((cell) => cell ?? null)).toEqual(title.slice(0, cells[0].length));
    expect(cells[1]).toEqual(header);
    const different = rows.findIndex(({ time, values, label }, i) => cells[i + 2].some((cell, c) => cell !== [time, ...values, label][c]));
    expect(different, 'make it anew: npm run sample').toBe(-1);
  });

  it('has its attacks listed beside it, with the times of their rows in UTC', async () => {
    expect(list, 'make it anew: npm run sample').toBe(sampleList('swat-sample.xlsx'));
    const { attacks } = JSON.parse(list) as { attacks: ListedAttack[] };
    expect(attacks).toHaveLength(sampleAttacks.length);
    const told = await readAttacks(file);
    expect([told.attacks.map(({ tags }) => tags), told.notes]).toEqual([sampleAttacks.map(({ parts }) => parts.map(({ tag }) => tag)), []]);
    for (const { start, end, firstRow, lastRow } of attacks) {
      const time = (row: number): number => Date.parse('2015-12-28T10:00:00+08:00') + 1000 * row;
      expect([Date.parse(start), Date.parse(end)]).toEqual([time(firstRow), time(lastRow + 1)]);
      expect(rows.slice(firstRow - 1, lastRow + 2).map(({ label }) => label === 'Normal')).toEqual([
        true,
        ...new Array<boolean>(lastRow + 1 - firstRow).fill(false),
        true,
      ]);
    }
  });

  it('has its attacks in data/README.md, with their rows and times in UTC', () => {
    const told = readFileSync(join(import.meta.dirname, '../data/README.md'), 'utf8').match(/^\| [\d,]+-[\d,]+ \| \S+ \|/gm);
    const start = Date.parse('2015-12-28T10:00:00+08:00');
    const clock = (row: number): string => new Date(start + row * 1000).toISOString().slice(11, 19);
    const count = (row: number): string => row.toLocaleString('en-US');
    expect(told).toEqual(
      sampleAttacks.map(({ start: from, length }) => `| ${count(from)}-${count(from + length - 1)} | ${clock(from)}-${clock(from + length - 1)} |`),
    );
  });

  it('is small enough for a repository', () => {
    expect(statSync(file).size).toBeLessThan(3_500_000);
  });
});

describe('the layout', () => {
  it('is that of the 2015 workbooks: 51 tags in their order, spaces and all', () => {
    const [title, header] = workbookHead();
    expect(new Set(plantTags).size).toBe(51);
    expect(rows[0].values).toHaveLength(51);
    expect(title.filter((cell) => cell !== null)).toEqual(['P1', 'P2', 'P3', 'P4', 'P5', 'P6']);
    expect(header.slice(0, 5)).toEqual([' Timestamp', 'FIT101', 'LIT101', ' MV101', 'P101']);
    expect(header.at(-1)).toBe('Normal/Attack');
    expect(title.indexOf('P3')).toBe(header.indexOf('DPIT301'));
  });

  it('writes the day first and twelve hours, a second a row', () => {
    expect(rows).toHaveLength(14_400);
    expect(rows[0].time).toBe(' 28/12/2015 10:00:00 AM');
    expect(rows[2 * 3600].time).toBe(' 28/12/2015 12:00:00 PM');
    expect(rows[3 * 3600 + 61].time).toBe(' 28/12/2015 1:01:01 PM');
    expect(new Set(rows.map(({ time }) => time)).size).toBe(rows.length);
  });

  it('labels the attacks, with the typo of the original once', () => {
    const labelled = rows.flatMap(({ label }, row) => (label === 'Normal' ? [] : [row]));
    expect(labelled).toEqual(sampleAttacks.flatMap(({ start, length }) => Array.from({ length }, (_, i) => start + i)));
    expect(rows.filter(({ label }) => label === 'A ttack')).toHaveLength(1);
    expect(labelled[0]).toBeGreaterThan(training);
  });

  it('is the same for the same seed, another for another', () => {
    expect([...sampleRows(2015, 50)]).toEqual(rows.slice(0, 50));
    expect([...sampleRows(2016, 50)].map(({ values }) => values)).not.toEqual(rows.slice(0, 50).map(({ values }) => values));
  });
});

describe('the plant', () => {
  it('has no missing or negative reading, and discrete tags of 0, 1 and 2 only', () => {
    for (const tag of plantTags) {
      const discrete = normalRange(tag) === undefined;
      for (const value of column(tag)) if (!(value >= 0) || (discrete && ![0, 1, 2].includes(value))) expect.fail(`${tag} reads ${value}`);
    }
  });

  it.each<PlantTag>(['MV101', 'MV201', 'P101', 'P203', 'P301', 'P602'])('goes through its cycles of %s many times within the training rows', (tag) => {
    const starts = column(tag)
      .slice(0, training)
      .filter((value, i, all) => i > 0 && value === 2 && all[i - 1] !== 2).length;
    expect(starts).toBeGreaterThanOrEqual(10);
  });

  it.each(sampleAttacks.map(({ start, parts }) => [parts.map(({ tag }) => tag).join(', '), start] as const))(
    'works as ever in the minute before %s is attacked',
    (_, start) => {
      for (const tag of plantTags) {
        const range = normalRange(tag);
        if (!range) continue;
        const margin = 0.05 * (range.high - range.low);
        const minute = column(tag).slice(start - 60, start);
        expect(Math.min(...minute), tag).toBeGreaterThanOrEqual(range.least - margin);
        expect(Math.max(...minute), tag).toBeLessThanOrEqual(range.most + margin);
      }
    },
  );
});

describe('the attacks', () => {
  const attack = (tag: PlantTag) => {
    const found = sampleAttacks.find(({ parts }) => parts.length === 1 && parts[0].tag === tag);
    if (!found) return expect.fail(`no attack on ${tag} alone`);
    const [from, to] = [found.start, found.start + found.length];
    return { from, to, during: (other: PlantTag) => column(other).slice(from, to) };
  };

  it('spoof DPIT301, and the plant washes its filter over and over', () => {
    const { during } = attack('DPIT301');
    expect(new Set(during('DPIT301')).size).toBe(1);
    expect(during('P301').filter((state) => state === 2).length).toBeLessThan(20);
    expect(during('P602').filter((state, i, all) => i > 0 && state === 2 && all[i - 1] === 1).length).toBeGreaterThan(5);
  });

  it('drift LIT101 up while the tank runs low', () => {
    const { to, during } = attack('LIT101');
    expect(during('LIT101').at(-1)).toBeGreaterThan(950);
    expect(Math.max(...during('MV101'))).toBe(1);
    expect(column('LIT101')[to]).toBeLessThan(250);
  });

  it('turn on P102, which shows in no other tag', () => {
    const { from, to, during } = attack('P102');
    expect(spareTags).toContain('P102');
    expect(new Set(during('P102'))).toEqual(new Set([2]));
    expect(column('P102').filter((state) => state === 2)).toHaveLength(to - from);
    const before = sampleAttacks.filter(({ start }) => start < from);
    const undisturbed = [...sampleRows(2015, to, before)];
    const other = (values: readonly number[]): number[] => values.filter((_, t) => t !== at.P102);
    const different = undisturbed.findIndex(({ values }, row) => other(values).some((value, t) => value !== other(rows[row].values)[t]));
    expect(different).toBe(-1);
  });

  it('spoof AIT202, and no acid is dosed: the pH is higher when it can be seen again', () => {
    const { from, to, during } = attack('AIT202');
    expect(Math.max(...during('AIT202'))).toBeLessThan(6.8);
    expect(column('AIT202')[to + 10]).toBeGreaterThan(column('AIT202')[from - 1] + 0.2);
  });

  it('force MV101 open until the tank stands above every level of normal operation', () => {
    const { during } = attack('MV101');
    expect(Math.max(...during('LIT101'))).toBeGreaterThan(Math.max(...column('LIT101').slice(0, training)) + 50);
  });

  it('bring reverse osmosis down by spoofing its feed, and it comes back', () => {
    const { to, during } = attack('FIT401');
    expect(during('P501').at(-1)).toBe(1);
    expect(during('PIT501').at(-1)).toBeLessThan(20);
    expect(column('PIT501')[to + 120]).toBeGreaterThan(240);
  });

  it('stay inside the normal range where they are stealthy', () => {
    expect(sampleAttacks.filter(({ stealthy }) => stealthy)).toHaveLength(1);
    const { during } = attack('LIT401');
    const usual = column('LIT401').slice(0, training);
    expect(Math.min(...during('LIT401'))).toBeGreaterThan(Math.min(...usual));
    expect(Math.max(...during('LIT401'))).toBeLessThan(Math.max(...usual));
  });
});
