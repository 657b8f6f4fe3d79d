import { nextUniform, pushKey, replaceLargestKey, sampleKey } from './random-cut-forest-sample.ts';
import { composePoint, type Forest, keepRow } from './random-cut-forest-state.ts';
import { deletePoint, descend, insertPoint } from './random-cut-forest-tree.ts';

/** Keys are aged when they lag behind by so much: single precision tells them apart well up to there. */
const mostAge = 8;

/**
 * How anomalous a row is after those before it, on the scale of the AWS library: 1 where a point is set apart as soon as is usual,
 * more where it is sooner. NaN while there are too few rows before it to make a point, and while the forest is empty.
 *
 * @param at where the row begins in `values`, finite
 */
export function scoreNext(forest: Forest, values: Float64Array, at: number): number {
  const { state, trees, samples } = forest;
  if (!composePoint(forest, values, at) || state.points === 0) return Number.NaN;
  let sum = 0;
  for (let tree = 0; tree < trees; tree++) sum += descend(forest, tree);
  return (sum / trees) * Math.log2(Math.min(state.points, samples) + 1);
}

/**
 * Takes the next row in. The point that it completes is offered to every tree's sample: while that is not full it comes in, then it
 * takes the place of the one with the largest key or is passed over.
 *
 * @param learn false: the row is only remembered for the points that it is part of
 */
export function learnNext(forest: Forest, values: Float64Array, at: number, learn: boolean): void {
  const { state, trees, samples, shingle, decay } = forest;
  const whole = composePoint(forest, values, at);
  keepRow(forest, values, at);
  if (!whole || !learn) return;
  const first = state.used - shingle;
  if (decay * (state.points - state.aged) > mostAge) ageKeys(forest);
  const age = decay * (state.points - state.aged);
  const held = Math.min(state.points, samples);
  for (let tree = 0; tree < trees; tree++) {
    const heap = tree * samples;
    const key = sampleKey(age, nextUniform(state.random));
    if (held < samples) pushKey(state.key, state.drawn, heap, held, key, insertPoint(forest, tree, first));
    else if (key < state.key[heap]) {
      deletePoint(forest, tree, replaceLargestKey(state.key, state.drawn, heap, held, key, insertPoint(forest, tree, first)));
    }
  }
  state.points++;
}

function ageKeys({ state, decay }: Forest): void {
  const age = decay * (state.points - state.aged);
  for (let i = 0; i < state.key.length; i++) state.key[i] += age;
  state.aged = state.points;
}
