import assert from 'node:assert/strict';
import { allocateBatch, concatBatches } from '../../../core/batch.ts';
import type { Check } from '../../../core/conformance.ts';
import { makeSchema } from '../../../core/schema.ts';
import type { Store } from '../../../core/store.ts';
import { sameDoubles } from './comparison.ts';
import type { MakeCheck } from './opened-store.ts';
import { makeBatch, part, plant, second, seconds, start, writing } from './plant.ts';

/** Rows come back as they were written, in the order and range asked for. */
export function rowChecks(check: MakeCheck): Check[] {
  return [
    check('an empty store answers everything with nothing', async ({ store }) => {
      const range = { stream: 'plant' };
      const rows = await store.rows({ ...range, tags: ['x'] });
      assert.deepEqual([rows.times.length, rows.seqs.length, rows.labels.length, rows.columns.length], [0, 0, 0, 1]);
      assert.deepEqual(await store.streams(), []);
      assert.deepEqual(await drain(store.scan(range)), []);
      assert.deepEqual(await store.buckets({ ...range, level: 10_000 }), []);
      assert.deepEqual(await store.verdicts(range), []);
      assert.deepEqual(await store.incidents({}), []);
      assert.deepEqual(await store.statistics(range), []);
      assert.deepEqual(await store.thresholds('plant'), []);
      assert.deepEqual(await store.annotations(range), []);
      assert.deepEqual(await store.deadLetters({}), []);
      assert.deepEqual([...(await store.known('plant', BigInt64Array.of(1n), Int32Array.of(0)))], [0]);
    }),

    check('doubles, times and labels come back bit for bit; missing values as NaN', async ({ store, reopen }) => {
      const nasty = [0, -0, 5e-324, -5e-324, 2.2250738585072014e-308, 1e308, -Number.MAX_VALUE, 0.1, 1 / 3, 12345678.90123, 2 ** 53 + 2, Number.NaN];
      const schema = makeSchema(nasty.map((_, i) => ({ name: `T${i}`, kind: 'continuous' as const })));
      const batch = allocateBatch('plant', schema, nasty.length, true);
      for (let row = 0; row < nasty.length; row++) {
        for (let t = 0; t < nasty.length; t++) batch.values[row * nasty.length + t] = nasty[(row + t) % nasty.length];
        batch.times[row] = start + BigInt(row) * 123_456_789n;
        batch.seqs[row] = 0;
        batch.origins[row] = row;
        (batch.labels as Int8Array)[row] = (row % 3) - 1;
      }
      await store.openStream('plant', schema);
      await store.append(writing(batch));
      await store.commit();
      const verify = async (found: Store): Promise<void> => {
        const { times, seqs, labels, columns } = await found.rows({ stream: 'plant' });
        assert.deepEqual([...times], [...batch.times]);
        assert.deepEqual([...seqs], [...batch.seqs]);
        assert.deepEqual([...labels], [...(batch.labels as Int8Array)]);
        for (let t = 0; t < nasty.length; t++)
          sameDoubles(
            columns[t],
            Float64Array.from(nasty, (_, row) => batch.values[row * nasty.length + t]),
          );
      };
      await verify(store);
      await verify(await reopen());
    }),

    check('rows come in (time, seq) order, scans in the order they were appended', async ({ store }) => {
      const seconds = [5, 6, 6, 3, 7, 6, 4, 3];
      const seqs = [0, 0, 1, 0, 0, 2, 0, 1];
      const batch = makeBatch('plant', plant, seconds, seqs);
      await store.openStream('plant', plant);
      for (const [from, to] of [[0, 3], [3, 4], [4, 8]]) await store.append(writing(part(batch, from, to))); // biome-ignore format: one line
      await store.commit();
      const order = seconds.map((_, i) => i).sort((a, b) => seconds[a] - seconds[b] || seqs[a] - seqs[b]);
      const rows = await store.rows({ stream: 'plant' });
      assert.deepEqual(
        [...rows.times],
        order.map((i) => batch.times[i]),
      );
      assert.deepEqual(
        [...rows.seqs],
        order.map((i) => seqs[i]),
      );
      sameDoubles(
        rows.columns[0],
        Float64Array.from(order, (i) => batch.values[3 * i]),
      );
      const scanned = concatBatches(await drain(store.scan({ stream: 'plant' })));
      assert.deepEqual([...scanned.times], [...batch.times]);
      assert.deepEqual([...scanned.seqs], seqs);
      assert.deepEqual([...scanned.origins], [...batch.origins]);
      sameDoubles(scanned.values, batch.values);
      assert.equal(scanned.schema.hash, plant.hash);
    }),

    check('a range takes its first moment and leaves its last; limit takes the first, last the last', async ({ store }) => {
      await store.openStream('plant', plant);
      await store.append(writing(makeBatch('plant', plant, [0, 1, 2, 3, 4, 5])));
      await store.commit();
      const at = async (query: { from?: number; to?: number; limit?: number; last?: boolean }): Promise<number[]> => {
        const { from, to, ...rest } = query;
        const range = { ...(from === undefined ? {} : { from: seconds(from) }), ...(to === undefined ? {} : { to: seconds(to) }) };
        return [...(await store.rows({ stream: 'plant', ...range, ...rest })).times].map((time) => Number((time - start) / second));
      };
      assert.deepEqual(await at({ from: 2, to: 4 }), [2, 3]);
      assert.deepEqual(await at({ from: 2, to: 2 }), []);
      assert.deepEqual(await at({ to: 1 }), [0]);
      assert.deepEqual(await at({ from: 5 }), [5]);
      assert.deepEqual(await at({ limit: 2 }), [0, 1]);
      assert.deepEqual(await at({ limit: 2, last: true }), [4, 5]);
      assert.deepEqual(await at({ from: 1, to: 4, limit: 2, last: true }), [2, 3]);
      assert.deepEqual(await at({ limit: 100, last: true }), [0, 1, 2, 3, 4, 5]);
      assert.deepEqual(await at({ limit: 0 }), []);
      const scanned = await drain(store.scan({ stream: 'plant', from: seconds(2), to: seconds(4) }));
      assert.deepEqual(
        scanned.flatMap((batch) => [...batch.times]),
        [seconds(2), seconds(3)],
      );
    }),

    check('known tells stored rows from others, by time and seq', async ({ store }) => {
      await store.openStream('plant', plant);
      await store.append(writing(makeBatch('plant', plant, [0, 5, 5, 9], [0, 0, 1, 0])));
      await store.commit();
      const asked = [0, 0, 5, 5, 5, 7, 9, 10, -1];
      const seqs = [0, 1, 0, 1, 2, 0, 0, 0, 0];
      const known = await store.known('plant', BigInt64Array.from(asked, seconds), Int32Array.from(seqs));
      assert.deepEqual([...known], [1, 0, 1, 1, 0, 0, 1, 0, 0]);
      assert.equal((await store.known('plant', new BigInt64Array(0), new Int32Array(0))).length, 0);
      assert.deepEqual([...(await store.known('other', BigInt64Array.of(start), Int32Array.of(0)))], [0]);
    }),
  ];
}

async function drain<T>(pieces: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
