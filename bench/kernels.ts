import { type Matrix, makeMatrix, rowsOf } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { kNearest } from '../kernels/k-nearest.ts';
import { indexRows } from '../kernels/neighbour-index.ts';
import { negativeLogKernelMean } from '../kernels/rbf-kernel.ts';
import { applyLinearAlong } from '../kernels/ridge.ts';
import { withoutVectors } from '../kernels/simd/simd.ts';
import { whitenedNorms } from '../kernels/whitened-norm.ts';
import { gaussianRows, plantRows } from './judged-rows.ts';

/**
 * Rows a second of processor time that the innermost parts of detectors take, in batches of 500, with the vector kernels and in plain
 * TypeScript: 2,000 references of 51 columns, of the plant and Gaussian. Prints JSON: `node dist/bench/kernels.js`.
 */
const [references, rows, batch] = [2000, 10_000, 500];
/** Seconds of processor time that a figure is taken from, at least. */
const enough = 0.5;

/** What a kernel does with a batch. */
type Kernel = (rows: Matrix) => void;

function kernelsOf(known: Matrix): Readonly<Record<string, Kernel>> {
  const { cols } = known;
  const random = makeRandom(1, 'bench');
  const drawn = (length: number): Float64Array => new Float64Array(length).map(() => random.normal());
  const index = indexRows(known);
  const [nearest, squared] = [new Int32Array(batch * 20), new Float64Array(batch * 20)];
  const share = new Float64Array(known.rows).fill(1 / known.rows);
  const [mean, lower] = [new Float64Array(cols), drawn((cols * (cols + 1)) / 2)];
  const map = { intercept: drawn(cols), coefficients: drawn(cols * cols) };
  const [out, many] = [new Float64Array(batch), new Float64Array(batch * cols)];
  return {
    'the 20 nearest of 2,000 references': (rows) => kNearest(rows, index, 20, nearest, squared),
    'kernel mean of 2,000 references': (rows) => negativeLogKernelMean(rows, known, share, 1 / cols, out),
    'whitened norm': (rows) => whitenedNorms(rows, mean, lower, out),
    'linear map to 51 columns': (rows) => applyLinearAlong(map, rows.values, cols, rows.rows, many),
  };
}

/** Until it has taken long enough; the first round makes it warm. */
function rowsPerSecond(kernel: Kernel, judged: Matrix): number {
  const round = (): number => {
    const before = process.cpuUsage();
    for (let from = 0; from < judged.rows; from += batch) kernel(rowsOf(judged, from, from + batch));
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1e6;
  };
  round();
  let [done, spent] = [0, 0];
  for (; spent < enough; done += judged.rows) spent += round();
  return Math.round(done / spent);
}

const results = [['plant', plantRows(references, rows)] as const, ['gaussian', gaussianRows(references + rows)] as const].flatMap(([family, all]) => {
  const judged = makeMatrix(rows, all.cols, all.values.subarray(references * all.cols));
  return Object.entries(kernelsOf(rowsOf(all, 0, references))).map(([kernel, run]) => {
    const plainRows = rowsOf(judged, 0, batch * 4);
    return { family, kernel, rowsPerSecond: rowsPerSecond(run, judged), plainRowsPerSecond: withoutVectors(() => rowsPerSecond(run, plainRows)) };
  });
});
process.stdout.write(`${JSON.stringify({ bench: 'kernels', references, batch, results }, undefined, 2)}\n`);
