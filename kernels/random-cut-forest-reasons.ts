import { boundsOf, composePoint, type Forest } from './random-cut-forest-state.ts';
import { descend } from './random-cut-forest-tree.ts';

/** Why a row scores as it does, per column: what it lies above and below of the others adds to the score, and what was expected. */
export interface ForestReasons {
  /** Both >= 0; all of both together are the score. */
  readonly above: Float64Array;
  readonly below: Float64Array;
  /** In the units of the rows, and how far the column ranges in the first tree's sample. */
  readonly expected: Float64Array;
  readonly range: Float64Array;
}

/**
 * Explains the row that `scoreNext` would score; what the places of a point add is told of their column. False, and nothing told,
 * where that would give no score.
 *
 * At every node the probability of a cut that sets the point apart is shared out among the columns in which it lies outside the box,
 * and so, on the way up, is the score (the attribution of the AWS library). A leaf that is equal to the point is left out and the
 * shares scaled to the score. The expected row is the median of what the trees have in the place of the last row, each at the least
 * anomalous leaf that agrees with the rows before it, of the half of the trees in which these agree best.
 */
export function explainNext(forest: Forest, values: Float64Array, at: number, out: ForestReasons): boolean {
  out.above.fill(0);
  out.below.fill(0);
  if (!composePoint(forest, values, at) || forest.state.points === 0) return false;
  const { trees, samples, state } = forest;
  const share = new TreeShares(forest.size);
  const scale = Math.log2(Math.min(state.points, samples) + 1) / trees;
  for (let tree = 0; tree < trees; tree++) shareOut(forest, tree, share, scale, out);
  expectRow(forest, out);
  const root = state.root[0];
  const last = (root + 1) * forest.size - forest.columns;
  for (let j = 0; j < forest.columns; j++) out.range[j] = root < samples ? forest.high[last + j] - forest.low[last + j] : 0;
  return true;
}

/** What one tree says, by column of a point. */
class TreeShares {
  readonly above: Float64Array;
  readonly below: Float64Array;
  /** Box of the point's way without a leaf that equals it. */
  readonly low: Float64Array;
  readonly high: Float64Array;

  constructor(size: number) {
    this.above = new Float64Array(size);
    this.below = new Float64Array(size);
    this.low = new Float64Array(size);
    this.high = new Float64Array(size);
  }
}

function shareOut(forest: Forest, tree: number, share: TreeShares, scale: number, out: ForestReasons): void {
  const { state, samples, size, columns, point, path } = forest;
  const { above, below, low, high } = share;
  const score = descend(forest, tree);
  const { depth, top } = forest;
  const seen = top > depth;
  above.fill(seen ? score / (2 * size) : 0);
  below.fill(seen ? score / (2 * size) : 0);
  low.fill(Number.POSITIVE_INFINITY);
  high.fill(Number.NEGATIVE_INFINITY);
  if (!seen) {
    mergeBox(forest, tree, path[depth], low, high);
    takeShares(point, share, 1 / (depth + 1));
  }
  for (let k = depth - 1; k >= (seen ? 0 : top); k--) {
    const pair = 2 * (tree * samples + path[k]);
    mergeBox(forest, tree, !seen ? path[k] : state.child[pair] === path[k + 1] ? state.child[pair + 1] : state.child[pair], low, high);
    if (!takeShares(point, share, 1 / (k + 1))) break;
  }
  let sum = 0;
  for (let i = 0; i < size; i++) sum += above[i] + below[i];
  const factor = (scale * score) / sum;
  for (let i = 0; i < size; i++) {
    out.above[i % columns] += factor * above[i];
    out.below[i % columns] += factor * below[i];
  }
}

/** One step up: a cut may set the point apart from this box, or else what was said below holds; false where it lies inside. */
function takeShares(point: Float32Array, { above, below, low, high }: TreeShares, score: number): boolean {
  let range = 0;
  let gaps = 0;
  for (let i = 0; i < point.length; i++) {
    const gap = Math.max(0, low[i] - point[i], point[i] - high[i]);
    gaps += gap;
    range += high[i] - low[i] + gap;
  }
  if (!(gaps > 0)) return false;
  for (let i = 0; i < point.length; i++) {
    above[i] = (Math.max(0, point[i] - high[i]) / range) * score + (1 - gaps / range) * above[i];
    below[i] = (Math.max(0, low[i] - point[i]) / range) * score + (1 - gaps / range) * below[i];
  }
  return true;
}

function mergeBox(forest: Forest, tree: number, node: number, low: Float64Array, high: Float64Array): void {
  const { state, samples, size } = forest;
  const from = boundsOf(forest, tree, node);
  const [lows, highs] = node < samples ? [forest.low, forest.high] : [state.rows, state.rows];
  for (let i = 0; i < size; i++) {
    if (lows[from + i] < low[i]) low[i] = lows[from + i];
    if (highs[from + i] > high[i]) high[i] = highs[from + i];
  }
}

/** A leaf, how anomalous the point would be there with the leaf's last row, and how far the rows before are from the leaf's. */
interface Candidate {
  readonly leaf: number;
  readonly score: number;
}

function expectRow(forest: Forest, { expected }: ForestReasons): void {
  const { state, trees, columns, shingle, samples } = forest;
  const found = Array.from({ length: trees }, (_, tree) => {
    const { leaf } = leastAnomalous(forest, tree, state.root[tree], 0);
    const first = state.leaf[tree * (samples + 1) + leaf - samples];
    return { row: first + shingle - 1, distance: distanceBefore(forest, first) };
  }).sort((a, b) => a.distance - b.distance);
  const farthest = found[found.length >> 1].distance;
  const near = found.filter(({ distance }) => distance <= farthest);
  for (let j = 0; j < columns; j++) {
    const values = near.map(({ row }) => state.rows[row * columns + j]).sort((a, b) => a - b);
    expected[j] = state.origin[j] + (values[(values.length - 1) >> 1] + values[values.length >> 1]) / 2;
  }
}

/** The tree's leaf for the point without its last row: where that is cut, the less anomalous of both sides. */
function leastAnomalous(forest: Forest, tree: number, node: number, depth: number): Candidate {
  const { state, samples, size, columns, point, low, high, range, mass } = forest;
  const before = size - columns;
  if (node >= samples) {
    const first = state.leaf[tree * (samples + 1) + node - samples];
    const own = mass[tree * (2 * samples + 1) + node];
    if (distanceBefore(forest, first) > 0) return { leaf: node, score: 1 / (depth + 1) };
    return { leaf: node, score: depth === 0 ? 0 : 1 / (depth + Math.log2(own + 1)) };
  }
  const at = tree * samples + node;
  const column = state.cutColumn[at];
  const side = (right: number): Candidate => leastAnomalous(forest, tree, state.child[2 * at + right], depth + 1);
  let best: Candidate;
  if (column < before) best = side(Number(point[column] > state.cutValue[at]));
  else {
    best = side(0);
    const other = side(1);
    if (other.score < best.score) best = other;
  }
  let gaps = 0;
  for (let i = 0, bounds = at * size; i < before; i++, bounds++) gaps += Math.max(0, low[bounds] - point[i], point[i] - high[bounds]);
  const p = gaps > 0 ? gaps / (range[at] + gaps) : 0;
  return { leaf: best.leaf, score: p / (depth + 1) + (1 - p) * best.score };
}

function distanceBefore({ state, size, columns, point }: Forest, first: number): number {
  let sum = 0;
  for (let i = 0, from = first * columns; i < size - columns; i++, from++) sum += Math.abs(point[i] - state.rows[from]);
  return sum;
}
