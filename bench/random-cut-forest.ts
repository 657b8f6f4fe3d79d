import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { type Matrix, makeMatrix, rowsOf } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { encodeRecord } from '../core/record.ts';
import randomCutForest from '../processor/detectors/random-cut-forest.ts';
import { runPeers } from './peers.ts';

/**
 * Rows a second that the random cut forest scores and learns, with its defaults, beside AWS's library in Java and rrcf in Python on
 * the same rows, one after the other; by the clock, and by the processor time of the process, which other work disturbs less. Then
 * what a state takes, and how long it takes to save and to bring back to work.
 *
 *   npm run build && node dist/bench/random-cut-forest.js [--require-peers] [--json]
 *
 * For AWS's: mvn -q -f scripts/fixtures/random-cut-forest/pom.xml package
 */
interface Speed {
  readonly rowsPerSecond: number;
  readonly rowsPerCpuSecond: number;
}

const shingle = 10;
/** Rows that fill the samples, so that what follows is the usual course. */
const first = 3000;
const cases = [
  { columns: 1, rows: 20_000, rrcf: 100 },
  { columns: 51, rows: 4000, rrcf: 50 },
];

/** Every column follows its own last value. */
function makeRows(rows: number, columns: number): Matrix {
  const random = makeRandom(1, 'bench');
  const out = makeMatrix(rows, columns);
  for (let i = 0; i < out.values.length; i++) out.values[i] = (i < columns ? 0 : 0.9 * out.values[i - columns]) + random.normal();
  return out;
}

function own(rows: Matrix): Speed & { stateBytes: number; saveMs: number; openMs: number } {
  const options = randomCutForest.options.parse({ start: 'empty' });
  const model = randomCutForest.fit(rowsOf(rows, 0, 300), [], options, { random: makeRandom(1), fitRows: 300 });
  const state = randomCutForest.start!(model);
  const out = new Float64Array(rows.rows);
  const step = (from: number, to: number, of = state): void => randomCutForest.step!(model, of, rowsOf(rows, from, to), out.subarray(from, to), () => true);
  step(0, first);
  const began = performance.now();
  const worked = process.cpuUsage();
  for (let from = first; from < rows.rows; from += 500) step(from, Math.min(rows.rows, from + 500));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(worked);
  const counted = rows.rows - first;
  const saving = performance.now();
  const bytes = encodeRecord('state', state);
  const saveMs = performance.now() - saving;
  const restored = structuredClone(state);
  const opening = performance.now();
  step(0, 1, restored);
  return {
    rowsPerSecond: counted / seconds,
    rowsPerCpuSecond: counted / ((user + system) / 1e6),
    stateBytes: bytes.length,
    saveMs,
    openMs: performance.now() - opening,
  };
}

const required = process.argv.includes('--require-peers');
const java = join('scripts', 'fixtures', 'random-cut-forest', 'target');
if (!existsSync(java)) {
  process.stderr.write("AWS's library is not there; for figures beside it: mvn -q -f scripts/fixtures/random-cut-forest/pom.xml package\n");
  if (required) process.exit(1);
}

async function aws(file: string, columns: number): Promise<Speed | undefined> {
  if (!existsSync(java)) return undefined;
  const classes = `${join(java, 'classes')}:${join(java, 'lib')}/*`;
  const { stdout } = await promisify(execFile)('java', ['-cp', classes, 'Bench', file, String(columns), String(shingle), String(first)]);
  return JSON.parse(stdout) as Speed;
}

const folder = await mkdtemp(join(tmpdir(), 'sluice-bench-'));
const results = [];
try {
  for (const { columns, rows, rrcf } of cases) {
    const matrix = makeRows(rows, columns);
    const file = join(folder, `${columns}.f64`);
    await writeFile(file, new Uint8Array(matrix.values.buffer, matrix.values.byteOffset, matrix.values.byteLength));
    const python = await runPeers<Speed>('random-cut-forest.py', [file, columns, shingle, 300, rrcf], { required });
    results.push({ columns, own: own(matrix), aws: await aws(file, columns), rrcf: python?.[0] });
  }
} finally {
  await rm(folder, { recursive: true });
}

const machine = { cpu: cpus()[0].model, cores: cpus().length, node: process.version, load: loadavg().map((x) => Number(x.toFixed(2))) };
if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ bench: 'random-cut-forest', machine, shingle, results }, undefined, 2)}\n`);
else {
  const count = (n: number | undefined): string => (n === undefined ? '-' : Math.round(n).toLocaleString('en-US')).padStart(9);
  process.stdout.write(`rows/s by the clock, in brackets by processor time; shingle ${shingle}, 50 trees of 256 samples\n`);
  for (const { columns, own, aws, rrcf } of results) {
    const pair = (speed: Speed | undefined): string => `${count(speed?.rowsPerSecond)} (${count(speed?.rowsPerCpuSecond).trim()})`;
    process.stdout.write(`${String(columns).padStart(3)} columns: own ${pair(own)}, AWS ${pair(aws)}, rrcf ${pair(rrcf)}\n`);
    process.stdout.write(
      `             state ${count(own.stateBytes).trim()} bytes, saved in ${own.saveMs.toFixed(1)} ms, at work again in ${own.openMs.toFixed(1)} ms\n`,
    );
  }
  process.stdout.write(`${machine.cpu}, ${machine.cores} cores, node ${machine.node}, load ${machine.load.join(' ')}\n`);
}
