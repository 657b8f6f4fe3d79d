import { createReadStream, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type CellValue, streamXlsxRows } from 'hucre/xlsx';
import { beforeAll, describe, expect, it } from 'vitest';
import { workbookHead } from '../producer/plant/recording-file.ts';
import { type SampleRow, sampleAttacks, sampleRows, sampleTags } from './make-sample.ts';

const file = join(import.meta.dirname, '../data/swat-sample.xlsx');
const rows: SampleRow[] = [];
const column = (tag: string): number[] => rows.map(({ values }) => values[sampleTags.indexOf(tag)]);

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
    expect(different).toBe(-1);
  });

  it('has its attacks listed with their rows and times in UTC', () => {
    const listed = readFileSync(join(import.meta.dirname, '../data/README.md'), 'utf8').match(/^\| [\d,]+-[\d,]+ \| \S+ \|/gm);
    const start = Date.parse('2015-12-28T10:00:00+08:00');
    const clock = (row: number): string => new Date(start + row * 1000).toISOString().slice(11, 19);
    const count = (row: number): string => row.toLocaleString('en-US');
    expect(listed).toEqual(
      sampleAttacks.map(({ from, rows: length }) => `| ${count(from)}-${count(from + length - 1)} | ${clock(from)}-${clock(from + length - 1)} |`),
    );
  });

  it('is small enough for a repository', () => {
    expect(statSync(file).size).toBeLessThan(4_000_000);
  });
});

describe('the layout', () => {
  it('is that of the 2015 workbooks: 51 tags in their order, spaces and all', () => {
    const [title, header] = workbookHead();
    expect(sampleTags).toHaveLength(51);
    expect(new Set(sampleTags).size).toBe(51);
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
    expect(labelled).toEqual(sampleAttacks.flatMap(({ from, rows: length }) => Array.from({ length }, (_, i) => from + i)));
    expect(rows.filter(({ label }) => label === 'A ttack')).toHaveLength(1);
    expect(labelled[0]).toBe(4200);
  });

  it('is the same for the same seed, another for another', () => {
    expect([...sampleRows(2015, 50)]).toEqual(rows.slice(0, 50));
    expect([...sampleRows(2016, 50)].map(({ values }) => values)).not.toEqual(rows.slice(0, 50).map(({ values }) => values));
  });
});

describe('the plant', () => {
  const normal = 3600;

  it('has no missing or negative reading, and discrete tags of 0, 1 and 2 only', () => {
    for (const [t, tag] of sampleTags.entries()) {
      const discrete = /^(MV|P\d|UV)/.test(tag);
      for (const { values } of rows) {
        if (!(values[t] >= 0) || (discrete && ![0, 1, 2].includes(values[t]))) expect.fail(`${tag} reads ${values[t]}`);
      }
    }
  });

  it('goes through its cycles several times within the training rows', () => {
    for (const tag of ['MV101', 'P101', 'P301', 'P203', 'P205', 'P201', 'P602']) {
      const starts = column(tag)
        .slice(0, normal)
        .filter((value, i, all) => i > 0 && value === 2 && all[i - 1] !== 2).length;
      expect(starts, tag).toBeGreaterThanOrEqual(4);
    }
  });

  it('keeps its spare pumps still', () => {
    for (const tag of ['P102', 'P202', 'P204', 'P206', 'P302', 'P402', 'P403', 'P404', 'P502', 'P601', 'P603']) {
      expect(new Set(column(tag).slice(0, normal)), tag).toEqual(new Set([1]));
    }
  });

  it.each([
    ['LIT101', 'FIT101', 'FIT201', 0.6],
    ['LIT301', 'FIT201', 'FIT301', 0.35],
    ['LIT401', 'FIT301', 'FIT401', 0.35],
  ])('%s follows %s less %s over %d m2', (level, inflow, outflow, area) => {
    const [l, q1, q0] = [column(level), column(inflow), column(outflow)];
    for (let from = 0; from + 300 < normal; from += 300) {
      let expected = 0;
      for (let i = from + 1; i <= from + 300; i++) expected += (q1[i] - q0[i]) / 3.6 / area;
      expect(Math.abs(l[from + 300] - l[from] - expected)).toBeLessThan(5);
    }
  });

  it('shows flow where its pump runs, and none where it stands', () => {
    const [pump, flow] = [column('P101'), column('FIT201')];
    const settled = (state: number): number[] => flow.slice(0, normal).filter((_, i) => i > 30 && pump.slice(i - 30, i + 1).every((s) => s === state));
    expect(Math.min(...settled(2))).toBeGreaterThan(2.2);
    expect(Math.max(...settled(1))).toBeLessThan(0.01);
  });
});

describe('the attacks', () => {
  const attack = (what: string) => {
    const found = sampleAttacks.find((candidate) => candidate.what.includes(what));
    if (!found) return expect.fail(`no attack '${what}'`);
    return { ...found, to: found.from + found.rows, during: (tag: string) => column(tag).slice(found.from, found.from + found.rows) };
  };

  it('follow each other with time to recover', () => {
    expect(sampleAttacks.length).toBeGreaterThanOrEqual(8);
    for (const [i, { from }] of sampleAttacks.entries()) if (i > 0) expect(from - sampleAttacks[i - 1].from - sampleAttacks[i - 1].rows).toBeGreaterThan(500);
  });

  it('spoof DPIT301, and the plant washes its filter over and over', () => {
    const { during } = attack('DPIT301');
    expect(new Set(during('DPIT301'))).toEqual(new Set([45]));
    expect(during('P301').filter((state) => state === 2).length).toBeLessThan(20);
    expect(Math.max(...during('FIT601'))).toBeGreaterThan(1.7);
  });

  it('drift LIT101 up by 1 mm/s', () => {
    const { from, during } = attack('LIT101 drifts');
    const held = column('LIT101')[from - 1];
    expect(during('LIT101')[200] - held).toBeCloseTo(200, 0);
  });

  it('turn on P102, which shows in no other tag', () => {
    const { from, to, during } = attack('P102');
    expect(new Set(during('P102'))).toEqual(new Set([2]));
    expect(column('P102').filter((state) => state === 2)).toHaveLength(to - from);
    const before = sampleAttacks.filter((other) => other.from < from);
    const undisturbed = [...sampleRows(2015, to, before)];
    const other = (values: readonly number[]): number[] => values.filter((_, t) => sampleTags[t] !== 'P102');
    const different = undisturbed.findIndex(({ values }, row) => other(values).some((value, t) => value !== other(rows[row].values)[t]));
    expect(different).toBe(-1);
  });

  it('force MV101 open until the tank stands above every level of normal operation', () => {
    const { during } = attack('MV101 forced open');
    expect(Math.max(...during('LIT101'))).toBeGreaterThan(Math.max(...column('LIT101').slice(0, 3600)) + 50);
  });

  it('bring reverse osmosis down by spoofing its feed, and it comes back', () => {
    const { to, during } = attack('FIT401');
    expect(during('P501').at(-1)).toBe(1);
    expect(during('PIT501').at(-1)).toBeLessThan(20);
    expect(column('PIT501')[to + 120]).toBeGreaterThan(240);
  });

  it('stay inside the normal range where they are stealthy', () => {
    const { during } = attack('stealthy');
    const usual = column('LIT401').slice(0, 3600);
    expect(Math.min(...during('LIT401'))).toBeGreaterThan(Math.min(...usual));
    expect(Math.max(...during('LIT401'))).toBeLessThan(Math.max(...usual));
  });
});
