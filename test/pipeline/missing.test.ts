import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatTime } from '../../core/time.ts';
import { Status } from '../../core/verdict.ts';
import { plantSchema, smallPlant } from './small-plant.ts';
import { contentOf, everything, push, type Workbench, workbench } from './workbench.ts';

const rows = smallPlant(2400, [
  { from: 1900, to: 2000, tag: 'LIT101', value: 1200 },
  { from: 2200, to: 2260, tag: 'P102', value: 2 },
]);
const tags = plantSchema.tags.length;
const tagOf = (name: string): number => plantSchema.tags.findIndex((tag) => tag.name === name);
/** A sensor is silent for longer than `impute` holds its last value: in training, in an attack, and until the end. */
for (const [from, to] of [
  [700, 760],
  [1940, 1960],
  [2300, 2400],
]) {
  for (let row = from; row < to; row++) rows.values[row * tags + tagOf('AIT201')] = Number.NaN;
}

describe('a sensor that is silent for longer than its value is held', () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench(
      everything
        .replace('joint: { type: mahalanobis, view: calm }', 'joint: { type: mahalanobis, view: held }')
        .replace('  calm:', '  held: [clean, { impute: { hold: 5s } }]\n  calm:'),
    );
  });
  afterAll(() => bench.close());

  it('leaves rows without a verdict, the same however they are batched', async () => {
    const contents: Record<string, unknown>[] = [];
    for (const [n, sizes] of [[500], [1], [7], [1499, 1, 452]].entries()) {
      const store = await bench.openStore(`missing-${n}`);
      const pipeline = await bench.openPipeline(store);
      await push(pipeline, rows, sizes);
      await pipeline.commit();
      contents.push(await contentOf(store, 'plant'));
      await store.close();
    }
    for (const content of contents.slice(1)) expect(content).toEqual(contents[0]);
    const verdicts = contents[0].verdicts as { detector: string; time: bigint; status: number; score: number; grade: number }[];
    const silent = verdicts.filter(({ time }) => time >= rows.times[2310] && time <= rows.times[2390]);
    expect(silent.length).toBeGreaterThan(80 * 5);
    expect(silent.every(({ status, score, grade }) => status === Status.undefined && Number.isNaN(score) && Number.isNaN(grade))).toBe(true);
    const across = (contents[0].incidents as { detector: string; start: string; end: string }[]).filter(
      ({ detector, start, end }) => detector === 'combined' && start < formatTime(rows.times[1935]) && end > formatTime(rows.times[1965]),
    );
    expect(across).toHaveLength(1);
  });
});
