import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import { makeRandom } from '../../core/random.ts';
import { makeSchema } from '../../core/schema.ts';
import { nanosPerMilli } from '../../core/time.ts';
import { type ItemMessages, Items } from '../../producer/simulator/items.ts';
import { repository } from '../command-line.ts';
import { workbench } from './workbench.ts';

const schema = makeSchema([{ name: 'value', kind: 'continuous' }]);
const quietMinutes = 3;

/** An item as pipelines/playground.yaml lists it. */
type Listed = { id: string; mean: number; variance: number; rate: number };

function batchOf({ id, times, values }: ItemMessages): Batch {
  const batch = allocateBatch(id, schema, times.length);
  batch.values.set(values);
  batch.times.set(times.map((time) => BigInt(time) * nanosPerMilli));
  return batch;
}

it(`the playground tells of nothing for ${quietMinutes} minutes of its own items, and of each anomaly within 5 s`, { timeout: 120_000 }, async () => {
  const bench = await workbench(readFileSync(join(repository, 'pipelines/playground.yaml'), 'utf8'));
  const store = await bench.openStore();
  const pipeline = await bench.openPipeline(store);
  onTestFinished(async () => {
    await store.close();
    await bench.close();
  });
  const listed = bench.config.source.options.items as Listed[];
  let now = Date.UTC(2024, 4, 1, 8);
  const items = new Items(makeRandom(1, 'simulator'), () => now);
  for (const { id, ...settings } of listed) await items.start(id, settings);
  let offset = 0;
  const pass = async (seconds: number): Promise<void> => {
    for (let second = 0; second < seconds; second++) {
      now += 1000;
      const batches = items.take().map(batchOf);
      for (const batch of batches) for (let row = 0; row < batch.rows; row++) batch.origins[row] = offset++;
      await pipeline.process({ partition: 0, nextOffset: offset, batches, dead: [] });
    }
    await pipeline.commit();
  };

  // A newcomer waits for half a minute at most.
  await pass(30);
  expect(pipeline.warmth).toMatchObject({ ready: listed.length, warming: 0 });
  await pass(60 * quietMinutes - 30);
  expect(await store.incidents({})).toEqual([]);

  // What the page suggests: eight standard deviations for three seconds.
  const shapes = ['step', 'spike', 'ramp', 'drop', 'noise'] as const;
  for (const shape of shapes) {
    const began = now;
    for (const { id, variance, rate } of listed) await items.inject(id, { shape, size: 8 * Math.sqrt(variance), length: 3 * rate });
    await pass(15);
    for (const { id } of listed) {
      const delays = (await store.incidents({ stream: id })).map(({ start }) => Number(start / nanosPerMilli) - began).filter((delay) => delay >= 0);
      expect(delays.length, `${shape} of ${id}`).toBeGreaterThan(0);
      expect(Math.min(...delays), `${shape} of ${id}`).toBeLessThan(5000);
    }
  }
  expect((await store.incidents({})).length).toBeLessThanOrEqual(shapes.length * listed.length);
  expect((await store.incidents({})).filter(({ open }) => open)).toEqual([]);
});
