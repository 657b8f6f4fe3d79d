import { expect, it } from 'vitest';
import { type Batch, sliceBatch } from '../../core/batch.ts';
import { smallPlant } from './small-plant.ts';
import { contentOf, push, workbench } from './workbench.ts';

it('streams that alternate row by row are judged as each alone, and counted apart', async () => {
  const bench = await workbench();
  const attack = [{ from: 1600, to: 1700, tag: 'LIT101', value: 1200 }];
  const streams: Batch[] = [
    { ...smallPlant(1800, attack), stream: 'north' },
    { ...smallPlant(1800, [], 5), stream: 'south' },
  ];
  const alone = [];
  for (const rows of streams) {
    const store = await bench.openStore(`alone-${rows.stream}`);
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, [500]);
    await pipeline.commit();
    alone.push(await contentOf(store, rows.stream));
    await store.close();
  }
  const store = await bench.openStore('together');
  const late: Record<string, number> = {};
  const pipeline = await bench.openPipeline(store, {
    observer: {
      counted(counts) {
        late[counts.stream] = (late[counts.stream] ?? 0) + counts.late;
      },
    },
  });
  for (let from = 0; from < 1800; from += 300) {
    const batches: Batch[] = [];
    for (let row = from; row < from + 300; row++) for (const rows of streams) batches.push(sliceBatch(rows, row, row + 1));
    await pipeline.process({ partition: 0, nextOffset: 2 * (from + 300), batches, dead: [] });
  }
  await pipeline.commit();
  for (const [i, { stream }] of streams.entries()) expect(await contentOf(store, stream)).toEqual(alone[i]);
  expect(late).toEqual({ north: Math.floor(1800 / 211), south: Math.floor(1800 / 211) });
  await store.close();
  await bench.close();
});
