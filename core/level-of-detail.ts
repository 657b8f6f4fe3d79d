import type { Bucket } from './store.ts';
import { nanosPerMilli } from './time.ts';

/**
 * Start of the bucket of `level` milliseconds that holds `time`; buckets begin at multiples of their level since 1970.
 * @example
 * bucketStart(1_500_000_007_000_000_000n, 10_000); // 1500000000000000000n
 */
export function bucketStart(time: bigint, level: number): bigint {
  const span = BigInt(level) * nanosPerMilli;
  const rest = time % span;
  return rest < 0n ? time - rest - span : time - rest;
}

/**
 * One bucket while it is open: the pipeline keeps it in its state, the store makes it anew from rows at the open end.
 * Sums carry what each addition rounded away (TwoSum, Knuth 1969, 4.2.2), so that a late row gives the same sum as one in its
 * place: with terms of plant size the result is the rounded exact sum, whatever their order.
 */
export class BucketFold {
  readonly level: number;
  readonly time: bigint;
  readonly #end: bigint;
  readonly #tags: number;
  readonly #min: Float64Array;
  readonly #max: Float64Array;
  readonly #sum: Float64Array;
  readonly #lost: Float64Array;
  readonly #count: Float64Array;

  /**
   * @param level bucket length, milliseconds
   * @param time start of the bucket, a multiple of its level
   * @param tags columns of a row
   */
  constructor(level: number, time: bigint, tags: number) {
    this.level = level;
    this.time = time;
    this.#end = time + BigInt(level) * nanosPerMilli;
    this.#tags = tags;
    this.#min = new Float64Array(tags).fill(Number.NaN);
    this.#max = new Float64Array(tags).fill(Number.NaN);
    this.#sum = new Float64Array(tags);
    this.#lost = new Float64Array(tags);
    this.#count = new Float64Array(tags);
  }

  /** Is this the bucket of a row at `time`? */
  holds(time: bigint): boolean {
    return time >= this.time && time < this.#end;
  }

  /** Is every row of this bucket older than `bound`, i.e. can none come any more? */
  isBefore(bound: bigint): boolean {
    return this.#end <= bound;
  }

  /** Adds the row whose first value stands at `values[at]`; NaN = missing, left out. */
  add(values: Float64Array, at: number): void {
    const min = this.#min;
    const max = this.#max;
    const sums = this.#sum;
    const lost = this.#lost;
    const count = this.#count;
    for (let t = 0; t < this.#tags; t++) {
      const value = values[at + t];
      if (Number.isNaN(value)) continue;
      if (count[t]++ === 0) {
        min[t] = value;
        max[t] = value;
      } else {
        if (value < min[t]) min[t] = value;
        if (value > max[t]) max[t] = value;
      }
      const before = sums[t];
      const sum = before + value;
      const added = sum - before;
      lost[t] += before - (sum - added) + (value - added);
      sums[t] = sum;
    }
  }

  /** What the bucket holds so far, in arrays of its own. */
  bucket(): Bucket {
    const sum = new Float64Array(this.#tags);
    for (let t = 0; t < this.#tags; t++) {
      if (this.#count[t] === 0) sum[t] = Number.NaN;
      else sum[t] = Number.isFinite(this.#lost[t]) ? this.#sum[t] + this.#lost[t] : this.#sum[t];
    }
    return { level: this.level, time: this.time, min: this.#min.slice(), max: this.#max.slice(), sum, count: this.#count.slice() };
  }

  /** What is needed to go on with it: minimum, maximum, sum, what the sum lost and count, each of all tags. */
  columns(): Float64Array {
    const tags = this.#tags;
    const all = new Float64Array(5 * tags);
    for (const [i, column] of [this.#min, this.#max, this.#sum, this.#lost, this.#count].entries()) all.set(column, i * tags);
    return all;
  }

  /** The inverse of `columns`. */
  static of(level: number, time: bigint, columns: Float64Array): BucketFold {
    const tags = columns.length / 5;
    const fold = new BucketFold(level, time, tags);
    for (const [i, column] of [fold.#min, fold.#max, fold.#sum, fold.#lost, fold.#count].entries()) column.set(columns.subarray(i * tags, (i + 1) * tags));
    return fold;
  }
}
