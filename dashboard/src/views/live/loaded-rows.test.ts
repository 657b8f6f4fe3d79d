import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LiveRows, Scores, Series } from '../../../../serve/api.ts';
import { LoadedRows } from './loaded-rows.ts';

interface Row {
  readonly time: number;
  readonly value: number;
}

const frame = (rows: readonly Row[], skipped = 0): LiveRows => ({
  stream: 's',
  times: rows.map(({ time }) => time),
  tags: [rows.map(({ value }) => value)],
  verdicts: [{ detector: 'd', score: rows.map(({ value }) => value * 2), grade: rows.map(() => null), status: rows.map(() => 1) }],
  skipped,
});

/** What a store with all the rows answers. */
function history(all: readonly Row[], from: number, to: number, level = 0): [Series, Scores] {
  const rows = all.filter(({ time }) => time >= from && time < to);
  const times = rows.map(({ time }) => time);
  const value = rows.map((row) => row.value);
  const bounds = { from: null, to: null, level };
  const band = level === 0 ? {} : { min: value, max: value };
  const verdict = { detector: 'd', times, score: value.map((one) => one * 2), grade: value.map(() => null), status: value.map(() => 1) };
  return [
    { ...bounds, times, tags: [{ tag: 'A', value, ...band }] },
    { ...bounds, detectors: [verdict], thresholds: [] },
  ];
}

const loaded = (capacity = 1000) => new LoadedRows(['A'], ['d'], capacity);
const held = (rows: LoadedRows): Row[] => Array.from(rows.times, (time, index) => ({ time, value: rows.tag('A').value[index] }));
const every = (count: number, from = 0): Row[] => Array.from({ length: count }, (_, index) => ({ time: from + index * 1000, value: index }));

/** Asks for whatever is missing until nothing is. */
function complete(rows: LoadedRows, all: readonly Row[], from: number, to: number, coarsest = 0): void {
  for (const piece of rows.coverage.missing(from, to, coarsest)) rows.takeHistory(piece.from, piece.to, ...history(all, piece.from, piece.to));
  expect(rows.coverage.missing(from, to, coarsest)).toEqual([]);
}

describe('the live feed and history come to the same rows', () => {
  // Rows with their times, some shared, told off into frames; of these some are lost, some thinned, some come after a cut.
  const stream = fc.array(fc.record({ wait: fc.nat({ max: 3 }), value: fc.integer() }), { minLength: 1, maxLength: 120 }).map((steps) => {
    let time = 1_000_000;
    return steps.map(({ wait, value }) => {
      time += wait * 500;
      return { time, value };
    });
  });
  const fates = fc.array(fc.record({ length: fc.integer({ min: 1, max: 12 }), fate: fc.constantFrom('given', 'given', 'lost', 'thinned', 'cut') }), {
    minLength: 1,
    maxLength: 60,
  });
  const looks = fc.array(fc.tuple(fc.nat({ max: 130 }), fc.nat({ max: 130 })), { maxLength: 6 });

  test('whatever frames were lost and whenever history is asked for', () => {
    fc.assert(
      fc.property(stream, fates, looks, (all, told, asked) => {
        const rows = loaded();
        let at = 0;
        let skipped = 0;
        let look = 0;
        for (const { length, fate } of told) {
          // Rows of one time come in one frame.
          let end = Math.min(all.length, at + length);
          while (end < all.length && end > 0 && all[end]!.time === all[end - 1]!.time) end += 1;
          const part = all.slice(at, end);
          at = end;
          if (part.length === 0) break;
          if (fate === 'lost') {
            skipped += part.length;
            continue;
          }
          if (fate === 'cut') {
            rows.feedCut();
            skipped = 0;
          }
          const given = fate === 'thinned' ? part.filter((_, index) => index % 2 === 0) : part;
          rows.takeFrame(frame(given, skipped + part.length - given.length));
          skipped = 0;
          const [a, b] = asked[look++] ?? [0, 0];
          if (a < b && b < at) complete(rows, all.slice(0, at), all[a]!.time, all[b]!.time);
        }
        const seen = all.slice(0, at);
        const from = seen[0]!.time;
        const to = seen[seen.length - 1]!.time + 1;
        complete(rows, seen, from, to);
        expect(held(rows)).toEqual(seen);
        expect(Array.from(rows.verdicts('d').times)).toEqual(seen.map(({ time }) => time));
        expect(rows.folded).toBe(false);
      }),
    );
  });
});

