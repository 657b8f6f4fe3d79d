import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { makeRandom, type Random } from '../../core/random.ts';
import { euclideanNorm, nearest, unitVector } from '../../kernels/distance.ts';
import { keepSumFinite } from '../../kernels/finite-sum.ts';
import { type Clustering, lloyd, seedPlusPlus } from '../../kernels/lloyd.ts';

/** `centroids`: clusters x columns, row-major. `spread`: per cluster, in the view's units, > 0. */
type Model = { readonly centroids: Float64Array; readonly spread: Float64Array };

/** No cluster counts as tighter than this part of the mean distance over all rows. */
const leastSpread = 0.1;
/** A mean distance below this part of the rows' size is rounding error: the rows lie on their centroids. */
const rounding = 1e-12;

export default defineDetector({
  type: 'k-means',
  summary: "Distance to the nearest centroid, in units of that cluster's usual distance.",
  fails:
    'Clusters that are long, bent or of very different density; columns of different scale (standardise first); sensors that are each in range but ' +
    'no longer move together; a drift while it is smaller than the clusters are wide; anything that only shows over time, such as a stuck sensor. An operating ' +
    'mode that training never showed it finds on most plants, not on all: over 20 fixture plants its AUC there is 0.98 in the mean, but 0.84 on one.',
  cost: 'Scoring: clusters x columns multiply-adds a row. Fitting: that times rows x iterations x restarts. Model: clusters x (columns + 1) doubles.',
  source:
    'Lloyd 1982, doi:10.1109/TIT.1982.1056489; seeding: Arthur and Vassilvitskii 2007, "k-means++: the advantages of careful seeding", ' +
    'SODA, pages 1027-1035 (greedy variant)',
  finds: ['point', 'shift', 'drift'],
  attribution:
    'Exact. With centroid c and spread s of the nearest cluster and distance d, column j contributes (x[j] - c[j])^2 / (d s). All contributions are ' +
    '>= 0 and add up to the score, since the squares add up to d^2. A tag is above (+) or below (-) its value at the centroid.',
  options: z.strictObject({
    clusters: z.int().min(1).max(1024).default(8).describe('Number of centroids; fewer are made when the training rows have fewer distinct values.'),
    restarts: z.int().min(1).max(100).default(4).describe('Independent seedings; the one with the least sum of squared distances is kept.'),
    iterations: z.int().min(1).max(10_000).default(100).describe('Iterations of one restart at most.'),
    tolerance: z
      .number()
      .min(0)
      .default(1e-4)
      .describe("A restart ends when the centroids' squared moves sum to at most this times the mean column variance; 0 = when no row changes cluster."),
    seed: z.int().optional().describe("Seed of the random choices; default: the pipeline's."),
  }),
  fit(rows, _columns, { clusters, restarts, iterations, tolerance, seed }, context): Model {
    if (rows.rows === 0 || rows.cols === 0) {
      throw new SluiceError('TRAINING_UNFIT', `k-means cannot learn from ${rows.rows} rows x ${rows.cols} columns`, {
        fix: 'Give it at least one complete row of one column.',
      });
    }
    const random = seed === undefined ? context.random : makeRandom(seed, 'k-means');
    const best = tightest(restarts, random, (restart) => lloyd(rows, seedPlusPlus(rows, clusters, restart), iterations, tolerance));
    return { centroids: best.centroids.values, spread: spreads(best) };
  },
  score(model, rows, out) {
    const index = new Int32Array(rows.rows);
    nearest(rows, centroidsOf(model), index, out);
    for (let row = 0; row < rows.rows; row++) out[row] = Math.min(Number.MAX_VALUE, Math.sqrt(out[row]) / model.spread[index[row]]);
  },
  explain(model, _state, row, out) {
    const index = new Int32Array(1);
    nearest(makeMatrix(1, row.length, row), centroidsOf(model), index, new Float64Array(1));
    const centroid = model.centroids.subarray(index[0] * row.length, (index[0] + 1) * row.length);
    const difference = row.map((x, j) => x - centroid[j]);
    out.reference.set(centroid);
    unitVector(difference, out.weight);
    for (let j = 0; j < row.length; j++) out.weight[j] /= model.spread[index[0]];
    keepSumFinite(row, out);
  },
});

function centroidsOf({ centroids, spread }: Model): Matrix {
  return makeMatrix(spread.length, centroids.length / spread.length, centroids);
}

function tightest(restarts: number, random: Random, cluster: (random: Random) => Clustering): Clustering {
  let best = cluster(random.fork('restart 0'));
  for (let restart = 1; restart < restarts; restart++) {
    const next = cluster(random.fork(`restart ${restart}`));
    if (next.inertia < best.inertia) best = next;
  }
  return best;
}

/**
 * A cluster's spread is the mean distance of its training rows to its centroid, with two corrections. A single row's
 * distance to itself says nothing, so a cluster of one takes the mean over all rows. And rows that repeat exactly
 * would make a cluster infinitely strict, so none is taken as tighter than `leastSpread` of that mean. When every row
 * lies on its centroid there is no usual distance, and scores are in the view's own units.
 */
function spreads({ centroids, labels, squared, counts }: Clustering): Float64Array {
  const sum = new Float64Array(counts.length);
  let total = 0;
  for (let row = 0; row < labels.length; row++) {
    const distance = Math.sqrt(squared[row]);
    sum[labels[row]] += distance;
    total += distance;
  }
  const overall = total / labels.length;
  if (overall <= rounding * euclideanNorm(centroids.values)) return sum.fill(1);
  return sum.map((distances, cluster) => (counts[cluster] === 1 ? overall : Math.max(distances / counts[cluster], leastSpread * overall)));
}
