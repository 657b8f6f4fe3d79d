import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import duckdb from '../../connectors/duckdb/store.ts';
import influxdb from '../../connectors/influxdb/store.ts';
import { type Batch, concatBatches } from '../../core/batch.ts';
import { makeRandom, type Random } from '../../core/random.ts';
import { levelsOfDetail, type Range, type Store, type TagStatistics } from '../../core/store.ts';
import { differences } from '../store-content.ts';
import { nightly } from '../tier.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { pick, type RandomStream, randomStream } from './random-plant.ts';
import { sharedInflux } from './servers.ts';

const start = 1_451_296_800_000_000_000n;

describeWithStack('InfluxDB gives what DuckDB gives', { influx: 'shared' }, () => {
  describe.each(nightly ? [1, 2, 3] : [1])('with random content %i', (seed) => {
    const random = makeRandom(seed);
    let folder: string;
    let duck: Store;
    let influx: Store;
    const streams: RandomStream[] = [
      randomStream(random, 'plant', 1 + random.int(3000), start),
      // biome-ignore lint/suspicious/noTemplateCurlyInString: Flux would put a variable there.
      randomStream(random, 'o\'hara, "b" ${x}', 1 + random.int(500), start - 12n * 3_600_000_000_000n),
      randomStream(random, 'früher', 200, -86_400_000_000_000n * 365n),
    ];

    beforeAll(async () => {
      const server = await sharedInflux();
      const { bucket, token } = await server.freshBucket();
      folder = await mkdtemp(join(tmpdir(), 'sluice-equal-'));
      duck = await duckdb.open(duckdb.options.parse({ path: join(folder, 'plant.duckdb') }), 'own');
      influx = await influxdb.open(influxdb.options.parse({ url: server.url, org: server.org, bucket, token }), 'own');
      await Promise.all([fill(duck, streams), fill(influx, streams)]);
    });

    afterAll(async () => {
      await Promise.all([duck.close(), influx.close()]);
      await rm(folder, { recursive: true });
    });

    /** What a query finds in both, by what was asked. */
    async function same(asked: object, query: (store: Store) => Promise<unknown>): Promise<void> {
      const [found, expected] = await Promise.all([query(influx), query(duck)]);
      const place = JSON.stringify(asked, (_, value) => (typeof value === 'bigint' ? String(value) : value));
      expect(differences({ [place]: found }, { [place]: expected })).toEqual([]);
    }

    it('rows', async () => {
      for (let n = 0; n < 40; n++) {
        const stream = pick(random, streams);
        const names = stream.schema.tags.map((tag) => tag.name);
        const tags = random.next() < 0.3 ? {} : { tags: Array.from({ length: random.int(4) }, () => pick(random, names)) };
        const query = { ...randomRange(random, stream), ...randomLimit(random), ...tags };
        await same(query, (store) => store.rows(query));
      }
    });

    it('scans', async () => {
      for (let n = 0; n < 12; n++) {
        const range = n < streams.length ? { stream: streams[n].name } : randomRange(random, pick(random, streams));
        await same(range, async (store) => scanned(await drain(store.scan(range))));
      }
    });

    it('verdicts', async () => {
      for (let n = 0; n < 40; n++) {
        const detector = random.next() < 0.5 ? {} : { detector: pick(random, ['var', 'Ünder "quoted"', '😀', 'none']) };
        const query = { ...randomRange(random, pick(random, streams)), ...randomLimit(random), ...detector, ...(random.next() < 0.5 ? { flagged: true } : {}) };
        await same(query, (store) => store.verdicts(query));
      }
    });

    it('scores, agreement, distributions and extents', async () => {
      const names = ['var', 'Ünder "quoted"', '😀', 'none', 'k-means'];
      for (let n = 0; n < 24; n++) {
        const stream = pick(random, streams);
        const range = randomRange(random, stream);
        await same({ extent: range }, (store) => store.extent(range));
        const detectors = names.filter(() => random.next() < 0.5);
        const scores = { ...range, level: pick(random, [0, 7000, ...levelsOfDetail]), counts: true, ...(random.next() < 0.3 ? {} : { detectors }) };
        await same({ scores }, (store) => store.scores(scores));
        const agreement = { ...range, detectors };
        await same({ agreement }, (store) => store.agreement(agreement));
        const tag = pick(random, stream.schema.tags).name;
        const distribution = { ...range, tag, detector: pick(random, names), bins: 1 + random.int(9) };
        await same({ distribution }, (store) => store.distribution(distribution));
      }
    });

    it('buckets', async () => {
      for (let n = 0; n < 20; n++) {
        const stream = pick(random, streams);
        const names = stream.schema.tags.map((tag) => tag.name);
        const tags = random.next() < 0.5 ? {} : { tags: Array.from({ length: random.int(4) }, () => pick(random, names)) };
        const query = { ...randomRange(random, stream), level: pick(random, [...levelsOfDetail, 7000]), ...tags };
        await same(query, (store) => store.buckets(query));
      }
    });

    it('incidents', async () => {
      for (let n = 0; n < 30; n++) {
        const { stream, ...range } = randomRange(random, pick(random, streams));
        const some = { ...(random.next() < 0.7 ? { stream } : {}), ...(random.next() < 0.3 ? { detector: pick(random, ['var', '😀', 'none']) } : {}) };
        const more = {
          ...(random.next() < 0.3 ? { open: random.next() < 0.5 } : {}),
          ...(random.next() < 0.3 ? { limit: random.int(9), last: random.next() < 0.5 } : {}),
        };
        const query = { ...range, ...some, ...more };
        await same(query, (store) => store.incidents(query));
      }
    });

    it('statistics', async () => {
      for (let n = 0; n < 12; n++) {
        const query = randomRange(random, pick(random, streams));
        const [found, expected] = await Promise.all([influx.statistics(query), duck.statistics(query)]);
        expect(found.map(withoutMoments)).toEqual(expected.map(withoutMoments));
        for (const [i, { mean, deviation }] of found.entries()) {
          expect(near(mean, expected[i].mean), `mean ${mean} instead of ${expected[i].mean}`).toBe(true);
          expect(near(deviation, expected[i].deviation), `deviation ${deviation} instead of ${expected[i].deviation}`).toBe(true);
        }
      }
    });

    it('streams, thresholds, annotations and dead letters', async () => {
      const byName = (a: { stream: string }, b: { stream: string }): number => (a.stream < b.stream ? -1 : 1);
      await same({ streams }, async (store) =>
        (await store.streams()).sort(byName).map((summary) => ({ ...summary, detectors: [...summary.detectors].sort() })),
      );
      for (const stream of streams) {
        await same({ thresholds: stream.name }, (store) => store.thresholds(stream.name));
        for (let n = 0; n < 5; n++) {
          const range = randomRange(random, stream);
          await same(range, (store) => store.annotations(range));
        }
      }
      await same({ annotations: 'of all' }, (store) => store.annotations({}));
      for (let n = 0; n < 20; n++) {
        const source = random.next() < 0.5 ? {} : { source: pick(random, ['plant.csv', 'b "c", d', 'none']) };
        const reason = random.next() < 0.7 ? {} : { reason: pick(random, ['number', 'too-late'] as const) };
        const query = { ...source, ...reason, ...randomLimit(random) };
        await same(query, (store) => store.deadLetters(query));
      }
    });

    it('known rows', async () => {
      for (let n = 0; n < 10; n++) {
        const stream = pick(random, streams);
        const { times, seqs, rows } = stream.batch;
        const asked = Array.from({ length: random.int(200) }, () => random.int(rows));
        const near_ = BigInt64Array.from(asked, (row) => times[row] + BigInt(pick(random, [0, 0, 0, 1, -1, 60_000_000_000])));
        const around = Int32Array.from(asked, (row) => seqs[row] + pick(random, [0, 0, 0, 1]));
        await same({ known: stream.name }, (store) => store.known(stream.name, near_, around));
      }
    });

    it.each(['rows', 'verdicts', 'incidents'] as const)('files of %s', async (what) => {
      for (const format of ['csv', 'parquet'] as const) {
        for (const stream of streams) {
          const range = random.next() < 0.5 ? { stream: stream.name } : randomRange(random, stream);
          const files = await Promise.all(
            [duck, influx].map(async (store, i) => {
              const path = join(folder, `${i}-${what}.${format}`);
              const { rows } = await store.export({ ...range, what, format, path });
              return { rows, bytes: await readFile(path) };
            }),
          );
          expect(files[1].rows).toBe(files[0].rows);
          expect(files[1].bytes.equals(files[0].bytes), `${what} of ${stream.name} as ${format}`).toBe(true);
        }
      }
    });
  });
});

