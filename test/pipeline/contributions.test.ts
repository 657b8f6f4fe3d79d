import { expect, it } from 'vitest';
import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { isFlagged } from '../../core/verdict.ts';
import { plantStart, smallPlant } from './small-plant.ts';
import { everything, push, workbench } from './workbench.ts';

/** Distance of the level from its middle. Says that the level carries nine tenths, seen from above or from below it, and the flow the rest. */
const levelDistance = defineDetector({
  type: 'level-distance',
  summary: 'Distance of LIT101 from 650.',
  fails: 'Any other tag.',
  cost: 'One subtraction a row.',
  source: 'Subtraction',
  finds: [],
  attribution: 'Made up.',
  options: z.strictObject({ side: z.union([z.literal(1), z.literal(-1)]).describe('1: the level counts as above what was expected, -1: below.') }),
  fit: (_rows, _columns, { side }) => ({ side }),
  score(_model, { rows, cols, values }, out) {
    for (let row = 0; row < rows; row++) out[row] = Math.abs(values[row * cols + 1] - 650);
  },
  explain({ side }, _state, row, out) {
    out.reference.set(row);
    out.reference[0] -= 0.1;
    out.weight[0] = 1;
    out.reference[1] -= side;
    out.weight[1] = 0.9 * side;
  },
});

it('members that disagree about the direction still name the tag that both mean', async () => {
  const text = everything
    .replace('  calm:', '  raw: [clean, { impute: { hold: 5s } }]\n  calm:')
    .replace('clusters: { type: k-means, view: reduced, clusters: 6 }', 'clusters: { type: level-distance, view: raw, side: 1 }')
    .replace('joint: { type: mahalanobis, view: calm }', 'joint: { type: level-distance, view: raw, side: -1 }');
  const bench = await workbench(text, [levelDistance]);
  const store = await bench.openStore();
  const pipeline = await bench.openPipeline(store);
  await push(pipeline, smallPlant(1800, [{ from: 1600, to: 1700, tag: 'LIT101', value: 1200 }]), [500]);
  await pipeline.commit();
  const verdicts = await store.verdicts({ stream: 'plant', detector: 'both', from: plantStart + 1610n * 1_000_000_000n });
  const flagged = verdicts.filter(({ status }) => isFlagged(status));
  expect(flagged.length).toBeGreaterThan(80);
  for (const { contributions = [], rest = 0 } of flagged) {
    expect(contributions.map(({ tag }) => tag)).toEqual(['LIT101', 'FIT101']);
    expect(Math.abs(contributions[0].share)).toBeCloseTo(0.9, 9);
    expect(contributions[1].share).toBeCloseTo(0.1, 9);
    expect(rest).toBeCloseTo(0, 9);
  }
  await store.close();
  await bench.close();
});
