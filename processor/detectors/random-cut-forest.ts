import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Matrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import { quantile } from '../../kernels/quantile.ts';
import { learnNext, scoreNext } from '../../kernels/random-cut-forest.ts';
import { explainNext } from '../../kernels/random-cut-forest-reasons.ts';
import {
  bytesAtWork,
  copyForest,
  type Forest,
  type ForestShape,
  type ForestState,
  mostSamples,
  newForest,
  openForest,
} from '../../kernels/random-cut-forest-state.ts';

type Model = {
  readonly shape: ForestShape;
  readonly warmUp: number;
  readonly learnAll: boolean;
  readonly seed: Int32Array;
  /** Median of each column over the training rows. */
  readonly origin: Float64Array;
  /** What training rows taught; null: every stream begins with nothing. */
  readonly forest: ForestState | null;
};

/** What follows from a state is made once and kept as long as that lives. */
const atWork = new WeakMap<ForestState, Forest>();

const mostBytes = 2 ** 31;
/** An explained value lies at least so far from its reference, so that weights stay moderate: part of the column's range, of the value. */
const leastDistance = { ofRange: 1e-3, ofValue: 1e-9, ever: 1e-290 } as const;

export default defineDetector({
  type: 'random-cut-forest',
  summary: 'How soon random cuts set the last few rows apart from a sample of those before, which it goes on learning from.',
  fails:
    'What lasts: with `learn: all` an anomaly becomes usual once it makes up much of the samples, sooner the faster they decay; `learn: unflagged` flags it for as long as it ' +
    'lasts, and a new normal for ever. One odd value among many: a shingle of 10 rows of 50 tags has 500 numbers, and one of them counts for little; there a ' +
    'smaller shingle or fewer tags find more. A stuck sensor, and sensors that are in range but no longer move together, where there are several operating ' +
    'modes. Columns on different scales: those with the largest range are cut most. After an anomaly the next `shingle` - 1 rows still hold it and score ' +
    'high too. It knows rows, not times: a shingle reaches over gaps. Values that differ by less than a ten-millionth of their distance from the training median count as equal.',
  cost:
    'Scoring: for d = shingle x columns, trees x (log2(samples) steps down, then up to a few times d comparisons back up). Learning: the same for each tree whose ' +
    'sample takes the row in, one in ten with the default decay. State, by default: 5 kB a tree and 4 bytes x columns for about 12,000 rows, 310 kB for one ' +
    'column and 2.9 MB for 51. At work it takes 8 x d bytes x trees x samples besides: 1.3 MB for one column, 53 MB for 51. Explaining a row takes some five times as long as scoring it.',
  source:
    'Guha, Mishra, Roy and Schrijvers 2016, "Robust random cut forest based anomaly detection on streams", ICML, PMLR 48:2712-2721; scores, attribution, ' +
    'imputation and sampling in time as in the AWS library random-cut-forest-by-aws 4.4.0',
  finds: [],
  attribution:
    'Exact. At every node of a tree, the chance that a cut sets the shingle apart is shared out among its values by how far each lies outside of the box there, ' +
    'as in the AWS library; a tag contributes what its values in the shingle carry together. Contributions are >= 0 and add up to the score. The reference is ' +
    'the row that the trees expect after the rows before it: the median, over the half of the trees that know these rows best, of the last row at the least ' +
    'anomalous leaf. A tag is above (+) or below (-) that.',
  options: z.strictObject({
    shingle: z.int().min(1).max(500).default(10).describe('Rows that are looked at together: a row with those right before it.'),
    trees: z.int().min(1).max(1000).default(50).describe('Number of trees.'),
    samples: z.int().min(2).max(mostSamples).default(256).describe('Rows that each tree holds a sample of, at most.'),
    decay: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .describe('How fast old rows leave the samples: each row counts e^decay times as much as the one before. 0 = never by age; default: 0.1 / samples.'),
    warmUp: z.int().min(1).max(1_000_000).optional().describe('Rows that a forest takes in before it scores one; default: samples / 4.'),
    learn: z
      .enum(['all', 'unflagged'])
      .default('all')
      .describe('Which rows it goes on learning from. all: what lasts becomes usual. unflagged: only rows below the warn level.'),
    start: z
      .enum(['fitted', 'empty'])
      .default('fitted')
      .describe('What a stream begins with. fitted: what the training rows taught. empty: nothing, and it warms up on rows of its own.'),
    seed: z.int().optional().describe("Seed of the random choices; default: the pipeline's."),
  }),
  fit(rows, _columns, { shingle, trees, samples, decay = 0.1 / samples, warmUp = Math.max(1, samples >> 2), learn, start, seed }, context): Model {
    const shape = { columns: rows.cols, shingle, trees, samples, decay };
    requireRoom(shape);
    const random = (seed === undefined ? context.random : makeRandom(seed, 'random-cut-forest')).fork('forest');
    const model = {
      shape,
      warmUp,
      learnAll: learn === 'all',
      seed: Int32Array.from({ length: 4 }, () => random.int(2 ** 32)),
      origin: medians(rows),
      forest: null,
    };
    if (start === 'empty') return model;
    const needed = Math.max(shingle, warmUp);
    if (rows.rows < needed) {
      throw new SluiceError('TRAINING_UNFIT', `random-cut-forest warms up on ${needed} rows, and there are ${rows.rows} training rows to fit it on`, {
        fix: 'Give more training rows, or lower warmUp and shingle.',
      });
    }
    const forest = openForest(shape, newForest(shape, model.seed, model.origin));
    for (let row = 0; row < rows.rows; row++) learnNext(forest, rows.values, row * rows.cols, true);
    return { ...model, forest: forest.state };
  },
  start: ({ shape, seed, origin, forest }): ForestState => (forest ? copyForest(forest) : newForest(shape, seed, origin)),
  startsFitted: ({ forest }) => forest !== null,
  step(model, state, rows, out, gate) {
    const forest = workOn(model, state);
    for (let row = 0, at = 0; row < rows.rows; row++, at += rows.cols) {
      out[row] = isWarm(model, state) ? scoreNext(forest, rows.values, at) : Number.NaN;
      const usual = gate(row, out[row]);
      learnNext(forest, rows.values, at, usual || model.learnAll);
    }
  },
  explain(model, state, row, out) {
    out.reference.set(row);
    out.weight.fill(0);
    const columns = row.length;
    const reasons = { above: new Float64Array(columns), below: new Float64Array(columns), expected: out.reference, range: new Float64Array(columns) };
    if (!isWarm(model, state) || !explainNext(workOn(model, state), row, 0, reasons)) {
      out.reference.set(row);
      return;
    }
    const { above, below, range } = reasons;
    for (let j = 0; j < columns; j++) {
      const least = Math.max(leastDistance.ofRange * range[j], leastDistance.ofValue * Math.abs(row[j]), leastDistance.ever);
      if (Math.abs(row[j] - out.reference[j]) < least) out.reference[j] = row[j] + (above[j] < below[j] ? least : -least);
      out.weight[j] = (above[j] + below[j]) / (row[j] - out.reference[j]);
    }
  },
});

function workOn({ shape }: Model, state: ForestState): Forest {
  let forest = atWork.get(state);
  if (!forest) {
    forest = openForest(shape, state);
    atWork.set(state, forest);
  }
  return forest;
}

function isWarm({ shape, warmUp }: Model, { points }: ForestState): boolean {
  return points + shape.shingle - 1 >= warmUp;
}

function requireRoom(shape: ForestShape): void {
  const { columns, shingle, trees, samples } = shape;
  const size = `${trees} trees of ${samples} samples, ${shingle} rows of ${columns} columns each`;
  if (shingle * columns > 0xffff || bytesAtWork(shape) > mostBytes) {
    throw new SluiceError('CONFIG_INVALID', `random-cut-forest would take ${Math.ceil(bytesAtWork(shape) / 1e6)} MB for ${size}`, {
      fix: 'Lower trees, samples or shingle, or give it a view with fewer columns, for example through the step pca.',
    });
  }
}

function medians({ rows, cols, values }: Matrix): Float64Array {
  const column = new Float64Array(rows);
  return Float64Array.from({ length: cols }, (_, j) => {
    for (let row = 0; row < rows; row++) column[row] = values[row * cols + j];
    return quantile(column.sort(), 0.5);
  });
}
