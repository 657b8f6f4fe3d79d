import assert from 'node:assert/strict';
import { allocateBatch } from '../../../core/batch.ts';
import type { DeadLetter } from '../../../core/chunk.ts';
import type { Check } from '../../../core/conformance.ts';
import type { Annotation } from '../../../core/store.ts';
import type { ThresholdLevels } from '../../../core/verdict.ts';
import type { MakeCheck } from './opened-store.ts';
import { makeIncident, plant, seconds, writing } from './plant.ts';

/** Incidents, thresholds, dead letters and annotations. */
export function eventChecks(check: MakeCheck): Check[] {
  return [
    check('an incident is kept as it was last; queries ask for overlap', async ({ store }) => {
      await store.openStream('plant', plant);
      const empty = allocateBatch('plant', plant, 0);
      const growing = [10, 12, 15].map((end) => makeIncident('a', 10, end, { open: true, rows: end - 9 }));
      await store.append(writing(empty, { incidents: growing.slice(0, 2) }));
      await store.commit();
      await store.append(writing(empty, { incidents: [makeIncident('b', 20, 30, { detector: 'forest' }), growing[2]] }));
      const closed = makeIncident('a', 10, 18, { rows: 9 });
      await store.append(writing(empty, { incidents: [closed] }));
      await store.commit();
      assert.deepEqual(await store.incidents({}), [closed, makeIncident('b', 20, 30, { detector: 'forest' })]);
      const ids = async (from: bigint, to: bigint): Promise<string[]> => (await store.incidents({ stream: 'plant', from, to })).map(({ id }) => id);
      assert.deepEqual(await ids(seconds(18), seconds(20)), ['a']);
      assert.deepEqual(await ids(seconds(18) + 1n, seconds(20)), []);
      assert.deepEqual(await ids(seconds(18), seconds(20) + 1n), ['a', 'b']);
      assert.deepEqual(await ids(seconds(12), seconds(13)), ['a']);
      assert.deepEqual(await ids(seconds(0), seconds(10)), []);
      assert.deepEqual(
        (await store.incidents({ detector: 'forest' })).map(({ id }) => id),
        ['b'],
      );
      assert.deepEqual(await store.incidents({ open: true }), []);
      assert.equal((await store.incidents({ limit: 1 })).length, 1);
      assert.deepEqual(await store.incidents({ stream: 'other' }), []);
    }),

    check('thresholds, dead letters and annotations', async ({ store, reopen }) => {
      await store.openStream('plant', plant);
      const levels = (seconds_: number, warn: number): ThresholdLevels => ({
        ...{
          stream: 'plant',
          detector: 'forest',
          time: seconds(seconds_),
          warn,
          error: 0.1 + warn,
          median: 0.5,
          method: 'quantile 0.99 of 1080 rows',
          model: 'c0ffee',
        },
      });
      const letters: DeadLetter[] = [
        {
          source: 'plant.csv',
          partition: 0,
          position: 3,
          stream: 'plant',
          reason: 'number',
          message: "cannot read 'n,a\"'",
          payload: '2015;\'x\ty\'\u0001;"😀"',
        },
        { source: 'plant.csv', partition: 0, position: 70_000_000_000, reason: 'syntax', message: 'cut short', payload: '' },
        { source: 'other.csv', partition: 2, position: 1, reason: 'time', message: 'no', payload: 'x' },
      ];
      await store.append(writing(allocateBatch('plant', plant, 0), { thresholds: [levels(0, 1), levels(9, 2)] }));
      await store.append(writing(allocateBatch('plant', plant, 0), { thresholds: [levels(0, 3)] }));
      await store.appendDead(letters);
      await store.commit();
      const note: Annotation = { id: 'n1', stream: 'plant', from: seconds(5), to: seconds(8), text: "valve, 'stuck'" };
      const judged: Annotation = { ...note, text: 'drill', incident: 'a', alarm: 'false' };
      await store.annotate(note);
      await store.annotate(judged);
      const again = await reopen();
      assert.deepEqual(await again.thresholds('plant'), [levels(0, 3), levels(9, 2)]);
      assert.deepEqual(await again.deadLetters({}), [letters[2], letters[0], letters[1]]);
      assert.deepEqual(await again.deadLetters({ source: 'plant.csv', limit: 1 }), [letters[0]]);
      assert.deepEqual(await again.deadLetters({ limit: 2, last: true }), [letters[0], letters[1]]);
      assert.deepEqual(await again.deadLetters({ reason: 'syntax', limit: 1 }), [letters[1]]);
      assert.deepEqual(await again.deadLetters({ source: 'plant.csv', reason: 'time' }), []);
      await again.removeDead([letters[0], letters[2]]);
      await again.commit();
      assert.deepEqual(await again.deadLetters({}), [letters[1]]);
      assert.deepEqual(await again.annotations({ stream: 'plant', from: seconds(8), to: seconds(9) }), [judged]);
      assert.deepEqual(await again.annotations({ stream: 'plant', to: seconds(5) }), []);
    }),
  ];
}
