import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { builtInRegistry } from '../cli/load-pipeline.ts';
import { parseConfig } from '../core/config/load.ts';
import { evaluateFile } from '../evaluate/evaluate-file.ts';
import { inputFiles } from '../evaluate/input-files.ts';
import { standardPipeline } from '../evaluate/standard-pipeline.ts';
import { averagePrecision } from '../kernels/average-precision.ts';

/**
 * How well each detector ranks the rows of three public data sets (docs/quality.md), as mean AUC-PR over their series: first as the
 * peers do it (fitted on all training rows, inputs clipped at 30 deviations, a causal mean over 10 raw scores), then as
 * `sluice evaluate` does.
 *
 *   SLUICE_DATA=<folder with skab, asd and smd> node dist/bench/quality.js [--json]
 */
const data = process.env.SLUICE_DATA ?? '';
const sets = [
  { name: 'SKAB valve1', test: 'skab/valve1', train: undefined },
  { name: 'ASD', test: 'asd', train: 'asd' },
  { name: 'SMD', test: 'smd', train: 'smd' },
];
/** Rows of a file that train where no other file does. */
const trainRows = 400;

/** A detector as a peer has it; where the peer's score is a square, ours is squared before the mean. */
interface AsPeer {
  readonly name: string;
  readonly detector: string;
  readonly power: 1 | 2;
  /** Figures of the peers, one configuration each: SKAB, ASD, SMD. */
  readonly peer: readonly [number, number, number];
}

const asPeers: readonly AsPeer[] = [
  { name: 'var', detector: '{ type: var, view: plain }', power: 2, peer: [0.919, 0.427, 0.544] },
  { name: 'mahalanobis', detector: '{ type: mahalanobis, view: plain }', power: 2, peer: [0.805, 0.312, 0.535] },
  { name: 'k-means', detector: '{ type: k-means, view: plain, clusters: 20 }', power: 1, peer: [0.804, 0.27, 0.537] },
  { name: 'k-nn', detector: '{ type: k-nn, view: plain, references: 5000 }', power: 1, peer: [0.782, 0.28, 0.527] },
];

const peersText = `stream: plant
source: { type: csv, path: '-' }
train: { rows: ${trainRows}, calibrate: none }
views:
  plain: [clean, { impute: { hold: 30s } }, { standardise: { clip: 30 } }]
detectors:
${asPeers.map(({ name, detector }) => `  ${name}: ${detector}`).join('\n')}
threshold: { warn: { quantile: 0.99 }, error: { quantile: 0.998 } }
combine: {}
incidents: { open: 20s, close: 60s, merge: 120s }
outputs: []
serve: false
`;

/** Mean of the last ten rows, the current one among them. */
function smoothed(scores: Float64Array, width = 10): Float64Array {
  return scores.map((_, row) => {
    const from = Math.max(0, row + 1 - width);
    let sum = 0;
    let count = 0;
    for (let i = from; i <= row; i++) {
      if (Number.isNaN(scores[i])) continue;
      sum += scores[i];
      count++;
    }
    return sum / count;
  });
}

interface Line {
  readonly name: string;
  readonly aucPr: number[];
}

async function quality(): Promise<{ asPeers: Line[]; standard: Line[] }> {
  const registry = await builtInRegistry();
  const peersConfig = await parseConfig(peersText, 'as the peers', registry, { environment: {} });
  const standardConfig = await parseConfig(await standardPipeline(registry), 'standard', registry, { environment: {} });
  const peersLines = new Map<string, number[]>();
  const standardLines = new Map<string, number[]>();
  for (const { name, test, train } of sets) {
    const files = await inputFiles([join(data, test)], train === undefined ? undefined : join(data, train));
    const [ofPeers, ofStandard] = [new Map<string, number[]>(), new Map<string, number[]>()];
    for (const { path, train: trainFile } of files) {
      process.stderr.write(`${name}: ${path}\n`);
      const training = trainFile === undefined ? ({ kind: 'rows', rows: trainRows } as const) : ({ kind: 'file', path: trainFile } as const);
      const common = { path, training, reading: { label: undefined, period: 1000 }, registry };
      const raw = new Map<string, number[]>();
      const labels: number[] = [];
      await evaluateFile({
        ...common,
        config: peersConfig,
        onScored(_scorer, batch, verdicts) {
          for (let row = 0; row < batch.rows; row++) labels.push(batch.labels?.[row] ?? -1);
          for (const { detector, score } of verdicts) raw.set(detector, (raw.get(detector) ?? []).concat(Array.from(score)));
        },
      });
      for (const { name: method, power } of asPeers) {
        const scores = smoothed(Float64Array.from(raw.get(method) ?? [], (score) => score ** power));
        add(ofPeers, method, averagePrecision(scores, Int8Array.from(labels)));
      }
      const { evaluation } = await evaluateFile({ ...common, config: standardConfig });
      for (const { name: method, aucPr } of evaluation.methods) add(ofStandard, method, aucPr);
    }
    for (const [method, values] of ofPeers) add(peersLines, method, mean(values));
    for (const [method, values] of ofStandard) add(standardLines, method, mean(values));
  }
  const lines = (of: ReadonlyMap<string, number[]>): Line[] => [...of].map(([name, aucPr]) => ({ name, aucPr: [...aucPr, mean(aucPr)] }));
  return { asPeers: lines(peersLines), standard: lines(standardLines) };
}

function add(to: Map<string, number[]>, name: string, value: number): void {
  to.set(name, [...(to.get(name) ?? []), value]);
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

if (!existsSync(join(data, 'skab'))) {
  process.stderr.write('set SLUICE_DATA to the folder that holds skab, asd and smd\n');
  process.exit(2);
}
const result = await quality();
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify(result, undefined, 2)}\n`);
else {
  const cells = (values: readonly number[]): string => values.map((value) => value.toFixed(3)).join(' | ');
  process.stdout.write('\n| as the peers do it | SKAB valve1 | ASD | SMD | mean | peer: SKAB | ASD | SMD | mean |\n|---|---|---|---|---|---|---|---|---|\n');
  for (const { name, aucPr } of result.asPeers) {
    const peer = asPeers.find((each) => each.name === name)?.peer ?? [];
    process.stdout.write(`| ${name} | ${cells(aucPr)} | ${cells([...peer, mean(peer)])} |\n`);
  }
  process.stdout.write('\n| as `sluice evaluate` does | SKAB valve1 | ASD | SMD | mean |\n|---|---|---|---|---|\n');
  for (const { name, aucPr } of result.standard) process.stdout.write(`| ${name} | ${cells(aucPr)} |\n`);
}
