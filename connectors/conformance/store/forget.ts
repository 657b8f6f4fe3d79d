import assert from 'node:assert/strict';
import type { Check } from '../../../core/conformance.ts';
import { makeSchema } from '../../../core/schema.ts';
import type { Store } from '../../../core/store.ts';
import type { MakeCheck } from './opened-store.ts';
import { foldBuckets, makeBatch, makeIncident, makeVerdicts, plant, start, writing } from './plant.ts';

/** Removal of a stream, alone in the store or beside others. */
export function forgetChecks(check: MakeCheck): Check[] {
  return [
    check('forget removes one stream and leaves the others', async ({ store, reopen, transactional }) => {
      for (const name of ['plant', 'other']) {
        await store.openStream(name, plant);
        const batch = makeBatch(name, plant, [0, 1]);
        const incidents = [{ ...makeIncident(name, 0, 1), stream: name }];
        const thresholds = [{ stream: name, detector: 'forest', time: start, warn: 1, error: 2, median: 0, method: 'fixed', model: '' }];
        await store.append(writing(batch, { verdicts: [makeVerdicts('forest', [1, 2], [1, 1])], incidents, thresholds, buckets: foldBuckets(batch, 10_000) }));
        await store.appendDead([{ source: `${name}.csv`, partition: 0, position: 1, stream: name, reason: 'cells', message: 'short', payload: 'x' }]);
        const positions = { [`${name}.csv`]: { nextOffset: 2, shiftMs: 0 } };
        await store.commit(...(transactional ? [{ key: `${name}/0`, positions, totals: {}, records: {} }] : []));
      }
      await store.forget('plant', 'plant/0');
      const verify = async (left: Store): Promise<void> => {
        assert.deepEqual(
          (await left.streams()).map(({ stream, rows }) => [stream, rows]),
          [['other', 2]],
        );
        assert.equal((await left.rows({ stream: 'plant' })).times.length, 0);
        assert.deepEqual(await left.verdicts({ stream: 'plant' }), []);
        assert.equal((await left.verdicts({ stream: 'other' })).length, 2);
        assert.deepEqual(
          (await left.incidents({})).map(({ id }) => id),
          ['other'],
        );
        assert.deepEqual(await left.thresholds('plant'), []);
        assert.deepEqual(await left.buckets({ stream: 'plant', level: 10_000 }), []);
        assert.deepEqual(
          (await left.deadLetters({})).map(({ source }) => source),
          ['other.csv'],
        );
      };
      await verify(store);
      await verify(await reopen());
    }),

    check('forget without a key leaves the manifest, also of the only stream', async ({ store, reopen, transactional }) => {
      if (!transactional) return;
      await store.openStream('plant', plant);
      await store.append(writing(makeBatch('plant', plant, [0, 1])));
      const manifest = { key: 'plant/0', positions: { 'plant.csv': { nextOffset: 2, shiftMs: 0 } }, totals: { read: 2 }, records: {} };
      await store.commit(manifest);
      await store.forget('plant');
      const verify = async (left: Store): Promise<void> => {
        assert.deepEqual(await left.streams(), []);
        assert.deepEqual(await left.manifest('plant/0'), manifest);
      };
      await verify(store);
      await verify(await reopen());
    }),

    check('forget of the only stream leaves an empty store that goes on', async ({ store }) => {
      await store.openStream('plant', plant);
      await store.append(writing(makeBatch('plant', plant, [0, 1])));
      await store.commit();
      await store.forget('plant', 'plant/0');
      assert.deepEqual(await store.streams(), []);
      const other = makeSchema([{ name: 'pH', kind: 'continuous' }]);
      await store.openStream('plant', other);
      await store.append(writing(makeBatch('plant', other, [0])));
      await store.commit();
      assert.deepEqual(
        (await store.streams()).map(({ rows, schema }) => [rows, schema.hash]),
        [[1, other.hash]],
      );
    }),
  ];
}
