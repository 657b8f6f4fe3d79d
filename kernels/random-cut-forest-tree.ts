import { nextUniform } from './random-cut-forest-sample.ts';
import { boundsOf, type Forest, fitRange, none } from './random-cut-forest-state.ts';

/**
 * Follows the point in hand down one tree and back up, and says how anomalous it is there (Guha et al. 2016, with the scores of the
 * AWS library): at a leaf 1 / (depth + 1), or, where the leaf is equal to the point, (1 - mass of the leaf / (2 mass)) /
 * (depth + log2(mass of the leaf + 1)); at a node above it p / (depth + 1) + (1 - p) x what came from below, where p is the
 * probability that a random cut of the node's box with the point sets the point apart. Leaves the way in `path`, the p in `part`.
 * The tree holds at least one point.
 *
 * @returns before it is brought to the scale of all trees by log2(mass + 1)
 */
export function descend(forest: Forest, tree: number): number {
  const { state, samples, size, point, path, part, over, under, low, high, range, mass } = forest;
  const { cutColumn, cutValue, child, rows } = state;
  const base = tree * samples;
  let node = state.root[tree];
  let depth = 0;
  while (node < samples) {
    path[depth++] = node;
    const at = base + node;
    node = child[2 * at + Number(point[cutColumn[at]] > cutValue[at])];
  }
  path[depth] = node;
  forest.depth = depth;
  const leaf = boundsOf(forest, tree, node);
  let equal = 0;
  while (equal < size && point[equal] === rows[leaf + equal]) equal++;
  if (equal === size) {
    forest.top = depth + 1;
    const masses = tree * (2 * samples + 1);
    const own = mass[masses + node];
    return (1 - own / (2 * mass[masses + state.root[tree]])) / (depth + Math.log2(own + 1));
  }
  let score = 1 / (depth + 1);
  part[depth] = 1;
  let top = depth;
  let above = 0;
  let below = 0;
  while (top > 0) {
    const at = base + path[top - 1];
    const bounds = at * size;
    let gaps = 0;
    // Lists grow by Number(...) rather than by a branch, which would be mispredicted often.
    if (top === depth) {
      for (let i = 0; i < size; i++) {
        const value = point[i];
        const excess = value - high[bounds + i];
        const lack = low[bounds + i] - value;
        const isAbove = Number(excess > 0);
        const isBelow = Number(lack > 0);
        gaps += excess * isAbove + lack * isBelow;
        over[above] = i;
        above += isAbove;
        under[below] = i;
        below += isBelow;
      }
    } else {
      // Once inside in a column, inside in all boxes above; outside on one side of a box, never on the other of those above.
      const wasAbove = above;
      const wasBelow = below;
      above = 0;
      for (let n = 0; n < wasAbove; n++) {
        const i = over[n];
        const gap = point[i] - high[bounds + i];
        const outside = Number(gap > 0);
        gaps += gap * outside;
        over[above] = i;
        above += outside;
      }
      below = 0;
      for (let n = 0; n < wasBelow; n++) {
        const i = under[n];
        const gap = low[bounds + i] - point[i];
        const outside = Number(gap > 0);
        gaps += gap * outside;
        under[below] = i;
        below += outside;
      }
    }
    if (above + below === 0) break;
    top--;
    const p = gaps / (range[at] + gaps);
    part[top] = p;
    score = p / (top + 1) + (1 - p) * score;
  }
  forest.top = top;
  return score;
}

/**
 * Puts the point in hand into a tree: at the topmost node where a cut, drawn in proportion to the lengths of the sides, sets it apart,
 * or into the leaf that is equal to it (algorithm 2 of Guha et al. 2016). The tree is then one of those that could have been grown
 * from all its points at once, each with its probability.
 *
 * @param first row of the point
 * @returns its leaf
 */
export function insertPoint(forest: Forest, tree: number, first: number): number {
  const { state, samples, path, part, mass, parent } = forest;
  const ids = tree * (2 * samples + 1);
  if (mass[ids + state.root[tree]] === 0) return plantRoot(forest, tree, first);
  descend(forest, tree);
  const { depth, top } = forest;
  if (top > depth) {
    for (let k = 0; k <= depth; k++) mass[ids + path[k]]++;
    return path[depth] - samples;
  }
  let k = top;
  while (k < depth && nextUniform(state.random) >= part[k]) k++;
  const node = path[k];
  const inner = forest.freeNodes[tree * samples + --forest.freeNodeCount[tree]];
  const leaf = takeLeaf(forest, tree, first);
  const right = cutApart(forest, tree, node, inner);
  const at = tree * samples + inner;
  state.child[2 * at + Number(right)] = samples + leaf;
  state.child[2 * at + Number(!right)] = node;
  mass[ids + inner] = mass[ids + node] + 1;
  const above = k === 0 ? none : path[k - 1];
  if (above === none) state.root[tree] = inner;
  else replaceChild(forest, tree, above, node, inner);
  parent[ids + inner] = above;
  parent[ids + node] = inner;
  parent[ids + samples + leaf] = inner;
  for (let up = k - 1; up >= 0; up--) {
    mass[ids + path[up]]++;
    if (up >= top) stretchBox(forest, tree * samples + path[up]);
  }
  return leaf;
}

function plantRoot(forest: Forest, tree: number, first: number): number {
  const leaf = takeLeaf(forest, tree, first);
  forest.state.root[tree] = forest.samples + leaf;
  forest.parent[tree * (2 * forest.samples + 1) + forest.samples + leaf] = none;
  return leaf;
}

