import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocateBatch, type Batch, sliceBatch } from '../../core/batch.ts';
import type { Manifest } from '../../core/manifest.ts';
import { makeRandom } from '../../core/random.ts';
import { makeSchema } from '../../core/schema.ts';
import type { Store } from '../../core/store.ts';
import type { Pipeline } from '../../processor/pipeline.ts';
import { contentOf, differences } from '../store-content.ts';
import { type Workbench, workbench } from './workbench.ts';

const schema = makeSchema([{ name: 'value', kind: 'continuous' }]);

const textOf = (streams: string) => `
stream: many
source: { type: csv, path: not-read.csv }
streams: ${streams}
train: { rows: 24 }
lateness: 5s
views:
  held: [clean, { impute: { hold: 5s } }, { standardise: { clip: 30 } }]
  calm: [held, { smooth: { window: 3 } }]
detectors:
  follows: { type: var, view: held }
  near: { type: k-nn, view: calm }
  forest: { type: random-cut-forest, view: held, shingle: 3, trees: 8, samples: 32 }
combine:
  either: { fuse: { of: [follows, near], smooth: 3 }, any: [near] }
threshold: { warn: { quantile: 0.8 }, error: { quantile: 0.95 } }
incidents: { open: 1s, close: 2s, merge: 2s }
outputs: []
`;

/** Rows of one stream: a wave with noise, values that are missing, times that come twice and back. */
function rowsOf(stream: string, rows: number, seed: number): Batch {
  const random = makeRandom(seed, stream);
  const batch = allocateBatch(stream, schema, rows);
  for (let row = 0; row < rows; row++) {
    batch.values[row] = row % 17 === 11 ? Number.NaN : Math.sin(row / 3) + 0.2 * random.normal() + (row % 40 > 36 ? 4 : 0);
    batch.times[row] = 1_700_000_000_000_000_000n + BigInt(row - (row % 13 === 12 ? 2 : 0)) * 1_000_000_000n;
    batch.seqs[row] = row % 13 === 12 && row % 2 === 0 ? 1 : 0;
    batch.origins[row] = row;
  }
  return batch;
}

interface Plan {
  readonly streams: number;
  /** Which stream brings its next row, again and again. */
  readonly order: readonly number[];
  /** Rows of the chunks, and after how many of them there is a commit. */
  readonly chunks: readonly number[];
  readonly commits: number;
  /** After so many chunks everything is dropped that was not committed, as by a crash. */
  readonly crash: number;
}

const rowsEach = 40;

const plan: fc.Arbitrary<Plan> = fc.integer({ min: 2, max: 5 }).chain((streams) =>
  fc.record({
    streams: fc.constant(streams),
    order: fc.shuffledSubarray(
      Array.from({ length: streams * rowsEach }, (_, i) => i % streams),
      { minLength: streams * rowsEach },
    ),
    chunks: fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 4 }),
    commits: fc.integer({ min: 1, max: 4 }),
    crash: fc.integer({ min: 1, max: 40 }),
  }),
);

/** The rows of all streams as they come. */
function arrivals({ streams, order }: Plan): Batch[] {
  const all = Array.from({ length: streams }, (_, s) => rowsOf(`item ${s}`, rowsEach, s));
  const next = new Array<number>(streams).fill(0);
  return order.map((s, offset) => {
    const row = allocateBatch(all[s].stream, schema, 1);
    const from = next[s]++;
    row.values[0] = all[s].values[from];
    row.times[0] = all[s].times[from];
    row.seqs[0] = all[s].seqs[from];
    row.origins[0] = offset;
    return row;
  });
}

/** The records of a manifest that do not depend on when a forest was saved: models, and rows to train on. */
function steady(manifest: Manifest | undefined): [string, string][] {
  return Object.entries(manifest?.records ?? {}).filter(([name]) => !/\/(state|scoring)$/.test(name));
}

