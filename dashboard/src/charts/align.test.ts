import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { align } from './align.ts';
import type { ChartSeries } from './types.ts';

const every = (ms: number, count: number, from = 0) => Float64Array.from({ length: count }, (_, index) => from + index * ms);
const series = (times: ArrayLike<number>, values: ChartSeries['values'], more: Partial<ChartSeries> = {}): ChartSeries => ({
  name: 'A',
  times,
  values,
  ...more,
});

describe('few rows stay as they are', () => {
  test('series of other times share an axis: what is not theirs is no gap', () => {
    const { times, lines } = align([series([0, 10, 20], [1, 2, 3]), series([5, 10], [7, null])], 0, 20, 100);
    expect(times).toEqual([0, 5, 10, 20]);
    expect(lines[0]!.values).toEqual([1, undefined, 2, 3]);
    expect(lines[1]!.values).toEqual([undefined, 7, null, undefined]);
  });

  test('one row on either side of the range is kept, for the line to reach the edges', () => {
    expect(align([series(every(1000, 100), every(1, 100))], 10_500, 12_500, 100).times).toEqual([10_000, 11_000, 12_000, 13_000]);
  });

  test('a line is broken where rows stay away for five times as long as usual', () => {
    const { times, lines } = align([series([0, 1, 2, 3, 4, 14, 15], [1, 1, 1, 1, 1, 2, 2])], 0, 20, 100);
    expect(times).toEqual([0, 1, 2, 3, 4, 9, 14, 15]);
    expect(lines[0]!.values).toEqual([1, 1, 1, 1, 1, null, 2, 2]);
  });

  test('NaN is a missing reading; of rows of one time the last is shown', () => {
    const { times, lines } = align([series([0, 1, 1, 2], Float64Array.of(1, 2, 3, Number.NaN))], 0, 2, 100);
    expect(times).toEqual([0, 1, 2]);
    expect(lines[0]!.values).toEqual([1, 3, null]);
  });
});

describe('many rows are folded to what the screen can show', () => {
  test('no peak is lost, and peaks come in their order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), { minLength: 300, maxLength: 900 }), (values) => {
        const { times, lines } = align([series(every(1000, values.length), values)], 0, values.length * 1000, 50);
        const drawn = lines[0]!.values.filter((value) => typeof value === 'number');
        expect(times.length).toBeLessThanOrEqual(2 * 50 + 8);
        expect(Math.max(...drawn)).toBe(Math.max(...values));
        expect(Math.min(...drawn)).toBe(Math.min(...values));
        expect(times.every((time, index) => index === 0 || time > times[index - 1]!)).toBe(true);
      }),
    );
  });

  test('a stretch looks the same wherever the window stands', () => {
    const values = Array.from({ length: 5000 }, (_, index) => Math.sin(index / 50) + (index % 7));
    const one = align([series(every(100, 5000), values)], 100_000, 400_000, 100);
    const moved = align([series(every(100, 5000), values)], 100_700, 400_700, 100);
    const at = (drawn: typeof one, time: number) => drawn.lines[0]!.values[drawn.times.indexOf(time)];
    const inner = one.times.filter((time) => time > 110_000 && time < 390_000);
    expect(inner.length).toBeGreaterThan(50);
    for (const time of inner) expect(at(moved, time)).toBe(at(one, time));
  });

  test('the worst status of a stretch stays, a gap breaks the line, bands keep their ends', () => {
    const times = Float64Array.from([...every(10, 1000), ...every(10, 1000, 20_000)]);
    const status = new Int8Array(2000).fill(1);
    status[1500] = -1;
    const values = Float64Array.from(times, (_, index) => index % 10);
    const { times: x, lines } = align([series(times, values, { min: values.map((v) => v - 1), max: values.map((v) => v + 1), status })], 0, 30_000, 60);
    const [line] = lines;
    const broken = x.filter((_, index) => line!.values[index] === null);
    expect(broken.length).toBeGreaterThan(0);
    expect(broken.every((time) => time > 9_990 && time < 20_000)).toBe(true);
    expect(line!.status!.filter((one) => one === -1)).toHaveLength(1);
    expect(Math.min(...line!.min!.filter((one) => typeof one === 'number'))).toBe(-1);
    expect(Math.max(...line!.max!.filter((one) => typeof one === 'number'))).toBe(10);
  });
});
