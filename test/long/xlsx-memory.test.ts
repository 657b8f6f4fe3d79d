import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writePlantWorkbook } from '../memory/plant-workbook.ts';

const rows = 500_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-memory-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Reads a workbook in a process of its own, on what is built. */
const reader = (path: string) => `
  import xlsx from ${JSON.stringify(pathToFileURL(join(import.meta.dirname, '../../dist/producer/sources/xlsx.js')).href)};
  const source = xlsx.create(xlsx.options.parse({ path: ${JSON.stringify(path)} }), { stream: 'plant', lateness: 60_000, seed: 1, warn() {} });
  const { schema } = await source.open();
  let rows = 0;
  let dead = 0;
  let sum = 0;
  for await (const chunk of source.read(0)) {
    for (const batch of chunk.batches) { rows += batch.rows; sum += batch.values[0]; }
    dead += chunk.dead.length;
  }
  await source.close();
  console.log(JSON.stringify({ rows, dead, sum, tags: schema.tags.length, peakMb: process.resourceUsage().maxRSS / 1024 }));
`;

describe(`a workbook of ${rows} rows and 53 columns`, () => {
  it.each(['inline', 'shared'] as const)('with %s texts is read in under 600 MB', async (texts) => {
    const path = join(folder, `${texts}.xlsx`);
    await writePlantWorkbook(path, rows, texts);
    expect((await stat(path)).size).toBeGreaterThan(100e6);
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', reader(path)]);
    const found = JSON.parse(stdout) as { rows: number; dead: number; sum: number; tags: number; peakMb: number };
    expect(found).toMatchObject({ rows, dead: 0, tags: 51 });
    expect(found.sum).toBeGreaterThan(0);
    expect(found.peakMb).toBeLessThan(600);
    await rm(path);
  });
});