describe('many streams', () => {
  const benches = new Map<number, Workbench>();
  let run = 0;
  beforeAll(async () => {
    for (const limit of [1, 2, 3, 1000]) benches.set(limit, await workbench(textOf(`{ inMemory: ${limit} }`)));
  });
  afterAll(() => Promise.all([...benches.values()].map((bench) => bench.close())));

  /** Processes all rows with so many streams in memory; looks at how many there are after every commit. */
  async function process(plan: Plan, limit: number, crash?: number): Promise<{ store: Store; most: number }> {
    const bench = benches.get(limit) as Workbench;
    const rows = arrivals(plan);
    const name = `run-${++run}`;
    let store = await bench.openStore(name);
    let pipeline: Pipeline = await bench.openPipeline(store);
    let most = 0;
    for (let from = 0, n = 0; from < rows.length; n++) {
      if (n === crash) {
        await store.close();
        store = await bench.openStore(name);
        pipeline = await bench.openPipeline(store);
        from = pipeline.position?.nextOffset ?? 0;
      }
      const to = Math.min(rows.length, from + plan.chunks[n % plan.chunks.length]);
      await pipeline.process({ partition: 0, nextOffset: to, batches: rows.slice(from, to), dead: [] });
      from = to;
      if ((n + 1) % plan.commits !== 0 && to < rows.length) continue;
      await pipeline.commit();
      most = Math.max(most, pipeline.streams.length);
    }
    expect([...pipeline.warmUp().values()].every(({ stage, have, need }) => stage === 'ready' && have === 24 && need === 24)).toBe(true);
    return { store, most };
  }

  it('are judged alike however many of them are in memory, and after a crash', { timeout: 120_000 }, async () => {
    let [flagged, apart] = [0, 0];
    await fc.assert(
      fc.asyncProperty(plan, fc.constantFrom(1, 2, 3), async (plan, limit) => {
        const [whole, limited] = [await process(plan, 1000), await process(plan, limit, plan.crash)];
        expect(whole.most).toBe(plan.streams);
        expect(limited.most).toBeLessThanOrEqual(limit);
        for (let s = 0; s < plan.streams; s++) {
          const wanted = await contentOf(whole.store, `item ${s}`);
          expect(differences(await contentOf(limited.store, `item ${s}`), wanted)).toEqual([]);
          flagged += (wanted.incidents as unknown[]).length;
        }
        // What is saved of them is the same too, but for when: the forest is large, and is saved now and then, with the rows since.
        const [saved, expected] = [await limited.store.manifest('SWAT/0'), await whole.store.manifest('SWAT/0')];
        expect([saved?.positions, saved?.totals, steady(saved)]).toEqual([expected?.positions, expected?.totals, steady(expected)]);
        apart += Object.keys(saved?.records ?? {}).filter((name) => name.endsWith('/scoring')).length;
        await Promise.all([whole.store.close(), limited.store.close()]);
      }),
      { numRuns: 3 },
    );
    expect(flagged).toBeGreaterThan(20);
    expect(apart).toBeGreaterThan(5);
  });

  it('are left out of memory while they are as they were saved, the one used longest ago first', async () => {
    const bench = benches.get(2) as Workbench;
    const store = await bench.openStore('order');
    const pipeline = await bench.openPipeline(store);
    const [a, b, c] = ['a', 'b', 'c'].map((stream) => rowsOf(stream, 3, 1));
    const offset = { next: 0 };
    const bring = async (...batches: Batch[]): Promise<string[]> => {
      offset.next += batches.length;
      await pipeline.process({ partition: 0, nextOffset: offset.next, batches, dead: [] });
      return pipeline.streams.map(({ stream }) => stream).sort();
    };
    expect(await bring(a, b)).toEqual(['a', 'b']);
    expect(pipeline.due).toBe(false);
    // Nothing of them is saved: all stay, and it is time to save.
    expect(await bring(c)).toEqual(['a', 'b', 'c']);
    expect(pipeline.due).toBe(true);
    await pipeline.commit();
    expect(pipeline.streams.map(({ stream }) => stream)).toEqual(['b', 'c']);
    expect(pipeline.warmth).toEqual({ ready: 0, warming: 3, next: { stage: 'collecting', have: 3, need: 24 } });
    expect([...pipeline.warmUp().keys()].sort()).toEqual(['a', 'b', 'c']);
    // Rows that are there already change nothing: b was used last, and c goes.
    await bring(b);
    expect(await bring(a)).toEqual(['a', 'b']);
    expect(pipeline.totals).toMatchObject({ stored: 9, duplicate: 6 });
    await store.close();
  });

  it('save those that changed, and no others', async () => {
    const bench = benches.get(1000) as Workbench;
    const store = await bench.openStore('changed');
    const saved: string[][] = [];
    const pipeline = await bench.openPipeline(
      Object.assign(Object.create(store) as Store, {
        commit(manifest: Parameters<Store['commit']>[0], records: Parameters<Store['commit']>[1]) {
          const names = Object.entries(manifest?.records ?? {}).flatMap(([name, hash]) => (records?.has(hash) ? [name] : []));
          saved.push(names.sort());
          return store.commit(manifest, records);
        },
      }),
    );
    const streams = ['a', 'b', 'c'].map((stream) => rowsOf(stream, 10, 1));
    await pipeline.process({ partition: 0, nextOffset: 30, batches: streams, dead: [] });
    await pipeline.commit();
    const more = rowsOf('b', 11, 1);
    await pipeline.process({ partition: 0, nextOffset: 31, batches: [more], dead: [] });
    await pipeline.commit();
    expect(saved).toEqual([
      ['a/state', 'a/training/0', 'b/state', 'b/training/0', 'c/state', 'c/training/0'],
      ['b/state', 'b/training/1'],
    ]);
    await store.close();
  });

  it('are no more than streams.max: rows of further ones are dead letters, and that is said once', async () => {
    const bench = await workbench(textOf('{ inMemory: 1, max: 2 }'));
    const store = await bench.openStore();
    const warnings: string[] = [];
    const open = () => bench.openPipeline(store, { observer: { warned: (message) => warnings.push(message) } });
    const [a, b, c] = ['a', 'b', 'c'].map((stream) => rowsOf(stream, 2, 1));
    const first = await open();
    await first.process({ partition: 0, nextOffset: 6, batches: [a, c, b], dead: [] });
    await first.commit();
    const next = await open();
    await next.process({ partition: 0, nextOffset: 8, batches: [{ ...b, origins: Float64Array.of(6, 7) }], dead: [] });
    await next.process({ partition: 0, nextOffset: 10, batches: [a], dead: [] });
    await next.commit();
    expect((await store.streams()).map(({ stream, rows }) => [stream, rows])).toEqual([
      ['a', 2],
      ['c', 2],
    ]);
    const dead = await store.deadLetters({ reason: 'too-many-streams' });
    expect(dead.map(({ stream, position }) => [stream, position])).toEqual([
      ['b', 0],
      ['b', 1],
      ['b', 6],
      ['b', 7],
    ]);
    expect(dead[0].message).toContain("stream 'b' is one too many: there are 2 already, and `streams.max` allows no more");
    expect(dead[0].payload).toContain('"values":[-0.');
    expect(warnings).toHaveLength(2);
    expect(next.totals).toMatchObject({ read: 10, stored: 4, duplicate: 2, dead: 4 });
    await store.close();
    await bench.close();
  });

  it('do not hold up each other: of one that cannot be trained on its first rows the next ones are tried', async () => {
    const bench = await workbench(textOf('{ inMemory: 1 }'));
    const store = await bench.openStore();
    const warnings: string[] = [];
    const open = () => bench.openPipeline(store, { observer: { warned: (message) => warnings.push(message) } });
    const silent = rowsOf('silent', 60, 1);
    silent.values.fill(Number.NaN, 0, 30);
    const well = rowsOf('well', 60, 1);
    let pipeline = await open();
    for (let from = 0; from < 60; from += 10) {
      await pipeline.process({
        partition: 0,
        nextOffset: 2 * (from + 10),
        batches: [sliceBatch(silent, from, from + 10), sliceBatch(well, from, from + 10)],
        dead: [],
      });
      await pipeline.commit();
      pipeline = await open();
    }
    const undefinedIn = async (stream: string) => (await store.verdicts({ stream, detector: 'near' })).filter(({ status }) => status === 2).length;
    expect([await undefinedIn('well'), await undefinedIn('silent')]).toEqual([24, 48]);
    expect(warnings).toEqual([expect.stringContaining("stream 'silent' is trained anew on its next rows: ")]);
    // The pipeline's own stream is all there is to judge: there it is an error.
    await expect(
      pipeline.process({ partition: 0, nextOffset: 200, batches: [{ ...sliceBatch(silent, 0, 30), stream: 'many' }], dead: [] }),
    ).rejects.toMatchObject({
      code: 'TRAINING_UNFIT',
    });
    await store.close();
    await bench.close();
  });
});
