import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBatches } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import { ArrivalOrder } from './arrival-order.ts';
import { PointKeys } from './point-keys.ts';

const entry = { name: 'plant', schema: makeSchema(['a', 'b'].map((name) => ({ name, kind: 'continuous' as const }))) };

interface Row {
  readonly time: number;
  readonly origin: number;
}

const labelOf = ({ origin }: Pick<Row, 'origin'>): number => (Math.trunc(origin) % 3) - 1;

/** Origins in the order in which rows come out that are put in by their times, so many at once. */
function reordered(rows: readonly Row[], sizes: () => number, behind: { time: bigint; rows: number }): number[] {
  const sorted = [...rows].sort((a, b) => a.time - b.time);
  const order = new ArrivalOrder(entry, behind);
  const batches = [];
  for (let from = 0; from < sorted.length; ) {
    let to = Math.min(sorted.length, from + sizes());
    // A page has all rows of its moments.
    while (to < sorted.length && sorted[to].time === sorted[to - 1].time) to++;
    const page = sorted.slice(from, to);
    const origins = Float64Array.from(page, ({ origin }) => origin);
    const keys = new PointKeys(
      [{ seq: 0, detector: '' }],
      BigInt64Array.from(page, ({ time }) => BigInt(time)),
      new Int32Array(page.length),
      origins,
    );
    const values = Float64Array.from(page.flatMap(({ origin }) => [origin / 2, Number.NaN]));
    const bounds = { from: BigInt(page[0].time), to: BigInt(sorted[to]?.time ?? page[page.length - 1].time + 1) };
    batches.push(...order.take({ ...bounds, keys, seqs: new Int32Array(page.length), labels: Int8Array.from(page, labelOf), values }));
    from = to;
  }
  batches.push(...order.end());
  if (batches.length === 0) return [];
  const { origins, values, times, labels, rows: count } = concatBatches(batches);
  const timeOf = new Map(rows.map(({ time, origin }) => [origin, time]));
  for (let row = 0; row < count; row++) {
    // Everything of a row moves with it.
    expect([Number(times[row]), values[2 * row], values[2 * row + 1]]).toEqual([timeOf.get(origins[row]), origins[row] / 2, Number.NaN]);
    if (labels) expect(labels[row]).toBe(labelOf({ origin: origins[row] }));
  }
  return [...origins];
}

/** Rows as they come: each moves time on or is late by at most `behind`. */
const arrivals = (behind: number): fc.Arbitrary<Row[]> =>
  fc
    .array(fc.record({ step: fc.integer({ min: 0, max: 8 }), late: fc.option(fc.integer({ min: 0, max: behind })), skipped: fc.integer({ min: 0, max: 3 }) }))
    .map((steps) => {
      let newest = 0;
      let origin = 0;
      return steps.map(({ step, late, skipped }) => {
        newest += step;
        origin += 1 + skipped;
        return { time: late === null ? newest : newest - late, origin };
      });
    });

const anySizes = fc.infiniteStream(fc.integer({ min: 1, max: 30 }));

describe('rows in the order of their times', () => {
  it('come out in the order in which they came, however they are read', () => {
    fc.assert(
      fc.property(arrivals(20), anySizes, (rows, sizes) => {
        const found = reordered(rows, () => sizes.next().value ?? 1, { time: 20n, rows: 1000 });
        expect(found).toEqual(rows.map(({ origin }) => origin));
      }),
      { numRuns: 500 },
    );
  });

  it('are all there once, in whatever order, when they came further behind', () => {
    fc.assert(
      fc.property(arrivals(100), anySizes, fc.integer({ min: 1, max: 12 }), (rows, sizes, held) => {
        const found = reordered(rows, () => sizes.next().value ?? 1, { time: 15n, rows: held });
        expect(found.sort((a, b) => a - b)).toEqual(rows.map(({ origin }) => origin));
      }),
    );
  });

  it('of two sources one after the other stay so, though origins begin anew', () => {
    const first = Array.from({ length: 500 }, (_, i) => ({ time: i, origin: i }));
    // Late by a little in both.
    first[400] = { time: 395, origin: 400 };
    const second = Array.from({ length: 500 }, (_, i) => ({ time: 500 + i, origin: i + 0.25 }));
    second[10] = { time: 505, origin: 10.25 };
    const found = reordered([...first, ...second], () => 64, { time: 60n, rows: 1000 });
    expect(found).toEqual([...first, ...second].map(({ origin }) => origin));
  });
});
