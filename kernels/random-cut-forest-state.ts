/** What a forest is made of. The points it holds are shingles: `shingle` rows in a row, the oldest first. */
export type ForestShape = {
  /** Columns of a row. */
  readonly columns: number;
  /** Rows that make a point. */
  readonly shingle: number;
  readonly trees: number;
  /** Points that each tree holds at most, 2 to `mostSamples`. */
  readonly samples: number;
  /** How much less a point counts, on a log scale, for every point that has come since. */
  readonly decay: number;
};

/**
 * What a forest knows, without what follows from it: a record can hold it. Node n of a tree is an inner one for n < samples and leaf
 * n - samples from there on. Inner node n of tree t lies at t x samples + n, leaf l at t x (samples + 1) + l: there is one more while
 * a point comes in before another goes.
 */
export type ForestState = {
  /** Points taken in so far. */
  points: number;
  /** Rows that follow each other without a break at the end of `rows`, counted up to `shingle`. */
  run: number;
  /** `points` at which the keys hold as they stand: so much they are not aged yet. */
  aged: number;
  /** Rows in `rows`. */
  used: number;
  /** Rows that some point needs, as they came: rows x columns, less `origin`. The points of leaves share them. */
  rows: Float32Array;
  /** A usual row: single precision serves differences from it well, however far from zero the columns lie. */
  readonly origin: Float64Array;
  /** State of the random numbers (xoshiro128**). */
  readonly random: Int32Array;
  /** Per tree, its topmost node. */
  readonly root: Int32Array;
  /** Column of the point that an inner node cuts, from 0 to shingle x columns - 1, and where: up to the value goes left. */
  readonly cutColumn: Uint16Array;
  readonly cutValue: Float32Array;
  /** Left and right child of each inner node: 2 x trees x samples. */
  readonly child: Uint16Array;
  /** First row of each leaf's point. */
  readonly leaf: Int32Array;
  /** Per tree a heap of what it holds, the largest key first: the next to go. */
  readonly key: Float32Array;
  /** Leaf that each of those stands in. */
  readonly drawn: Uint16Array;
};

/** A forest at work: its state and what follows from that, kept up to date with it. */
export interface Forest extends ForestShape {
  readonly state: ForestState;
  /** Columns of a point. */
  readonly size: number;
  /** By node: points below it, and the node above; trees x (2 x samples + 1). */
  readonly mass: Uint16Array;
  readonly parent: Uint16Array;
  /** Bounds of each inner node in every column of a point, trees x samples x size, and the sum of their distances. */
  readonly low: Float32Array;
  readonly high: Float32Array;
  readonly range: Float64Array;
  /** Inner nodes and leaves that are not in use, the next to be used last, and how many, by tree. */
  readonly freeNodes: Uint16Array;
  readonly freeNodeCount: Int32Array;
  readonly freeLeaves: Uint16Array;
  readonly freeLeafCount: Int32Array;
  /** The point in hand. */
  readonly point: Float32Array;
  /** Way of that point down the tree in hand, and with what probability a cut sets it apart at each node. */
  readonly path: Int32Array;
  readonly part: Float64Array;
  /** Columns of the point in which it lies above or below. */
  readonly over: Int32Array;
  readonly under: Int32Array;
  /** Length of the way, and the first node on it from which on the point is outside; past the leaf where it is equal to that. */
  depth: number;
  top: number;
}

export const mostSamples = 4096;
/** Above the root. */
export const none = 0xffff;
/** Values are kept within this, far past any reading and far within single precision. */
const farthest = 1e37;

/**
 * A forest without a point.
 * @param seed four integers, not all zero
 * @param origin a usual row
 */
export function newForest({ trees, samples }: ForestShape, seed: Int32Array, origin: Float64Array): ForestState {
  return {
    points: 0,
    run: 0,
    aged: 0,
    used: 0,
    rows: new Float32Array(0),
    origin: origin.map(bounded),
    random: seed.slice(),
    root: new Int32Array(trees),
    cutColumn: new Uint16Array(trees * samples),
    cutValue: new Float32Array(trees * samples),
    child: new Uint16Array(2 * trees * samples),
    leaf: new Int32Array(trees * (samples + 1)),
    key: new Float32Array(trees * samples),
    drawn: new Uint16Array(trees * samples),
  };
}

/** The forest of a new stream that knows what this one does, but has no row before its first. */
export function copyForest(state: ForestState): ForestState {
  return { ...structuredClone(state), run: 0 };
}

/** Memory that a forest at work takes beside its rows, bytes. */
export function bytesAtWork({ columns, shingle, trees, samples }: ForestShape): number {
  return trees * samples * (8 * shingle * columns + 24);
}

/** Makes what follows from a state. */
export function openForest(shape: ForestShape, state: ForestState): Forest {
  const { columns, shingle, trees, samples } = shape;
  const size = columns * shingle;
  const forest: Forest = {
    ...shape,
    state,
    size,
    mass: new Uint16Array(trees * (2 * samples + 1)),
    parent: new Uint16Array(trees * (2 * samples + 1)),
    low: new Float32Array(trees * samples * size),
    high: new Float32Array(trees * samples * size),
    range: new Float64Array(trees * samples),
    freeNodes: new Uint16Array(trees * samples),
    freeNodeCount: new Int32Array(trees),
    freeLeaves: new Uint16Array(trees * (samples + 1)),
    freeLeafCount: new Int32Array(trees),
    point: new Float32Array(size),
    path: new Int32Array(samples + 2),
    part: new Float64Array(samples + 2),
    over: new Int32Array(size),
    under: new Int32Array(size),
    depth: 0,
    top: 0,
  };
  const held = Math.min(state.points, samples);
  for (let tree = 0; tree < trees; tree++) {
    const at = tree * (2 * samples + 1);
    for (let i = 0; i < held; i++) forest.mass[at + samples + state.drawn[tree * samples + i]]++;
    if (held > 0) fitNode(forest, tree, state.root[tree], none);
    for (let n = samples - 1; n >= 0; n--) if (forest.mass[at + n] === 0) forest.freeNodes[tree * samples + forest.freeNodeCount[tree]++] = n;
    for (let l = samples; l >= 0; l--) if (forest.mass[at + samples + l] === 0) forest.freeLeaves[tree * (samples + 1) + forest.freeLeafCount[tree]++] = l;
  }
  return forest;
}

