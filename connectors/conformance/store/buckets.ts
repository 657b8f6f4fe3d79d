import assert from 'node:assert/strict';
import { allocateBatch } from '../../../core/batch.ts';
import type { Check } from '../../../core/conformance.ts';
import { bucketStart } from '../../../core/level-of-detail.ts';
import { makeRandom } from '../../../core/random.ts';
import { type Bucket, levelsOfDetail } from '../../../core/store.ts';
import { sameDoubles } from './comparison.ts';
import type { MakeCheck } from './opened-store.ts';
import { foldBuckets, makeBatch, plant, seconds, start, writing } from './plant.ts';

/** Levels of detail: closed buckets as written, open ones from the rows. */
export function bucketChecks(check: MakeCheck): Check[] {
  return [
    check('level of detail equals folding the rows, closed and open', async ({ store }) => {
      const random = makeRandom(11);
      const rows = 400;
      const batch = makeBatch(
        'plant',
        plant,
        Array.from({ length: rows }, (_, i) => i * 3 + (i > 200 ? 500 : 0)),
      );
      for (let i = 0; i < batch.values.length; i++) batch.values[i] = random.next() < 0.2 ? Number.NaN : random.normal() * 10 ** random.int(9);
      for (let row = 40; row < 60; row++) batch.values[row * 3 + 1] = Number.NaN;
      await store.openStream('plant', plant);
      // What is closed so far is written, as the pipeline does; the rest stays in the rows.
      const closedBefore = seconds(900);
      const closed = levelsOfDetail
        .flatMap((level) => foldBuckets(batch, level))
        .filter(({ level, time }) => time + BigInt(level) * 1_000_000n <= closedBefore);
      await store.append(writing(batch, { buckets: closed.slice(0, 20) }));
      await store.append(writing(allocateBatch('plant', plant, 0), { buckets: closed.slice(20) }));
      await store.commit();
      for (const level of levelsOfDetail) {
        sameBuckets(await store.buckets({ stream: 'plant', level }), foldBuckets(batch, level));
        const [from, to] = [seconds(431), seconds(1013)];
        const span = BigInt(level) * 1_000_000n;
        const overlapping = foldBuckets(batch, level).filter(({ time }) => time + span > from && time < to);
        sameBuckets(await store.buckets({ stream: 'plant', level, from, to }), overlapping);
      }
      sameBuckets(await store.buckets({ stream: 'plant', level: 7_000 }), foldBuckets(batch, 7_000));
    }),

    check('a bucket written again replaces the one before', async ({ store }) => {
      const time = bucketStart(start, 10_000);
      const bucket = (sum: number): Bucket => ({
        ...{ level: 10_000, time, min: Float64Array.of(1, 2, Number.NaN), max: Float64Array.of(1, 2, Number.NaN) },
        ...{ sum: Float64Array.of(sum, 2, Number.NaN), count: Float64Array.of(1, 1, 0) },
      });
      await store.openStream('plant', plant);
      const empty = allocateBatch('plant', plant, 0);
      await store.append(writing(empty, { buckets: [bucket(1)] }));
      await store.append(writing(empty, { buckets: [bucket(2)] }));
      await store.commit();
      await store.append(writing(empty, { buckets: [bucket(3)] }));
      await store.commit();
      sameBuckets(await store.buckets({ stream: 'plant', level: 10_000 }), [bucket(3)]);
    }),
  ];
}

function sameBuckets(found: readonly Bucket[], expected: readonly Bucket[]): void {
  assert.deepEqual(
    found.map(({ level, time }) => [level, time]),
    expected.map(({ level, time }) => [level, time]),
  );
  for (const [i, bucket] of found.entries()) for (const column of ['min', 'max', 'sum', 'count'] as const) sameDoubles(bucket[column], expected[i][column]);
}
