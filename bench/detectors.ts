import { performance } from 'node:perf_hooks';
import { makeMatrix, rowsOf } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import constantBroken from '../processor/detectors/constant-broken.ts';
import kMeans from '../processor/detectors/k-means.ts';
import mahalanobis from '../processor/detectors/mahalanobis.ts';

/**
 * Rows a second that each detector fits and scores: 51 columns, batches of 500, one thread. Median of seven rounds.
 * Run from a build: `npm run build && node dist/bench/detectors.js`.
 */
const cols = 51;
const batch = 500;
const rounds = 7;
const random = makeRandom(1, 'bench');

function plantRows(rows: number): ReturnType<typeof makeMatrix> {
  const matrix = makeMatrix(rows, cols);
  const loading = Float64Array.from({ length: cols * 8 }, () => random.normal());
  const latent = new Float64Array(8);
  for (let row = 0; row < rows; row++) {
    for (let l = 0; l < 8; l++) latent[l] = 0.98 * latent[l] + 0.2 * random.normal();
    for (let j = 0; j < cols; j++) {
      let x = 0.3 * random.normal();
      for (let l = 0; l < 8; l++) x += loading[j * 8 + l] * latent[l];
      matrix.values[row * cols + j] = j === cols - 1 ? 1 : x;
    }
  }
  return matrix;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1];
}

const training = plantRows(3600);
const rows = plantRows(100_000);
const scores = new Float64Array(batch);
const context = () => ({ random: makeRandom(7), fitRows: 2520 });
const subjects: [string, (matrix: typeof rows) => void, () => void][] = [];
const kMeansModel = kMeans.fit(training, [], kMeans.options.parse({}), context());
const manyModel = kMeans.fit(training, [], kMeans.options.parse({ clusters: 20 }), context());
const mahalanobisModel = mahalanobis.fit(training, [], {}, context());
const constantModel = constantBroken.fit(training, [], {}, context());
subjects.push(['k-means, 8 clusters', (m) => kMeans.score!(kMeansModel, m, scores), () => void kMeans.fit(training, [], kMeans.options.parse({}), context())]);
subjects.push([
  'k-means, 20 clusters',
  (m) => kMeans.score!(manyModel, m, scores),
  () => void kMeans.fit(training, [], kMeans.options.parse({ clusters: 20 }), context()),
]);
subjects.push(['mahalanobis', (m) => mahalanobis.score!(mahalanobisModel, m, scores), () => void mahalanobis.fit(training, [], {}, context())]);
subjects.push(['constant-broken', (m) => constantBroken.score!(constantModel, m, scores), () => void constantBroken.fit(training, [], {}, context())]);

for (const [name, score, train] of subjects) {
  const scoring: number[] = [];
  const fitting: number[] = [];
  for (let round = 0; round < rounds; round++) {
    let started = performance.now();
    for (let from = 0; from < rows.rows; from += batch) score(rowsOf(rows, from, from + batch));
    scoring.push((rows.rows / (performance.now() - started)) * 1000);
    started = performance.now();
    train();
    fitting.push(performance.now() - started);
  }
  const speed = Math.round(median(scoring)).toLocaleString('en-US').padStart(12);
  process.stdout.write(`${name.padEnd(22)}${speed} rows/s scored, ${median(fitting).toFixed(0).padStart(5)} ms to fit ${training.rows} rows\n`);
}
