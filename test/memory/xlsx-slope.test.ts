import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rowsIn } from '../../core/chunk.ts';
import xlsx from '../../producer/sources/xlsx.ts';
import { writePlantWorkbook } from './plant-workbook.ts';

const rows = 50_000;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-slope-'));
  await writePlantWorkbook(join(folder, 'plant.xlsx'), rows, 'shared');
});
afterAll(() => rm(folder, { recursive: true }));

/**
 * What is alive, bytes, by where it lies: on the heap, in array buffers (shared ones, which batches are made of, are counted
 * here and not as external), and otherwise outside. Buffers are let go in turns of the event loop after the collection that
 * found them dead, so one collection alone measures when that happened.
 */
async function liveBytes() {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let pass = 0; pass < 3; pass++) {
    collect();
    await setImmediate();
  }
  const { heapUsed, external, arrayBuffers } = process.memoryUsage();
  return { heapUsed, external, arrayBuffers };
}

/** Slope of the least-squares line. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (at: 0 | 1) => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
}

it('reading a workbook keeps nothing of the rows that were read', async () => {
  const source = xlsx.create(xlsx.options.parse({ path: join(folder, 'plant.xlsx') }), { stream: 'plant', lateness: 60_000, seed: 1, warn: () => undefined });
  await source.open();
  const points: ({ row: number } & Awaited<ReturnType<typeof liveBytes>>)[] = [];
  let read = 0;
  for await (const chunk of source.read(0)) {
    read += rowsIn(chunk);
    if (read > rows / 2 && read < rows && read % 2000 === 0) points.push({ row: read, ...(await liveBytes()) });
  }
  await source.close();
  expect(read).toBe(rows);
  expect(points.length).toBeGreaterThan(5);
  // A row of 51 doubles kept would be 408 bytes.
  for (const where of ['heapUsed', 'external', 'arrayBuffers'] as const) {
    expect(slope(points.map((point) => [point.row, point[where]])), `bytes a row in ${where}`).toBeLessThan(20);
  }
});
