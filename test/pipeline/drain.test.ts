import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import memory from '../../connectors/memory/bus.ts';
import { sliceBatch } from '../../core/batch.ts';
import type { Bus, BusConsumer, BusProducer } from '../../core/bus.ts';
import type { Manifest } from '../../core/manifest.ts';
import type { Store } from '../../core/store.ts';
import { drain } from '../../processor/drain.ts';
import type { Pipeline } from '../../processor/pipeline.ts';
import { plantSchema, smallPlant } from './small-plant.ts';
import { everything, type Workbench, workbench } from './workbench.ts';

const rows = smallPlant(600);
const commitOften = `${everything}commit: { rows: 100, interval: 1h }\n`;

describe('drain', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench(commitOften);
  });
  afterAll(() => bench.close());

  interface Line {
    readonly bus: Bus;
    readonly producer: BusProducer;
    readonly consumer: BusConsumer;
    readonly store: Store;
    readonly pipeline: Pipeline;
    readonly commits: Manifest[];
  }
  async function line(name: string, on: typeof bench = bench): Promise<Line> {
    const bus = await memory.create(memory.options.parse({}));
    await bus.ensureTopic('rows', { partitions: 1 });
    const store = await on.openStore(name);
    const commits: Manifest[] = [];
    const pipeline = await on.openPipeline(store, { observer: { commit: (manifest) => commits.push(manifest) } });
    const producer = await bus.producer('rows');
    const consumer = await bus.consumer('rows', { group: 'sluice', position: async () => 0 });
    await producer.announce('plant', plantSchema);
    return { bus, producer, consumer, store, pipeline, commits };
  }
  const send = (producer: BusProducer, from: number, to: number): Promise<void> =>
    producer.send({ partition: 0, nextOffset: to, batches: [sliceBatch(rows, from, to)], dead: [] });
  const offsets = (commits: readonly Manifest[]): (number | undefined)[] => commits.map(({ positions }) => positions['plant.csv']?.nextOffset);

  it('commits after so many rows, and what is left at the end', async () => {
    const { bus, producer, consumer, store, pipeline, commits } = await line('end');
    await send(producer, 0, 600);
    await producer.end();
    expect(await drain(pipeline, consumer, { maxRows: 70, maxWaitMs: 10 })).toBe('end');
    expect(offsets(commits)).toEqual([140, 280, 420, 560, 600]);
    expect((await store.rows({ stream: 'plant', tags: [] })).times).toHaveLength(600);
    await bus.close();
    await store.close();
  });

  it('commits what it has while nothing comes, and when it is stopped', async () => {
    const quick = await workbench(`${everything}commit: { rows: 100000, interval: 1ms }\n`);
    const { bus, producer, consumer, store, pipeline, commits } = await line('idle', quick);
    const stop = new AbortController();
    const done = drain(pipeline, consumer, { maxRows: 70, maxWaitMs: 5, signal: stop.signal });
    await send(producer, 0, 30);
    await expect.poll(() => offsets(commits).at(-1)).toBe(30);
    const reader = async (): Promise<number> => (await store.rows({ stream: 'plant', tags: [] })).times.length;
    expect(await reader()).toBe(30);
    await send(producer, 30, 45);
    stop.abort();
    expect(await done).toBe('stopped');
    expect(await reader()).toBe(offsets(commits).at(-1));
    await bus.close();
    await store.close();
    await quick.close();
  });
});
