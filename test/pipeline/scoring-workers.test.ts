import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sliceBatch } from '../../core/batch.ts';
import { encodeRecord, type Plain, recordHash } from '../../core/record.ts';
import { saveModel } from '../../processor/model.ts';
import { ScoringWorkers } from '../../processor/scoring-workers.ts';
import { loadDefinitions, train } from '../../processor/train.ts';
import { smallPlant } from './small-plant.ts';
import { contentOf, push, type Workbench, workbench } from './workbench.ts';

const text = `
stream: plant
source: { type: csv, path: not-read.csv }
train: { rows: 1000 }
views:
  plain: [clean, { impute: { hold: 5s } }, drop-constant, { standardise: { clip: 30 } }]
  calm: [plain, { smooth: { window: 4 } }]
  reduced: [plain, { pca: { variance: 0.95 } }]
detectors:
  clusters: { type: k-means, view: reduced, clusters: 6 }
  trees: { type: isolation-forest, view: plain }
  border: { type: one-class-svm, view: reduced }
  density: { type: lof, view: reduced }
  joint: { type: mahalanobis, view: calm }
  course: { type: var, view: calm }
threshold: { warn: { quantile: 0.9 }, error: { quantile: 0.999 } }
combine:
  combined: { fuse: { of: [clusters, joint, course], smooth: 5 }, any: [constant-broken] }
  most: { vote: { of: [clusters, density, border], need: 2 } }
outputs: []
incidents: { open: 3s, close: 20s, merge: 40s }
`;
const rows = smallPlant(6000, [{ from: 2000, to: 2400, tag: 'LIT101', value: 1200 }]);
// Some rows are not complete.
for (let row = 1500; row < 1600; row++) rows.values[row * rows.schema.tags.length] = Number.NaN;

describe('threads that help to score', () => {
  const built = new URL('../../dist/cli/scoring-thread.js', import.meta.url);
  const script = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);
  let bench: Workbench;
  let alone: unknown;
  const told: string[] = [];
  const warn = (message: string): unknown => told.push(message);
  beforeEach(() => {
    told.length = 0;
  });
  beforeAll(async () => {
    bench = await workbench(text);
    alone = await contentWith(undefined);
  });
  afterAll(() => bench.close());

  /** What the store holds in the end; the second half is pushed once a thread has the model, or at once when `waits` is false. */
  async function contentWith(workers: ScoringWorkers | undefined, waits = true): Promise<unknown> {
    const store = await bench.openStore(`store-${crypto.randomUUID()}`);
    try {
      const pipeline = await bench.openPipeline(store, { workers });
      await push(pipeline, rows, [500], 0, 2000);
      const model = pipeline.stream('plant')?.modelRecord;
      const shared = waits && model ? workers?.share(model) : undefined;
      if (shared) await expect.poll(() => shared.ready() || workers!.shared.tasks > 0).toBe(true);
      await push(pipeline, rows, [500, 300, 20], 2000);
      await pipeline.commit();
      return await contentOf(store, 'plant');
    } finally {
      await store.close();
      await workers?.close();
    }
  }

  it('give the same scores, reasons and incidents, bit for bit', async () => {
    const workers = new ScoringWorkers(built, { threads: 2, warn });
    expect(await contentWith(workers)).toEqual(alone);
    expect(workers.shared.byThreads).toBeGreaterThan(0);
    expect(workers.shared.byThreads).toBeLessThanOrEqual(workers.shared.tasks);
    expect(told).toEqual([]);
  });

  it('train the same models, and none is missing when a thread ends in the middle of one', async () => {
    const learn = sliceBatch(rows, 0, 600);
    const definitions = await loadDefinitions(bench.config, bench.registry);
    const trainedWith = async (workers?: ScoringWorkers) => {
      const { model, state } = await train(learn, bench.config, definitions, { workers });
      return { model: saveModel(model).hash, state: recordHash(encodeRecord('state', state as unknown as Plain)) };
    };
    const expected = await trainedWith();
    const dying = script(`
      const { parentPort } = await import('node:worker_threads');
      parentPort.on('message', ({ board }) => {
        Atomics.add(board, 0, 1);
        process.exit(1);
      });
    `);
    const workers = new ScoringWorkers(built, { threads: 2, warn });
    while (workers.shared.byThreads === 0) expect(await trainedWith(workers)).toEqual(expected);
    await workers.close();
    const few = new ScoringWorkers(dying, { threads: 2, warn });
    for (let round = 0; round < 2; round++) expect(await trainedWith(few)).toEqual(expected);
    expect(few.shared.byThreads).toBe(0);
    await few.close();
    for (const message of told) expect(message).toContain('lost: exit code 1');
  });

  it('are done without where they do not start', async () => {
    const workers = new ScoringWorkers(script("throw new Error('no such luck')"), { threads: 1, warn });
    expect(await contentWith(workers, false)).toEqual(alone);
    expect(workers.shared.tasks).toBe(0);
    expect(told).toEqual([expect.stringContaining('lost: no such luck')]);
  });

  it('are given up when they take a task and never finish it', async () => {
    const dying = script(`
      const { parentPort } = await import('node:worker_threads');
      parentPort.on('message', ({ kind, ready, board }) => {
        if (kind === 'load') Atomics.store(ready, 0, 1);
        if (kind === 'work') {
          Atomics.add(board, 0, 1);
          process.exit(1);
        }
      });
    `);
    const workers = new ScoringWorkers(dying, { threads: 1, warn, patience: 0.1 });
    expect(await contentWith(workers)).toEqual(alone);
    expect(workers.shared.byThreads).toBe(0);
  });
});
