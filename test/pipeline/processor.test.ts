import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sliceBatch } from '../../core/batch.ts';
import type { Bus } from '../../core/bus.ts';
import type { Store } from '../../core/store.ts';
import { type ProcessorOptions, processTopic } from '../../processor/processor.ts';
import { contentOf, differences } from '../store-content.ts';
import { plantSchema, smallPlant } from './small-plant.ts';
import { everything, type Workbench, workbench } from './workbench.ts';

const rows = smallPlant(3000);

describe('a processor of one topic, over a store that keeps the positions', () => {
  let bench: Workbench;
  let bus: Bus;
  beforeAll(async () => {
    bench = await workbench(everything);
  });
  afterAll(() => bench.close());

  const makeBus = async (): Promise<Bus> => {
    const definition = await bench.registry.load('bus', 'memory');
    return await definition.create(definition.options.parse({}));
  };
  const send = async (from: number, to: number): Promise<void> => {
    const producer = await bus.producer('SWAT');
    await producer.announce('plant', plantSchema);
    for (let at = from; at < to; at += 100) {
      await producer.send({ partition: 0, nextOffset: at + 100, batches: [sliceBatch(rows, at, at + 100)], dead: [] });
    }
    await producer.end();
  };
  const process = (store: Store, more: Partial<ProcessorOptions> = {}): Promise<'end' | 'stopped'> =>
    processTopic({
      ...{ config: bench.config, registry: bench.registry, bus, topic: 'SWAT', group: 'g', transactional: true, outputs: [], untilEnd: true },
      openStore: async () => store,
      signal: new AbortController().signal,
      ...more,
    });

  it('goes on where the last one stopped, with the same result as in one go', async () => {
    const whole = await bench.openStore('whole');
    bus = await makeBus();
    await bus.ensureTopic('SWAT', { partitions: 1 });
    await Promise.all([send(0, 3000), process({ ...whole, close: async () => undefined })]);
    await bus.close();

    const parts = await bench.openStore('parts');
    const offsets: number[] = [];
    for (const [from, to] of [
      [0, 1000],
      [1000, 1900],
      [1900, 3000],
    ]) {
      // biome-ignore format: one line
      bus = await makeBus();
      await bus.ensureTopic('SWAT', { partitions: 1 });
      const watch = { taken: (_: number, __: unknown, nextOffset: number) => void offsets.push(nextOffset) };
      const [, ended] = await Promise.all([send(from, to), process({ ...parts, close: async () => undefined }, { watch })]);
      expect(ended).toBe('end');
      await bus.close();
    }
    expect(offsets).toEqual([0, 1000, 1900]);
    expect(differences(await contentOf(parts, 'plant'), await contentOf(whole, 'plant'))).toEqual([]);
    expect((await parts.manifest('g/SWAT/0'))?.positions.SWAT?.nextOffset).toBe(3000);
    await Promise.all([whole.close(), parts.close()]);
  });

  it('begins anew when told to', async () => {
    const store = await bench.openStore('anew');
    for (const fresh of [false, true]) {
      bus = await makeBus();
      await bus.ensureTopic('SWAT', { partitions: 1 });
      const stored: number[] = [];
      const watch = { observer: { commit: ({ totals }: { totals: Readonly<Record<string, number>> }) => void stored.push(totals.stored) } };
      await Promise.all([send(0, 2000), process({ ...store, close: async () => undefined }, { fresh, watch })]);
      await bus.close();
      expect(stored.at(-1)).toBe(2000);
      expect((await store.streams())[0].rows).toBe(2000);
    }
    await store.close();
  });

  it('commits what it has when it is stopped', async () => {
    const store = await bench.openStore('stopped');
    bus = await makeBus();
    await bus.ensureTopic('SWAT', { partitions: 1 });
    const stop = new AbortController();
    let seen = 0;
    const observer = {
      chunk({ nextOffset }: { nextOffset: number }) {
        seen = nextOffset;
        if (seen >= 1500) stop.abort();
      },
    };
    const [, ended] = await Promise.all([send(0, 3000), process({ ...store, close: async () => undefined }, { signal: stop.signal, watch: { observer } })]);
    expect(ended).toBe('stopped');
    expect(seen).toBeLessThan(3000);
    expect((await store.manifest('g/SWAT/0'))?.positions.SWAT?.nextOffset).toBe(seen);
    expect((await store.streams())[0].rows).toBe(seen);
    await bus.close();
    await store.close();
  });

  it('refuses several partitions over a store of one transaction, and a pair that keeps no positions', async () => {
    const store = await bench.openStore('refused');
    bus = await makeBus();
    await bus.ensureTopic('SWAT', { partitions: 2 });
    await expect(process(store)).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: expect.stringContaining("'SWAT' has 2") });
    await expect(process(store, { transactional: false })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining("neither bus 'memory' nor store 'duckdb' keeps positions"),
    });
    await bus.close();
    await store.close();
  });
});
