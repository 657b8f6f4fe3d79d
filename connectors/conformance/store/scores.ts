import assert from 'node:assert/strict';
import type { Check } from '../../../core/conformance.ts';
import { Status } from '../../../core/verdict.ts';
import { sameDoubles } from './comparison.ts';
import type { MakeCheck, OpenedStore } from './opened-store.ts';
import { makeBatch, makeVerdicts, plant, seconds, writing } from './plant.ts';

const { ok, warning, error, undefined: unjudged } = Status;

/** What is said about many rows at once: scores and their buckets, agreement, distribution. */
export function scoreChecks(check: MakeCheck): Check[] {
  return [
    check('an extent counts the rows of a range and tells the ends', async ({ store }) => {
      assert.deepEqual(await store.extent({ stream: 'nobody' }), { rows: 0, first: undefined, last: undefined });
      await fill(store);
      assert.deepEqual(await store.extent({ stream: 'plant' }), { rows: 8, first: seconds(0), last: seconds(21) });
      assert.deepEqual(await store.extent({ stream: 'plant', from: seconds(1), to: seconds(11) }), { rows: 4, first: seconds(1), last: seconds(10) });
      assert.deepEqual(await store.extent({ stream: 'plant', from: seconds(4), to: seconds(4) }), { rows: 0, first: undefined, last: undefined });
    }),

    check('scores row by row are those of the verdicts, by detector', async ({ store }) => {
      await fill(store);
      const [forest, none] = await store.scores({ stream: 'plant', detectors: ['forest', 'none'], level: 0, counts: true });
      assert.deepEqual([forest.detector, none.detector, none.times.length], ['forest', 'none', 0]);
      assert.deepEqual(Array.from(forest.times), [0, 1, 2, 2, 10, 11, 20, 21].map(seconds));
      assert.deepEqual(Array.from(forest.seqs), [0, 0, 0, 1, 0, 0, 0, 0]);
      sameDoubles(forest.score, Float64Array.of(Number.NaN, 3, 6, Number.POSITIVE_INFINITY, 1, 2, Number.NaN, Number.NaN));
      assert.deepEqual(Array.from(forest.status), [unjudged, ok, warning, error, ok, ok, unjudged, unjudged]);
      assert.deepEqual(Array.from(forest.judged), [0, 1, 1, 1, 1, 1, 0, 0]);
      assert.deepEqual(Array.from(forest.flagged), [0, 0, 1, 1, 0, 0, 0, 0]);
      const all = await store.scores({ stream: 'plant', level: 0, from: seconds(20) });
      assert.deepEqual(all.map(({ detector, times }) => [detector, times.length]), [['forest', 2], ['k-means', 2]]); // biome-ignore format: one line
    }),

    check('scores in buckets: the largest, the worst, and how many', async ({ store }) => {
      await fill(store);
      const [forest] = await store.scores({ stream: 'plant', detectors: ['forest'], level: 10_000, from: seconds(2), to: seconds(20), counts: true });
      // Whole buckets, also at the ends of the range.
      assert.deepEqual(Array.from(forest.times), [0, 10].map(seconds));
      sameDoubles(forest.score, Float64Array.of(Number.POSITIVE_INFINITY, 2));
      sameDoubles(forest.grade, Float64Array.of(Number.POSITIVE_INFINITY, 2 / 3));
      assert.deepEqual(Array.from(forest.status), [error, ok]);
      assert.deepEqual([Array.from(forest.judged), Array.from(forest.flagged)], [[3, 2], [2, 0]]); // biome-ignore format: one line
      const [whole] = await store.scores({ stream: 'plant', detectors: ['forest'], level: 10_000 });
      assert.deepEqual(Array.from(whole.status), [error, ok, unjudged]);
      assert.ok(Number.isNaN(whole.score[2]));
    }),

    check('agreement: rows that each detector flagged, and both', async ({ store }) => {
      await fill(store);
      const { detectors, both } = await store.agreement({ stream: 'plant', detectors: ['k-means', 'none', 'forest'] });
      assert.deepEqual(detectors, [
        { detector: 'k-means', judged: 8, flagged: 3, first: seconds(1), worst: 3 },
        { detector: 'none', judged: 0, flagged: 0, first: undefined, worst: Number.NaN },
        { detector: 'forest', judged: 5, flagged: 2, first: seconds(2), worst: Number.POSITIVE_INFINITY },
      ]);
      // The two rows at 2 s are told apart: both detectors flag the second of them only.
      assert.deepEqual(Array.from(both), [3, 0, 1, 0, 0, 0, 1, 0, 2]);
      const part = await store.agreement({ stream: 'plant', detectors: ['k-means'], from: seconds(2), to: seconds(20) });
      assert.deepEqual(part.detectors, [{ detector: 'k-means', judged: 4, flagged: 1, first: seconds(2), worst: 3 }]);
    }),

    check('distribution: rows by value and verdict', async ({ store }) => {
      await fill(store);
      const asked = { stream: 'plant', tag: 'FIT101', detector: 'forest', bins: 2 };
      const { edges, normal, anomalous, undefined: without } = await store.distribution(asked);
      assert.deepEqual([edges, normal, anomalous, without].map((column) => Array.from(column)), [[0, 10.5, 21], [2, 1], [2, 0], [1, 2]]); // biome-ignore format: one line
      const nobody = await store.distribution({ ...asked, detector: 'none', bins: 1, to: seconds(2) });
      assert.deepEqual([nobody.normal, nobody.undefined].map((column) => Array.from(column)), [[0], [2]]); // biome-ignore format: one line
      const single = await store.distribution({ ...asked, bins: 2, to: seconds(1) });
      assert.deepEqual(Array.from(single.edges), [-0.5, 0, 0.5]);
      assert.equal((await store.distribution({ ...asked, from: seconds(99) })).edges.length, 0);
    }),
  ];
}

/** Eight rows, two of them at the same time, with the verdicts of two detectors. */
async function fill(store: OpenedStore['store']): Promise<void> {
  const batch = makeBatch('plant', plant, [0, 1, 2, 2, 10, 11, 20, 21], [0, 0, 0, 1, 0, 0, 0, 0]);
  const { NaN: none, POSITIVE_INFINITY: infinite } = Number;
  for (let row = 0; row < batch.rows; row++) batch.values[row * plant.tags.length] = Math.round(batch.values[row * plant.tags.length]);
  const forest = makeVerdicts('forest', [none, 3, 6, infinite, 1, 2, none, none], [unjudged, ok, warning, error, ok, ok, unjudged, unjudged]);
  const means = makeVerdicts('k-means', [1, 9, 1, 9, 1, 1, 1, 9], [ok, warning, ok, error, ok, ok, ok, warning]);
  await store.openStream('plant', plant);
  await store.append(writing(batch, { verdicts: [means, forest] }));
  await store.commit();
}
