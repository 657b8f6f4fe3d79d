import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { makeRandom } from '../../core/random.ts';
import { indexRows, type NeighbourIndex } from '../../kernels/neighbour-index.ts';
import { shareAmongColumns } from '../../kernels/neighbour-shares.ts';
import { unpackRows } from '../../kernels/packed-rows.ts';
import { nearestOf, nearestOfAll } from '../../kernels/recent-neighbours.ts';
import { sampleRows } from '../../kernels/sample-rows.ts';

/** `references`: in time order. `neighbours`: at most as many as there are references. */
type Model = { readonly references: NeighbourIndex; readonly neighbours: number; readonly mean: boolean };

export default defineDetector({
  type: 'k-nn',
  summary: 'Distance to the nearest training rows, of which a sample is kept.',
  fails:
    'Columns of different scale (standardise first) and many columns that carry noise alone: all distances become alike. Training rows with anomalies: ' +
    'the single nearest row forgives whatever training showed once; more neighbours forgive less. Regions of different density, which one level has to ' +
    'serve (lof weighs them). Anything that only shows over time, such as a stuck sensor.',
  cost:
    'Scoring: references x columns multiply-adds a row, a few times fewer where few directions hold most of the variance. ' +
    'Fitting: references x columns^2 / 2 + 9 columns^3, for these directions. Model: 4/3 x references x (columns + 2) doubles at most, and columns^2 / 3.',
  source:
    'Ramaswamy, Rastogi and Shim 2000, "Efficient algorithms for mining outliers from large data sets", doi:10.1145/342009.335437; ' +
    'mean of the neighbours: Angiulli and Pizzuti 2002, doi:10.1007/3-540-45681-3_2',
  finds: ['point', 'shift', 'drift', 'correlation', 'novelty'],
  attribution:
    'Exact. With neighbour r at distance d, column j contributes (x[j] - r[j])^2 / d; the squares add up to d^2, so all contributions are >= 0 and add up ' +
    'to the score. With the mean of several neighbours each column takes the mean of these. A tag is above (+) or below (-) its value at the neighbour; ' +
    'with several, it is compared with a value on their side, the score times the root of its share away.',
  options: z.strictObject({
    neighbours: z
      .int()
      .min(1)
      .max(1000)
      .default(1)
      .describe('Which neighbour, or how many: 1 = the single nearest reference, sharpest on clean training rows. All references when they are fewer.'),
    distance: z.enum(['kth', 'mean']).default('kth').describe('Distance to the last of the neighbours (kth), or the mean over all of them (mean).'),
    references: z.int().min(1).max(100_000).default(2000).describe('Training rows that are kept, drawn at random; all when there are fewer.'),
    seed: z.int().optional().describe("Seed of the draw; default: the pipeline's."),
  }),
  fit(rows, _columns, { neighbours, distance, references, seed }, context): Model {
    if (rows.rows === 0 || rows.cols === 0) {
      throw new SluiceError('TRAINING_UNFIT', `k-nn cannot learn from ${rows.rows} rows x ${rows.cols} columns`, {
        fix: 'Give it at least one complete row of one column.',
      });
    }
    const kept = sampleRows(rows, references, seed === undefined ? context.random : makeRandom(seed, 'k-nn'));
    return { references: indexRows(kept), neighbours: Math.min(neighbours, kept.rows), mean: distance === 'mean' };
  },
  score(model, rows, out) {
    const { references, neighbours: k, mean } = model;
    const { squared } = nearestOfAll(rows, references, k);
    for (let row = 0; row < rows.rows; row++) out[row] = mean ? meanDistance(squared, row * k, k) : Math.sqrt(squared[(row + 1) * k - 1]);
  },
  explain(model, _state, row, out) {
    const { references, neighbours: k, mean } = model;
    const { index, squared } = nearestOf(row, references, k);
    const from = mean ? 0 : k - 1;
    const parts = new Float64Array(k - from);
    let total = 0;
    for (let i = from; i < k; i++) {
      const part = Math.sqrt(squared[i]) / (k - from);
      parts[i - from] = part;
      total += part;
    }
    shareAmongColumns(row, unpackRows(references.packed, index.subarray(from)), parts, total, out);
  },
});

function meanDistance(squared: Float64Array, from: number, k: number): number {
  let sum = 0;
  for (let i = from; i < from + k; i++) sum += Math.sqrt(squared[i]);
  return sum / k;
}
