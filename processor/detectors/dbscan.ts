import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import { coreRows } from '../../kernels/core-rows.ts';
import { kNearestOthers } from '../../kernels/k-nearest.ts';
import { indexRows, type NeighbourIndex } from '../../kernels/neighbour-index.ts';
import { shareAmongColumns } from '../../kernels/neighbour-shares.ts';
import { unpackRows } from '../../kernels/packed-rows.ts';
import { nearestOf, nearestOfAll } from '../../kernels/recent-neighbours.ts';
import { sampleRows } from '../../kernels/sample-rows.ts';

/** `core`: the core rows, in time order. `eps`: in the view's units, > 0. */
type Model = { readonly core: NeighbourIndex; readonly eps: number };

export default defineDetector({
  type: 'dbscan',
  summary: 'Distance to the nearest core row of a density-based clustering of training rows, in units of its radius: above 1 a row belongs to no cluster.',
  fails:
    'Columns of different scale (standardise first) and many columns that carry noise alone: all distances become alike. Clusters of very different ' +
    'density, which share one radius: set by the sparse ones, it forgives much beside the dense ones (lof weighs them). Sensors that are each in range but ' +
    'no longer move together it finds less surely: over 20 fixture plants its AUC there is 0.94 in the mean and 0.88 at least. Anomalies that training ' +
    'showed at least as often as there are minimum points. Anything that only shows over time, such as a stuck sensor.',
  cost:
    'Scoring: core rows x columns multiply-adds a row, a few times fewer where few directions hold most of the variance. ' +
    'Fitting: up to 2 x references^2 x columns. Model: 4/3 x core rows x (columns + 2) doubles at most, and columns^2 / 3.',
  source:
    'Ester, Kriegel, Sander and Xu 1996, "A density-based algorithm for discovering clusters in large spatial databases with noise", KDD, pages 226-231; ' +
    'radius from the k-distances and a part of noise: section 4.2 there',
  finds: ['point', 'shift', 'drift', 'novelty'],
  attribution:
    'Exact. With nearest core row r at distance d and radius eps, column j contributes (x[j] - r[j])^2 / (d eps); the squares add up to d^2, so all ' +
    'contributions are >= 0 and add up to the score. A tag is above (+) or below (-) its value at the core row.',
  options: z.strictObject({
    eps: z
      .union([z.literal('auto'), z.number().positive()])
      .default('auto')
      .describe("Radius of a row's neighbourhood, in the view's units; auto: such that all references but the part `noise` are core rows."),
    minimumPoints: z.int().min(1).max(1000).default(5).describe('A core row has so many references within the radius, itself among them.'),
    noise: z.number().min(0).max(0.5).default(0.05).describe('For eps auto: part of the references, 0 to 0.5, that need not be core rows.'),
    references: z.int().min(1).max(100_000).default(2000).describe('Training rows that are clustered, drawn at random; all when there are fewer.'),
    seed: z.int().optional().describe("Seed of the draw; default: the pipeline's."),
  }),
  fit(rows, _columns, { eps: wanted, minimumPoints, noise, references, seed }, context): Model {
    const kept = sampleRows(rows, references, seed === undefined ? context.random : makeRandom(seed, 'dbscan'));
    if (kept.rows < minimumPoints || kept.rows === 0 || rows.cols === 0) {
      throw new SluiceError('TRAINING_UNFIT', `dbscan cannot find clusters of ${minimumPoints} points in ${kept.rows} rows x ${rows.cols} columns`, {
        fix: `Give it at least ${minimumPoints} complete rows of one column, and set references no lower; or set minimumPoints lower.`,
      });
    }
    const eps = wanted === 'auto' ? radius(kept, minimumPoints, noise) : wanted;
    const core = coreRows(kept, eps, minimumPoints);
    if (!core.includes(1)) {
      throw new SluiceError('TRAINING_UNFIT', `dbscan finds no cluster: none of ${kept.rows} rows has ${minimumPoints} within eps ${eps}`, {
        fix: 'Set eps higher, or leave it to auto.',
      });
    }
    const values = kept.values.filter((_, i) => core[Math.floor(i / kept.cols)] === 1);
    return { core: indexRows(makeMatrix(values.length / kept.cols, kept.cols, values)), eps };
  },
  score(model, rows, out) {
    const { squared } = nearestOfAll(rows, model.core, 1);
    for (let row = 0; row < rows.rows; row++) out[row] = Math.min(Number.MAX_VALUE, Math.sqrt(squared[row]) / model.eps);
  },
  explain(model, _state, row, out) {
    const { index, squared } = nearestOf(row, model.core, 1);
    const distance = Math.sqrt(squared[0]);
    shareAmongColumns(row, unpackRows(model.core.packed, index), Float64Array.of(Math.min(Number.MAX_VALUE, distance / model.eps)), distance, out);
  },
});

/**
 * The least radius at which all rows but the part `noise` are core rows: a quantile of the distances to the last of their
 * minimum points. Where rows that repeat make it zero, the least distance above zero; where all rows are equal, 1.
 */
function radius(rows: Matrix, minimumPoints: number, noise: number): number {
  const k = minimumPoints - 1;
  const index = new Int32Array(rows.rows * k);
  const squared = new Float64Array(rows.rows * k);
  if (k > 0) kNearestOthers(rows, indexRows(rows), k, index, squared);
  const distances = Float64Array.from({ length: rows.rows }, (_, row) => (k > 0 ? Math.sqrt(squared[(row + 1) * k - 1]) : 0)).sort();
  return distances[Math.ceil((1 - noise) * rows.rows) - 1] || distances.find((distance) => distance > 0) || 1;
}
