import { existsSync, rmSync } from 'node:fs';
import { expect, it } from 'vitest';
import { workplace } from '../command-line.ts';
import { plantLines, plantPipeline, plantText } from '../plant-file.ts';

it('a store that is removed while the run lives ends it with 4; nothing is left that a new start would stumble over', async () => {
  const yaml = plantPipeline.replace('rows: 1500', 'rows: 400');
  const place = await workplace({ 'plant.csv': plantText(plantLines(1000)), 'plant.yaml': yaml });
  const run = place.start('run', 'plant.yaml', '--pace', '50/s', '--json', '--log-level', 'trace', '--set', 'commit.interval=20ms');
  await run.logged('committed', ({ nextOffset }) => Number(nextOffset) >= 411);
  const store = place.path('plant.duckdb');
  rmSync(store);
  const { code, stderr } = await run.ended;
  expect(code).toBe(4);
  expect(stderr).toMatch(/"code":"STORE_UNAVAILABLE","message":"the store file '[^']*plant\.duckdb' was removed or replaced while it was open"/);
  expect([store, `${store}.wal`, `${store}.sock`].filter(existsSync)).toEqual([]);
  expect(await place.run('plant.yaml')).toMatchObject({ ended: true, rowsRead: 1000 });
});
