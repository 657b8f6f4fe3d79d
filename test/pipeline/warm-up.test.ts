import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { smallPlant } from './small-plant.ts';
import { contentOf, everything, push, type Workbench, workbench } from './workbench.ts';

const rows = smallPlant(1800);
const withTraining = (train: string): string => everything.replace('train: { rows: 1500 }', `train: ${train}`);

describe('the warm-up', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench();
  });
  afterAll(() => bench.close());

  it('goes from collecting over fitting and calibrating to ready, and says n of N', async () => {
    const store = await bench.openStore('stages');
    const pipeline = await bench.openPipeline(store);
    const seen: string[] = [];
    let watching = true;
    const look = (): void => {
      const { stage, have, need } = pipeline.warmUp().get('plant') ?? { stage: 'none', have: 0, need: 0 };
      const line = `${stage} ${have} of ${need}`;
      if (seen.at(-1) !== line) seen.push(line);
      if (watching) setImmediate(look);
    };
    look();
    await push(pipeline, rows, [1000, 800]);
    watching = false;
    look();
    expect(seen.filter((line) => !line.startsWith('none') && !line.startsWith('waiting'))).toEqual([
      'collecting 1000 of 1500',
      'fitting 1500 of 1500',
      'calibrating 1500 of 1500',
      'ready 1500 of 1500',
    ]);
    await store.close();
  });

  it('is kept in few records, however often it is saved, and goes on from them', async () => {
    const whole = await bench.openStore('whole');
    const undisturbed = await bench.openPipeline(whole);
    await push(undisturbed, rows, [500]);
    await undisturbed.commit();
    const store = await bench.openStore('saved');
    for (const until of [137, 611, 1499]) {
      const pipeline = await bench.openPipeline(store);
      for (let at = pipeline.position?.nextOffset ?? 0; at < until; at++) {
        await push(pipeline, rows, [1], at, at + 1);
        if (at % 12 === 0 || at === until - 1) await pipeline.commit();
      }
      const records = Object.keys((await store.manifest('SWAT/0'))?.records ?? {}).filter((name) => name.startsWith('plant/training/'));
      expect(records.length).toBeGreaterThan(0);
      expect(records.length).toBeLessThanOrEqual(11);
    }
    const last = await bench.openPipeline(store);
    await push(last, rows, [500], 1499);
    await last.commit();
    expect(await contentOf(store, 'plant')).toEqual(await contentOf(whole, 'plant'));
    expect((await store.manifest('SWAT/0'))?.records).toEqual((await whole.manifest('SWAT/0'))?.records);
    await store.close();
    await whole.close();
  });

  it.each([
    ['{ rows: 300 }', '600 rows were taken in with `train.rows` 0-1500, and it is'],
    ['{ rows: 600 }', '600 rows were taken in with `train.rows` 0-1500, and it is'],
    ['{ rows: 200-1500 }', '600 rows were taken in with `train.rows` 0-1500, and it is'],
  ])('refuses to go on over other rows: %s', async (train, message) => {
    const store = await bench.openStore(`other ${train}`);
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, [500], 0, 600);
    await pipeline.commit();
    const changed = await workbench(withTraining(train));
    const next = await changed.openPipeline(store);
    await expect(push(next, rows, [500], 600)).rejects.toMatchObject({ code: 'RECORD_VERSION', message: expect.stringContaining(message) });
    await changed.close();
    await store.close();
  });

  it.each(['{ rows: 1600 }', '{ rows: 601 }'])('goes on when only its end is moved and lies ahead: %s', async (train) => {
    const changed = await workbench(withTraining(train));
    const straight = await changed.openStore('straight');
    const whole = await changed.openPipeline(straight);
    await push(whole, rows, [500]);
    await whole.commit();
    const store = await changed.openStore('moved');
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, [500], 0, 600);
    await pipeline.commit();
    const next = await changed.openPipeline(store);
    await push(next, rows, [500], 600);
    await next.commit();
    expect(await contentOf(store, 'plant')).toEqual(await contentOf(straight, 'plant'));
    await store.close();
    await straight.close();
    await changed.close();
  });
});