describe('holes', () => {
  test('a frame that follows the last one leaves none; one with rows left out does', () => {
    const rows = loaded();
    const all = every(30);
    rows.takeFrame(frame(all.slice(0, 10)));
    rows.takeFrame(frame(all.slice(10, 20)));
    expect(rows.coverage.missing(0, 19_000, 0)).toEqual([]);
    rows.takeFrame(frame(all.slice(25), 5));
    expect(rows.coverage.missing(0, 29_000, 0)).toHaveLength(1);
    // On a longer range six seconds between two points are fine enough.
    expect(rows.coverage.missing(0, 29_000, 6000)).toEqual([]);
    complete(rows, all, 0, 29_000);
    expect(held(rows)).toEqual(all);
  });

  test('after a cut, what lies between is missing', () => {
    const rows = loaded();
    rows.takeFrame(frame(every(5)));
    rows.feedCut();
    rows.takeFrame(frame(every(5, 60_000)));
    const [hole, ...others] = rows.coverage.missing(0, 64_000, 0);
    expect(others).toEqual([]);
    expect(hole!.from).toBeCloseTo(4000, 1);
    expect(hole!.to).toBe(60_000);
  });

  test('a late row is put in its place', () => {
    const rows = loaded();
    rows.takeFrame(frame(every(5)));
    rows.takeFrame(
      frame([
        { time: 2500, value: 9 },
        { time: 5000, value: 5 },
      ]),
    );
    expect(held(rows).map(({ time }) => time)).toEqual([0, 1000, 2000, 2500, 3000, 4000, 5000]);
  });
});

describe('coarse history', () => {
  test('gives way to finer, and does not take the place of rows', () => {
    const rows = loaded();
    const all = every(600);
    rows.takeFrame(frame(all.slice(500)));
    rows.takeHistory(
      5000,
      600_000,
      ...history(
        all.filter((_, index) => index % 10 === 0),
        0,
        600_000,
        10_000,
      ),
    );
    expect(rows.folded).toBe(true);
    const times = Array.from(rows.times);
    // The bucket that holds the beginning begins with it.
    expect(times.slice(0, 3)).toEqual([5000, 10_000, 20_000]);
    expect(times.slice(-100)).toEqual(all.slice(500).map(({ time }) => time));
    expect(rows.coverage.missing(5000, 599_000, 10_000)).toEqual([]);
    complete(rows, all, 100_000, 200_000);
    expect(held(rows).filter(({ time }) => time >= 100_000 && time < 200_000)).toEqual(all.slice(100, 200));
  });
});

describe('room', () => {
  test('the oldest rows go, and are missing from then on', () => {
    const rows = loaded(100);
    const all = every(250);
    for (let at = 0; at < 250; at += 10) rows.takeFrame(frame(all.slice(at, at + 10)));
    expect(held(rows)).toEqual(all.slice(150));
    expect(rows.coverage.missing(0, 249_000, 0)).toEqual([{ from: 0, to: 150_000 }]);
  });

  test('rows that are looked at stay; the new ones are missing then', () => {
    const rows = loaded(100);
    const all = every(250);
    for (let at = 0; at < 250; at += 10) rows.takeFrame(frame(all.slice(at, at + 10)), 20_000);
    expect(held(rows)[0]!.time).toBeLessThanOrEqual(20_000);
    expect(rows.newest).toBe(249_000);
    expect(rows.coverage.missing(20_000, 250_000, 0).at(-1)!.to).toBe(250_000);
  });
});
