import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { isFlagged } from '../../core/verdict.ts';
import { plantStart, smallPlant } from './small-plant.ts';
import { contentOf, everything, push, type Workbench, workbench } from './workbench.ts';

/** A user's own detector with memory: learns from the rows that the gate lets through. */
const movingMean = defineDetector({
  type: 'moving-mean',
  summary: 'Distance from a mean that follows the rows.',
  fails: 'Slow drift.',
  cost: 'One addition a row and column.',
  source: 'Roberts 1959, doi:10.1080/00401706.1959.10489860',
  finds: ['point'],
  attribution: 'Exact: each column contributes its own distance.',
  options: z.strictObject({ rate: z.number().default(0.05).describe('How fast the mean follows.') }),
  fit: (_rows, columns, { rate }) => ({ rate, columns: columns.length }),
  start: ({ columns }) => ({ mean: new Float64Array(columns), learned: 0 }),
  step({ rate }, state: { mean: Float64Array; learned: number }, { rows, cols, values }, out, gate) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let j = 0; j < cols; j++) sum += Math.abs(values[row * cols + j] - state.mean[j]);
      out[row] = sum;
      if (!gate(row, sum)) continue;
      state.learned++;
      for (let j = 0; j < cols; j++) state.mean[j] += rate * (values[row * cols + j] - state.mean[j]);
    }
  },
  explain(_model, { mean }, row, out) {
    out.reference.set(mean);
    for (let j = 0; j < row.length; j++) out.weight[j] = Math.sign(row[j] - mean[j]);
  },
});

const text = everything
  .replace('joint: { type: mahalanobis, view: calm }', 'joint: { type: moving-mean, view: calm, rate: 0.02 }')
  .replace('warn: { quantile: 0.99 }', 'warn: { quantile: 0.98 }');
const rows = smallPlant(2600, [{ from: 2000, to: 2100, tag: 'LIT101', value: 1200 }]);

describe("a user's own detector that learns", () => {
  let bench: Workbench;
  beforeAll(async () => {
    bench = await workbench(text, [movingMean]);
  });
  afterAll(() => bench.close());

  it('gives the same store however rows are batched, and over a restart', async () => {
    const contents: Record<string, unknown>[] = [];
    for (const [n, sizes] of [[500], [7], [1499, 3]].entries()) {
      const store = await bench.openStore(`own-${n}`);
      const first = await bench.openPipeline(store);
      await push(first, rows, sizes, 0, 1800);
      await first.commit();
      const second = await bench.openPipeline(store);
      await push(second, rows, sizes, 1800);
      await second.commit();
      contents.push(await contentOf(store, 'plant'));
      await store.close();
    }
    expect(contents[1]).toEqual(contents[0]);
    expect(contents[2]).toEqual(contents[0]);
  });

  it('does not learn from flagged rows, and says which tag it was before it learned', async () => {
    const store = await bench.openStore('gate');
    const pipeline = await bench.openPipeline(store);
    await push(pipeline, rows, [100]);
    await pipeline.commit();
    const verdicts = await store.verdicts({ stream: 'plant', detector: 'joint', from: plantStart + 1500n * 1_000_000_000n });
    const flagged = verdicts.filter(({ status }) => isFlagged(status));
    const attacked = flagged.filter(({ time }) => time >= plantStart + 2010n * 1_000_000_000n && time < plantStart + 2100n * 1_000_000_000n);
    expect(attacked.length).toBeGreaterThan(80);
    for (const { contributions } of attacked) expect(contributions?.[0]).toMatchObject({ tag: 'LIT101' });
    expect(attacked.every(({ contributions }) => (contributions?.[0].share ?? 0) > 0)).toBe(true);
    expect(
      flagged.every(({ contributions = [], rest = 0 }) => Math.abs(contributions.reduce((sum, { share }) => sum + Math.abs(share), rest) - 1) < 1e-9),
    ).toBe(true);
    await store.close();
  });
});
