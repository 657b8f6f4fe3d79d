import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type Column, type ComponentDefinition, defineStep, type Explained } from '../core/component.ts';
import { type Matrix, makeMatrix, rowsOf } from '../core/matrix.ts';
import type { ViewConfig } from '../core/pipeline-config.ts';
import { makeRandom } from '../core/random.ts';
import { decodeRecord, encodeRecord, type Plain } from '../core/record.ts';
import { makeRegistry } from '../core/registry.ts';
import { makeSchema } from '../core/schema.ts';
import clean from './preprocess/clean.ts';
import dropConstant from './preprocess/drop-constant.ts';
import impute from './preprocess/impute.ts';
import pca from './preprocess/pca.ts';
import smooth from './preprocess/smooth.ts';
import standardise from './preprocess/standardise.ts';
import {
  applyViews,
  columnsOf,
  contributionsOf,
  explainBack,
  fitViews,
  loadSteps,
  loadViews,
  makeWorkspace,
  saveViews,
  startViews,
  type Views,
  type ViewsState,
  viewOf,
} from './views.ts';

/** A user's own step: counts the rows of its stream into a further column. */
const count = defineStep({
  type: 'count',
  summary: 'Adds the ordinal of the row.',
  options: z.strictObject({}),
  fit: (_rows, columns) => ({ model: null, columns: [...columns, { name: 'row', kind: 'discrete' as const }] }),
  start: () => ({ rows: 0 }),
  apply(_model, state, { rows, cols, values }, _times, out) {
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++) out[i * (cols + 1) + j] = values[i * cols + j];
      out[i * (cols + 1) + cols] = state.rows++;
    }
  },
});

const definitions: readonly ComponentDefinition[] = [clean, dropConstant, impute, pca, smooth, standardise, count];
const registry = makeRegistry({ source: {}, step: {}, detector: {}, threshold: {}, combiner: {}, output: {}, bus: {}, store: {} }, definitions);

type Step = string | Readonly<Record<string, Record<string, unknown>>>;

/** Views as they stand in a pipeline file, options parsed as loading a pipeline does. */
async function configure(views: Record<string, { base?: string; steps: readonly Step[] }>): Promise<Map<string, ViewConfig>> {
  const configured = new Map<string, ViewConfig>();
  for (const [name, { base, steps }] of Object.entries(views)) {
    const parsed = await Promise.all(
      steps.map(async (step) => {
        const [type, options] = typeof step === 'string' ? [step, {}] : Object.entries(step)[0];
        return { type, options: (await registry.load('step', type)).options.parse(options) };
      }),
    );
    configured.set(name, { ...(base === undefined ? {} : { base }), steps: parsed });
  }
  return configured;
}

const schema = makeSchema([
  { name: 'LIT101', kind: 'continuous', unit: 'mm' },
  { name: 'MV101', kind: 'discrete' },
  { name: 'FIT101', kind: 'continuous' },
  { name: 'PIT501', kind: 'continuous' },
  { name: 'P102', kind: 'discrete' },
]);
const cols = schema.tags.length;

/** Plant-like rows with gaps and spikes; times that repeat, jump and go back. */
function plant(seed: number, rows: number, missing = 0.05): { rows: Matrix; times: BigInt64Array } {
  const random = makeRandom(seed);
  const matrix = makeMatrix(rows, cols);
  const times = new BigInt64Array(rows);
  let time = 1_500_000_000_000_000_000n;
  let level = 500;
  for (let i = 0; i < rows; i++) {
    const kind = random.next();
    time += kind < 0.1 ? 0n : kind < 0.2 ? -2_000_000_000n : kind < 0.25 ? 45_000_000_000n : 1_000_000_000n;
    times[i] = time;
    level += 3 * random.normal();
    const row = [level, 1 + random.int(2), level / 100 + random.normal(), 250 + random.normal(), 1];
    for (let j = 0; j < cols; j++) {
      const wild = random.next();
      matrix.values[i * cols + j] = wild < missing ? Number.NaN : wild > 0.99 && i > 70 ? 1e5 : row[j];
    }
  }
  return { rows: matrix, times };
}

async function learn(
  views: Record<string, { base?: string; steps: readonly Step[] }>,
  seed = 1,
  needed: readonly string[] = Object.keys(views),
  fitRows = 60,
): Promise<Views> {
  const configured = await configure(views);
  const data = plant(seed, 90);
  return fitViews({ views: configured, steps: await loadSteps(configured, needed, registry), needed, schema, ...data, fitRows });
}

