import assert from 'node:assert/strict';
import type { Check } from '../../../core/conformance.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { StoreWrite } from '../../../core/store.ts';
import { Status } from '../../../core/verdict.ts';
import { isSluice, sameDoubles } from './comparison.ts';
import type { MakeCheck } from './opened-store.ts';
import { explain, makeBatch, makeIncident, makeVerdicts, part, plant, seconds, writing } from './plant.ts';

/** Verdicts with their contributions, and their replacement by a later evaluation. */
export function verdictChecks(check: MakeCheck): Check[] {
  return [
    check('verdicts per detector, with contributions of flagged rows', async ({ store, reopen }) => {
      const batch = makeBatch('plant', plant, [0, 1, 2, 3]);
      const forest = makeVerdicts('forest', [0.5, 2, 9, Number.NaN], [Status.ok, Status.warning, Status.error, Status.undefined]);
      explain(forest, 1, [2, 0, 1, -1, -1], [0.7, -0.2, 0.1, 0, 0], 0);
      explain(forest, 2, [0, 1, 2, -1, -1], [-0.5, 0.25, 0.125, 0, 0], 0.125);
      const means = makeVerdicts('k-means', [1, 1, 1, 1], [Status.ok, Status.ok, Status.ok, Status.ok]);
      await store.openStream('plant', plant);
      await store.append(writing(batch, { verdicts: [means, forest] }));
      await store.commit();
      const again = await reopen();
      const all = await again.verdicts({ stream: 'plant' });
      assert.deepEqual(
        all.map(({ time, detector }) => `${time}/${detector}`),
        [0, 1, 2, 3].flatMap((s) => [`${seconds(s)}/forest`, `${seconds(s)}/k-means`]),
      );
      const own = await again.verdicts({ stream: 'plant', detector: 'forest' });
      sameDoubles(
        Float64Array.from(own, ({ score }) => score),
        forest.score,
      );
      sameDoubles(
        Float64Array.from(own, ({ grade }) => grade),
        forest.grade,
      );
      assert.deepEqual(own.map(({ status, seq }) => [status, seq]), [[1, 0], [0, 0], [-1, 0], [2, 0]]); // biome-ignore format: one line
      assert.deepEqual(
        own.map(({ contributions }) => contributions),
        [
          undefined,
          [{ tag: 'MV101', share: 0.7 }, { tag: 'FIT101', share: -0.2 }, { tag: 'LIT101', share: 0.1 }], // biome-ignore format: one line
          [{ tag: 'FIT101', share: -0.5 }, { tag: 'LIT101', share: 0.25 }, { tag: 'MV101', share: 0.125 }], // biome-ignore format: one line
          undefined,
        ],
      );
      assert.deepEqual(
        own.map(({ rest }) => rest),
        [undefined, 0, 0.125, undefined],
      );
      const flagged = await again.verdicts({ stream: 'plant', flagged: true });
      assert.deepEqual(
        flagged.map(({ time }) => time),
        [seconds(1), seconds(2)],
      );
      assert.deepEqual(
        (await again.verdicts({ stream: 'plant', limit: 3, last: true })).map(({ time, detector }) => [time, detector]),
        [
          [seconds(2), 'k-means'],
          [seconds(3), 'forest'],
          [seconds(3), 'k-means'], // biome-ignore format: one line
        ],
      );
      assert.deepEqual(await again.verdicts({ stream: 'plant', from: seconds(1), to: seconds(1) }), []);
      assert.equal((await again.verdicts({ stream: 'plant', from: seconds(1), to: seconds(3), detector: 'k-means' })).length, 2);
      assert.deepEqual((await again.streams())[0].detectors.slice().sort(), ['forest', 'k-means']);
    }),

    check('replaceVerdicts puts others in [from, to) and leaves the rows', async ({ store }) => {
      const batch = makeBatch('plant', plant, [0, 1, 2, 3]);
      const before = makeVerdicts('forest', [1, 1, 1, 1], [Status.error, Status.error, Status.error, Status.error]);
      for (let row = 0; row < 4; row++) explain(before, row, [0, -1, -1, -1, -1], [1, 0, 0, 0, 0], 0);
      await store.openStream('plant', plant);
      const incidents = [makeIncident('early', 0, 1), makeIncident('late', 2, 2)];
      await store.append(writing(batch, { verdicts: [before], incidents }));
      await store.commit();
      const slice = part(batch, 1, 3);
      async function* writes(): AsyncGenerator<StoreWrite> {
        yield writing(slice, {
          verdicts: [makeVerdicts('other', [7, 8], [Status.ok, Status.ok])],
          incidents: [makeIncident('new', 1, 2, { detector: 'other' })],
        });
      }
      await store.replaceVerdicts('plant', seconds(1), seconds(3), writes());
      const verdicts = await store.verdicts({ stream: 'plant' });
      assert.deepEqual(
        verdicts.map(({ time, detector, score, contributions }) => [time, detector, score, contributions?.length]),
        [
          [seconds(0), 'forest', 1, 1],
          [seconds(1), 'other', 7, undefined],
          [seconds(2), 'other', 8, undefined],
          [seconds(3), 'forest', 1, 1], // biome-ignore format: one line
        ],
      );
      assert.deepEqual(
        (await store.incidents({})).map(({ id }) => id),
        ['early', 'new'],
      );
      assert.equal((await store.rows({ stream: 'plant' })).times.length, 4);
    }),

    check('replaceVerdicts that fails in the middle changes nothing', async ({ store, transactional }) => {
      if (!transactional) return;
      const batch = makeBatch('plant', plant, [0, 1]);
      await store.openStream('plant', plant);
      await store.append(writing(batch, { verdicts: [makeVerdicts('forest', [1, 2], [Status.ok, Status.ok])] }));
      await store.commit();
      const before = await store.verdicts({ stream: 'plant' });
      async function* writes(): AsyncGenerator<StoreWrite> {
        yield writing(batch, { verdicts: [makeVerdicts('other', [7, 8], [Status.ok, Status.ok])] });
        throw new SluiceError('SOURCE_EMPTY', 'no more');
      }
      await assert.rejects(store.replaceVerdicts('plant', seconds(0), seconds(9), writes()), isSluice('SOURCE_EMPTY', /no more/));
      assert.deepEqual(await store.verdicts({ stream: 'plant' }), before);
    }),
  ];
}
