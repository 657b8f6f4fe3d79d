import { beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { allocateBatch, type Batch } from '../core/batch.ts';
import { type ComponentDefinition, defineStep } from '../core/component.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import { makeRandom } from '../core/random.ts';
import { type ComponentIndex, makeRegistry } from '../core/registry.ts';
import { makeSchema } from '../core/schema.ts';
import fuse from './combine/fuse.ts';
import mahalanobis from './detectors/mahalanobis.ts';
import randomCutForest from './detectors/random-cut-forest.ts';
import { saveModel } from './model.ts';
import quantile from './thresholds/quantile.ts';
import { type Definitions, loadDefinitions, splitTraining, train } from './train.ts';

const schema = makeSchema([
  { name: 'FIT101', kind: 'continuous' },
  { name: 'LIT101', kind: 'continuous' },
]);

const asItIs = defineStep({
  type: 'as-it-is',
  summary: 'Hands rows on.',
  options: z.strictObject({}),
  fit: (_rows, columns) => ({ model: null, columns }),
  apply: (_model, _state, rows, _times, out) => out.set(rows.values.subarray(0, rows.rows * rows.cols)),
});
const components: readonly ComponentDefinition[] = [asItIs, mahalanobis, randomCutForest, quantile, fuse];
const empty: ComponentIndex = { source: {}, step: {}, detector: {}, threshold: {}, combiner: {}, output: {}, bus: {}, store: {} };

const level = (q: number) => ({ type: 'quantile', options: { q } });
const config = (calibrate: 'split' | 'none' = 'split'): PipelineConfig =>
  ({
    train: { kind: 'rows', from: 0, to: 400, calibrate },
    views: new Map([['plain', { steps: [{ type: 'as-it-is', options: {} }] }]]),
    detectors: new Map([['joint', { type: 'mahalanobis', view: 'plain', options: {} }]]),
    threshold: { warn: level(0.9), error: level(0.99) },
    combine: new Map([['all', { parts: [{ type: 'fuse', options: { smooth: 3 }, of: ['joint'] }] }]]),
    seed: 1,
  }) as unknown as PipelineConfig;

/** Normal noise; `hole` says where a value is missing. */
function noise(rows: number, hole: (row: number, tag: number) => boolean = () => false): Batch {
  const random = makeRandom(3, 'noise');
  const batch = allocateBatch('plant', schema, rows);
  for (let i = 0; i < rows * 2; i++) {
    const value = random.normal();
    batch.values[i] = hole(i >> 1, i & 1) ? Number.NaN : value;
  }
  for (let i = 0; i < rows; i++) batch.times[i] = BigInt(i) * 1_000_000_000n;
  return batch;
}

describe('train', () => {
  let definitions: Definitions;
  beforeAll(async () => {
    definitions = await loadDefinitions(config(), makeRegistry(empty, components));
  });

  it('fits on the first 70 %, leaves a gap and calibrates on the rest', async () => {
    const { model } = await train(noise(400), config(), definitions);
    expect([model.fitRows, model.calibrationRows]).toEqual([280, 100]);
    expect(model.detectors[0].calibration.warnMethod).toBe('quantile 0.9 of 100 rows');
    expect(model.combinations[0].parts[0].calibration?.errorMethod).toMatch(/^quantile 0.99 of 100 rows/);
  });

  it('with `calibrate: none` does both on all rows', async () => {
    expect(splitTraining(400, 'none')).toEqual({ fit: 400, calibration: 0 });
    const { model } = await train(noise(400), config('none'), definitions);
    expect([model.fitRows, model.calibrationRows]).toEqual([400, 400]);
    const split = await train(noise(400), config(), definitions);
    expect(model.detectors[0].model).not.toEqual(split.model.detectors[0].model);
    expect(model.detectors[0].calibration.warnMethod).toBe('quantile 0.9 of 400 rows');
  });

  it.each([
    { start: 'fitted', shingles: 280 - 1 + (120 - 1) },
    { start: 'empty', shingles: 400 - 1 },
  ])('has a forest that begins $start learn every row once', async ({ start, shingles }) => {
    const options = randomCutForest.options.parse({ start, shingle: 2, trees: 2, samples: 16 });
    const learning: PipelineConfig = { ...config(), detectors: new Map([['joint', { type: 'random-cut-forest', view: 'plain', options }]]) };
    const { model, state } = await train(noise(400), learning, await loadDefinitions(learning, makeRegistry(empty, components)));
    expect(state.detectors[0]).toMatchObject({ points: shingles, run: 2 });
    expect(model.detectors[0].calibration.warnMethod).toBe('quantile 0.9 of 100 rows');
    const all = await train(noise(400), { ...learning, train: config('none').train }, await loadDefinitions(learning, makeRegistry(empty, components)));
    expect(all.model.detectors[0].calibration.median).toBeGreaterThan(0);
  });

  it('does not let calibration rows, nor the gap, into the fit, nor fit rows into the levels', async () => {
    const { model } = await train(noise(400), config(), definitions);
    const later = noise(400);
    later.values.fill(50, 2 * 280, 2 * 400);
    expect((await train(later, config(), definitions)).model.detectors[0].model).toEqual(model.detectors[0].model);
    const gap = noise(400);
    gap.values.fill(50, 2 * 280, 2 * 300);
    expect((await train(gap, config(), definitions)).model.detectors[0]).toEqual(model.detectors[0]);
  });

  it('gives the same model from the same rows, and leaves out rows that miss a value', async () => {
    const rows = noise(400, (row, tag) => tag === 1 && row % 7 === 0);
    const { model, state } = await train(rows, config(), definitions);
    const again = await train(rows, config(), definitions);
    expect(saveModel(again.model).hash).toBe(saveModel(model).hash);
    expect(again.state).toEqual(state);
    const complete = noise(400);
    const kept = allocateBatch('plant', schema, 240);
    for (let row = 0, at = 0; row < 280; row++) if (row % 7 !== 0) kept.values.set(complete.values.subarray(2 * row, 2 * row + 2), 2 * at++);
    const alone = mahalanobis.fit({ rows: 240, cols: 2, values: kept.values }, [], mahalanobis.options.parse({}), { random: makeRandom(1), fitRows: 240 });
    expect(model.detectors[0].model).toEqual(alone);
    expect(model.detectors[0].calibration.warnMethod).toBe('quantile 0.9 of 85 rows');
  });

  it.each([
    [2, 'split', '2 training rows are too few to fit on one part and calibrate on another'],
    [1, 'none', '1 training rows are too few'],
  ] as const)('refuses %d rows with `calibrate: %s`', async (rows, calibrate, message) => {
    await expect(train(noise(rows), config(calibrate), definitions)).rejects.toMatchObject({
      code: 'TRAINING_UNFIT',
      message: expect.stringContaining(message),
    });
  });

  it('names the detector and the tags that leave it nothing to learn from, or to calibrate on', async () => {
    const never = noise(400, (row, tag) => tag === 1 && row < 290);
    await expect(train(never, config(), definitions)).rejects.toThrow(
      "detector 'joint' has no complete row among the 280 it is fitted on: LIT101 is missing in 280. Let",
    );
    const lost = noise(400, (row) => row > 290);
    await expect(train(lost, config(), definitions)).rejects.toThrow("'joint' could score none of the 100 rows its thresholds are calibrated on");
  });
});
