import assert from 'node:assert/strict';
import type { Check } from '../../../core/conformance.ts';
import { makeSchema } from '../../../core/schema.ts';
import { isSluice, sameDoubles } from './comparison.ts';
import type { MakeCheck } from './opened-store.ts';
import { makeBatch, plant, seconds, writing } from './plant.ts';

/** Streams and tags of any name, kept apart. */
export function streamChecks(check: MakeCheck): Check[] {
  return [
    check('tags of any name, in any order asked for', async ({ store, reopen }) => {
      const names = [
        'a',
        'A',
        'time',
        'seq',
        'stream',
        'P1 pump, "main"',
        "it's",
        '温度',
        'tank=1',
        'back\\slash',
        'select',
        'a_2',
        'ünï',
        ' lead',
        '; drop table x; --',
      ];
      const schema = makeSchema(names.map((name) => ({ name, kind: 'continuous' as const })));
      const batch = makeBatch('plant', schema, [0, 1]);
      await store.openStream('plant', schema);
      await store.append(writing(batch));
      await store.commit();
      const again = await reopen();
      const asked = [...names].reverse();
      const rows = await again.rows({ stream: 'plant', tags: asked });
      assert.deepEqual(rows.tags, asked);
      for (const [i, name] of asked.entries())
        sameDoubles(rows.columns[i], Float64Array.of(batch.values[names.indexOf(name)], batch.values[names.length + names.indexOf(name)]));
      assert.deepEqual(
        (await again.statistics({ stream: 'plant' })).map(({ tag }) => tag),
        names,
      );
      assert.deepEqual((await again.streams())[0].schema, schema);
      await assert.rejects(again.rows({ stream: 'plant', tags: ['b'] }), isSluice('USAGE', /'b'/));
      await assert.rejects(again.statistics({ stream: 'plant', tags: ['b'] }), isSluice('USAGE', /'b'/));
    }),

    check('streams are kept apart, with equal and with other tags, whatever their names', async ({ store }) => {
      const other = makeSchema([{ name: 'pH', kind: 'continuous', unit: 'pH', description: 'acidity', stage: 'P2' }]);
      const names = ['plant', 'Plant', 'plant 2', 'o\'hara, "b"', '水'];
      for (const [i, name] of names.entries()) {
        const schema = name === 'plant 2' ? other : plant;
        await store.openStream(name, schema);
        await store.append(
          writing(
            makeBatch(
              name,
              schema,
              Array.from({ length: i + 1 }, (_, s) => s + i),
            ),
          ),
        );
      }
      await store.commit();
      const streams = new Map((await store.streams()).map((summary) => [summary.stream, summary]));
      assert.deepEqual([...streams.keys()].sort(), [...names].sort());
      for (const [i, name] of names.entries()) {
        assert.equal(streams.get(name)?.rows, i + 1);
        assert.equal(streams.get(name)?.first, seconds(i));
        assert.equal(streams.get(name)?.last, seconds(2 * i));
        assert.equal((await store.rows({ stream: name })).times.length, i + 1);
      }
      assert.deepEqual(streams.get('plant 2')?.schema, other);
    }),

    check('a stream with other tags than stored is refused by their names', async ({ store, reopen }) => {
      await store.openStream('plant', plant);
      await store.append(writing(makeBatch('plant', plant, [0])));
      await store.commit();
      const again = await reopen();
      await again.openStream('plant', makeSchema(plant.tags));
      const renamed = makeSchema([...plant.tags.slice(0, 2), { name: 'MV999', kind: 'continuous' }]);
      await assert.rejects(again.openStream('plant', renamed), isSluice('SCHEMA_MISMATCH', /missing MV101; unknown MV999/));
    }),
  ];
}