function fitNode(forest: Forest, tree: number, node: number, above: number): number {
  const { samples, size, state, low, high, parent, mass } = forest;
  const id = tree * (2 * samples + 1) + node;
  parent[id] = above;
  if (node >= samples) return mass[id];
  const at = tree * samples + node;
  const [left, right] = [state.child[2 * at], state.child[2 * at + 1]];
  mass[id] = fitNode(forest, tree, left, node) + fitNode(forest, tree, right, node);
  const [leftAt, rightAt] = [boundsOf(forest, tree, left), boundsOf(forest, tree, right)];
  const [leftLow, leftHigh] = left < samples ? [low, high] : [state.rows, state.rows];
  const [rightLow, rightHigh] = right < samples ? [low, high] : [state.rows, state.rows];
  for (let i = 0, to = at * size; i < size; i++, to++) {
    low[to] = Math.min(leftLow[leftAt + i], rightLow[rightAt + i]);
    high[to] = Math.max(leftHigh[leftAt + i], rightHigh[rightAt + i]);
  }
  fitRange(forest, at);
  return mass[id];
}

/** Where the bounds of a node begin: of an inner one in `low` and `high`, of a leaf in `rows`. */
export function boundsOf({ samples, size, columns, state }: Forest, tree: number, node: number): number {
  return node < samples ? (tree * samples + node) * size : state.leaf[tree * (samples + 1) + node - samples] * columns;
}

/** Always the sum in the same order, so that it does not depend on how the box came about. */
export function fitRange({ low, high, range, size }: Forest, at: number): void {
  let sum = 0;
  for (let i = at * size, end = i + size; i < end; i++) sum += high[i] - low[i];
  range[at] = sum;
}

/**
 * Puts the point together that ends with this row, columns values from `at` on; false, and no point, while there are too few rows
 * before it.
 */
export function composePoint({ state, shingle, columns, size, point }: Forest, values: Float64Array, at: number): boolean {
  if (state.run < shingle - 1) return false;
  const before = size - columns;
  const from = state.used * columns - before;
  for (let i = 0; i < before; i++) point[i] = state.rows[from + i];
  for (let j = 0; j < columns; j++) point[before + j] = nearOrigin(state, values[at + j], j);
  return true;
}

/** Keeps the row for the points that it is part of. */
export function keepRow(forest: Forest, values: Float64Array, at: number): void {
  const { state, shingle, columns } = forest;
  if ((state.used + 1) * columns > state.rows.length) makeRoom(forest);
  for (let j = 0; j < columns; j++) state.rows[state.used * columns + j] = nearOrigin(state, values[at + j], j);
  state.used++;
  if (state.run < shingle) state.run++;
}

function nearOrigin({ origin }: ForestState, value: number, column: number): number {
  return bounded(value - origin[column]);
}

function bounded(value: number): number {
  return Math.max(-farthest, Math.min(farthest, value));
}

/** Leaves out rows that no point needs any more; rows of a point stay beside each other. */
function makeRoom(forest: Forest): void {
  const { state, trees, samples, shingle, columns, mass } = forest;
  const needed = new Uint8Array(state.used);
  const firsts: number[] = [];
  for (let tree = 0; tree < trees; tree++) {
    for (let l = 0; l <= samples; l++) {
      if (mass[tree * (2 * samples + 1) + samples + l] === 0) continue;
      const first = state.leaf[tree * (samples + 1) + l];
      if (needed[first] === 2) continue;
      needed[first] = 2;
      firsts.push(first);
    }
  }
  for (const first of firsts) for (let row = first; row < first + shingle; row++) needed[row] ||= 1;
  for (let row = Math.max(0, state.used - shingle); row < state.used; row++) needed[row] ||= 1;
  const place = new Int32Array(state.used);
  let kept = 0;
  for (let row = 0; row < state.used; row++) if (needed[row] > 0) place[row] = kept++;
  const capacity = Math.max(Math.floor(state.rows.length / columns), 4 * shingle);
  // An eighth stays free, so that this happens seldom.
  const wanted = kept + Math.max(32, kept >> 3);
  const rows = wanted > capacity ? new Float32Array(wanted * columns) : state.rows.length === 0 ? new Float32Array(capacity * columns) : state.rows;
  for (let row = 0; row < state.used; row++) {
    if (needed[row] === 0) continue;
    for (let j = 0; j < columns; j++) rows[place[row] * columns + j] = state.rows[row * columns + j];
  }
  for (let tree = 0; tree < trees; tree++) {
    for (let l = 0; l <= samples; l++) {
      const at = tree * (samples + 1) + l;
      if (mass[tree * (2 * samples + 1) + samples + l] > 0) state.leaf[at] = place[state.leaf[at]];
    }
  }
  state.rows = rows;
  state.used = kept;
}
