import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import { keepSumFinite } from '../../kernels/finite-sum.ts';
import { growForest, isolationScores } from '../../kernels/isolation-forest.ts';
import { type LogisticRegression, logisticRegression, logOdds, softplus } from '../../kernels/logistic-regression.ts';
import { columnMoments } from '../../kernels/moments.ts';
import { quantile } from '../../kernels/quantile.ts';

/** `mean`: of the training rows, per column. */
type Model = { readonly regression: LogisticRegression; readonly mean: Float64Array };

/** A row's log-odds lie at least this far above those of its reference, so that weights stay moderate. */
const leastGap = 1;

export default defineDetector({
  type: 'isolation-logistic',
  summary: 'Log-odds of a logistic regression trained on the rows that an isolation forest holds for anomalous.',
  fails:
    'Most plants: its boundary is a plane, which cannot enclose the normal rows. What lies on the side of the rows that the forest singled out scores high, ' +
    'what is as far off on the other side scores low, so that about half of all deviations are missed: over 24 fixture plants its mean AUC ' +
    'is that of chance (0.41 to 0.55 by family), as is that of the same pair of scikit-learn. It is there to be compared with. ' +
    'Columns of different scale are penalised differently (standardise first).',
  cost: 'Scoring: columns multiply-adds a row. Fitting: the forest, then rows x columns^2 / 2 an iteration, about ten. Model: 2 x columns doubles.',
  source:
    'Liu, Ting and Zhou 2008, doi:10.1109/ICDM.2008.17, for the labels; logistic regression: Hastie, Tibshirani and Friedman 2009, ' +
    '"The Elements of Statistical Learning", section 4.4, doi:10.1007/978-0-387-84858-7',
  finds: [],
  attribution:
    'Exact. With coefficients w, log-odds z and score s = log(1 + exp(z)), column j contributes s w[j] (x[j] - m[j]) / (z - z(m)), m being the training ' +
    'mean; they add up to the score, since the log-odds are linear. Where the row is not at least 1 more anomalous in log-odds than the mean, the ' +
    'reference is the mean moved along w until it is. A contribution can be negative: that tag speaks for a normal row. A tag is above (+) or below (-) ' +
    'its reference.',
  options: z.strictObject({
    trees: z.int().min(1).max(2000).default(100).describe('Number of trees of the forest that makes the labels.'),
    samples: z.int().min(2).max(8192).default(256).describe('Training rows that each tree is grown from, drawn at random; all where there are fewer.'),
    contamination: z
      .number()
      .gt(0)
      .max(0.5)
      .default(0.02)
      .describe('Part of the training rows that the forest labels anomalous: those it scores highest (all that share the highest score).'),
    c: z
      .number()
      .positive()
      .max(1e6)
      .default(1)
      .describe('Weight of the rows against the penalty |coefficients|^2 / 2: a smaller one makes for smaller coefficients.'),
    seed: z.int().optional().describe("Seed of the random choices; default: the pipeline's."),
  }),
  fit(rows, _columns, { trees, samples, contamination, c, seed }, context): Model {
    if (rows.rows < 2) {
      throw new SluiceError('TRAINING_UNFIT', `isolation-logistic cannot learn from ${rows.rows} rows: it takes two kinds of them`, {
        fix: 'Train on more rows.',
      });
    }
    const forest = growForest(rows, trees, samples, seed === undefined ? context.random : makeRandom(seed, 'isolation-logistic'));
    const scores = isolationScores(forest, rows, new Float64Array(rows.rows));
    const sorted = scores.slice().sort();
    const level = quantile(sorted, 1 - contamination);
    const highest = sorted[rows.rows - 1];
    if (sorted[0] === highest) {
      throw new SluiceError('TRAINING_UNFIT', `isolation-logistic has one kind of rows only: the forest scores all ${rows.rows} alike`, {
        fix: 'Train on more rows, in which at least one tag moves.',
      });
    }
    // Where more rows than that share the highest score, none is above the level.
    const labels = Int8Array.from(scores, (score) => (score > level || score === highest ? 1 : 0));
    const regression = logisticRegression(rows, labels, c);
    if (!regression || regression.coefficients.every((w) => w === 0)) {
      throw new SluiceError('TRAINING_UNFIT', `isolation-logistic finds no boundary in ${rows.rows} training rows x ${rows.cols} columns`, {
        fix: 'Put the columns on one scale first, for example with the step standardise.',
      });
    }
    return { regression, mean: columnMoments(rows).mean };
  },
  score({ regression }, rows, out) {
    logOdds(regression, rows, out);
    for (let row = 0; row < rows.rows; row++) out[row] = softplus(out[row]);
  },
  explain({ regression, mean }, _state, row, out) {
    const { coefficients } = regression;
    const [odds] = logOdds(regression, makeMatrix(1, row.length, row), new Float64Array(1));
    const [usual] = logOdds(regression, makeMatrix(1, row.length, mean), new Float64Array(1));
    const score = softplus(odds);
    // Far on the normal side the score is rounded to 0 and odds - 1 to odds: nothing is left to share out.
    const target = score === 0 ? usual : Math.min(usual, odds - leastGap);
    const squared = coefficients.reduce((sum, w) => sum + w * w, 0);
    for (let j = 0; j < row.length; j++) {
      out.reference[j] = mean[j] + coefficients[j] * ((target - usual) / squared);
      out.weight[j] = score === 0 ? 0 : coefficients[j] * (score / (odds - target));
    }
    keepSumFinite(row, out);
  },
});
