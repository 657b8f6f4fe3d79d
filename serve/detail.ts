import { bucketStart } from '../core/level-of-detail.ts';
import { type Bucket, type Extent, levelsOfDetail } from '../core/store.ts';
import { nanosPerMilli } from '../core/time.ts';

const [hour, day] = [3_600_000, 86_400_000];
/** Of those that the pipeline keeps, and beyond them some made of the longest. */
const ladder = [...levelsOfDetail, 3 * hour, 6 * hour, 12 * hour, day, 7 * day, 28 * day, 364 * day];

/**
 * The shortest buckets that give no more than so many points; 0 where the rows themselves do.
 * @example
 * detailFor({ rows: 2_592_000, first: 0n, last: 2_591_999_000_000_000n }, 1000); // 3600000
 */
export function detailFor({ rows, first, last }: Extent, points: number): number {
  if (rows <= points || first === undefined || last === undefined) return 0;
  const buckets = (level: number): bigint => (bucketStart(last, level) - bucketStart(first, level)) / (BigInt(level) * nanosPerMilli) + 1n;
  return ladder.find((level) => buckets(level) <= points) ?? ladder[ladder.length - 1];
}

/** The level to read for a level: the longest that is kept and of which it is made. */
export function keptLevel(level: number): number {
  return levelsOfDetail.findLast((kept) => level % kept === 0) ?? level;
}

/** Buckets as buckets of a longer level. */
export function foldBuckets(buckets: readonly Bucket[], level: number): Bucket[] {
  const folded: Bucket[] = [];
  let current: Bucket | undefined;
  for (const bucket of buckets) {
    const time = bucketStart(bucket.time, level);
    if (current?.time !== time) {
      const { min, max, sum, count } = bucket;
      current = { level, time, min: min.slice(), max: max.slice(), sum: sum.slice(), count: count.slice() };
      folded.push(current);
      continue;
    }
    for (let t = 0; t < bucket.count.length; t++) {
      if (bucket.count[t] === 0) continue;
      const empty = current.count[t] === 0;
      current.min[t] = empty ? bucket.min[t] : Math.min(current.min[t], bucket.min[t]);
      current.max[t] = empty ? bucket.max[t] : Math.max(current.max[t], bucket.max[t]);
      current.sum[t] = empty ? bucket.sum[t] : current.sum[t] + bucket.sum[t];
      current.count[t] += bucket.count[t];
    }
  }
  return folded;
}
