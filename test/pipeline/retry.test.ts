import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allocateBatch, type Batch, sliceBatch } from '../../core/batch.ts';
import type { Chunk, DeadLetter, DeadReason } from '../../core/chunk.ts';
import { bucketStart } from '../../core/level-of-detail.ts';
import { rowPayload } from '../../core/row-payload.ts';
import { makeSchema } from '../../core/schema.ts';
import { type Bucket, levelsOfDetail, type Store } from '../../core/store.ts';
import { TimeWindow } from '../../core/time-window.ts';
import { Status } from '../../core/verdict.ts';
import { type ReadAgain, type RetryOutcome, retryDead } from '../../processor/retry.ts';
import { SavedStreams } from '../../processor/saved-streams.ts';
import { type Workbench, workbench } from './workbench.ts';

const schema = makeSchema(['FIT101', 'LIT101'].map((name) => ({ name, kind: 'continuous' as const })));
const lateness = 60_000;
const second = 1_000_000_000n;
const start = 1_500_000_000n * second;

const yaml = `
stream: plant
source: { type: csv, path: not-read.csv }
train: { rows: 100000 }
lateness: 1m
detectors: { near: { type: mahalanobis } }
outputs: []
`;

/** A row as it lies in the source; one that is unreadable at first becomes a dead letter, which takes its seq. */
interface SourceRow {
  /** Nanoseconds. */
  readonly time: bigint;
  /** In eighths, of which sums are exact. */
  readonly values: readonly [number, number];
  readonly readable: boolean;
}

/** Rows that step on, stand still, pause for long, and now and then lie up to three hours back. */
const sourceRows: fc.Arbitrary<SourceRow[]> = fc
  .array(
    fc.record({
      step: fc.oneof(
        { weight: 12, arbitrary: fc.integer({ min: 0, max: 40_000 }) },
        { weight: 3, arbitrary: fc.constant(0) },
        { weight: 1, arbitrary: fc.integer({ min: 600_000, max: 5_000_000 }) },
      ),
      back: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 3 * 3_600_000 }) }),
      values: fc.tuple(fc.integer({ min: -8000, max: 8000 }), fc.option(fc.integer({ min: -8000, max: 8000 }), { nil: Number.NaN })),
      luck: fc.integer({ min: 0, max: 9 }),
    }),
    { minLength: 30, maxLength: 150 },
  )
  .map((moves) => {
    let newest = 0;
    return moves.map(({ step, back, values, luck }) => {
      newest += step;
      return {
        // Some times are shared: whole ten seconds.
        time: start + BigInt(luck < 3 ? Math.floor((newest - back) / 10_000) * 10_000 : newest - back) * 1_000_000n,
        values: [values[0] / 8, values[1] / 8],
        readable: luck % 4 !== 3,
      };
    });
  });

/** The rows as a pass over their source counts them. */
function passOver(rows: readonly SourceRow[]): Batch {
  const batch = allocateBatch('plant', schema, rows.length);
  const window = new TimeWindow(lateness);
  for (const [i, { time, values }] of rows.entries()) {
    batch.values.set(values, 2 * i);
    batch.times[i] = time;
    batch.seqs[i] = window.next(time) ?? -1;
    batch.origins[i] = i;
  }
  return batch;
}

function letterOf(position: number, reason: DeadReason, payload = ''): DeadLetter {
  return { source: 'plant.csv', partition: 0, position, stream: 'plant', reason, message: reason, payload };
}

function chunkOf(pass: Batch, rows: readonly SourceRow[], from: number, to: number): Chunk {
  const batches: Batch[] = [];
  const dead: DeadLetter[] = [];
  for (let i = from; i < to; i++) {
    if (rows[i].readable) batches.push(sliceBatch(pass, i, i + 1));
    else dead.push(letterOf(i, 'number'));
  }
  return { partition: 0, nextOffset: to, batches, dead };
}

async function retry(
  store: Store,
  readAgain: ReadAgain,
  { lateness: within = lateness, ...more }: { transactional?: boolean; dryRun?: boolean; lateness?: number } = {},
): Promise<RetryOutcome[]> {
  const saved = new SavedStreams(within);
  await saved.load(store, await store.streams());
  const outcomes: RetryOutcome[] = [];
  const letters = await store.deadLetters({});
  for await (const outcome of retryDead({ store, transactional: true, saved, letters, readAgain, ...more })) outcomes.push(outcome);
  return outcomes;
}

const becameOf = (outcomes: readonly RetryOutcome[]): string[] => outcomes.map(({ letter, became }) => `${letter.position} ${became}`).sort();