/** All views of the rows, cut into batches at `cuts`; `carry` may replace the state at each cut. */
function run(
  views: Views,
  { rows, times }: { rows: Matrix; times: BigInt64Array },
  cuts: readonly number[] = [],
  carry = (state: ViewsState): ViewsState => state,
) {
  const out = new Map(views.nodes.map(({ name, columns }) => [name, makeMatrix(rows.rows, columns.length)]));
  const workspace = makeWorkspace(views);
  let state = startViews(views);
  const bounds = [0, ...cuts, rows.rows];
  for (let b = 1; b < bounds.length; b++) {
    const [from, to] = [bounds[b - 1], bounds[b]];
    const batch = applyViews(views, state, rowsOf(rows, from, to), times.subarray(from, to), workspace);
    for (const [name, whole] of out) {
      const { values, rows: height } = batch.get(name)!;
      expect(height).toBe(to - from);
      whole.values.set(values.subarray(0, height * whole.cols), from * whole.cols);
    }
    state = carry(state);
  }
  return out;
}

function expectSameBits(actual: ReadonlyMap<string, Matrix>, expected: ReadonlyMap<string, Matrix>): void {
  expect([...actual.keys()]).toEqual([...expected.keys()]);
  for (const [name, { values }] of expected) {
    const other = actual.get(name)!.values;
    const at = values.findIndex((x, i) => !Object.is(x, other[i]));
    expect(at, `view ${name} differs at cell ${at}: ${other[at]} instead of ${values[at]}`).toBe(-1);
  }
}

const plain: readonly Step[] = ['clean', { impute: { hold: '30s' } }, 'drop-constant', { standardise: { clip: 3 } }];
const usual = { plain: { steps: plain }, smoothed: { base: 'plain', steps: [{ smooth: { window: 4 } }] }, reduced: { base: 'smoothed', steps: ['pca'] } };

const stepPool: readonly Step[] = [
  'clean',
  { clean: { sentinels: [1] } },
  { impute: { hold: '3s' } },
  { impute: { hold: 'drop' } },
  'drop-constant',
  'standardise',
  { standardise: { clip: 2, discrete: 'pass' } },
  'pca',
  { pca: { variance: 0.5 } },
  { smooth: { window: 3 } },
  { smooth: { halfLife: '4s', discrete: 'smooth' } },
  'count',
];
/** Up to three views of up to five steps, each from the raw rows or from one before it. */
const chains = fc
  .array(fc.record({ steps: fc.array(fc.constantFrom(...stepPool), { maxLength: 5 }), base: fc.nat({ max: 3 }) }), { minLength: 1, maxLength: 3 })
  .map((views) => Object.fromEntries(views.map(({ steps, base }, v) => [`v${v}`, base < v ? { base: `v${base}`, steps } : { steps }])));
/** Steps can be strung together so that nothing is left to learn from. */
const learned = (views: Record<string, { base?: string; steps: readonly Step[] }>, seed: number): Promise<Views | undefined> =>
  learn(views, seed).catch((error) => {
    if (error.code === 'TRAINING_UNFIT') return undefined;
    throw error;
  });

