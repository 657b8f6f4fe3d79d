import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Output } from '../../core/component.ts';
import { Status } from '../../core/verdict.ts';
import { type Attack, plantStart, smallPlant } from './small-plant.ts';
import { contentOf, everything, push, type Workbench, workbench } from './workbench.ts';

const attacks: readonly Attack[] = [
  { from: 2000, to: 2100, tag: 'LIT101', value: 1200 },
  { from: 2400, to: 2460, tag: 'P102', value: 2 },
  { from: 2800, to: 2860, tag: 'FIT101', value: 4.5 },
];
const rows = smallPlant(3300, attacks);
const second = 1_000_000_000n;

describe('the pipeline', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench();
  });
  afterAll(() => bench.close());

  it('finds every attack, names its tags, and is quiet elsewhere', async () => {
    const store = await bench.openStore('attacks');
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, [500]);
    await pipeline.commit();
    const incidents = (await store.incidents({ stream: 'plant', detector: 'combined' })).sort((a, b) => (a.start < b.start ? -1 : 1));
    for (const { from, to, tag } of attacks) {
      const [begin, end] = [plantStart + BigInt(from) * second, plantStart + BigInt(to) * second];
      const found = incidents.filter((incident) => incident.start < end && incident.end >= begin);
      expect(found, `the attack on ${tag}`).toHaveLength(1);
      const shares = found[0].contributions;
      const top = rows.schema.tags[shares.indexOf(shares.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a)))];
      // A flow and its valve always went together: when they do not, either may be the one.
      expect(tag === 'FIT101' ? ['FIT101', 'MV101'] : [tag]).toContain(top.name);
      if (tag === 'FIT101') expect(shares[0]).toBeGreaterThan(0.4);
      expect(shares.reduce((sum, share) => sum + Math.abs(share), 0)).toBeCloseTo(1, 9);
    }
    const outside = incidents.filter(({ start, end }) =>
      attacks.every(({ from, to }) => end < plantStart + BigInt(from) * second || start > plantStart + BigInt(to + 30) * second),
    );
    expect(outside.length).toBeLessThanOrEqual(2);
    expect(incidents.find(({ causes }) => causes.includes('constant-broken'))?.start).toBe(plantStart + 2400n * second);
    expect(pipeline.totals).toMatchObject({ read: 3300, stored: 3300, duplicate: 0, dead: 0 });
    expect(pipeline.totals.late).toBe(Math.floor(3300 / 211));
    await store.close();
  });

  it('stores warm-up rows with status undefined, and judges every later row', async () => {
    const store = await bench.openStore('warm-up');
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, [333], 0, 600);
    expect(pipeline.warmUp().get('plant')).toEqual({ stage: 'collecting', have: 600, need: 1500 });
    await push(pipeline, rows, [333], 600, 1900);
    expect(pipeline.warmUp().get('plant')).toMatchObject({ stage: 'ready' });
    await pipeline.commit();
    const verdicts = await store.verdicts({ stream: 'plant', detector: 'joint' });
    const at = new Map(verdicts.map(({ time, seq, status }) => [`${time}/${seq}`, status]));
    for (let row = 0; row < 1900; row++) {
      const status = at.get(`${rows.times[row]}/${rows.seqs[row]}`);
      if (row < 1500) expect(status).toBe(Status.undefined);
      else expect(status).not.toBe(undefined);
    }
    expect(verdicts.filter(({ status }) => status === Status.ok).length).toBeGreaterThan(250);
    await store.close();
  });

  it('tells what happened in a batch in the order of time, not detector by detector', async () => {
    const store = await bench.openStore('order');
    const told: { id: string; detector: string; end: bigint; change: string }[] = [];
    const observed: bigint[] = [];
    const output: Output = {
      async incident({ id, detector, end }, change) {
        told.push({ id, detector, end, change });
      },
      close: async () => undefined,
    };
    const pipeline = await bench.openPipeline(store, { outputs: [output], observer: { incident: ({ incident }) => observed.push(incident.end) } });
    await push(pipeline, rows, [3300]);
    const ends = told.map(({ end }) => end);
    expect(ends).toEqual([...ends].sort((a, b) => (a < b ? -1 : Number(a > b))));
    expect(observed).toEqual(ends);
    const detectors = told.map(({ detector }) => detector);
    expect(detectors.indexOf('joint')).toBeLessThan(detectors.lastIndexOf('clusters'));
    for (const { id } of told) expect(told.find((first) => first.id === id)?.change).toBe('opened');
    await store.close();
  });

  it('gives the same store however rows are batched', async () => {
    const contents: Record<string, unknown>[] = [];
    for (const [n, sizes] of [[500], [1], [7], [1499, 1, 2, 450], [3300]].entries()) {
      const store = await bench.openStore(`split-${n}`);
      const pipeline = await bench.openPipeline(store);
      await push(pipeline, rows, sizes);
      await pipeline.commit();
      contents.push(await contentOf(store, 'plant'));
      await store.close();
    }
    expect((contents[0].verdicts as unknown[]).length).toBe(3300 * 6);
    for (const content of contents.slice(1)) expect(content).toEqual(contents[0]);
  });

  it('goes on from its last commit, wherever that was, as if nothing had happened', async () => {
    const undisturbed = await bench.openStore('undisturbed');
    const whole = await bench.openPipeline(undisturbed);
    await push(whole, rows, [500]);
    await whole.commit();
    const store = await bench.openStore('disturbed');
    for (const [commitAt, dieAt] of [
      [100, 130],
      [560, 1499],
      [1500, 1505],
      [2050, 2200],
      [2401, 2402],
      [2830, 3100],
    ]) {
      const pipeline = await bench.openPipeline(store);
      await push(pipeline, rows, [64], pipeline.position?.nextOffset ?? 0, commitAt);
      await pipeline.commit();
      await push(pipeline, rows, [64], commitAt, dieAt);
      await rollBack(store);
    }
    const last = await bench.openPipeline(store);
    expect(last.position?.nextOffset).toBe(2830);
    await push(last, rows, [500], 2830);
    await last.commit();
    expect(last.totals).toEqual(whole.totals);
    expect(await contentOf(store, 'plant')).toEqual(await contentOf(undisturbed, 'plant'));
    await store.close();
    await undisturbed.close();

    /** What is staged is given up, as by a crash. */
    async function rollBack(open: typeof store): Promise<void> {
      await open.close();
      Object.assign(store, await bench.openStore('disturbed'));
    }
  });

  it('takes the same rows from another source as duplicates and changes nothing', async () => {
    const store = await bench.openStore('again');
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, [500]);
    await pipeline.commit();
    const before = await contentOf(store, 'plant');
    const other = await bench.openPipeline(store, { source: 'copy.csv' });
    expect(other.position).toBeUndefined();
    await push(other, rows, [77]);
    await other.commit();
    expect(other.totals.duplicate).toBe(3300);
    expect(other.totals.stored).toBe(3300);
    expect(await contentOf(store, 'plant')).toEqual(before);
    expect(Object.keys((await store.manifest('SWAT/0'))?.positions ?? {})).toEqual(['plant.csv', 'copy.csv']);
    await store.close();
  });

  it('refuses a source that was exchanged under its position, or is read otherwise', async () => {
    const store = await bench.openStore('exchanged');
    const pipeline = await bench.openPipeline(store);
    pipeline.attach({ fingerprint: 'fingerprint of a', shiftMs: 0, reading: { timezone: '"Europe/Moscow"', period: '1000' } });
    await push(pipeline, rows, [500], 0, 500);
    await pipeline.commit();
    const next = await bench.openPipeline(store);
    expect(() => next.attach({ fingerprint: 'fingerprint of b', shiftMs: 0 })).toThrow('the source is not the one of which 500 rows were read (plant.csv)');
    const otherwise = { fingerprint: 'fingerprint of a', shiftMs: 0, reading: { timezone: '"UTC"', start: '0' } };
    expect(() => next.attach(otherwise)).toThrow(
      'other settings so far: source.timezone was "Europe/Moscow" and is "UTC" now; source.period was 1000 and is not set now; source.start was not set and is 0 now (plant.csv)',
    );
    next.attach({ fingerprint: 'fingerprint of a', shiftMs: 0, reading: { timezone: '"Europe/Moscow"', period: '1000' } });
    await store.close();
  });

  it('refuses a snapshot that was made with other settings, and says which', async () => {
    const store = await bench.openStore('settings');
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, [500], 0, 1600);
    await pipeline.commit();
    const changed = await workbench(everything.replace('clusters: 6', 'clusters: 7').replace('0.999', '0.995'));
    const next = await changed.openPipeline(store);
    await expect(push(next, rows, [500], 1600, 1700)).rejects.toThrow('`detectors`, `threshold` changed');
    await changed.close();
    await store.close();
  });

  it('refuses another model than the one that the stream goes on with', async () => {
    const first = await bench.openStore('first-model');
    const trained = await bench.openPipeline(first);
    await push(trained, rows, [500], 0, 1600);
    const own = trained.stream('plant')?.modelRecord?.bytes as Uint8Array;
    const elsewhere = await bench.openStore('second-model');
    const again = await bench.openPipeline(elsewhere);
    await push(again, smallPlant(1600, [], 8), [500]);
    const other = again.stream('plant')?.modelRecord?.bytes as Uint8Array;

    const fromFile = await workbench(everything.replace('{ rows: 1500 }', '{ model: plant.model }'));
    const store = await fromFile.openStore('goes-on');
    const begun = await fromFile.openPipeline(store, { model: { bytes: own, place: 'plant.model' } });
    await push(begun, rows, [500], 0, 500);
    expect(begun.stream('plant')?.warmUp().stage).toBe('ready');
    await begun.commit();
    const same = await fromFile.openPipeline(store, { model: { bytes: own, place: 'plant.model' } });
    await push(same, rows, [500], 500, 1000);
    await same.commit();
    const different = await fromFile.openPipeline(store, { model: { bytes: other, place: 'plant.model' } });
    await expect(push(different, rows, [500], 1000)).rejects.toMatchObject({
      code: 'RECORD_VERSION',
      message: expect.stringContaining("stream 'plant' goes on with the model it began with, which is not this one (plant.model)"),
    });
    for (const open of [store, first, elsewhere]) await open.close();
    await fromFile.close();
  });
});
