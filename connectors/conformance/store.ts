import assert from 'node:assert/strict';
import { allocateBatch, type Batch, concatBatches } from '../../core/batch.ts';
import type { DeadLetter } from '../../core/chunk.ts';
import type { Check } from '../../core/conformance.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Incident } from '../../core/incident.ts';
import { BucketFold, bucketStart } from '../../core/level-of-detail.ts';
import type { Manifest } from '../../core/manifest.ts';
import { makeRandom } from '../../core/random.ts';
import { recordHash } from '../../core/record.ts';
import { makeSchema, type Schema } from '../../core/schema.ts';
import { type Annotation, type Bucket, levelsOfDetail, type Store, type StoreWrite } from '../../core/store.ts';
import { Status, type ThresholdLevels, topContributions, type Verdicts } from '../../core/verdict.ts';

/** A store under test, empty at first. */
export interface OpenedStore {
  /** Keeps manifests and records itself, in the transaction of the data. */
  readonly transactional: boolean;
  readonly store: Store;
  /** Closes the store and opens what it left, as a restart does. */
  reopen(): Promise<Store>;
  close(): Promise<void>;
}

const second = 1_000_000_000n;
const start = 1_451_296_800n * second;
const plant = makeSchema(['FIT101', 'LIT101', 'MV101'].map((name) => ({ name, kind: 'continuous' as const })));

/** What every store must keep of contract 10, for any backend: no word of SQL or Flux. */
export function storeConformance(open: () => Promise<OpenedStore>): Check[] {
  const check = (name: string, body: (opened: OpenedStore) => Promise<void>): Check => ({
    name,
    async run() {
      const opened = await open();
      try {
        await body(opened);
      } finally {
        await opened.close();
      }
    },
  });
  return [...rowChecks(check), ...verdictChecks(check), ...detailChecks(check), ...lifeChecks(check)];
}

type MakeCheck = (name: string, body: (opened: OpenedStore) => Promise<void>) => Check;

