import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Source } from '../core/component.ts';
import { formatTime } from '../core/time.ts';
import { collectRows } from './collect.ts';
import csv from './sources/csv.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-collect-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
/** A source of lines `second,value,unit`, opened. */
async function sourceOf(lines: readonly string[], options: Record<string, unknown> = { streamColumn: 'unit' }): Promise<Source> {
  const path = join(folder, `${++files}.csv`);
  const rows = lines.map((line) => line.replace(/^\d+/, (second) => formatTime(BigInt(second) * 1_000_000_000n)));
  await writeFile(path, `time,a,unit\n${rows.join('\n')}\n`);
  const source = csv.create(csv.options.parse({ path, ...options }), { stream: 'north', lateness: 60_000, seed: 1, warn: () => undefined });
  await source.open();
  return source;
}

const interleaved = Array.from({ length: 40 }, (_, n) => `${1000 + n},${n},${n % 2 === 0 ? 'north' : 'south'}`);

describe('collectRows', () => {
  it('counts the rows of the stream, not those of the file', async () => {
    const source = await sourceOf(interleaved);
    expect([...(await collectRows(source, 'north', 2, 5)).values]).toEqual([4, 6, 8]);
    expect([...(await collectRows(source, 'south', 0, 3)).values]).toEqual([1, 3, 5]);
    expect((await collectRows(source, 'south')).rows).toBe(20);
    await source.close();
  });

  it('counts neither dead rows nor rows older than the lateness window, as a pipeline does not', async () => {
    const source = await sourceOf(
      Array.from({ length: 30 }, (_, n) => (n === 3 ? `${1000 + n},not a number,x` : n === 6 ? `${100 + n},${n},x` : `${1000 + n},${n},x`)),
      { ignore: ['unit'] },
    );
    const batch = await collectRows(source, 'north', 1, 8);
    expect([...batch.values]).toEqual([1, 2, 4, 5, 7, 8, 9]);
    expect([...batch.origins]).toEqual([1, 2, 4, 5, 7, 8, 9]);
    await source.close();
  });

  it('goes on over many chunks', async () => {
    const source = await sourceOf(Array.from({ length: 9000 }, (_, n) => `${1000 + n},${n},north`));
    const batch = await collectRows(source, 'north', 100, 8900);
    expect(batch.rows).toBe(8800);
    expect([batch.values[0], batch.values[8799], batch.schema.tags.length]).toEqual([100, 8899, 1]);
    await source.close();
  });

  it('says how many rows there were when they are too few, and which stream has none', async () => {
    const source = await sourceOf(interleaved);
    await expect(collectRows(source, 'north', 0, 21)).rejects.toMatchObject({
      code: 'WARMUP_TOO_SHORT',
      message: expect.stringContaining("the training rows are to end at row 21, the source ends after row 20 of stream 'north'"),
    });
    await expect(collectRows(source, 'west')).rejects.toMatchObject({ code: 'SOURCE_EMPTY', message: expect.stringContaining("no row of stream 'west'") });
    await source.close();
  });
});
