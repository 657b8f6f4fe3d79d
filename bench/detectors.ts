import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { builtInRegistry } from '../cli/load-pipeline.ts';
import type { Column, DetectorDefinition } from '../core/component.ts';
import { type Matrix, makeMatrix, rowsOf } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { plantTags } from '../producer/plant/tags.ts';
import { gaussianRows, plantRows } from './judged-rows.ts';
import { runPeers } from './peers.ts';

/**
 * Rows a second that each detector fits and scores, in batches of 500 and row by row, and explains, on one thread: 2,000 training rows of 51
 * columns, of the plant and Gaussian. scikit-learn scores the same rows in the same run, and river's half-space trees, which learn from
 * every row too, stand beside the random cut forest, also on rows of one value.
 *
 *   npm run build && node dist/bench/detectors.js [--require-peers] [--json]
 */
const cols = 51;
const trainingRows = 2000;
const testRows = 10_000;
const batch = 500;
const rounds = 3;
/** A detector that took so many seconds is not asked again. */
const enough = 8;
const singles = 2000;
/** Of so many rows every fifth is explained: about as many as the plant's recording has flagged. */
const [lookedAt, everySo] = [4000, 5];
/** Milliseconds. */
const longExplained = 1000;

interface Figures {
  readonly detector: string;
  readonly fitMs: number;
  readonly batchRowsPerSecond: number;
  readonly singleRowsPerSecond: number;
  /** Right after they were scored. */
  readonly explainedRowsPerSecond: number;
  readonly madeWith?: string;
}

/** What scikit-learn and river do too. */
type PeerFigures = Omit<Figures, 'explainedRowsPerSecond'>;

const median = (values: number[]): number => values.sort((a, b) => a - b)[values.length >> 1];

/** One value that follows its own last one, as the simulator's items do. */
function singleValues(): Matrix {
  const random = makeRandom(1, 'bench');
  const rows = makeMatrix(trainingRows + testRows, 1);
  for (let i = 0; i < rows.rows; i++) rows.values[i] = (i === 0 ? 0 : 0.9 * rows.values[i - 1]) + random.normal();
  return rows;
}

const plantColumns: readonly Column[] = plantTags.map((name) => ({ name, kind: /^(MV|P\d|UV)/.test(name) ? 'discrete' : 'continuous' }));

function measure(definition: DetectorDefinition, rows: Matrix): Figures {
  const training = rowsOf(rows, 0, trainingRows);
  const columns = plantColumns.slice(0, rows.cols);
  const learn = () => definition.fit(training, columns, definition.options.parse({}), { random: makeRandom(7), fitRows: trainingRows });
  const fitting: number[] = [];
  const scoring: number[] = [];
  const out = new Float64Array(batch);
  let model = learn();
  let state = definition.start?.(model);
  const score = (from: number, to: number, before: (row: number) => void = () => undefined): void => {
    if (definition.score) definition.score(model, rowsOf(rows, from, to), out.subarray(0, to - from));
    else {
      definition.step?.(model, state, rowsOf(rows, from, to), out.subarray(0, to - from), (row) => {
        before(from + row);
        return true;
      });
    }
  };
  for (let round = 0, spent = 0; round < rounds && spent < enough; round++) {
    let began = performance.now();
    model = learn();
    fitting.push(performance.now() - began);
    state = definition.start?.(model);
    began = performance.now();
    for (let from = trainingRows; from < rows.rows; from += batch) score(from, from + batch);
    const seconds = (performance.now() - began) / 1000;
    scoring.push(testRows / seconds);
    spent += seconds;
  }
  const began = performance.now();
  for (let row = 0; row < singles; row++) score(trainingRows + row, trainingRows + row + 1);
  const singleRowsPerSecond = (singles / (performance.now() - began)) * 1000;
  const explanation = { reference: new Float64Array(rows.cols), weight: new Float64Array(rows.cols) };
  let [explained, spent] = [0, 0];
  const explain = (row: number): void => {
    if (row % everySo !== 0) return;
    const from = performance.now();
    definition.explain(model, state, rowsOf(rows, row, row + 1).values, explanation);
    spent += performance.now() - from;
    explained++;
  };
  // The second time is measured, unless the first took long.
  for (let round = 0; round < 2 && spent < longExplained; round++) {
    [explained, spent] = [0, 0];
    for (let from = trainingRows; from < trainingRows + lookedAt && spent < longExplained; from += batch) {
      score(from, from + batch, explain);
      if (definition.score) for (let row = from; row < from + batch; row++) explain(row);
    }
  }
  const explainedRowsPerSecond = (explained / spent) * 1000;
  return { detector: definition.type, fitMs: median(fitting), batchRowsPerSecond: median(scoring), singleRowsPerSecond, explainedRowsPerSecond };
}

const required = process.argv.includes('--require-peers');
const registry = await builtInRegistry();
const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
const results: { rows: string; cols: number; detectors: { own: Figures; peer: PeerFigures | undefined }[] }[] = [];
try {
  const all = registry.types('detector');
  for (const [name, rows, types] of [
    ['plant', plantRows(trainingRows, testRows), all],
    ['gaussian', gaussianRows(trainingRows + testRows), all],
    ['one-value', singleValues(), ['random-cut-forest']],
  ] as const) {
    const file = join(folder, `${name}.f64`);
    await writeFile(file, new Uint8Array(rows.values.buffer, rows.values.byteOffset, rows.values.byteLength));
    const peers = types === all ? await runPeers<PeerFigures>('detectors.py', [file, cols, trainingRows, batch, rounds], { required }) : [];
    const trees = await runPeers<PeerFigures>('half-space-trees.py', [file, rows.cols, trainingRows, 'random-cut-forest'], { required });
    const detectors = [];
    for (const type of types) {
      const own = measure(await registry.load('detector', type), rows);
      detectors.push({ own, peer: [...(peers ?? []), ...(trees ?? [])].find(({ detector }) => detector === type) });
    }
    results.push({ rows: name, cols: rows.cols, detectors });
  }
} finally {
  await rm(folder, { recursive: true });
}

const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version, load: loadavg().map((x) => Number(x.toFixed(2))) };
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ bench: 'detectors', machine, trainingRows, batch, results }, undefined, 2)}\n`);
else {
  const count = (n: number | undefined): string => (n === undefined ? '-' : Math.round(n).toLocaleString('en-US')).padStart(11);
  for (const { rows, cols, detectors } of results) {
    process.stdout.write(`\n${rows} rows: ${trainingRows} to train, ${cols} columns; rows/s, in brackets scikit-learn's or river's\n`);
    process.stdout.write(
      `${'detector'.padEnd(20)}${`batches of ${batch}`.padStart(24)}${'row by row'.padStart(24)}${'fit, ms'.padStart(24)}${'explained'.padStart(12)}\n`,
    );
    for (const { own, peer } of detectors) {
      const pair = (a: number, b: number | undefined): string => `${count(a)} (${count(b).trim()})`.padStart(24);
      const speeds = pair(own.batchRowsPerSecond, peer?.batchRowsPerSecond) + pair(own.singleRowsPerSecond, peer?.singleRowsPerSecond);
      process.stdout.write(`${own.detector.padEnd(20)}${speeds}${pair(own.fitMs, peer?.fitMs)} ${count(own.explainedRowsPerSecond)}\n`);
    }
  }
  process.stdout.write(`\n${machine.cpu}, ${machine.cores} cores, node ${machine.node}, load ${machine.load.join(' ')}\n`);
}