/** Straight from the definition; in eighths every sum is exact, whatever its order. */
function bucketsOf(times: BigInt64Array, columns: readonly Float64Array[], level: number): Bucket[] {
  const inBucket = new Map<bigint, number[]>();
  for (const [i, time] of times.entries()) inBucket.set(bucketStart(time, level), [...(inBucket.get(bucketStart(time, level)) ?? []), i]);
  return [...inBucket].map(([time, rows]) => {
    const present = columns.map((column) => rows.map((i) => column[i]).filter((value) => !Number.isNaN(value)));
    const each = (of: (values: number[]) => number): Float64Array => Float64Array.from(present, (values) => (values.length === 0 ? Number.NaN : of(values)));
    return {
      level,
      time,
      min: each((values) => Math.min(...values)),
      max: each((values) => Math.max(...values)),
      sum: each((values) => values.reduce((a, b) => a + b, 0)),
      count: Float64Array.from(present, (values) => values.length),
    };
  });
}

/** Zeros have a sign, which says nothing of a bucket. */
const unsigned = (buckets: readonly Bucket[]): Bucket[] =>
  buckets.map(({ level, time, ...parts }) => {
    const [min, max, sum, count] = [parts.min, parts.max, parts.sum, parts.count].map((values) => values.map((value) => value + 0));
    return { level, time, min, max, sum, count };
  });

async function expectWholeBuckets(store: Store, stream = 'plant'): Promise<void> {
  const { times, columns } = await store.rows({ stream });
  for (const level of levelsOfDetail) {
    expect(unsigned(await store.buckets({ stream, level })), `level ${level}`).toEqual(unsigned(bucketsOf(times, columns, level)));
  }
}

const never: ReadAgain = async () => ({ why: 'not now' });

