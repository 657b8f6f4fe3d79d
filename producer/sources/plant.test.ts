import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { z } from 'zod';
import type { Source, SourceChunk, SourceContext, SourceDefinition } from '../../core/component.ts';
import { formatTime } from '../../core/time.ts';
import { planRecording } from '../plant/recording.ts';
import { attacksFile, csvText, listAttacks, workbookBytes } from '../plant/recording-file.ts';
import csv from './csv.ts';
import plant from './plant.ts';
import xlsx from './xlsx.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-plant-'));
afterAll(() => rmSync(folder, { recursive: true }));

const context: SourceContext = { stream: 'plant', lateness: 60_000, seed: 5, warn: () => undefined };
const make = (options: z.input<typeof plant.options>, more: Partial<SourceContext> = {}): Source =>
  plant.create(plant.options.parse(options), { ...context, ...more });

interface Read {
  readonly times: bigint[];
  readonly origins: number[];
  readonly labels: number[];
  readonly values: Float64Array[];
  readonly chunks: SourceChunk[];
}

async function readAll(source: Source, from = 0): Promise<Read> {
  const read: Read = { times: [], origins: [], labels: [], values: [], chunks: [] };
  for await (const chunk of source.read(from)) {
    read.chunks.push(chunk);
    for (const { rows, times, origins, labels, values, schema, seqs } of chunk.batches) {
      for (let row = 0; row < rows; row++) {
        read.times.push(times[row]);
        read.origins.push(origins[row]);
        read.labels.push(labels ? labels[row] : -1);
        read.values.push(values.slice(row * schema.tags.length, (row + 1) * schema.tags.length));
        expect(seqs[row]).toBe(0);
      }
    }
  }
  return read;
}

async function opened(options: z.input<typeof plant.options>, more: Partial<SourceContext> = {}): Promise<Source> {
  const source = make(options, more);
  await source.open();
  return source;
}

describe('the source', () => {
  it('gives the rows of the hours asked for, and says so before', async () => {
    const source = make({ hours: 2, seed: 7, start: '2024-05-01T00:00:00+08:00' });
    const info = await source.open();
    const { times, origins, labels, chunks } = await readAll(source);
    expect(info).toMatchObject({ labelled: true, rows: 7200 });
    expect(info.description).toMatch(/^simulated plant, 51 tags \(SWaT\), 2 h, a row a second, \d+ attacks, seed 7$/);
    expect(info.schema.tags.slice(0, 3)).toEqual([
      { name: 'FIT101', kind: 'continuous', unit: 'm3/h', stage: 'P1' },
      { name: 'LIT101', kind: 'continuous', unit: 'mm', stage: 'P1' },
      { name: 'MV101', kind: 'discrete', stage: 'P1' },
    ]);
    expect(origins).toEqual([...origins.keys()]);
    expect(times).toHaveLength(7200);
    expect(formatTime(times[0])).toBe('2024-04-30T16:00:00Z');
    expect(await source.lastTime()).toBe(times[7199]);
    expect(new Set(labels)).toEqual(new Set([0, 1]));
    expect(chunks.at(-1)).toMatchObject({ progress: 1, nextOffset: 7200, partition: 0 });
    await source.close();
  });

  it('reads from a later row what a pass from the first gives, as often as asked', async () => {
    const source = await opened({ hours: 2, seed: 3 });
    const whole = await readAll(source);
    for (const from of [0, 1, 1023, 1024, 3700, 7199, 7200, 9000]) {
      const tail = await readAll(source, from);
      expect(tail.origins).toEqual(whole.origins.slice(from));
      expect(tail.times).toEqual(whole.times.slice(from));
      expect(tail.labels).toEqual(whole.labels.slice(from));
      const different = tail.values.findIndex((row, i) => row.some((value, t) => value !== whole.values[from + i][t]));
      expect(different).toBe(-1);
    }
  });

  it('labels the rows of the attacks and no others', async () => {
    const options = { hours: 3, seed: 2 };
    const { labels } = await readAll(await opened(options));
    const listed = listAttacks(await planRecording(plant.options.parse(options)));
    const expected = new Array<number>(labels.length).fill(0);
    for (const { firstRow, lastRow } of listed) expected.fill(1, firstRow, lastRow + 1);
    expect(labels).toEqual(expected);
  });

  it('takes every so many seconds of the same plant', async () => {
    const each = await readAll(await opened({ hours: 2, seed: 4 }));
    const tenth = await readAll(await opened({ hours: 2, seed: 4, interval: '10s' }));
    expect(tenth.values).toEqual(each.values.filter((_, i) => i % 10 === 0));
    expect(tenth.labels).toEqual(each.labels.filter((_, i) => i % 10 === 0));
    expect(tenth.times).toEqual(each.times.filter((_, i) => i % 10 === 0));
  });

  it('tells how far it is, and can be read again after a reader stopped early', async () => {
    const source = await opened({ hours: 2, seed: 4 });
    let [before, rows] = [0, 0];
    for await (const { progress, nextOffset } of source.read(0)) {
      expect(progress).toBe(nextOffset / 7200);
      expect(nextOffset).toBeGreaterThan(before);
      before = nextOffset;
      if (++rows === 3) break;
    }
    expect(before).toBeLessThan(7200);
    expect((await readAll(source)).times).toHaveLength(7200);
  });

  it("takes the pipeline's seed where it has none", async () => {
    const own = await readAll(await opened({ hours: 0.1, attacks: 'none', seed: 5 }));
    expect((await readAll(await opened({ hours: 0.1, attacks: 'none' }))).values).toEqual(own.values);
    expect((await readAll(await opened({ hours: 0.1, attacks: 'none' }, { seed: 6 }))).values).not.toEqual(own.values);
  });

  it('has a fingerprint of what its rows depend on; more hours of the same are the same', async () => {
    const print = async (options: z.input<typeof plant.options>): Promise<string> => (await make(options).open()).fingerprint;
    const base = { hours: 1, attacks: 'none', seed: 1 };
    expect(await print({ ...base, hours: 2 })).toBe(await print(base));
    const others = [{ seed: 2 }, { interval: '2s' }, { start: '2016-01-01T00:00:00Z' }, { hours: 2, attacks: 'random' }];
    const prints = await Promise.all([{}, ...others].map((other) => print({ ...base, ...other })));
    expect(new Set(prints).size).toBe(prints.length);
  });

  it('plays a list of attacks from a file', async () => {
    const path = join(folder, 'attacks.yaml');
    writeFileSync(path, 'attacks: [{ start: 10m, length: 2m, tag: P102, kind: spare }]\n');
    const { labels } = await readAll(await opened({ hours: 0.5, attacks: path }));
    expect(labels.indexOf(1)).toBe(600);
    expect(labels.filter((label) => label === 1)).toHaveLength(120);
    await expect(make({ hours: 0.2, attacks: path }).open()).resolves.toBeDefined();
    await expect(make({ hours: 0.19, attacks: path }).open()).rejects.toThrow(/ends after 12 min, the recording after 11 min 24 s/);
  });

  it.each([
    [{ hours: 0 }, /hours|>0/],
    [{ interval: '500ms' }, /whole seconds/],
    [{ interval: '1.5s' }, /whole seconds/],
    [{ start: 'noon' }, /ISO 8601/],
    [{ seed: -1 }, />=0/],
  ])('refuses %j', (options, message) => {
    expect(plant.options.safeParse(options).error?.message).toMatch(message);
  });

  it('refuses attacks that would lie between two of its rows', async () => {
    const path = join(folder, 'short.yaml');
    writeFileSync(path, 'attacks: [{ start: 601s, length: 30s, tag: P102, kind: spare }]\n');
    const refused = { code: 'CONFIG_INVALID', message: expect.stringMatching(/after 10 min 1 s lies between two rows .*of 30 s or less/) };
    await expect(make({ hours: 0.5, attacks: path, interval: '60s' }).open()).rejects.toMatchObject(refused);
    const source = await opened({ hours: 0.5, attacks: path, interval: '30s' });
    expect((await readAll(source)).labels.filter((label) => label === 1)).toHaveLength(1);
  });

  it('refuses random attacks where there is no time for them', async () => {
    await expect(make({ hours: 1.5 }).open()).rejects.toMatchObject({ code: 'USAGE', message: expect.stringMatching(/Take 2 h or more/) });
  });
});

