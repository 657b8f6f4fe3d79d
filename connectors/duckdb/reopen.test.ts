import { existsSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { allocateBatch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import { DuckFile } from './file.ts';
import { duckReader } from './reader.ts';
import { DuckWriter } from './writer.ts';

const schema = makeSchema([{ name: 'LIT101', kind: 'continuous' as const }]);

async function append(writer: DuckWriter, from: number): Promise<void> {
  const batch = allocateBatch('plant', schema, 10);
  for (let i = 0; i < 10; i++) {
    batch.times[i] = BigInt(from + i);
    batch.values[i] = from + i;
  }
  const all = { score: new Float64Array(10).fill(from), grade: new Float64Array(10), status: new Int8Array(10), detector: `after ${from}` };
  await writer.append({
    ...{ batch, incidents: [], thresholds: [], buckets: [] },
    verdicts: [{ ...all, contributions: { rows: [], tags: [], shares: [], rest: [] } }],
  });
  await writer.commit({ key: 'plant/0', positions: { csv: { nextOffset: from + 10, shiftMs: 0 } }, totals: {}, records: {} });
}

test('a file that is opened anew after so many values goes on as it was, and not while somebody reads', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-reopen-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, 'plant.duckdb');
  const file = await DuckFile.open({ path, memoryLimit: '150MB', threads: 1, readOnly: false });
  const writer = await DuckWriter.open(file, { release: 1, reopen: 140 });
  const reader = duckReader(file);
  await writer.openStream('plant', schema);
  const log = (): number => (existsSync(`${path}.wal`) ? statSync(`${path}.wal`).size : 0);
  // 70 values each: the second is the one after which nothing is left in the log.
  await append(writer, 0);
  expect(log()).toBeGreaterThan(0);
  await append(writer, 10);
  expect(log()).toBe(0);
  await append(writer, 20);

  const seen: bigint[] = [];
  for await (const { times } of reader.scan({ stream: 'plant' })) {
    if (seen.length === 0) await append(writer, 30);
    expect(log()).toBeGreaterThan(0);
    seen.push(...times);
  }
  // What is being read is what was there when it began.
  expect(seen).toEqual(Array.from({ length: 30 }, (_, i) => BigInt(i)));
  await append(writer, 40);
  expect(log()).toBe(0);

  const { times, columns } = await reader.rows({ stream: 'plant', tags: ['LIT101'] });
  expect([...times]).toEqual(Array.from({ length: 50 }, (_, i) => BigInt(i)));
  expect([...columns[0]]).toEqual(Array.from({ length: 50 }, (_, i) => i));
  expect(await writer.known('plant', BigInt64Array.of(49n, 50n), Int32Array.of(0, 0))).toEqual(Uint8Array.of(1, 0));
  for (const from of [0, 40]) {
    const stored = await reader.verdicts({ stream: 'plant', detector: `after ${from}` });
    expect(stored.map(({ score }) => score)).toEqual(new Array(10).fill(from));
  }
  expect((await reader.manifest('plant/0'))?.positions.csv.nextOffset).toBe(50);
  await writer.close();
  await file.close();
});
