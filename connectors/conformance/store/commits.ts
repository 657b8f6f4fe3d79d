import assert from 'node:assert/strict';
import type { Check } from '../../../core/conformance.ts';
import type { Manifest } from '../../../core/manifest.ts';
import { recordHash } from '../../../core/record.ts';
import { isSluice } from './comparison.ts';
import type { MakeCheck } from './opened-store.ts';
import { foldBuckets, makeBatch, makeIncident, makeVerdicts, plant, seconds, writing } from './plant.ts';

/** What a commit makes durable and what readers and restarts see of it. */
export function commitChecks(check: MakeCheck): Check[] {
  return [
    check('the same identities written twice are there once', async ({ store, transactional }) => {
      // Where position and data commit together, redelivery cannot happen; everywhere else it must change nothing.
      if (transactional) return;
      const batch = makeBatch('plant', plant, [0, 1, 1], [0, 0, 1]);
      const bucket = foldBuckets(batch, 10_000)[0];
      const write = writing(batch, { verdicts: [makeVerdicts('forest', [1, 2, 3], [1, 1, 1])], incidents: [makeIncident('a', 0, 1)], buckets: [bucket] });
      await store.openStream('plant', plant);
      for (let n = 0; n < 2; n++) {
        await store.append(write);
        await store.commit();
      }
      assert.equal((await store.rows({ stream: 'plant' })).times.length, 3);
      assert.equal((await store.verdicts({ stream: 'plant' })).length, 3);
      assert.equal((await store.incidents({})).length, 1);
      assert.equal((await store.buckets({ stream: 'plant', level: 10_000 })).length, 1);
    }),

    check('readers see whole commits, or at least whole rows, while rows are written', async ({ store, transactional }) => {
      await store.openStream('plant', plant);
      let done = false;
      const counts: number[] = [];
      const reading = (async () => {
        while (!done) {
          counts.push((await store.streams())[0]?.rows ?? 0);
          const { times, columns } = await store.rows({ stream: 'plant', last: true, limit: 50 });
          assert.ok(columns.every((column) => column.length === times.length));
        }
      })();
      for (let commit = 0; commit < 20; commit++) {
        for (let n = 0; n < 5; n++)
          await store.append(
            writing(
              makeBatch(
                'plant',
                plant,
                Array.from({ length: 20 }, (_, i) => commit * 100 + n * 20 + i),
              ),
            ),
          );
        await store.commit();
      }
      done = true;
      await reading;
      assert.deepEqual(
        counts,
        [...counts].sort((a, b) => a - b),
      );
      assert.deepEqual(
        counts.filter((count) => transactional && count % 100 !== 0),
        [],
      );
      assert.equal((await store.streams())[0].rows, 2000);
    }),

    check('manifest, records and data become durable together', async ({ store, reopen, transactional }) => {
      if (!transactional) return;
      const bytes = Array.from({ length: 4 }, (_, i) => Uint8Array.from({ length: 1000 * i + 1 }, (_, b) => (b * 7 + i) % 256));
      const hashes = bytes.map(recordHash);
      const manifest = (nextOffset: number, records: Record<string, string>): Manifest => ({
        ...{ key: 'rows/0', positions: { 'plant.csv': { nextOffset, fingerprint: 'f', shiftMs: 0 } }, totals: { read: nextOffset }, records },
      });
      await store.openStream('plant', plant);
      await store.append(writing(makeBatch('plant', plant, [0, 1])));
      await store.commit(manifest(2, { model: hashes[0], state: hashes[1] }), new Map([[hashes[0], bytes[0]], [hashes[1], bytes[1]]])); // biome-ignore format: one line
      const second_ = manifest(3, { model: hashes[0], state: hashes[2] });
      await store.append(writing(makeBatch('plant', plant, [2])));
      await store.commit(second_, new Map([[hashes[2], bytes[2]]]));
      await store.commit({ ...second_, key: 'rows/1', records: { model: hashes[0] } });
      await store.append(writing(makeBatch('plant', plant, [3])));
      // Staged, never committed: gone with the restart.
      const again = await reopen();
      assert.deepEqual(await again.manifest('rows/0'), second_);
      assert.deepEqual(
        (await again.manifests()).map(({ key }) => key),
        ['rows/0', 'rows/1'],
      );
      assert.equal(await again.manifest('rows/9'), undefined);
      assert.equal((await again.rows({ stream: 'plant' })).times.length, 3);
      assert.deepEqual([...(await again.record(hashes[0]))], [...bytes[0]]);
      assert.deepEqual([...(await again.record(hashes[2]))], [...bytes[2]]);
      await assert.rejects(again.record(hashes[1]), isSluice('RECORD_CORRUPT', /missing/));
      await assert.rejects(again.commit(manifest(9, { state: hashes[3] })), isSluice('INTERNAL', /neither stored nor given/));
      assert.deepEqual(await again.manifest('rows/0'), second_);
    }),

    check('of a manifest of many records those that change are written, and what is read is whole', async ({ store, reopen, transactional }) => {
      if (!transactional) return;
      const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
      const contents = new Map(Array.from({ length: 3000 }, (_, i): [string, Uint8Array] => [`item-${i}/state`, bytesOf(`first ${i}`)]));
      let opened = store;
      // All, then a few, then so many that all are named anew, then a few again after a restart.
      for (const [n, count] of [3000, 10, 1500, 10].entries()) {
        const fresh = new Map<string, Uint8Array>();
        for (let i = n * 5; i < n * 5 + count && i < 3000; i++) {
          if (n > 0) contents.set(`item-${i}/state`, bytesOf(`${n} ${i}`));
          const bytes = contents.get(`item-${i}/state`) as Uint8Array;
          fresh.set(recordHash(bytes), bytes);
        }
        contents.delete(`item-${2999 - n}/state`);
        const records = Object.fromEntries([...contents].map(([name, bytes]) => [name, recordHash(bytes)]));
        const manifest: Manifest = { key: 'rows/0', positions: { plant: { nextOffset: n, shiftMs: 0 } }, totals: { read: n }, records };
        if (n === 3) opened = await reopen();
        await opened.commit(manifest, fresh);
        assert.deepEqual(await opened.manifest('rows/0'), manifest);
        for (const name of ['item-5/state', 'item-700/state', 'item-2900/state']) {
          assert.deepEqual([...(await opened.record(records[name]))], [...(contents.get(name) as Uint8Array)]);
        }
        await assert.rejects(opened.record(recordHash(bytesOf(`first ${2999 - n}`))), isSluice('RECORD_CORRUPT', /missing/));
      }
      const last = await opened.manifest('rows/0');
      assert.deepEqual(await (await reopen()).manifest('rows/0'), last);
    }),

    check('after an error the rows since the last commit are gone and can be written again', async ({ store, transactional }) => {
      if (!transactional) return;
      await store.openStream('plant', plant);
      await store.append(writing(makeBatch('plant', plant, [0])));
      await store.commit();
      await store.append(writing(makeBatch('plant', plant, [1, 2]), { verdicts: [makeVerdicts('forest', [1, 1], [1, 1])] }));
      await assert.rejects(store.append(writing(makeBatch('unopened', plant, [0]))), isSluice('INTERNAL', /'unopened'/));
      assert.deepEqual([...(await store.known('plant', BigInt64Array.of(seconds(0), seconds(1)), Int32Array.of(0, 0)))], [1, 0]);
      await store.append(writing(makeBatch('plant', plant, [1, 2]), { verdicts: [makeVerdicts('forest', [1, 1], [1, 1])] }));
      await store.commit();
      assert.equal((await store.rows({ stream: 'plant' })).times.length, 3);
      assert.equal((await store.verdicts({ stream: 'plant' })).length, 2);
    }),
  ];
}