function takeLeaf(forest: Forest, tree: number, first: number): number {
  const { samples } = forest;
  const leaf = forest.freeLeaves[tree * (samples + 1) + --forest.freeLeafCount[tree]];
  forest.state.leaf[tree * (samples + 1) + leaf] = first;
  forest.mass[tree * (2 * samples + 1) + samples + leaf] = 1;
  return leaf;
}

function replaceChild({ state, samples }: Forest, tree: number, above: number, old: number, by: number): void {
  const at = 2 * (tree * samples + above);
  state.child[at + Number(state.child[at] !== old)] = by;
}

/** Gives `inner` the box of the node with the point, and a cut between the two; true where the point lies to the right of it. */
function cutApart(forest: Forest, tree: number, node: number, inner: number): boolean {
  const { state, samples, size, point, low, high } = forest;
  const at = tree * samples + inner;
  const from = boundsOf(forest, tree, node);
  const lows = node < samples ? low : state.rows;
  const highs = node < samples ? high : state.rows;
  const to = at * size;
  let gaps = 0;
  for (let i = 0; i < size; i++) {
    const value = point[i];
    const least = lows[from + i];
    const most = highs[from + i];
    low[to + i] = least;
    high[to + i] = most;
    if (value < least) {
      low[to + i] = value;
      gaps += least - value;
    } else if (value > most) {
      high[to + i] = value;
      gaps += value - most;
    }
  }
  fitRange(forest, at);
  let rest = nextUniform(state.random) * gaps;
  let right = false;
  for (let i = 0; i < size; i++) {
    const value = point[i];
    const least = lows[from + i];
    const most = highs[from + i];
    if (value >= least && value <= most) continue;
    right = value > most;
    const begin = right ? most : value;
    const end = right ? value : least;
    const gap = end - begin;
    const cut = Math.fround(begin + Math.min(rest, gap));
    state.cutColumn[at] = i;
    // In [begin, end): both sides get something.
    state.cutValue[at] = cut < end ? cut : begin;
    if (rest < gap) break;
    rest -= gap;
  }
  return right;
}

function stretchBox(forest: Forest, at: number): void {
  const { low, high, point, size } = forest;
  for (let i = 0, to = at * size; i < size; i++, to++) {
    if (point[i] < low[to]) low[to] = point[i];
    if (point[i] > high[to]) high[to] = point[i];
  }
  fitRange(forest, at);
}

/** Takes one point out of a leaf; with its last one the leaf goes, and the node above it gives way to the leaf's sibling. */
export function deletePoint(forest: Forest, tree: number, leaf: number): void {
  const { state, samples, mass, parent } = forest;
  const ids = tree * (2 * samples + 1);
  const node = parent[ids + samples + leaf];
  const last = --mass[ids + samples + leaf] === 0;
  if (last) forest.freeLeaves[tree * (samples + 1) + forest.freeLeafCount[tree]++] = leaf;
  if (node === none) return;
  let changed = node;
  if (last) {
    const pair = 2 * (tree * samples + node);
    const sibling = state.child[pair + Number(state.child[pair] === samples + leaf)];
    changed = parent[ids + node];
    parent[ids + sibling] = changed;
    if (changed === none) state.root[tree] = sibling;
    else replaceChild(forest, tree, changed, node, sibling);
    mass[ids + node] = 0;
    forest.freeNodes[tree * samples + forest.freeNodeCount[tree]++] = node;
  }
  for (let up = changed; up !== none; up = parent[ids + up]) mass[ids + up]--;
  if (last) shrinkBoxes(forest, tree, changed, boundsOf(forest, tree, samples + leaf));
}

/** Fits the boxes from a node upwards to what is left of them without a point, which lies at `gone` of the rows. */
function shrinkBoxes(forest: Forest, tree: number, from: number, gone: number): void {
  const { state, samples, size, parent, low, high, over, under } = forest;
  const { rows, child } = state;
  let above = size;
  let below = size;
  for (let i = 0; i < size; i++) {
    over[i] = i;
    under[i] = i;
  }
  // Where the point did not touch a box, it touches none above.
  for (let node = from; node !== none && above + below > 0; node = parent[tree * (2 * samples + 1) + node]) {
    const at = tree * samples + node;
    const bounds = at * size;
    const left = child[2 * at];
    const right = child[2 * at + 1];
    const leftAt = boundsOf(forest, tree, left);
    const rightAt = boundsOf(forest, tree, right);
    let leftBounds = left < samples ? high : rows;
    let rightBounds = right < samples ? high : rows;
    let still = 0;
    for (let n = 0; n < above; n++) {
      const i = over[n];
      if (rows[gone + i] !== high[bounds + i]) continue;
      over[still++] = i;
      high[bounds + i] = Math.max(leftBounds[leftAt + i], rightBounds[rightAt + i]);
    }
    above = still;
    leftBounds = left < samples ? low : rows;
    rightBounds = right < samples ? low : rows;
    still = 0;
    for (let n = 0; n < below; n++) {
      const i = under[n];
      if (rows[gone + i] !== low[bounds + i]) continue;
      under[still++] = i;
      low[bounds + i] = Math.min(leftBounds[leftAt + i], rightBounds[rightAt + i]);
    }
    below = still;
    if (above + below > 0) fitRange(forest, at);
  }
}
