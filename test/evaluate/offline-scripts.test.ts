import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { builtInRegistry } from '../../cli/load-pipeline.ts';
import { type Batch, matrixOf, sliceBatch } from '../../core/batch.ts';
import type { DetectorDefinition } from '../../core/component.ts';
import { parseConfig } from '../../core/config/load.ts';
import { makeMatrix } from '../../core/matrix.ts';
import { figures } from '../../evaluate/figures.ts';
import { averagePrecision } from '../../kernels/average-precision.ts';
import { rocAuc } from '../../kernels/roc-auc.ts';
import { loadDefinitions, train } from '../../processor/train.ts';
import { applyViews, makeWorkspace } from '../../processor/views.ts';
import { collectRows } from '../../producer/collect.ts';
import { root } from '../cli/sluice.ts';

const methods = ['one-class-svm', 'isolation-forest', 'isolation-logistic', 'k-means', 'lof', 'dbscan'];

function run(method: string, ...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [`${root}dist/evaluate/offline/${method}.js`, ...args], { cwd: root, encoding: 'utf8' });
}

/** The same by a pipeline: its views, its training, its threshold. */
const pipeline = `
stream: swat
source: { type: xlsx, path: ${JSON.stringify(`${root}data/swat-sample.xlsx`)}, timezone: Asia/Singapore }
train: { rows: 7200 }
views: { reduced: [{ drop-constant: { watch: false } }, { standardise: { clip: 30 } }, { pca: { variance: 0.95 } }] }
detectors: { ${methods.map((method) => `${method}: { type: ${method}, view: reduced }`).join(', ')} }
threshold: { warn: { quantile: 0.99 }, error: { quantile: 0.99 } }
`;

describe('the offline scripts', () => {
  let sample: Batch;
  let columns = 0;
  const byPipeline = new Map<string, { scores: Float64Array; level: number }>();

  beforeAll(async () => {
    const registry = await builtInRegistry();
    const config = await parseConfig(pipeline, 'offline.yaml', registry);
    const source = (await registry.load('source', 'xlsx')).create(config.source.options, { stream: 'swat', lateness: 60_000, seed: 0, warn: () => {} });
    await source.open();
    sample = await collectRows(source, 'swat');
    await source.close();
    const { model, state } = await train(sliceBatch(sample, 0, 7200), config, await loadDefinitions(config, registry));
    const rest = sliceBatch(sample, 7200, sample.rows);
    const rows = applyViews(model.views, state.views, matrixOf(rest), rest.times, makeWorkspace(model.views)).get('reduced') ?? makeMatrix(0, 0);
    columns = rows.cols;
    for (const { name, definition, model: learned, calibration } of model.detectors) {
      const scores = new Float64Array(rest.rows);
      (definition as DetectorDefinition).score?.(learned, rows, scores);
      byPipeline.set(name, { scores, level: calibration.error });
    }
  });

  it.each(methods)('%s prints what a pipeline finds on the sample', (method) => {
    const { status, stdout, stderr } = run(method);
    expect([status, stderr]).toEqual([0, '']);
    const { scores, level } = byPipeline.get(method)!;
    const labels = sample.labels!.subarray(7200);
    const flagged = Uint8Array.from(scores, (score) => Number(score >= level));
    const seconds = Float64Array.from(sample.times.subarray(7200), (time) => Number(time / 1_000_000_000n));
    const { precision, recall, f1 } = figures({ flagged, labels, seconds, incidents: [] });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, 3)).toEqual([
      `${method}: 5,040 normal rows learned from, ${columns} columns`,
      `level: ${level.toPrecision(4)}, from 1,800 normal rows kept back`,
      expect.stringMatching(new RegExp(`^scored: .* of them attacked; ${flagged.reduce((sum, flag) => sum + flag, 0).toLocaleString('en-US')} flagged$`)),
    ]);
    expect(lines.at(-2)?.trim().split(/ +/)).toEqual(['precision', 'recall', 'F1', 'AUC-ROC', 'AUC-PR']);
    const printed = lines.at(-1)!.trim().split(/ +/);
    const page = readFileSync(`${root}evaluate/README.md`, 'utf8');
    const hint = 'evaluate/README.md shows what the scripts print on the sample: run them again and write it there';
    expect(page, hint).toContain(`| ${method} | ${printed.join(' | ')} |`);
    if (method === 'k-means') expect(page, hint).toContain(stdout.trimEnd());
    expect(printed).toEqual([precision, recall, f1, rocAuc(scores, labels), averagePrecision(scores, labels)].map((figure) => figure.toFixed(3)));
  });

  it('take a workbook of normal rows and one with attacks', () => {
    const workbook = `${root}data/swat-sample.xlsx`;
    const { status, stdout, stderr } = run('k-means', workbook, workbook);
    expect(status).toBe(0);
    expect(stderr).toBe('2,610 of the 14,400 normal rows are labelled anomalous: what is in them is learned as normal\n');
    expect(stdout).toContain(`scored: ${sample.rows.toLocaleString('en-US')} rows`);
  });

  it('say what is wrong with what they were given', () => {
    const one = run('k-means', 'normal.xlsx');
    expect([one.status, one.stderr]).toEqual([2, 'the number of workbooks is 1. Name a normal one and one with attacks, or none for the sample.\n']);
    const none = run('k-means', 'no-such.xlsx', 'no-such.xlsx');
    expect([none.status, none.stderr]).toEqual([3, expect.stringContaining("the file 'no-such.xlsx' does not exist")]);
  });
});
