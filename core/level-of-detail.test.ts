import { describe, expect, test } from 'vitest';
import { BucketFold, bucketStart } from './level-of-detail.ts';
import { makeRandom } from './random.ts';

const second = 1_000_000_000n;

describe('bucketStart', () => {
  test.each([
    [0n, 0n],
    [9n * second + 999_999_999n, 0n],
    [10n * second, 10n * second],
    [-1n, -10n * second],
    [-10n * second, -10n * second],
    [-10n * second - 1n, -20n * second],
  ])('of %s ns at 10 s', (time, start) => {
    expect(bucketStart(time, 10_000)).toBe(start);
  });
});

describe('BucketFold', () => {
  test('min, max, sum and count per tag, missing values left out', () => {
    const fold = new BucketFold(10_000, 0n, 3);
    fold.add(new Float64Array([1, 5, Number.NaN]), 0);
    fold.add(new Float64Array([99, 99, 3, -5, Number.NaN]), 2);
    const bucket = fold.bucket();
    expect([...bucket.min]).toEqual([1, -5, Number.NaN]);
    expect([...bucket.max]).toEqual([3, 5, Number.NaN]);
    expect([...bucket.sum]).toEqual([4, 0, Number.NaN]);
    expect([...bucket.count]).toEqual([2, 2, 0]);
  });

  test('an empty bucket has count 0 and NaN for the rest', () => {
    const { min, max, sum, count } = new BucketFold(10_000, 0n, 1).bucket();
    expect([min[0], max[0], sum[0], count[0]]).toEqual([Number.NaN, Number.NaN, Number.NaN, 0]);
  });

  test('the first value counts even when it is the largest double, minus zero or infinite in the sum', () => {
    const fold = new BucketFold(10_000, 0n, 2);
    fold.add(new Float64Array([Number.MAX_VALUE, -0]), 0);
    expect(Object.is(fold.bucket().min[1], -0)).toBe(true);
    expect(fold.bucket().min[0]).toBe(Number.MAX_VALUE);
    fold.add(new Float64Array([Number.MAX_VALUE, 1]), 0);
    expect(fold.bucket().sum[0]).toBe(Number.POSITIVE_INFINITY);
  });

  test('holds times from its start to before its end, and knows when it can close', () => {
    const fold = new BucketFold(10_000, 20n * second, 1);
    expect([19n, 20n, 29n, 30n].map((s) => fold.holds(s * second))).toEqual([false, true, true, false]);
    expect(fold.isBefore(30n * second)).toBe(true);
    expect(fold.isBefore(30n * second - 1n)).toBe(false);
  });

  test('the sum is the same in any order, and the rounded exact one', () => {
    const random = makeRandom(1);
    // Multiples of 2^-20 below 2^34 add up exactly in integers, which is the reference.
    const values = Array.from({ length: 3600 }, () => (random.int(2 ** 32) * 2 ** 20 + random.int(2 ** 20)) / 2 ** 18);
    const exact = values.reduce((total, value) => total + BigInt(value * 2 ** 18), 0n);
    for (let round = 0; round < 5; round++) {
      const fold = new BucketFold(3_600_000, 0n, 1);
      for (const value of values) fold.add(new Float64Array([value]), 0);
      expect(fold.bucket().sum[0]).toBe(Number(exact) / 2 ** 18);
      values.sort(() => random.next() - 0.5);
    }
  });

  test('saved in the middle and loaded from a record, it goes on bit for bit', () => {
    const random = makeRandom(2);
    const rows = Array.from({ length: 200 }, () => new Float64Array([random.normal() * 1e9, 0.1 * random.normal(), random.next() < 0.3 ? Number.NaN : -0]));
    const whole = new BucketFold(60_000, -60n * second, 3);
    let split = new BucketFold(60_000, -60n * second, 3);
    for (const [i, row] of rows.entries()) {
      whole.add(row, 0);
      if (i === 77) split = BucketFold.of(split.level, split.time, split.columns());
      split.add(row, 0);
    }
    expect(split.columns()).toEqual(whole.columns());
    expect(split.bucket()).toEqual(whole.bucket());
  });

  test('what was handed out does not change when rows follow', () => {
    const fold = new BucketFold(10_000, 0n, 1);
    fold.add(new Float64Array([1]), 0);
    const bucket = fold.bucket();
    fold.add(new Float64Array([2]), 0);
    expect([bucket.max[0], bucket.sum[0], bucket.count[0]]).toEqual([1, 1, 1]);
  });
});