describe('views', () => {
  it('gives the same bits for any chain, however rows are cut into batches and wherever model and state are saved and loaded', async () => {
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(chains, fc.nat(), fc.uniqueArray(fc.integer({ min: 1, max: 89 }), { maxLength: 20 }), async (config, seed, cuts) => {
        const views = await learned(config, seed);
        if (!views) return;
        runs++;
        const data = plant(seed + 1, 90);
        const whole = run(views, data);
        cuts.sort((a, b) => a - b);
        expectSameBits(run(views, data, cuts), whole);
        const loaded = await loadViews(decodeRecord(encodeRecord('model', saveViews(views)), 'model'), registry);
        expectSameBits(
          run(loaded, data, cuts, (state) => decodeRecord(encodeRecord('state', state), 'state') as ViewsState),
          whole,
        );
      }),
      { numRuns: 150 },
    );
    expect(runs).toBeGreaterThan(75);
  });

  it('is the same row by row', async () => {
    const views = await learn(usual);
    const data = plant(5, 90);
    expectSameBits(
      run(
        views,
        data,
        Array.from({ length: 89 }, (_, i) => i + 1),
      ),
      run(views, data),
    );
  });

  it('carries explanations of any chain back to the tags with their sum', async () => {
    let rowsExplained = 0;
    await fc.assert(
      fc.asyncProperty(chains, fc.nat(), async (config, seed) => {
        const own = Object.entries(config).filter(([, { steps }]) => !steps.includes('count'));
        const views = own.length === Object.keys(config).length ? await learned(config, seed) : undefined;
        if (!views) return;
        const random = makeRandom(seed, 'explanations');
        const { rows, times } = plant(seed + 1, 90);
        const workspace = makeWorkspace(views);
        const batch = applyViews(views, startViews(views), rows, times, workspace);
        for (const [name, matrix] of batch) {
          for (let row = 0; row < 90; row += 7) {
            const value = matrix.values.slice(row * matrix.cols, (row + 1) * matrix.cols);
            if (value.some(Number.isNaN)) continue;
            const explanation = { reference: value.map((x) => x + random.normal()), weight: value.map(() => random.normal()) };
            const here = contributionsOf({ value, ...explanation });
            const back = explainBack(views, name, explanation, workspace, row);
            const there = contributionsOf(back);
            expect(there).toHaveLength(cols);
            expect(there.every(Number.isFinite)).toBe(true);
            const size = [...here, ...there].reduce((sum, x) => sum + Math.abs(x), 0);
            const sum = (parts: Float64Array): number => parts.reduce((total, x) => total + x, 0);
            expect(Math.abs(sum(there) - sum(here))).toBeLessThanOrEqual(1e-9 * size);
            rowsExplained++;
          }
        }
      }),
      { numRuns: 150 },
    );
    expect(rowsExplained).toBeGreaterThan(200);
  });

  it('explains a row alike whichever was explained before, and leaves alone what it was given', async () => {
    const views = await learn({ ...usual, raw: { steps: ['clean'] } });
    const { rows, times } = plant(4, 90);
    const workspace = makeWorkspace(views);
    const batch = applyViews(views, startViews(views), rows, times, workspace);
    for (const [name, matrix] of batch) {
      const explanations = Array.from({ length: 3 }, (_, i) => ({
        reference: new Float64Array(matrix.cols).fill(i),
        weight: new Float64Array(matrix.cols).fill(1 + i),
      }));
      const given = structuredClone(explanations);
      const explain = (i: number) => structuredClone(explainBack(views, name, explanations[i], workspace, 30 + i));
      const first = [0, 1, 2].map(explain);
      expect([2, 1, 0].map(explain).reverse()).toEqual(first);
      expect(explanations).toEqual(given);
      expect(first[1].value).not.toEqual(first[0].value);
    }
  });

  it('explains by the value that was scored, in the units of the tags', async () => {
    const views = await learn({ v: { steps: [{ clean: { bounds: { FIT101: [null, 100] } } }, { impute: { hold: '30s' } }, { standardise: { clip: 3 } }] } });
    const rows = makeMatrix(2, cols, Float64Array.of(500, 1, 5, 250, 1, 1e9, 2, 777, 250, 1));
    const times = BigInt64Array.of(0n, 1_000_000_000n);
    const workspace = makeWorkspace(views);
    const batch = applyViews(views, startViews(views), rows, times, workspace).get('v')!;
    const back = explainBack(views, 'v', { reference: new Float64Array(cols), weight: new Float64Array(cols).fill(1) }, workspace, 1);
    const { mean, deviation } = viewOf(views, 'v').steps[2].model as { mean: Float64Array; deviation: Float64Array };
    expect(batch.values[cols]).toBe(3);
    expect(back.value[0]).toBe(3 * deviation[0] + mean[0]);
    expect(back.value[2]).toBeCloseTo(5, 12);
    expect(back.reference[0]).toBe(mean[0]);
  });

  it('learns each step from the fit rows as they come out of the fitted steps before it', async () => {
    const { rows, times } = plant(1, 90);
    const views = await learn({ v: { steps: [{ impute: { hold: '30s' } }, 'standardise'] } });
    const filled = makeMatrix(60, cols);
    const { model } = impute.fit(rows, [...schema.tags], impute.options.parse({}), times);
    impute.apply(model, impute.start!(model), rowsOf(rows, 0, 60), times, filled.values);
    const columns: Column[] = schema.tags.map(({ name, kind }) => ({ name, kind }));
    expect(viewOf(views, 'v').steps[1].model).toEqual(standardise.fit(filled, columns, standardise.options.parse({}), times).model);
  });

  it('learns nothing from rows after the fit rows', async () => {
    const config = await configure(usual);
    const steps = await loadSteps(config, ['reduced'], registry);
    const data = plant(1, 90);
    const other = { rows: { ...data.rows, values: data.rows.values.map((x, at) => (at < 60 * cols ? x : 1e4)) }, times: data.times };
    const saved = [data, other].map((d) =>
      encodeRecord('model', saveViews(fitViews({ views: config, steps, needed: ['reduced'], schema, ...d, fitRows: 60 }))),
    );
    expect(saved[0]).toEqual(saved[1]);
  });

  it('fits the needed views and those they start from, once, bases first', async () => {
    const views = await learn({ ...usual, unused: { steps: ['pca'] } }, 1, ['reduced', 'plain']);
    expect(views.nodes.map(({ name, from }) => [name, from])).toEqual([
      ['plain', -1],
      ['smoothed', 0],
      ['reduced', 1],
    ]);
    expect(columnsOf(views, 'plain').map((column) => column.name)).toEqual(['LIT101', 'MV101', 'FIT101', 'PIT501']);
    expect(columnsOf(views, 'reduced').at(-1)).toEqual({ name: 'MV101', kind: 'discrete' });
  });

  it('computes a base once a batch for all that start from it', async () => {
    const views = await learn({ counted: { steps: ['count'] }, a: { base: 'counted', steps: ['count'] }, b: { base: 'counted', steps: [] } });
    const state = startViews(views);
    const workspace = makeWorkspace(views);
    const { rows, times } = plant(2, 6);
    applyViews(views, state, rowsOf(rows, 0, 3), times, workspace);
    const out = applyViews(views, state, rowsOf(rows, 3, 6), times.subarray(3), workspace);
    const last = (name: string): number[] => [...out.get(name)!.values.slice(-3 * 1)];
    expect(out.get('b')).toBe(out.get('counted'));
    expect(last('counted').at(-1)).toBe(5);
    expect(last('a').slice(-2)).toEqual([5, 5]);
  });

  it('hands the raw rows on where a view has no steps', async () => {
    const views = await learn({ raw: { steps: [] } });
    const { rows, times } = plant(2, 10);
    const workspace = makeWorkspace(views);
    expect(applyViews(views, startViews(views), rows, times, workspace).get('raw')).toBe(rows);
    const explanation: Explained = { reference: new Float64Array(cols), weight: new Float64Array(cols).fill(1), value: rows.values.slice(0, cols) };
    expect(explainBack(views, 'raw', explanation, workspace, 0)).toEqual(explanation);
  });

  it('uses its buffers again, for batches of one size and for smaller ones', async () => {
    const views = await learn(usual);
    const { rows, times } = plant(3, 60);
    const state = startViews(views);
    const workspace = makeWorkspace(views);
    const first = new Map(applyViews(views, state, rowsOf(rows, 0, 20), times, workspace));
    const second = applyViews(views, state, rowsOf(rows, 20, 40), times.subarray(20), workspace);
    for (const [name, matrix] of first) expect(second.get(name)).toBe(matrix);
    const third = applyViews(views, state, rowsOf(rows, 40, 45), times.subarray(40), workspace);
    for (const [name, matrix] of first) expect(third.get(name)!.values).toBe(matrix.values);
    expect(third.get('plain')!.rows).toBe(5);
  });

  it('keeps streams that share a model apart', async () => {
    const views = await learn(usual);
    const [a, b] = [plant(7, 90), plant(8, 90)];
    const alone = run(views, a);
    const otherState = startViews(views);
    const otherWorkspace = makeWorkspace(views);
    expectSameBits(
      run(views, a, [20, 40, 60], (state) => {
        applyViews(views, otherState, b.rows, b.times, otherWorkspace);
        return state;
      }),
      alone,
    );
  });

  it('takes rows in shared memory', async () => {
    const views = await learn(usual);
    const { rows, times } = plant(4, 30);
    const values = new Float64Array(new SharedArrayBuffer(rows.values.byteLength));
    values.set(rows.values);
    expectSameBits(run(views, { rows: { ...rows, values }, times }), run(views, { rows, times }));
  });

  it('names what is wrong with a set of views', async () => {
    const load = async (views: Record<string, { base?: string; steps: readonly Step[] }>, needed: string) =>
      loadSteps(await configure(views), [needed], registry);
    await expect(load(usual, 'plian')).rejects.toMatchObject({ code: 'CONFIG_INVALID', message: "there is no view 'plian' (views). Did you mean 'plain'?" });
    await expect(load({ a: { base: 'somewhere', steps: [] } }, 'a')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: "there is no view 'somewhere' (views.a). Known: a.",
    });
    await expect(load({ a: { base: 'b', steps: [] }, b: { base: 'a', steps: [] } }, 'a')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'the views a -> b -> a start from each other (views.a). Let one of them start from the raw rows.',
    });
    await expect(learn(usual, 1, ['plain'], 0)).rejects.toMatchObject({ code: 'TRAINING_UNFIT' });
    await expect(learn(usual, 1, ['plain'], 91)).rejects.toMatchObject({ code: 'TRAINING_UNFIT', message: expect.stringContaining('91 of 90 rows') });
    const views = await learn(usual, 1, ['plain']);
    expect(() => columnsOf(views, 'reduced')).toThrow("the view 'reduced' was not fitted; there are plain");
    const saved = saveViews(views) as { nodes: { steps: { type: string }[] }[] };
    saved.nodes[0].steps[0].type = 'claen';
    await expect(loadViews(saved as unknown as Plain, registry)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });
});
