import { expect, test } from 'vitest';
import { allocateBatch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import type { StoreWrite } from '../../core/store.ts';
import { PendingRows } from './pending-rows.ts';

const schema = makeSchema(['a', 'b'].map((name) => ({ name, kind: 'continuous' as const })));

function rows(from: number, count: number): StoreWrite {
  const batch = allocateBatch('plant', schema, count);
  for (let row = 0; row < count; row++) {
    batch.times[row] = BigInt(from + row) * 1_000_000n;
    batch.values.set([from + row, -from - row], row * 2);
  }
  const score = Float64Array.from({ length: count }, (_, row) => (from + row) / 2);
  const contributions = { rows: [], tags: [], shares: [], rest: [] };
  const verdicts = [{ detector: 'joint', score, grade: score, status: new Int8Array(count).fill(1), contributions }];
  return { batch, verdicts, incidents: [], thresholds: [], buckets: [] };
}

test('takes over the tags and detectors that are asked for, as they are at that moment', () => {
  const pending = new PendingRows(['b', 'none'], ['joint', 'other']);
  expect(pending.isEmpty).toBe(true);
  const write = rows(5, 2);
  pending.add(write);
  write.batch.values.fill(0);
  expect(pending.take()).toEqual({
    times: [5, 6],
    tags: [[-5, -6], [Number.NaN, Number.NaN]],
    verdicts: [
      { detector: 'joint', score: [2.5, 3], grade: [2.5, 3], status: [1, 1] },
      { detector: 'other', score: [Number.NaN, Number.NaN], grade: [Number.NaN, Number.NaN], status: [2, 2] },
    ],
    left: 0,
  }); // biome-ignore format: columns as columns
  expect(pending.isEmpty).toBe(true);
});

test.each([601, 1200, 5000, 100_000])('of %i rows a frame holds 600 at most, evenly spread, and counts the others', (count) => {
  const pending = new PendingRows(['a'], []);
  for (let from = 0; from < count; from += 137) pending.add(rows(from, Math.min(137, count - from)));
  const { times, tags, left } = pending.take();
  expect(times.length).toBeGreaterThan(200);
  expect(times.length).toBeLessThanOrEqual(600);
  expect(times.length + left).toBe(count);
  expect(tags[0]).toEqual(times);
  const steps = new Set(times.slice(1).map((time, i) => time - times[i]));
  expect(steps.size).toBe(1);
  expect(count - times[times.length - 1]).toBeLessThanOrEqual([...steps][0]);
  pending.add(rows(7, 1));
  expect(pending.take()).toMatchObject({ times: [7], left: 0 });
});
