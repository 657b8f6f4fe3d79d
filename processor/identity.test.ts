import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBatch, type Batch, concatBatches, sliceBatch, uncounted } from '../core/batch.ts';
import { makeSchema } from '../core/schema.ts';
import { TimeWindow } from '../core/time-window.ts';
import { admit } from './identity.ts';

const schema = makeSchema([{ name: 'LIT101', kind: 'continuous' }]);
const second = 1_000_000_000n;

/** Rows as (time in seconds, seq); the value tells the row. */
function batchOf(rows: readonly (readonly [number, number])[], firstOrigin = 0): Batch {
  const batch = allocateBatch('swat', schema, rows.length);
  for (const [i, [time, seq]] of rows.entries()) {
    batch.times[i] = BigInt(time) * second;
    batch.seqs[i] = seq;
    batch.origins[i] = firstOrigin + i;
    batch.values[i] = firstOrigin + i;
  }
  return batch;
}

const identities = (batch: Batch): string[] => Array.from({ length: batch.rows }, (_, i) => `${batch.times[i] / second}/${batch.seqs[i]}`);
const nothingKnown = async (times: BigInt64Array): Promise<Uint8Array> => new Uint8Array(times.length);

describe('admit', () => {
  it('hands on the very batch when every row is new', async () => {
    const batch = batchOf([
      [1, 0],
      [2, 0],
      [2, 1],
      [3, 0],
    ]);
    const admission = await admit(batch, new TimeWindow(10_000), nothingKnown, 'plant.csv', 0);
    expect(admission).toEqual({ batch, duplicates: 0, late: 0, dead: [] });
    expect(admission.batch).toBe(batch);
  });

  it('drops what it has seen, keeps late rows in their place', async () => {
    const window = new TimeWindow(10_000);
    const batch = batchOf([
      [10, 0],
      [12, 0],
      [11, 0],
      [12, 0],
      [12, 1],
      [11, 0],
      [13, 0],
    ]);
    const admission = await admit(batch, window, nothingKnown, 'plant.csv', 0);
    expect(identities(admission.batch)).toEqual(['10/0', '12/0', '11/0', '12/1', '13/0']);
    expect(Array.from(admission.batch.values)).toEqual([0, 1, 2, 4, 6]);
    expect(Array.from(admission.batch.origins)).toEqual([0, 1, 2, 4, 6]);
    expect([admission.duplicates, admission.late]).toEqual([2, 1]);
  });

  it('counts rows of one time that nobody counted by their order of arrival, however they are batched', async () => {
    const rows = [10, 11, 11, 10, 12, 11, 25, 12, 15, 15].map((time) => [time, uncounted] as const);
    const run = async (sizes: readonly number[]) => {
      const window = new TimeWindow(10_000);
      const told: string[] = [];
      const dead: string[] = [];
      for (let from = 0, n = 0; from < rows.length; from += sizes[n++ % sizes.length]) {
        const batch = batchOf(rows.slice(from, from + sizes[n % sizes.length]), from);
        const admission = await admit(batch, window, nothingKnown, 'plant.csv', 0);
        expect(admission.duplicates).toBe(0);
        told.push(...identities(admission.batch));
        dead.push(...admission.dead.map(({ reason, position }) => `${reason} ${position}`));
      }
      return [told, dead];
    };
    const whole = await run([rows.length]);
    expect(whole).toEqual([['10/0', '11/0', '11/1', '10/1', '12/0', '11/2', '25/0', '15/0', '15/1'], ['too-late 7']]);
    for (const sizes of [[1], [2, 3], [4, 1, 2]]) expect(await run(sizes)).toEqual(whole);
  });

  it('keeps as a dead letter what its source found too old, also where the newer row never came', async () => {
    // A row that failed after its time was read moves the source's window, not this one.
    const batch = batchOf([
      [10, 0],
      [11, -1],
      [12, -1],
    ]);
    const admission = await admit(batch, new TimeWindow(10_000), nothingKnown, 'plant.csv', 0);
    expect(identities(admission.batch)).toEqual(['10/0']);
    expect([admission.duplicates, admission.late]).toEqual([0, 0]);
    expect(admission.dead.map(({ position, reason }) => [position, reason])).toEqual([
      [1, 'too-late'],
      [2, 'too-late'],
    ]);
  });

  it('asks the store about rows older than the window: known ones are duplicates, unknown ones dead letters', async () => {
    const window = new TimeWindow(10_000);
    await admit(batchOf([[100, 0]]), window, nothingKnown, 'plant.csv', 0);
    const asked: string[] = [];
    const known = async (times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array> => {
      for (let i = 0; i < times.length; i++) asked.push(`${times[i] / second}/${seqs[i]}`);
      return Uint8Array.from(times, (time) => (time === 50n * second ? 1 : 0));
    };
    const admission = await admit(
      batchOf(
        [
          [50, 0],
          [60, 0],
          [95, 0],
          [101, 0],
        ],
        7,
      ),
      window,
      known,
      'plant.csv',
      3,
    );
    expect(asked).toEqual(['50/0', '60/0']);
    expect(identities(admission.batch)).toEqual(['95/0', '101/0']);
    expect([admission.duplicates, admission.late]).toEqual([1, 1]);
    expect(admission.dead).toHaveLength(1);
    expect(admission.dead[0]).toMatchObject({ source: 'plant.csv', partition: 3, position: 8, stream: 'swat', reason: 'too-late' });
    expect(JSON.parse(admission.dead[0].payload)).toEqual({ Timestamp: '1970-01-01T00:01:00Z', values: [8] });
  });

  it('treats a row whose ordinal the source could not know like one older than the window', async () => {
    const window = new TimeWindow(10_000);
    await admit(batchOf([[100, 0]]), window, nothingKnown, 'plant.csv', 0);
    const admission = await admit(batchOf([[95, -1]]), window, nothingKnown, 'plant.csv', 0);
    expect(admission.batch.rows).toBe(0);
    expect(admission.dead.map((letter) => letter.reason)).toEqual(['too-late']);
  });

  it('keeps labels', async () => {
    const batch = {
      ...batchOf([
        [1, 0],
        [1, 0],
        [2, 0],
      ]),
      labels: Int8Array.of(0, 1, 1),
    };
    const admission = await admit(batch, new TimeWindow(1000), nothingKnown, 'plant.csv', 0);
    expect(Array.from(admission.batch.labels as Int8Array)).toEqual([0, 1]);
  });

  it('decides the same however rows are batched, and all rows again are all duplicates', async () => {
    const rowsOfPasses = fc.array(fc.integer({ min: -14, max: 8 }), { minLength: 1, maxLength: 120 });
    await fc.assert(
      fc.asyncProperty(rowsOfPasses, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (steps, sizes) => {
        const counter = new TimeWindow(10_000);
        let time = 1000;
        const rows = steps.map((step): readonly [number, number] => {
          time += step;
          return [time, counter.next(BigInt(time) * second) ?? -1];
        });
        const stored = new Set<string>();
        const known = async (times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array> =>
          Uint8Array.from(times, (t, i) => (stored.has(`${t / second}/${seqs[i]}`) ? 1 : 0));
        const whole = await admit(batchOf(rows), new TimeWindow(10_000), known, 's', 0);
        const window = new TimeWindow(10_000);
        const parts: Batch[] = [];
        let [duplicates, late] = [0, 0];
        const dead: number[] = [];
        for (let at = 0, n = 0; at < rows.length; n++) {
          const to = Math.min(rows.length, at + sizes[n % sizes.length]);
          const part = await admit(sliceBatch(batchOf(rows), at, to), window, known, 's', 0);
          parts.push(part.batch);
          duplicates += part.duplicates;
          late += part.late;
          dead.push(...part.dead.map((letter) => letter.position));
          at = to;
        }
        const joined = concatBatches(parts);
        expect(identities(joined)).toEqual(identities(whole.batch));
        expect({ duplicates, late, dead }).toEqual({ duplicates: whole.duplicates, late: whole.late, dead: whole.dead.map((letter) => letter.position) });
        for (const identity of identities(joined)) stored.add(identity);
        expect(stored.size).toBe(joined.rows);
        const again = await admit(batchOf(rows), window, known, 'other', 0);
        expect(again.batch.rows).toBe(0);
        expect(again.duplicates + again.dead.length).toBe(rows.length);
        expect(again.duplicates).toBe(joined.rows);
      }),
    );
  });
});
