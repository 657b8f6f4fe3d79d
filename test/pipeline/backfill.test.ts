import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sliceBatch } from '../../core/batch.ts';
import { Status } from '../../core/verdict.ts';
import { backfill } from '../../processor/backfill.ts';
import { StreamPipeline } from '../../processor/stream.ts';
import { loadDefinitions } from '../../processor/train.ts';
import { plantStart, smallPlant } from './small-plant.ts';
import { contentOf, everything, push, type Workbench, workbench } from './workbench.ts';

const rows = smallPlant(2300, [
  { from: 300, to: 380, tag: 'LIT101', value: 1150 },
  { from: 1800, to: 1900, tag: 'LIT101', value: 1150 },
]);
const second = 1_000_000_000n;

describe('backfill', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench(everything.replace('rows: 1500', 'rows: 500-1500'));
  });
  afterAll(() => bench.close());

  const live = async (name: string) => {
    const store = await bench.openStore(name);
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, [500]);
    await pipeline.commit();
    const stream = new StreamPipeline('plant', rows.schema, {
      config: bench.config,
      registry: bench.registry,
      definitions: await loadDefinitions(bench.config, bench.registry),
    });
    stream.useModel(pipeline.stream('plant')?.model as never, 'model');
    return { store, stream, before: await contentOf(store, 'plant') };
  };

  it('judges the warm-up rows, and every later row exactly as live', async () => {
    const { store, stream, before } = await live('whole');
    const result = await backfill(store, stream, { lead: 0n }, () => undefined);
    expect(result.rows).toBe(2300);
    const after = await contentOf(store, 'plant');
    const late = ({ time }: { time: bigint }): boolean => time >= plantStart + 1500n * second;
    const [was, is] = [before.verdicts as { time: bigint; status: number }[], after.verdicts as { time: bigint; status: number }[]];
    expect(is.filter(late)).toEqual(was.filter(late));
    expect(was.filter((verdict) => !late(verdict)).every(({ status }) => status === Status.undefined)).toBe(true);
    expect(is.filter((verdict) => !late(verdict) && verdict.status === Status.undefined).length).toBeLessThan(100);
    expect(is).toHaveLength(was.length);
    expect({ ...after, verdicts: 0, incidents: 0, thresholds: 0 }).toEqual({ ...before, verdicts: 0, incidents: 0, thresholds: 0 });
    const incidents = await store.incidents({ stream: 'plant', detector: 'combined' });
    for (const at of [300n, 1800n]) {
      const [from, to] = [plantStart + at * second, plantStart + (at + 80n) * second];
      expect(incidents.filter(({ start, end }) => start < to && end >= from)).toHaveLength(1);
    }
    await store.close();
  });

  it('twice changes nothing more', async () => {
    const { store, stream } = await live('twice');
    await backfill(store, stream, { lead: 0n }, () => undefined);
    const once = await contentOf(store, 'plant');
    const again = new StreamPipeline('plant', rows.schema, {
      config: bench.config,
      registry: bench.registry,
      definitions: await loadDefinitions(bench.config, bench.registry),
    });
    again.useModel(stream.model as never, 'model');
    await backfill(store, again, { lead: 0n }, () => undefined);
    expect(await contentOf(store, 'plant')).toEqual(once);
    await store.close();
  });

  it('of a range leaves what lies outside, and with enough lead gives what live gave', async () => {
    const { store, stream, before } = await live('range');
    const range = { from: plantStart + 1700n * second, to: plantStart + 2000n * second, lead: 100n * second };
    const result = await backfill(store, stream, range, () => undefined);
    expect(result.rows).toBeGreaterThan(290);
    expect(result.rows).toBeLessThan(310);
    expect(await contentOf(store, 'plant')).toEqual(before);
    await store.close();
  });

  it('of a range that ends inside an incident leaves the incident whole', async () => {
    const { store, stream, before } = await live('inside');
    await backfill(store, stream, { from: plantStart + 1700n * second, to: plantStart + 1850n * second, lead: 100n * second }, () => undefined);
    const after = await contentOf(store, 'plant');
    expect(after.incidents).toEqual(before.incidents);
    expect(after).toEqual(before);
    await store.close();
  });

  it('of a range in which the warm-up ended dates the levels at its first row', async () => {
    const { store, stream } = await live('levels');
    const was = await store.thresholds('plant');
    expect(new Set(was.map(({ time }) => time))).toEqual(new Set([rows.times[1500]]));
    const from = rows.times[1200];
    await backfill(store, stream, { from, to: plantStart + 1700n * second, lead: 100n * second }, () => undefined);
    expect(await store.thresholds('plant')).toEqual(was.map((levels) => ({ ...levels, time: from })));
    await store.close();
  });

  it('with another model sets its levels for the range and the former ones behind it', async () => {
    const { store, before } = await live('other');
    const own = await store.thresholds('plant');
    const context = { config: bench.config, registry: bench.registry, definitions: await loadDefinitions(bench.config, bench.registry) };
    const other = new StreamPipeline('plant', rows.schema, context);
    await other.trainOn(sliceBatch(rows, 600, 1700), 'another stretch');
    const [from, to] = [plantStart + 1600n * second, plantStart + 1700n * second];
    await backfill(store, other, { from, to, lead: 100n * second }, () => undefined);
    const levels = await store.thresholds('plant');
    const at = (time: bigint) => levels.filter((level) => level.time === time);
    expect(at(rows.times[1500])).toEqual(own);
    expect(at(to)).toEqual(own.map((level) => ({ ...level, time: to })));
    expect(at(from).map(({ detector }) => detector)).toEqual(own.map(({ detector }) => detector));
    for (const { model } of at(from)) expect(model).toBe(other.modelRecord?.hash);
    expect(levels).toHaveLength(3 * own.length);
    const outside = ({ time }: { time: bigint }): boolean => time < from || time >= to;
    const [was, is] = [before.verdicts as { time: bigint }[], (await contentOf(store, 'plant')).verdicts as { time: bigint }[]];
    expect(is.filter(outside)).toEqual(was.filter(outside));
    expect(is).not.toEqual(was);
    await store.close();
  });
});
