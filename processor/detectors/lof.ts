import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { makeRandom } from '../../core/random.ts';
import { kNearestOthers } from '../../kernels/k-nearest.ts';
import { indexRows, type NeighbourIndex } from '../../kernels/neighbour-index.ts';
import { shareAmongColumns } from '../../kernels/neighbour-shares.ts';
import { unpackRows } from '../../kernels/packed-rows.ts';
import { nearestOf, nearestOfAll } from '../../kernels/recent-neighbours.ts';
import { sampleRows } from '../../kernels/sample-rows.ts';

/**
 * `references`: in time order. Per reference, `reach`: the distance to the last of its neighbours among the others, and
 * `density`: its local reachability density.
 */
type Model = { readonly references: NeighbourIndex; readonly neighbours: number; readonly reach: Float64Array; readonly density: Float64Array };

/** Added to the mean reachability distance, so that rows that repeat more often than there are neighbours have a density. */
const leastDistance = 1e-10;

export default defineDetector({
  type: 'lof',
  summary: 'Local outlier factor: how much sparser the training rows lie around a row than around its nearest training rows.',
  fails:
    'Columns of different scale (standardise first) and many columns that carry noise alone. Training rows that repeat exactly more often than there are ' +
    'neighbours, as with plants that stand still: any other row beside them scores without bound. Anomalies that training showed more than a few times. ' +
    'Sensors that are each in range but no longer move together it finds less surely: over 20 fixture plants its AUC there is 0.93 in the mean and 0.88 at least. ' +
    'Anything that only shows over time, such as a stuck sensor.',
  cost:
    'Scoring: references x columns multiply-adds a row, a few times fewer where few directions hold most of the variance. ' +
    'Fitting: references^2 x columns. Model: 4/3 x references x (columns + 3) doubles at most, and columns^2 / 3.',
  source:
    'Breunig, Kriegel, Ng and Sander 2000, "LOF: identifying density-based local outliers", doi:10.1145/342009.335388; for new rows, and where rows ' +
    'repeat, as scikit-learn does (LocalOutlierFactor with novelty)',
  finds: ['point', 'shift', 'drift', 'novelty'],
  attribution:
    "Exact. The score is the neighbours' mean density times the row's mean reachability distance, so each neighbour r has a part in it; of that part column " +
    'j gets (x[j] - r[j])^2 / |x - r|^2, and all columns the same where x equals r. The contributions are >= 0 and add up to the score, which is about 1 for ' +
    'a normal row: there they tell little. A tag is above (+) or below (-) its neighbours; it is compared with a value on their ' +
    'side, the mean reachability distance times the root of its share away.',
  options: z.strictObject({
    neighbours: z.int().min(1).max(1000).default(20).describe('Training rows that a row is compared with; all others when there are fewer.'),
    references: z.int().min(2).max(100_000).default(2000).describe('Training rows that are kept, drawn at random; all when there are fewer.'),
    seed: z.int().optional().describe("Seed of the draw; default: the pipeline's."),
  }),
  fit(rows, _columns, { neighbours, references, seed }, context): Model {
    if (rows.rows < 2 || rows.cols === 0) {
      throw new SluiceError('TRAINING_UNFIT', `lof cannot learn densities from ${rows.rows} rows x ${rows.cols} columns`, {
        fix: 'Give it at least two complete rows of one column.',
      });
    }
    const kept = sampleRows(rows, references, seed === undefined ? context.random : makeRandom(seed, 'lof'));
    const k = Math.min(neighbours, kept.rows - 1);
    const index = new Int32Array(kept.rows * k);
    const squared = new Float64Array(kept.rows * k);
    const indexed = indexRows(kept);
    kNearestOthers(kept, indexed, k, index, squared);
    const reach = Float64Array.from({ length: kept.rows }, (_, row) => Math.sqrt(squared[(row + 1) * k - 1]));
    const density = Float64Array.from({ length: kept.rows }, (_, row) => 1 / meanReachability(index, squared, row * k, k, reach));
    return { references: indexed, neighbours: k, reach, density };
  },
  score(model, rows, out) {
    const { references, neighbours: k, reach, density } = model;
    const { index, squared } = nearestOfAll(rows, references, k);
    for (let row = 0; row < rows.rows; row++) out[row] = meanOf(density, index, row * k, k) * meanReachability(index, squared, row * k, k, reach);
  },
  explain(model, _state, row, out) {
    const { references, neighbours: k, reach, density } = model;
    const { index, squared } = nearestOf(row, references, k);
    const parts = new Float64Array(k);
    const around = meanOf(density, index, 0, k);
    for (let i = 0; i < k; i++) parts[i] = (around * (Math.max(Math.sqrt(squared[i]), reach[index[i]]) + leastDistance)) / k;
    shareAmongColumns(row, unpackRows(references.packed, index), parts, meanReachability(index, squared, 0, k, reach), out);
  },
});

/** Mean over k neighbours of the distance to each, but no less than the neighbour's own reach. */
function meanReachability(index: Int32Array, squared: Float64Array, from: number, k: number, reach: Float64Array): number {
  let sum = 0;
  for (let i = from; i < from + k; i++) sum += Math.max(Math.sqrt(squared[i]), reach[index[i]]);
  return sum / k + leastDistance;
}

function meanOf(values: Float64Array, index: Int32Array, from: number, k: number): number {
  let sum = 0;
  for (let i = from; i < from + k; i++) sum += values[index[i]];
  return sum / k;
}