async function fill(store: Store, streams: readonly RandomStream[]): Promise<void> {
  for (const { name, schema, writes, letters, annotations } of streams) {
    await store.openStream(name, schema);
    for (const [i, write] of writes.entries()) {
      await store.append(write);
      if (i % 5 === 0) await store.commit();
    }
    const distinct = new Map(letters.map((letter) => [`${letter.source}/${letter.partition}/${letter.position}`, letter]));
    await store.appendDead([...distinct.values()]);
    await store.commit();
    await store.removeDead([...distinct.values()].filter((_, i) => i % 4 === 0));
    await store.commit();
    for (const annotation of annotations) await store.annotate(annotation);
  }
}

/** A part of a stream's time whose ends lie at rows, right beside them or far off. */
function randomRange(random: Random, { name, batch }: RandomStream): Range {
  const bound = (): bigint => batch.times[random.int(batch.rows)] + BigInt(pick(random, [0, 0, 1, -1, 3_600_000_000_000]));
  const [a, b] = [bound(), bound()];
  const [from, to] = a < b || random.next() < 0.1 ? [a, b] : [b, a];
  return { stream: name, ...(random.next() < 0.7 ? { from } : {}), ...(random.next() < 0.7 ? { to } : {}) };
}

function randomLimit(random: Random): { limit?: number; last?: boolean } {
  const limit = pick(random, [undefined, undefined, 0, 1, 2, 7, 50, 1000, 100_000]);
  return { ...(limit === undefined ? {} : { limit }), ...(random.next() < 0.5 ? { last: true } : {}) };
}

/** How rows are cut into batches is no part of the promise. */
function scanned(batches: readonly Batch[]): object {
  if (batches.length === 0) return { rows: 0 };
  const { times, seqs, origins, values, labels, rows } = concatBatches(batches);
  return { rows, times, seqs, origins, values, labels: labels ?? new Int8Array(rows).fill(-1) };
}

function withoutMoments({ mean: _, deviation: __, min, max, ...rest }: TagStatistics): object {
  // Of 0 and -0 either may be the least.
  return { ...rest, min: min + 0, max: max + 0 };
}

function near(found: number, expected: number): boolean {
  return Object.is(found, expected) || Math.abs(found - expected) <= 1e-12 * Math.abs(expected);
}

async function drain<T>(pieces: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
