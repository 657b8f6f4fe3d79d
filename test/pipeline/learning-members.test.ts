import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { smallPlant } from './small-plant.ts';
import { contentOf, everything, push, type Workbench, workbench } from './workbench.ts';

/** Distance from the row before: its memory is another one after every row, learned or not. */
const step = defineDetector({
  type: 'step',
  summary: 'Distance from the row before.',
  fails: 'Slow drift.',
  cost: 'One addition a row and column.',
  source: 'First difference',
  finds: ['point'],
  attribution: 'Exact: each column contributes its own distance.',
  options: z.strictObject({}),
  fit: (_rows, columns) => ({ columns: columns.length }),
  start: ({ columns }) => ({ last: new Float64Array(columns) }),
  step(_model, { last }: { last: Float64Array }, { rows, cols, values }, out, gate) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += Math.abs(values[row * cols + j] - last[j]);
      out[row] = sum;
      gate(row, sum);
      last.set(values.subarray(row * cols, (row + 1) * cols));
    }
  },
  explain(_model, { last }, row, out) {
    out.reference.set(last);
    for (let j = 0; j < row.length; j++) out.weight[j] = Math.sign(row[j] - last[j]);
  },
});

const rows = smallPlant(2600, [
  { from: 2000, to: 2100, tag: 'LIT101', value: 1200 },
  { from: 2300, to: 2400, tag: 'FIT101', value: 4.5 },
]);

let bench: Workbench;
beforeAll(async () => {
  bench = await workbench(everything.replace('joint: { type: mahalanobis, view: calm }', 'joint: { type: step, view: plain }'), [step]);
});
afterAll(() => bench.close());

it('a member with memory explains its part of a combination the same however rows are batched', async () => {
  const contents: Record<string, unknown>[] = [];
  for (const [n, sizes] of [[500], [7], [1]].entries()) {
    const store = await bench.openStore(`members-${n}`);
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, sizes);
    await pipeline.commit();
    contents.push(await contentOf(store, 'plant'));
    await store.close();
  }
  for (const content of contents.slice(1)) expect(content).toEqual(contents[0]);
  const incidents = contents[0].incidents as { detector: string; contributions: number[] }[];
  expect(incidents.length).toBeGreaterThan(1);
  for (const { contributions } of incidents) expect(contributions.reduce((sum, share) => sum + Math.abs(share), 0)).toBeCloseTo(1, 9);
});
