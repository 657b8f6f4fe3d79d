import { describe, expect, test } from 'vitest';
import { makeRandom } from '../../core/random.ts';
import type { AnomalyShape } from '../../core/simulator.ts';
import { Items } from './items.ts';

const settings = { mean: 10, variance: 4, rate: 10 };

/** Items whose clock stands still until it is moved. */
function clocked(seed = 7) {
  let now = 1_700_000_000_000;
  const begin = now;
  const items = new Items(makeRandom(seed, 'simulator'), () => now);
  return {
    items,
    sleep(ms: number) {
      now += ms;
    },
    /** Moves the clock on, and takes what is due by then: times from the beginning on. */
    passed(ms: number) {
      now += ms;
      return items.take().map(({ id, times, values, anomalous }) => ({ id, times: times.map((time) => time - begin), values, anomalous }));
    },
  };
}

const valuesOf = (taken: readonly { readonly values: readonly number[] }[]): number[] => taken.flatMap(({ values }) => values);

describe('times', () => {
  test('the k-th message is due k/rate after the start, however often it is looked', async () => {
    const often = clocked();
    await often.items.start('a', { ...settings, rate: 3 });
    const times = Array.from({ length: 100 }, () => often.passed(17)).flatMap((taken) => taken.flatMap((messages) => messages.times));
    expect(times).toEqual([0, 333, 667, 1000, 1333, 1667]);
  });

  test('after a change of rate they go on from the last one, and not from the past', async () => {
    const { items, passed } = clocked();
    await items.start('a', settings);
    expect(passed(250)[0].times).toEqual([0, 100, 200]);
    await items.update('a', { rate: 5 });
    expect(passed(400)[0].times).toEqual([400, 600]);
    await items.update('a', { rate: 1 });
    expect(passed(1100)[0].times).toEqual([1600]);
    expect(passed(800)).toEqual([]);
    await items.update('a', { rate: 100 });
    expect(passed(10)[0].times).toEqual([2550, 2560]);
  });

  test('a change of rate before the first message leaves it where it is', async () => {
    const { items, passed } = clocked();
    await items.start('a', settings);
    await items.update('a', { rate: 20 });
    expect(passed(60)[0].times).toEqual([0, 50]);
  });

  test('five seconds are made up for, what was due before is missed and counted', async () => {
    const { items, passed } = clocked();
    await items.start('a', settings);
    passed(0);
    const [{ times }] = passed(60_000);
    expect([times[0], times.at(-1), times.length]).toEqual([55_000, 60_000, 51]);
    expect(await items.get('a')).toMatchObject({ sent: 52, missed: 549 });
    expect(items.totals).toEqual({ items: 1, sent: 52, missed: 549, rate: 10 });
    await items.stop('a');
    expect(items.totals).toEqual({ items: 0, sent: 52, missed: 549, rate: 0 });
  });

  test('whoever takes what is due, over and over, is told of what was missed, and gets nothing when nothing is due', async () => {
    const { items, sleep } = clocked();
    await items.start('a', { ...settings, rate: 1 });
    sleep(60_000);
    const told: string[] = [];
    const stop = new AbortController();
    const taken: number[] = [];
    for await (const due of items.run({ signal: stop.signal, idle: 5, warn: (message) => told.push(message) })) {
      taken.push(due.flatMap(({ times }) => times).length);
      if (taken.length === 3) stop.abort();
    }
    expect(taken).toEqual([6, 0, 0]);
    expect(told).toEqual(['55 simulated messages were missed: what is not taken within 5 s is left out']);
  });

  test('when the clock is set back, a little is waited for and more is not', async () => {
    const { items, passed } = clocked();
    await items.start('a', settings);
    passed(10_000);
    expect(passed(-3000)).toEqual([]);
    expect(passed(3100)[0].times).toEqual([10_100]);
    expect(passed(-3_600_000)[0].times).toEqual([-3_589_900]);
    expect(passed(100)[0].times).toEqual([-3_589_800]);
  });
});

describe('values', () => {
  test('have the mean and the variance of the item', async () => {
    const { items, passed } = clocked();
    await items.start('a', { mean: -5, variance: 9, rate: 100 });
    const values = Array.from({ length: 20 }, () => valuesOf(passed(5000))).flat();
    const n = values.length;
    expect(n).toBe(10_001);
    const mean = values.reduce((sum, value) => sum + value, 0) / n;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
    // Four standard errors: of the mean sqrt(variance / n), of the variance variance * sqrt(2 / n).
    expect(Math.abs(mean + 5)).toBeLessThan(4 * Math.sqrt(9 / n));
    expect(Math.abs(variance - 9)).toBeLessThan(4 * 9 * Math.sqrt(2 / n));
  });

  test('follow from the seed and the order of the starts, whatever the clock says', async () => {
    const [one, two, other] = [clocked(), clocked(), clocked(8)];
    for (const { items } of [one, two, other]) {
      await items.start('a', settings);
      await items.start('b', settings);
    }
    const whole = one.passed(1000);
    const parts = [two.passed(300), two.passed(700)];
    for (const item of [0, 1]) expect(parts.flatMap((part) => part[item].values)).toEqual(whole[item].values);
    expect(other.passed(1000)[0].values).not.toEqual(whole[0].values);
    expect(whole[1].values).not.toEqual(whole[0].values);
  });

  test('begin anew with each start of an item', async () => {
    const { items, passed } = clocked();
    await items.start('a', settings);
    const first = valuesOf(passed(500));
    await items.stop('a');
    await items.start('a', settings);
    expect(valuesOf(passed(500))).not.toEqual(first);
  });

  test('take on a new mean and variance with the next message', async () => {
    const [plain, changed] = [clocked(), clocked()];
    for (const { items } of [plain, changed]) await items.start('a', { mean: 0, variance: 1, rate: 10 });
    plain.passed(90);
    changed.passed(90);
    await changed.items.update('a', { mean: 100, variance: 4 });
    expect(valuesOf(changed.passed(500))).toEqual(valuesOf(plain.passed(500)).map((value) => 100 + 2 * value));
  });
});

