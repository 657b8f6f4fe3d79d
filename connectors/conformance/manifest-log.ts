import assert from 'node:assert/strict';
import type { Check } from '../../core/conformance.ts';
import { type ErrorCode, SluiceError } from '../../core/errors.ts';
import type { Manifest, ManifestLog } from '../../core/manifest.ts';
import { recordHash } from '../../core/record.ts';

export interface ManifestLogUnderTest {
  /** Another log over the same place, as another process has it. */
  open(): Promise<ManifestLog>;
  /** The key of a partition. */
  key(partition: number): string;
  /** Frees everything that was opened. */
  close(): Promise<void>;
}

/** What every ManifestLog promises, as checks for any runner. `make` is called for each check and gives an empty place. */
export function manifestLogConformance(make: () => Promise<ManifestLogUnderTest>): Check[] {
  const check = (name: string, body: (place: ManifestLogUnderTest, log: ManifestLog, key: string) => Promise<void>): Check => ({
    name,
    async run() {
      const place = await make();
      try {
        await body(place, await place.open(), place.key(0));
      } finally {
        await place.close();
      }
    },
  });

  return [
    check('where nothing was saved there is nothing', async (_place, log, key) => {
      assert.equal(await log.manifest(key), undefined);
      assert.deepEqual(await log.manifests(), []);
      await rejects('RECORD_CORRUPT', log.record(recordHash(new Uint8Array(1))));
      const keeper = await log.take(key);
      assert.equal(keeper.manifest, undefined);
      await rejects('RECORD_CORRUPT', keeper.record(recordHash(new Uint8Array(1))));
    }),

    check('what was saved is what another reads, at once', async (place, log, key) => {
      const model = content(1, 100_000);
      const state = content(2, 3);
      const saved = manifest(key, 7, { 'plant/model': model, 'plant/state': state });
      const keeper = await log.take(key);
      await keeper.save(saved, contents(model, state));
      assert.deepEqual(keeper.manifest, saved);
      const others = [log, await place.open()];
      for (const other of others) {
        assert.deepEqual(await other.manifest(key), saved);
        assert.deepEqual(await other.manifests(), [saved]);
        assert.deepEqual(Buffer.from(await other.record(recordHash(model))), model);
      }
      const next = await others[1].take(key);
      assert.deepEqual(next.manifest, saved);
      for (const record of [model, state]) assert.deepEqual(Buffer.from(await next.record(recordHash(record))), record);
    }),

    check('who saved it reads it too', async (_place, log, key) => {
      const keeper = await log.take(key);
      for (const i of [1, 2, 3]) {
        await keeper.save(manifest(key, i, { state: content(i, 1000) }), contents(content(i, 1000)));
        assert.deepEqual(Buffer.from(await keeper.record(recordHash(content(i, 1000)))), content(i, 1000));
      }
    }),

    check('a record that is named again is kept without being given again, one that is not is dropped', async (place, log, key) => {
      const [model, before, after] = [content(1, 5000), content(2, 50), content(3, 60)];
      const keeper = await log.take(key);
      await keeper.save(manifest(key, 1, { model, state: before }), contents(model, before));
      await keeper.save(manifest(key, 2, { model, state: after }), contents(after));
      for (const reader of [log, await place.open()]) {
        assert.deepEqual(Buffer.from(await reader.record(recordHash(model))), model);
        assert.deepEqual(Buffer.from(await reader.record(recordHash(after))), after);
        await rejects('RECORD_CORRUPT', reader.record(recordHash(before)));
      }
      await keeper.save(manifest(key, 3, { model, state: before }), contents(before));
      assert.deepEqual(Buffer.from(await (await place.open()).record(recordHash(before))), before);
      const next = await log.take(key);
      await next.save(manifest(key, 4, { model }), new Map());
      assert.deepEqual(Buffer.from(await next.record(recordHash(model))), model);
      await rejects('RECORD_CORRUPT', next.record(recordHash(before)));
    }),

    check('a record that is named but neither stored nor given is refused, and nothing changes', async (_place, log, key) => {
      const keeper = await log.take(key);
      const saved = manifest(key, 1, { state: content(1, 10) });
      await keeper.save(saved, contents(content(1, 10)));
      await rejects('INTERNAL', keeper.save(manifest(key, 2, { state: content(2, 10) }), contents(content(1, 10))));
      await rejects('INTERNAL', keeper.save(manifest(`${key}0`, 2, {}), new Map()));
      assert.deepEqual(await log.manifest(key), saved);
      await keeper.save(manifest(key, 3, {}), new Map());
      assert.deepEqual(await log.manifest(key), manifest(key, 3, {}));
    }),

    check('records of any size are kept bit for bit, also none and the same twice', async (place, log, key) => {
      const sizes = [0, 1, 512 * 1024 - 1, 512 * 1024, 512 * 1024 + 1, 3_000_000];
      const all = sizes.map((size, i) => content(i, size));
      const keeper = await log.take(key);
      const records = Object.fromEntries(all.map((bytes, i) => [`r${i}`, bytes]));
      await keeper.save(manifest(key, 1, { ...records, again: all[5] }), contents(...all));
      const next = await (await place.open()).take(key);
      for (const bytes of all) assert.deepEqual(Buffer.from(await next.record(recordHash(bytes))), bytes);
    }),

    check('of many records those that change are written, and what is read is whole', async (place, log, key) => {
      const names = Array.from({ length: 1200 }, (_, i) => `item-${i}/state`);
      const small = new Map(names.map((name, i) => [name, content(i, 20)]));
      let keeper = await log.take(key);
      await keeper.save(manifest(key, 1, Object.fromEntries(small)), contents(...small.values()));
      // A few, then so many that all are named anew, then a few again by another that has taken the key.
      for (const [n, count] of [10, 1100, 10].entries()) {
        const changed = names.slice(n * 5, n * 5 + count).map((name, i): [string, Buffer] => [name, content(10_000 + n * 5000 + i, 30)]);
        for (const [name, bytes] of changed) small.set(name, bytes);
        small.delete(names[1199 - n]);
        if (n === 2) keeper = await (await place.open()).take(key);
        const saved = manifest(key, n + 2, Object.fromEntries(small));
        await keeper.save(saved, contents(...changed.map(([, bytes]) => bytes)));
        assert.deepEqual(await log.manifest(key), saved);
        const other = await place.open();
        assert.deepEqual(await other.manifest(key), saved);
        for (const name of [names[0], names[700], names[1150]]) {
          const bytes = small.get(name) as Buffer;
          assert.deepEqual(Buffer.from(await other.record(recordHash(bytes))), bytes);
        }
        await rejects('RECORD_CORRUPT', other.record(recordHash(content(1199 - n, 20))));
      }
    }),

    check('who takes a key fences off who had it, whose saves are never seen', async (place, log, key) => {
      const first = await log.take(key);
      const saved = manifest(key, 1, { state: content(1, 10) });
      await first.save(saved, contents(content(1, 10)));
      const second = await (await place.open()).take(key);
      assert.deepEqual(second.manifest, saved);
      const theirs = content(2, 2_000_000);
      await rejects('BUS_FENCED', first.save(manifest(key, 100, { state: theirs }), contents(theirs)));
      await rejects('BUS_FENCED', first.forget());
      await rejects('BUS_FENCED', first.save(manifest(key, 101, {}), new Map()));
      for (const reader of [log, await place.open()]) {
        assert.deepEqual(await reader.manifests(), [saved]);
        await rejects('RECORD_CORRUPT', reader.record(recordHash(theirs)));
      }
      await second.save(manifest(key, 2, {}), new Map());
      assert.deepEqual(await log.manifests(), [manifest(key, 2, {})]);
      // And back again.
      const third = await log.take(key);
      assert.deepEqual(third.manifest, manifest(key, 2, {}));
      await rejects('BUS_FENCED', second.save(manifest(key, 102, {}), new Map()));
      await third.save(manifest(key, 3, {}), new Map());
    }),

    check('who was fenced off does not take what the other has dropped for damage', async (place, log, key) => {
      const first = await log.take(key);
      await first.save(manifest(key, 1, { state: content(1, 10) }), contents(content(1, 10)));
      const second = await (await place.open()).take(key);
      await second.save(manifest(key, 2, { state: content(2, 10) }), contents(content(2, 10)));
      assert.deepEqual(await log.manifest(key), manifest(key, 2, { state: content(2, 10) }));
      await rejects('BUS_FENCED', first.record(recordHash(content(1, 10))));
    }),

    check('a save that is under way when the key is taken is there in full or not at all', async (place, log, key) => {
      const other = await place.open();
      for (let i = 0; i < 5; i++) {
        const keeper = await log.take(key);
        const before = keeper.manifest;
        const large = content(i, 1_500_000);
        const after = manifest(key, i + 1, { large });
        const saving = keeper.save(after, contents(large)).then(
          () => 'saved',
          (error: SluiceError) => error.code,
        );
        await new Promise((later) => setTimeout(later, 7 * i));
        const next = await other.take(key);
        const outcome = await saving;
        assert.ok(outcome === 'saved' || outcome === 'BUS_FENCED', outcome);
        assert.deepEqual(next.manifest, (await other.manifest(key)) ?? undefined);
        if (outcome === 'saved' || next.manifest?.totals.rows === i + 1) {
          assert.deepEqual(next.manifest, after);
          assert.deepEqual(Buffer.from(await next.record(recordHash(large))), large);
        } else {
          assert.deepEqual(next.manifest, before);
          await rejects('RECORD_CORRUPT', next.record(recordHash(large)));
        }
        await next.close();
      }
    }),

    check('of those who take a key at the same moment one can save', async (place, log, key) => {
      const logs = [log, await place.open(), await place.open()];
      for (let round = 1; round <= 3; round++) {
        const keepers = await Promise.all(logs.map((one) => one.take(key)));
        const outcomes: string[] = [];
        for (const [i, keeper] of keepers.entries()) {
          const saving = keeper.save(manifest(key, 10 * round + i, {}), new Map());
          outcomes.push(
            await saving.then(
              () => 'saved',
              (error: SluiceError) => error.code,
            ),
          );
        }
        const winner = outcomes.indexOf('saved');
        assert.deepEqual(
          outcomes,
          logs.map((_, i) => (i === winner ? 'saved' : 'BUS_FENCED')),
        );
        assert.deepEqual(await logs[round % 3].manifest(key), manifest(key, 10 * round + winner, {}));
        await Promise.all(keepers.map((keeper) => keeper.close()));
      }
    }),

    check('keys stand side by side', async (place, log) => {
      const keys = Array.from({ length: 12 }, (_, partition) => place.key(partition));
      const keepers = await Promise.all(keys.map((key) => log.take(key)));
      const shared = content(0, 1000);
      await Promise.all(keepers.map((keeper, i) => keeper.save(manifest(keys[i], i, { shared, own: content(i + 1, i) }), contents(shared, content(i + 1, i)))));
      const saved = keys.map((key, i) => manifest(key, i, { shared, own: content(i + 1, i) }));
      assert.deepEqual(byKey(await log.manifests()), byKey(saved));
      // The record that several name stays as long as one does.
      await Promise.all(keepers.slice(1).map((keeper, i) => keeper.save(manifest(keys[i + 1], 0, {}), new Map())));
      assert.deepEqual(Buffer.from(await log.record(recordHash(shared))), shared);
      const other = await place.open();
      const next = await other.take(keys[0]);
      assert.deepEqual(Buffer.from(await next.record(recordHash(shared))), shared);
      // Taking one leaves the others where they are.
      await keepers[1].save(manifest(keys[1], 5, {}), new Map());
      await rejects('BUS_FENCED', keepers[0].save(manifest(keys[0], 5, {}), new Map()));
      assert.equal((await other.manifests()).length, keys.length);
    }),

    check('what was forgotten is gone, and the next one begins anew', async (place, log, key) => {
      const keeper = await log.take(key);
      const [model, state] = [content(1, 1_200_000), content(2, 10)];
      await keeper.save(manifest(key, 1, { model, state }), contents(model, state));
      await keeper.forget();
      assert.equal(keeper.manifest, undefined);
      for (const reader of [log, await place.open()]) {
        assert.deepEqual(await reader.manifests(), []);
        assert.equal(await reader.manifest(key), undefined);
        await rejects('RECORD_CORRUPT', reader.record(recordHash(model)));
      }
      await rejects('INTERNAL', keeper.save(manifest(key, 1, { model }), new Map()));
      await keeper.save(manifest(key, 2, { model }), contents(model));
      const next = await (await place.open()).take(key);
      assert.deepEqual(next.manifest, manifest(key, 2, { model }));
      assert.deepEqual(Buffer.from(await next.record(recordHash(model))), model);
      await next.forget();
      assert.equal((await (await place.open()).take(key)).manifest, undefined);
    }),

    check('after two hundred saves the last one counts', async (place, log, key) => {
      const keeper = await log.take(key);
      const model = content(1000, 20_000);
      for (let i = 1; i <= 200; i++) await keeper.save(manifest(key, i, { model, state: content(i, 20_000) }), contents(model, content(i, 20_000)));
      await keeper.close();
      const next = await (await place.open()).take(key);
      assert.deepEqual(next.manifest, manifest(key, 200, { model, state: content(200, 20_000) }));
      for (const bytes of [model, content(200, 20_000)]) assert.deepEqual(Buffer.from(await next.record(recordHash(bytes))), bytes);
      await rejects('RECORD_CORRUPT', next.record(recordHash(content(199, 20_000))));
    }),

    check('closing refuses what comes and ends what waits; what was saved stays', async (place, log, key) => {
      const keeper = await log.take(key);
      await keeper.save(manifest(key, 1, {}), new Map());
      await keeper.close();
      await rejects('BUS_UNAVAILABLE', keeper.save(manifest(key, 2, {}), new Map()));
      const again = await log.take(key);
      await log.close();
      await rejects('BUS_UNAVAILABLE', again.save(manifest(key, 3, {}), new Map()));
      await rejects('BUS_UNAVAILABLE', log.take(key));
      await rejects('BUS_UNAVAILABLE', log.manifests());
      await again.close();
      await rejects('BUS_UNAVAILABLE', again.forget());
      await log.close();
      assert.deepEqual(await (await place.open()).manifest(key), manifest(key, 1, {}));
    }),
  ];
}

/** Bytes that differ with the seed and look random to whoever would compress them. */
function content(seed: number, bytes: number): Buffer {
  const out = Buffer.alloc(bytes);
  for (let i = 0, x = seed * 2654435761 + 1; i < bytes; i++) {
    x = (Math.imul(x, 1664525) + 1013904223) >>> 0;
    out[i] = x >>> 24;
  }
  return out;
}

const contents = (...records: readonly Buffer[]): Map<string, Uint8Array> => new Map(records.map((bytes) => [recordHash(bytes), bytes]));

function manifest(key: string, rows: number, records: Readonly<Record<string, Buffer>>): Manifest {
  const hashes = Object.fromEntries(Object.entries(records).map(([name, bytes]) => [name, recordHash(bytes)]));
  return { key, positions: { 'a/b': { nextOffset: rows, shiftMs: 0 } }, totals: { rows }, records: hashes };
}

const byKey = (manifests: readonly Manifest[]): Map<string, Manifest> => new Map(manifests.map((one) => [one.key, one]));

async function rejects(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => {
    assert.ok(error instanceof SluiceError, String(error));
    assert.equal(error.code, code, error.message);
    return true;
  });
}