function rowChecks(check: MakeCheck): Check[] {
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

function verdictChecks(check: MakeCheck): Check[] {
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
      assert.deepEqual(await again.annotations({ stream: 'plant', from: seconds(8), to: seconds(9) }), [judged]);
      assert.deepEqual(await again.annotations({ stream: 'plant', to: seconds(5) }), []);
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

function detailChecks(check: MakeCheck): Check[] {
  return [
    check('level of detail equals folding the rows, closed and open', async ({ store }) => {
      const random = makeRandom(11);
      const rows = 400;
      const batch = makeBatch(
        'plant',
        plant,
        Array.from({ length: rows }, (_, i) => i * 3 + (i > 200 ? 500 : 0)),
      );
      for (let i = 0; i < batch.values.length; i++) batch.values[i] = random.next() < 0.2 ? Number.NaN : random.normal() * 10 ** random.int(9);
      for (let row = 40; row < 60; row++) batch.values[row * 3 + 1] = Number.NaN;
      await store.openStream('plant', plant);
      // What is closed so far is written, as the pipeline does; the rest stays in the rows.
      const closedBefore = seconds(900);
      const closed = levelsOfDetail
        .flatMap((level) => foldBuckets(batch, level))
        .filter(({ level, time }) => time + BigInt(level) * 1_000_000n <= closedBefore);
      await store.append(writing(batch, { buckets: closed.slice(0, 20) }));
      await store.append(writing(allocateBatch('plant', plant, 0), { buckets: closed.slice(20) }));
      await store.commit();
      for (const level of levelsOfDetail) {
        sameBuckets(await store.buckets({ stream: 'plant', level }), foldBuckets(batch, level));
        const [from, to] = [seconds(431), seconds(1013)];
        const span = BigInt(level) * 1_000_000n;
        const overlapping = foldBuckets(batch, level).filter(({ time }) => time + span > from && time < to);
        sameBuckets(await store.buckets({ stream: 'plant', level, from, to }), overlapping);
      }
      sameBuckets(await store.buckets({ stream: 'plant', level: 7_000 }), foldBuckets(batch, 7_000));
    }),

    check('a bucket written again replaces the one before', async ({ store }) => {
      const time = bucketStart(start, 10_000);
      const bucket = (sum: number): Bucket => ({
        ...{ level: 10_000, time, min: Float64Array.of(1, 2, Number.NaN), max: Float64Array.of(1, 2, Number.NaN) },
        ...{ sum: Float64Array.of(sum, 2, Number.NaN), count: Float64Array.of(1, 1, 0) },
      });
      await store.openStream('plant', plant);
      const empty = allocateBatch('plant', plant, 0);
      await store.append(writing(empty, { buckets: [bucket(1)] }));
      await store.append(writing(empty, { buckets: [bucket(2)] }));
      await store.commit();
      await store.append(writing(empty, { buckets: [bucket(3)] }));
      await store.commit();
      sameBuckets(await store.buckets({ stream: 'plant', level: 10_000 }), [bucket(3)]);
    }),

    check('statistics are exact to 1e-12, also where sums cancel and squares overflow', async ({ store }) => {
      const random = makeRandom(3);
      const columns: Record<string, (i: number) => number> = {
        'far from zero': () => 1e9 + random.int(1000) * 2 ** -20,
        cancelling: (i) => [1e15, 1, -1e15, 2 ** -10][i % 4],
        'tiny mean': () => random.normal(),
        huge: (i) => (i % 2 ? 1e300 : -3e299) * (1 + random.next()),
        denormal: (i) => (i + 1) * 5e-324,
        constant: () => 0.1,
        'with gaps': (i) => (i % 3 === 0 ? Number.NaN : i * 0.1),
        once: (i) => (i === 7 ? 42 : Number.NaN),
        never: () => Number.NaN,
      };
      const names = Object.keys(columns);
      const schema = makeSchema(names.map((name) => ({ name, kind: 'continuous' as const })));
      const rows = 5000;
      const batch = makeBatch(
        'plant',
        schema,
        Array.from({ length: rows }, (_, i) => i),
      );
      for (let i = 0; i < rows; i++) for (const [t, name] of names.entries()) batch.values[i * names.length + t] = columns[name](i);
      await store.openStream('plant', schema);
      await store.append(writing(batch));
      await store.commit();
      for (const [from, to] of [
        [0, rows],
        [1000, 1777],
      ]) {
        // biome-ignore format: one line
        const statistics = await store.statistics({ stream: 'plant', from: seconds(from), to: seconds(to) });
        assert.deepEqual(
          statistics.map(({ tag }) => tag),
          names,
        );
        for (const [t, found] of statistics.entries()) {
          const present: number[] = [];
          for (let i = from; i < to; i++) if (!Number.isNaN(batch.values[i * names.length + t])) present.push(batch.values[i * names.length + t]);
          const exact = exactMoments(present);
          const place = `${found.tag} of rows ${from} to ${to}`;
          assert.deepEqual([found.count, found.missing], [present.length, to - from - present.length], place);
          sameDoubles(
            Float64Array.of(found.min, found.max),
            Float64Array.of(present.length ? Math.min(...present) : Number.NaN, present.length ? Math.max(...present) : Number.NaN),
          );
          close(found.mean, exact.mean, place);
          close(found.deviation, exact.deviation, place);
        }
      }
      assert.deepEqual(
        (await store.statistics({ stream: 'plant', tags: ['constant'] })).map(({ tag, deviation, mean }) => [tag, deviation, mean]),
        [['constant', 0, 0.1]],
      );
    }),
  ];
}

function lifeChecks(check: MakeCheck): Check[] {
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

    check('readers see whole commits while rows are written', async ({ store }) => {
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
        counts.filter((count) => count % 100 !== 0),
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

    check('forget removes one stream and leaves the others', async ({ store, reopen }) => {
      for (const name of ['plant', 'other']) {
        await store.openStream(name, plant);
        const batch = makeBatch(name, plant, [0, 1]);
        const incidents = [{ ...makeIncident(name, 0, 1), stream: name }];
        const thresholds = [{ stream: name, detector: 'forest', time: start, warn: 1, error: 2, median: 0, method: 'fixed', model: '' }];
        await store.append(writing(batch, { verdicts: [makeVerdicts('forest', [1, 2], [1, 1])], incidents, thresholds, buckets: foldBuckets(batch, 10_000) }));
        await store.appendDead([{ source: `${name}.csv`, partition: 0, position: 1, stream: name, reason: 'cells', message: 'short', payload: 'x' }]);
        const positions = { [`${name}.csv`]: { nextOffset: 2, shiftMs: 0 } };
        await store.commit({ key: `${name}/0`, positions, totals: {}, records: {} });
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

    check('forget without a key leaves the manifest, also of the only stream', async ({ store, reopen }) => {
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

// --- What the checks write and how they compare --------------------------------------------------------------------

function seconds(s: number): bigint {
  return start + BigInt(s) * second;
}

function makeBatch(stream: string, schema: Schema, at: readonly number[], seqs: readonly number[] = at.map(() => 0)): Batch {
  const batch = allocateBatch(stream, schema, at.length);
  const tags = schema.tags.length;
  for (let row = 0; row < at.length; row++) {
    batch.times[row] = seconds(at[row]);
    batch.seqs[row] = seqs[row];
    batch.origins[row] = row;
    for (let t = 0; t < tags; t++) batch.values[row * tags + t] = at[row] + t / 10 + seqs[row] / 100;
  }
  return batch;
}

function part(batch: Batch, from: number, to: number): Batch {
  const tags = batch.schema.tags.length;
  const out = allocateBatch(batch.stream, batch.schema, to - from);
  out.values.set(batch.values.subarray(from * tags, to * tags));
  out.times.set(batch.times.subarray(from, to));
  out.seqs.set(batch.seqs.subarray(from, to));
  out.origins.set(batch.origins.subarray(from, to));
  return out;
}

function writing(batch: Batch, more: Partial<StoreWrite> = {}): StoreWrite {
  return { batch, verdicts: [], incidents: [], thresholds: [], buckets: [], ...more };
}

function makeVerdicts(detector: string, score: number[], status: number[]): Verdicts {
  return {
    detector,
    score: Float64Array.from(score),
    grade: Float64Array.from(score, (value) => value / 3),
    status: Int8Array.from(status),
    contributions: { rows: [], tags: [], shares: [], rest: [] },
  };
}

function explain({ contributions }: Verdicts, row: number, tags: number[], shares: number[], rest: number): void {
  assert.equal(tags.length, topContributions);
  contributions.rows.push(row);
  contributions.tags.push(...tags);
  contributions.shares.push(...shares);
  contributions.rest.push(rest);
}

function makeIncident(id: string, from: number, to: number, more: Partial<Incident> = {}): Incident {
  return {
    ...{ id, stream: 'plant', detector: 'k-means', start: seconds(from), end: seconds(to), open: false, rows: to - from + 1 },
    ...{ peakTime: seconds(to), peakScore: 12.5, peakGrade: 1, causes: ['k-means', 'constant, "broken"'], contributions: Float64Array.of(0.5, -0, -0.5) },
    ...more,
  };
}

/** Buckets by folding rows that are in (time, seq) order. */
function foldBuckets(batch: Batch, level: number): Bucket[] {
  const tags = batch.schema.tags.length;
  const buckets: Bucket[] = [];
  let fold: BucketFold | undefined;
  for (let row = 0; row < batch.rows; row++) {
    if (!fold?.holds(batch.times[row])) {
      if (fold) buckets.push(fold.bucket());
      fold = new BucketFold(level, bucketStart(batch.times[row], level), tags);
    }
    fold.add(batch.values, row * tags);
  }
  if (fold) buckets.push(fold.bucket());
  return buckets;
}

/** Mean and sample deviation in rationals: doubles are multiples of 2^-1074, so everything up to the last division is exact. */
function exactMoments(values: readonly number[]): { mean: number; deviation: number } {
  const n = BigInt(values.length);
  if (n === 0n) return { mean: Number.NaN, deviation: Number.NaN };
  const whole = values.map(unitsOf);
  const sum = whole.reduce((a, b) => a + b, 0n);
  // n^2 (n - 1) variance = n sum of (n x - sum)^2 / n^2 ... kept whole by scaling with n.
  const squares = whole.reduce((total, x) => total + (n * x - sum) ** 2n, 0n);
  const mean = toDouble(sum, n, 1074);
  if (n < 2n) return { mean, deviation: Number.NaN };
  // deviation = sqrt(squares / (n^2 (n - 1))) units; 200 more bits keep the root's rounding out of sight.
  const root = bigSqrt((squares << 400n) / (n * n * (n - 1n)));
  return { mean, deviation: toDouble(root, 1n, 1074 + 200) };
}

/** A double as a multiple of 2^-1074. */
function unitsOf(value: number): bigint {
  const bits = new BigUint64Array(Float64Array.of(value).buffer)[0];
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xf_ffff_ffff_ffffn;
  const magnitude = exponent === 0 ? fraction : (fraction | (1n << 52n)) << BigInt(exponent - 1);
  return bits >> 63n ? -magnitude : magnitude;
}

/** numerator / denominator x 2^-scale as a double, right to the last few bits. */
function toDouble(numerator: bigint, denominator: bigint, scale: number): number {
  const negative = numerator < 0n;
  const quotient = ((negative ? -numerator : numerator) << 80n) / denominator;
  const length = quotient.toString(2).length;
  const cut = Math.max(0, length - 64);
  const exponent = cut - scale - 80;
  // In two steps, since 2^exponent alone may be out of range.
  const half = Math.trunc(exponent / 2);
  const value = Number(quotient >> BigInt(cut)) * 2 ** half * 2 ** (exponent - half);
  return negative ? -value : value;
}

function bigSqrt(value: bigint): bigint {
  if (value < 2n) return value;
  let x = 1n << BigInt(Math.ceil(value.toString(2).length / 2));
  for (;;) {
    const next = (x + value / x) >> 1n;
    if (next >= x) return x;
    x = next;
  }
}

function close(found: number, exact: number, place: string): void {
  if (Number.isNaN(exact)) assert.ok(Number.isNaN(found), `${place}: ${found} instead of NaN`);
  else assert.ok(Math.abs(found - exact) <= 1e-12 * Math.abs(exact), `${place}: ${found} instead of ${exact}`);
}

function sameDoubles(found: Float64Array, expected: Float64Array): void {
  assert.equal(found.length, expected.length);
  for (let i = 0; i < found.length; i++) assert.ok(Object.is(found[i], expected[i]), `value ${i}: ${found[i]} instead of ${expected[i]}`);
}

function sameBuckets(found: readonly Bucket[], expected: readonly Bucket[]): void {
  assert.deepEqual(
    found.map(({ level, time }) => [level, time]),
    expected.map(({ level, time }) => [level, time]),
  );
  for (const [i, bucket] of found.entries()) for (const column of ['min', 'max', 'sum', 'count'] as const) sameDoubles(bucket[column], expected[i][column]);
}

async function drain<T>(pieces: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}

function isSluice(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof SluiceError && error.code === code && message.test(error.message);
}
