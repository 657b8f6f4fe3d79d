import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBatch, type Batch, sliceBatch } from '../core/batch.ts';
import { BucketFold, bucketStart } from '../core/level-of-detail.ts';
import { decodeRecord, encodeRecord } from '../core/record.ts';
import { makeSchema } from '../core/schema.ts';
import { type Bucket, levelsOfDetail } from '../core/store.ts';
import { LevelOfDetail } from './level-of-detail.ts';

const schema = makeSchema(['FIT101', 'LIT101'].map((name) => ({ name, kind: 'continuous' as const })));
const second = 1_000_000_000n;

function batchOf(seconds: readonly number[]): Batch {
  const batch = allocateBatch('swat', schema, seconds.length);
  for (const [i, s] of seconds.entries()) {
    batch.times[i] = BigInt(s) * second;
    batch.values[2 * i] = i;
    batch.values[2 * i + 1] = i % 3 === 0 ? Number.NaN : -i;
  }
  return batch;
}

/** Straight from the definition: all rows of a bucket, whatever their order. */
function expected(batch: Batch, level: number, time: bigint, tag: number): [number, number, number, number] {
  const values = Array.from({ length: batch.rows }, (_, i) => i)
    .filter((i) => bucketStart(batch.times[i], level) === time)
    .map((i) => batch.values[2 * i + tag])
    .filter((v) => !Number.isNaN(v));
  if (values.length === 0) return [Number.NaN, Number.NaN, Number.NaN, 0];
  return [Math.min(...values), Math.max(...values), values.reduce((a, b) => a + b, 0), values.length];
}

const keyOf = ({ level, time }: Bucket): string => `${level}/${time}`;

describe('LevelOfDetail', () => {
  it('closes a bucket once no row inside the lateness can reach it', () => {
    const tracker = new LevelOfDetail(2, 20_000);
    expect(tracker.add(batchOf([0, 9, 10, 29]))).toEqual([]);
    const closed = tracker.add(batchOf([30]));
    expect(closed.map(keyOf)).toEqual(['10000/0']);
    expect(tracker.add(batchOf([31, 39]))).toEqual([]);
    expect(tracker.add(batchOf([85])).map(keyOf)).toEqual(['10000/10000000000', '10000/20000000000', '10000/30000000000', '60000/0']);
  });

  it('gives every bucket that can no longer change exactly once, holding exactly its rows, however rows were batched and saved', () => {
    const steps = fc.array(fc.integer({ min: -30, max: 60 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(steps, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1 }), (moves, sizes) => {
        let newest = 1_000_000;
        const seconds = moves.map((move) => {
          const at = Math.max(newest - 30, newest + move);
          newest = Math.max(newest, at);
          return at;
        });
        const batch = batchOf(seconds);
        let tracker = new LevelOfDetail(2, 30_000);
        const closed: Bucket[] = [];
        for (let at = 0, n = 0; at < batch.rows; n++) {
          const to = Math.min(batch.rows, at + sizes[n % sizes.length]);
          closed.push(...tracker.add(sliceBatch(batch, at, to)));
          const saved = decodeRecord(encodeRecord('test', tracker.save()), 'test');
          tracker = new LevelOfDetail(2, 30_000);
          tracker.load(saved);
          at = to;
        }
        expect(new Set(closed.map(keyOf)).size).toBe(closed.length);
        expect(new LevelOfDetail(2, 30_000).add(batch).map(keyOf)).toEqual(closed.map(keyOf));
        for (const bucket of closed) {
          for (const tag of [0, 1]) {
            expect([bucket.min[tag], bucket.max[tag], bucket.sum[tag], bucket.count[tag]]).toEqual(expected(batch, bucket.level, bucket.time, tag));
          }
        }
        const bound = BigInt(newest - 30) * second;
        const due = new Set<string>();
        for (const level of levelsOfDetail) {
          for (const time of batch.times) {
            const start = bucketStart(time, level);
            if (start + BigInt(level) * 1_000_000n <= bound) due.add(`${level}/${start}`);
          }
        }
        expect(new Set(closed.map(keyOf))).toEqual(due);
      }),
    );
  });

  it('closes a bucket that was put in as it closes its own, and in the place of its own', () => {
    const fold = (start: number, seconds: readonly number[]): BucketFold => {
      const made = new BucketFold(10_000, BigInt(start) * second, 2);
      const { values } = batchOf(seconds);
      for (const i of seconds.keys()) made.add(values, 2 * i);
      return made;
    };
    const tracker = new LevelOfDetail(2, 20_000);
    tracker.add(batchOf([40, 41]));
    expect([20, 30, 40].map((start) => tracker.has(10_000, BigInt(start) * second))).toEqual([false, false, true]);
    tracker.put(fold(40, [40, 41, 42]));
    tracker.put(fold(20, [25]));
    tracker.put(fold(60, [61]));
    expect([20, 30, 40, 60].map((start) => tracker.has(10_000, BigInt(start) * second))).toEqual([true, false, true, true]);
    const seen = (closed: readonly Bucket[]): [string, number][] => closed.map((bucket) => [keyOf(bucket), bucket.count[0]]);
    expect(seen(tracker.add(batchOf([50])))).toEqual([['10000/20000000000', 1]]);
    expect(seen(tracker.add(batchOf([90])))).toEqual([
      ['10000/40000000000', 3],
      ['10000/50000000000', 1],
      ['10000/60000000000', 1],
      ['60000/0', 3],
    ]);
  });

  it('goes on from what earlier versions saved, and refuses what is something else', () => {
    const column = (value: number) => Float64Array.of(value, 10 * value);
    const earlier = { level: 10_000, time: 40n * second, min: column(1), max: column(3), sum: column(4), lost: column(0), count: column(2) };
    const tracker = new LevelOfDetail(2, 20_000);
    tracker.load({ due: 70n * second, open: [[earlier], [], [], []] });
    const [closed] = tracker.add(batchOf([90]));
    expect([keyOf(closed), [...closed.min], [...closed.sum], [...closed.count]]).toEqual(['10000/40000000000', [1, 10], [4, 40], [2, 20]]);
    const foreign = { due: 0n, levels: Int32Array.of(10_000), times: BigInt64Array.of(0n) };
    for (const saved of [undefined, {}, foreign, { ...foreign, columns: new Float64Array(5) }]) expect(() => tracker.load(saved)).toThrow(/no open buckets/);
  });
});