describe('a recording that is written', () => {
  const options = plant.options.parse({ hours: 2, seed: 9 });

  it.each<[string, SourceDefinition, (chunks: AsyncIterable<SourceChunk>) => AsyncIterable<string | Uint8Array>]>([
    ['xlsx', xlsx, workbookBytes],
    ['csv', csv, csvText],
  ])('as %s is read back as it was given', async (type, definition, write) => {
    const source = await opened({ hours: 2, seed: 9 });
    const given = await readAll(source);
    const path = join(folder, `recording.${type}`);
    await writeFile(path, write(source.read(0)));
    const file = definition.create(definition.options.parse({ path, timezone: 'UTC' }), {
      stream: 'plant',
      lateness: 60_000,
      seed: 0,
      warn: (message) => expect.fail(message),
    });
    const info = await file.open();
    expect(info.schema).toEqual((await make({}).open()).schema);
    const read = await readAll(file);
    await file.close();
    expect(read.times).toEqual(given.times);
    expect(read.labels).toEqual(given.labels);
    expect(read.values).toEqual(given.values);
  });

  it('has its attacks beside it, in rows and times', async () => {
    const recording = await planRecording(options);
    const { attacks, ...rest } = JSON.parse(attacksFile(recording, 'recording.xlsx'));
    expect(rest).toEqual({ recording: 'recording.xlsx', seed: 9, rows: 7200, start: '2015-12-28T10:00:00Z', intervalSeconds: 1 });
    expect(attacks).toEqual(JSON.parse(JSON.stringify(listAttacks(recording))));
    const { start, length } = recording.attacks[0];
    expect(attacks[0]).toMatchObject({
      number: 1,
      firstRow: start,
      lastRow: start + length - 1,
      start: new Date(Date.UTC(2015, 11, 28, 10) + start * 1000).toISOString().replace('.000', ''),
      end: new Date(Date.UTC(2015, 11, 28, 10) + (start + length) * 1000).toISOString().replace('.000', ''),
    });
    const [slow] = listAttacks({ ...recording, interval: 60 });
    expect([slow.firstRow, slow.lastRow]).toEqual([Math.ceil(start / 60), Math.ceil((start + length) / 60) - 1]);
  });
});