describe('anomalies', () => {
  /** What an anomaly made of the values after three that it left alone. */
  const laidOver = async (inject: (items: Items) => Promise<unknown>) => {
    const [plain, anomalous] = [clocked(), clocked()];
    for (const { items, passed } of [plain, anomalous]) {
      await items.start('a', settings);
      passed(299);
    }
    await inject(anomalous.items);
    const [[{ values: own }], [taken]] = [plain.passed(1000), anomalous.passed(1000)];
    return { own, values: taken.values, moved: taken.values.map((value, i) => Number((value - own[i]).toFixed(9))), anomalous: taken.anomalous };
  };

  test('deltas are added to the next values one by one, those of a second list after the first', async () => {
    const { moved, anomalous } = await laidOver(async (items) => {
      expect(await items.inject('a', { deltas: [5, -3] })).toMatchObject({ pending: 2 });
      expect(await items.inject('a', { deltas: [100] })).toMatchObject({ pending: 3 });
    });
    expect(moved).toEqual([5, -3, 100, 0, 0, 0, 0, 0, 0, 0]);
    expect(anomalous).toEqual([true, true, true, false, false, false, false, false, false, false]);
  });

  test.each<[AnomalyShape, number, number[]]>([
    ['spike', 1, [12, 0]],
    ['spike', 5, [4, 8, 12, 8, 4, 0]],
    ['step', 3, [12, 12, 12, 0]],
    ['ramp', 4, [3, 6, 9, 12, 0]],
    ['drop', 4, [-12, -9, -6, -3, 0]],
  ])('a %s of length %d', async (shape, length, expected) => {
    const { moved } = await laidOver((items) => items.inject('a', { shape, size: 12, length }));
    expect(moved.slice(0, expected.length)).toEqual(expected);
  });

  test('a value that is stuck is the last one before it', async () => {
    const { own, values } = await laidOver((items) => items.inject('a', { shape: 'stuck', size: 0, length: 4 }));
    expect(new Set(values.slice(0, 4)).size).toBe(1);
    expect(values.slice(4)).toEqual(own.slice(4));
    const beside = await laidOver((items) => items.inject('a', { shape: 'stuck', size: 2, length: 1 }));
    expect(beside.values[0]).toBe(values[0] + 2);
  });

  test('noise is added to the values and changes none after it', async () => {
    const { moved } = await laidOver((items) => items.inject('a', { shape: 'noise', size: 50, length: 6 }));
    expect(moved.slice(0, 6).every((delta) => delta !== 0)).toBe(true);
    expect(moved.slice(6)).toEqual([0, 0, 0, 0]);
  });
});

describe('limits', () => {
  test('an item runs once, and what is commanded must run', async () => {
    const { items } = clocked();
    await items.start('a', settings);
    await expect(items.start('a', settings)).rejects.toThrow(/item 'a' is running already/);
    for (const refused of [items.get('b'), items.update('b', {}), items.stop('b'), items.inject('b', { deltas: [1] })])
      await expect(refused).rejects.toMatchObject({ code: 'ITEM_UNKNOWN', message: "there is no item 'b' (item b). Start it first." });
    expect((await items.list()).map(({ id }) => id)).toEqual(['a']);
  });

  test('there are no more items, messages and pending values than are taken on', async () => {
    const { items } = clocked();
    for (let i = 0; i < 100; i++) await items.start(`fast-${i}`, { ...settings, rate: 100 });
    await expect(items.start('more', { ...settings, rate: 1 })).rejects.toMatchObject({
      code: 'ITEM_LIMIT',
      what: expect.stringContaining('10,001 messages/s'),
    });
    for (let i = 0; i < 100; i++) await items.update(`fast-${i}`, { rate: 1 });
    for (let i = 0; i < 900; i++) await items.start(`slow-${i}`, { ...settings, rate: 1 });
    await expect(items.start('more', { ...settings, rate: 1 })).rejects.toMatchObject({ code: 'ITEM_LIMIT', what: expect.stringContaining('1,000 items') });
    await items.inject('fast-0', { shape: 'step', size: 1, length: 99_999 });
    await expect(items.inject('fast-0', { deltas: [1, 2] })).rejects.toMatchObject({ code: 'ITEM_LIMIT', fix: 'Ask for 1 values or fewer, or wait.' });
  });
});