describe('retryDead', () => {
  let bench: Workbench;
  let stores = 0;
  beforeAll(async () => {
    bench = await workbench(yaml);
  });
  afterAll(() => bench.close());

  /** Takes in the rows, tries the letters again before each of the `pauses`, and goes on in a new process each time. */
  const takeIn = async (rows: readonly SourceRow[], sizes: readonly number[], pauses: readonly number[]): Promise<Store> => {
    const store = await bench.openStore(`store-${stores++}`);
    const pass = passOver(rows);
    const readAgain: ReadAgain = async ({ position }) => sliceBatch(pass, position, position + 1);
    let pipeline = await bench.openPipeline(store);
    for (let at = 0, n = 0; at < rows.length; n++) {
      if (pauses.includes(n)) {
        await pipeline.commit();
        await retry(store, readAgain);
        pipeline = await bench.openPipeline(store);
        await pipeline.openStream('plant', schema);
      }
      const to = Math.min(rows.length, at + sizes[n % sizes.length]);
      await pipeline.process(chunkOf(pass, rows, at, to));
      at = to;
    }
    await pipeline.commit();
    return store;
  };

  it('leaves every row stored once and every bucket as if folded from all of them, whenever it is done, and the pipeline undisturbed', async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(sourceRows, sizes, fc.uniqueArray(fc.integer({ min: 1, max: 9 }), { maxLength: 4 }), async (rows, chunkSizes, pauses) => {
        fc.pre(rows.some(({ readable }) => readable));
        const store = await takeIn(rows, chunkSizes, pauses);
        const undisturbed = await takeIn(rows, chunkSizes, []);
        const [manifest] = await store.manifests();
        const [expected] = await undisturbed.manifests();
        expect({ positions: manifest.positions, totals: manifest.totals }).toEqual({ positions: expected.positions, totals: expected.totals });

        const pass = passOver(rows);
        await retry(store, async ({ position }) => sliceBatch(pass, position, position + 1));
        expect(await store.deadLetters({})).toEqual([]);
        const { times, seqs, columns } = await store.rows({ stream: 'plant' });
        const shown = (time: bigint, values: readonly number[]): string => `${time} ${values}`;
        const stored = Array.from(times, (time, i) => shown(time, columns.map((column) => column[i]))); // biome-ignore format: one line
        // Rows of equal time and values among those that were put aside are one.
        const distinct = new Set(rows.map(({ time, values }) => shown(time, values)));
        expect(new Set(stored)).toEqual(distinct);
        if (distinct.size === rows.length) expect(stored).toHaveLength(rows.length);
        expect(new Set(Array.from(times, (time, i) => `${time}/${seqs[i]}`)).size).toBe(times.length);
        const verdicts = await store.verdicts({ stream: 'plant' });
        const detectors = new Set(verdicts.map(({ detector }) => detector));
        expect(verdicts).toHaveLength(times.length * detectors.size);
        expect(new Set(verdicts.map(({ detector, time, seq }) => `${detector} ${time}/${seq}`)).size).toBe(verdicts.length);
        await expectWholeBuckets(store);
        await store.close();
        await undisturbed.close();
      }),
      { numRuns: 25 },
    );
  });

  /** Rows of every second, those of the given seconds in the source only at its end. */
  const steady = (seconds: number, delayed: readonly number[] = []): SourceRow[] => {
    const row = (s: number): SourceRow => ({ time: start + BigInt(s) * second, values: [s / 8, -s], readable: true });
    const inTime = Array.from({ length: seconds }, (_, s) => s).filter((s) => !delayed.includes(s));
    return [...inTime, ...delayed].map(row);
  };

  it('stores what the store had refused under its own seq, without verdicts of another', async () => {
    const store = await takeIn(steady(200), [50], []);
    const again = allocateBatch('plant', schema, 1);
    again.times[0] = start + 20n * second;
    again.seqs[0] = 3;
    again.values.set([0.5, Number.NaN]);
    await store.appendDead([letterOf(900, 'rejected', rowPayload(again, 0))]);
    await store.commit();
    const before = await store.verdicts({ stream: 'plant' });
    expect(becameOf(await retry(store, never))).toEqual(['900 taken']);
    const { times, seqs } = await store.rows({ stream: 'plant', from: again.times[0], to: again.times[0] + 1n });
    expect([[...times], [...seqs]]).toEqual([
      [again.times[0], again.times[0]],
      [0, 3],
    ]);
    expect(await store.verdicts({ stream: 'plant' })).toEqual(before);
    await expectWholeBuckets(store);
    await store.close();
  });

  it('lets nobody bring a row again that it stored', async () => {
    const rows = steady(100).map((row, s) => (s === 80 ? { ...row, readable: false } : row));
    const store = await takeIn(rows, [100], []);
    const pass = passOver(rows);
    expect(becameOf(await retry(store, async () => sliceBatch(pass, 80, 81)))).toEqual(['80 taken']);
    const pipeline = await bench.openPipeline(store, { source: 'corrected.csv' });
    await pipeline.openStream('plant', schema);
    await pipeline.process({ partition: 0, nextOffset: 100, batches: [pass], dead: [] });
    await pipeline.commit();
    expect(pipeline.totals).toMatchObject({ stored: 99, duplicate: 100 });
    expect((await store.streams())[0].rows).toBe(100);
    await store.close();
  });

  it('makes buckets anew that a shorter lateness has closed', async () => {
    const store = await takeIn(steady(300, [10]), [100], []);
    expect(becameOf(await retry(store, never, { lateness: 3 * 3_600_000 }))).toEqual(['299 taken']);
    await expectWholeBuckets(store);
    await store.close();
  });

  it('keeps away from seqs that the pipeline may still count without the row', async () => {
    const rows = steady(100);
    const store = await takeIn(rows, [100], []);
    // Its time could not be read, so the source does not count it, and the next row of that time will be its second.
    await store.appendDead([letterOf(40, 'time'), letterOf(99, 'time')]);
    await store.commit();
    const again = allocateBatch('plant', schema, 100);
    again.times.set([start + 10n * second], 40);
    again.times.set([start + 99n * second], 99);
    again.seqs.fill(1);
    await retry(store, async ({ position }) => sliceBatch(again, position, position + 1));
    const pipeline = await bench.openPipeline(store);
    await pipeline.openStream('plant', schema);
    const tie = allocateBatch('plant', schema, 1);
    tie.times[0] = start + 99n * second;
    tie.seqs[0] = 1;
    tie.values.fill(7);
    await pipeline.process({ partition: 0, nextOffset: 101, batches: [tie], dead: [] });
    await pipeline.commit();
    expect(pipeline.totals).toMatchObject({ stored: 101, duplicate: 0 });
    const at = async (s: bigint): Promise<number[]> => [...(await store.rows({ stream: 'plant', from: start + s * second, to: start + s * second + 1n })).seqs];
    expect(await at(10n)).toEqual([0, 1]);
    expect(await at(99n)).toEqual([0, 1, 2 ** 30]);
    await store.close();
  });

  it('takes in of equal rows one, and says the same when it changes nothing', async () => {
    const store = await takeIn(steady(300, [10, 10, 20]), [100], []);
    const before = await store.deadLetters({});
    expect(before.map(({ reason }) => reason)).toEqual(['too-late', 'too-late', 'too-late']);
    const foretold = becameOf(await retry(store, never, { dryRun: true }));
    expect(await store.deadLetters({})).toEqual(before);
    expect((await store.streams())[0].rows).toBe(298);
    expect(becameOf(await retry(store, never))).toEqual(foretold);
    expect(foretold).toEqual(['298 taken', '299 known', '300 taken']);
    expect((await store.streams())[0].rows).toBe(300);
    await store.close();
  });

  it('beside a pipeline that cannot be told, keeps a letter until the buckets around its row are written', async () => {
    const rows = steady(300, [10]);
    const later = steady(2 * 3600).slice(300);
    const store = await takeIn(rows, [100], []);
    expect(becameOf(await retry(store, never, { transactional: false }))).toEqual(['299 waiting']);
    expect(becameOf(await retry(store, never, { transactional: false }))).toEqual(['299 waiting']);
    await expectWholeBuckets(store);
    const pipeline = await bench.openPipeline(store);
    await pipeline.openStream('plant', schema);
    const pass = passOver([...rows, ...later]);
    await pipeline.process({ partition: 0, nextOffset: 7200, batches: [sliceBatch(pass, 300, 7200)], dead: [] });
    await pipeline.commit();
    expect(await store.deadLetters({})).toHaveLength(1);
    expect(becameOf(await retry(store, never, { transactional: false }))).toEqual(['299 known']);
    expect(await store.deadLetters({})).toEqual([]);
    expect((await store.streams())[0].rows).toBe(7200);
    await expectWholeBuckets(store);
    await store.close();
  });

  it('tells the pipeline of the rows of all its streams', async () => {
    const store = await bench.openStore(`store-${stores++}`);
    const [before, after] = [steady(300, [10, 20]), steady(4000).slice(300)];
    const pass = passOver([...before, ...after]);
    const piece = (from: number, to: number): Chunk => {
      const rows = sliceBatch(pass, from, to);
      return { partition: 0, nextOffset: to, batches: ['north', 'south'].map((stream) => ({ ...rows, stream })), dead: [] };
    };
    for (const [from, to] of [
      [0, 300],
      [300, 4000],
    ]) {
      const pipeline = await bench.openPipeline(store);
      for (const stream of ['north', 'south']) await pipeline.openStream(stream, schema);
      await pipeline.process(piece(from, to));
      await pipeline.commit();
      // As if the streams came by rows of their own.
      if (from === 0) {
        const letters = await store.deadLetters({});
        await store.removeDead(letters);
        await store.appendDead(letters.map((letter, i) => ({ ...letter, position: i })));
        await store.commit();
        expect((await retry(store, never)).map(({ became }) => became)).toEqual(Array.from({ length: 4 }, () => 'taken'));
      }
    }
    for (const stream of ['north', 'south']) {
      expect((await store.rows({ stream, tags: [] })).times).toHaveLength(4000);
      await expectWholeBuckets(store, stream);
    }
    await store.close();
  });

  it('leaves a row of a stream that is not stored, or of other tags, and says why', async () => {
    const store = await takeIn(steady(200), [50], []);
    await store.appendDead([letterOf(300, 'cells'), letterOf(301, 'cells'), { ...letterOf(302, 'too-late', '{"Timestamp":"20'), stream: 'elsewhere' }]);
    await store.commit();
    const other = makeSchema([{ name: 'FIT101', kind: 'continuous' }]);
    const outcomes = await retry(store, async ({ position }) => {
      if (position === 300) return allocateBatch('elsewhere', schema, 1);
      return position === 301 ? allocateBatch('plant', other, 1) : { why: 'the source has gone' };
    });
    expect(outcomes.map((outcome) => outcome.became === 'left' && outcome.why)).toEqual([
      expect.stringContaining("no stream 'elsewhere'"),
      expect.stringContaining("not those of stream 'plant'"),
      'the source has gone',
    ]);
    expect(await store.deadLetters({})).toHaveLength(3);
    await store.close();
  });

  it('commits batch by batch: whoever stops listening has what was told', async () => {
    const delayed = [0, 3600, 7200].flatMap((from) => Array.from({ length: 600 }, (_, i) => from + i));
    const store = await takeIn(steady(3 * 3600, delayed), [2000], []);
    const saved = new SavedStreams(lateness);
    await saved.load(store, await store.streams());
    for await (const { became } of retryDead({ store, transactional: true, saved, letters: await store.deadLetters({}), readAgain: never })) {
      expect(became).toBe('taken');
      break;
    }
    expect((await store.streams())[0].rows).toBe(3 * 3600 - 1200);
    expect(await store.deadLetters({})).toHaveLength(1200);
    expect((await retry(store, never)).map(({ became }) => became)).toEqual(Array.from({ length: 1200 }, () => 'taken'));
    const verdicts = await store.verdicts({ stream: 'plant' });
    expect(verdicts).toHaveLength(2 * 3 * 3600);
    expect(new Set(verdicts.map(({ status }) => status))).toEqual(new Set([Status.undefined]));
    await expectWholeBuckets(store);
    await store.close();
  });
});
