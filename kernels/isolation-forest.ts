import type { Matrix } from '../core/matrix.ts';
import type { Random } from '../core/random.ts';

/**
 * Trees of equal height, packed without links. In each tree the root is node 1 and node k has the children 2 k (value at most the
 * threshold) and 2 k + 1; slot 0 is not used. A leaf above the last level hands every row to its left child, down to the last level,
 * so that a row goes as many steps in every tree.
 */
export type Forest = {
  readonly trees: number;
  /** Splits from the root to the last level. */
  readonly height: number;
  /** Rows that each tree was grown from. */
  readonly samples: number;
  /** Column that a node looks at: trees x 2^height. */
  readonly column: Int32Array;
  /** What its value is held against: trees x 2^height; infinite where no row goes right. */
  readonly threshold: Float64Array;
  /** Path length at the last level, from left to right: trees x 2^height. */
  readonly length: Float64Array;
  /** c(samples), which path lengths are held against. */
  readonly usual: number;
};

/** Rows that one group of trees is run over while it is in the cache. */
const block = 64;

/**
 * An isolation forest (Liu, Ting and Zhou 2008, doi:10.1109/ICDM.2008.17, algorithms 1 and 2): every tree splits a sample of rows,
 * drawn without replacement, at a random threshold within the range of a random column, until a row stands alone or the height
 * ceil(log2(samples)) is reached. Columns that are constant at a node are passed over there. A tree depends on its number and the
 * seed alone, so that more trees leave the first ones as they are.
 *
 * @param rows at least one, finite
 * @param samples rows a tree; all of them where there are fewer
 * @example
 * growForest(makeMatrix(3, 1, Float64Array.of(0, 1, 9)), 10, 256, makeRandom(1)).height; // 2
 */
export function growForest(rows: Matrix, trees: number, samples: number, random: Random): Forest {
  const size = Math.min(samples, rows.rows);
  const height = 32 - Math.clz32(size - 1);
  const width = 2 ** height;
  const average = averagePathLengths(size);
  const forest: Forest = {
    trees,
    height,
    samples: size,
    column: new Int32Array(trees * width),
    threshold: new Float64Array(trees * width).fill(Number.POSITIVE_INFINITY),
    length: new Float64Array(trees * width),
    usual: average[size],
  };
  const order = Int32Array.from({ length: rows.rows }, (_, row) => row);
  const columns = Int32Array.from({ length: rows.cols }, (_, column) => column);
  const drawn = new Int32Array(size);
  for (let tree = 0; tree < trees; tree++) {
    const own = random.fork(`tree ${tree}`);
    for (let i = 0; i < size; i++) {
      drawn[i] = i + own.int(rows.rows - i);
      swap(order, i, drawn[i]);
    }
    growNode({ rows, forest, average, order, columns, random: own, at: tree * width }, 1, 0, 0, size, rows.cols);
    // The next tree starts from the same order, whatever this one did; other places than these it did not touch.
    for (let i = 0; i < size; i++) {
      order[i] = i;
      order[drawn[i]] = drawn[i];
    }
    for (let column = 0; column < rows.cols; column++) columns[column] = column;
  }
  return forest;
}

interface Growth {
  readonly rows: Matrix;
  readonly forest: Forest;
  readonly average: Float64Array;
  /** Row numbers; every node owns a range of them. */
  readonly order: Int32Array;
  /** Column numbers; those from `varying` on are constant at the node, and so they are below it. */
  readonly columns: Int32Array;
  readonly random: Random;
  /** Slot 0 of the tree. */
  readonly at: number;
}

/** Grows the node of the rows order[from..to). */
function growNode(growth: Growth, node: number, depth: number, from: number, to: number, varying: number): void {
  const { forest, random, columns } = growth;
  let left = varying;
  while (to - from > 1 && depth < forest.height && left > 0) {
    const pick = random.int(left);
    const column = columns[pick];
    const [least, most] = rangeOf(growth, column, from, to);
    if (least === most) {
      left--;
      swap(columns, pick, left);
      continue;
    }
    const threshold = drawBetween(least, most, random.next());
    forest.column[growth.at + node] = column;
    forest.threshold[growth.at + node] = threshold;
    const middle = partition(growth, column, threshold, from, to);
    growNode(growth, 2 * node, depth + 1, from, middle, left);
    growNode(growth, 2 * node + 1, depth + 1, middle, to, left);
    return;
  }
  const below = 2 ** (forest.height - depth);
  forest.length[growth.at + (node - 2 ** depth) * below] = depth + growth.average[to - from];
}

function rangeOf({ rows: { cols, values }, order }: Growth, column: number, from: number, to: number): [number, number] {
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let i = from; i < to; i++) {
    const x = values[order[i] * cols + column];
    if (x < least) least = x;
    if (x > most) most = x;
  }
  return [least, most];
}

/** In [least, most), whatever the rounding: at least one row goes each way. */
function drawBetween(least: number, most: number, part: number): number {
  const threshold = least * (1 - part) + most * part;
  return threshold > least && threshold < most ? threshold : least;
}

/** Puts rows up to the threshold before the others; returns where those begin. */
function partition({ rows: { cols, values }, order }: Growth, column: number, threshold: number, from: number, to: number): number {
  let middle = from;
  for (let i = from; i < to; i++) {
    if (values[order[i] * cols + column] <= threshold) swap(order, i, middle++);
  }
  return middle;
}

function swap(list: Int32Array, a: number, b: number): void {
  const kept = list[a];
  list[a] = list[b];
  list[b] = kept;
}

/**
 * Mean depth c(n) of the n leaves of a random binary search tree, 2 H(n - 1) - 2 (n - 1) / n with the harmonic numbers H (equation 1
 * there, which then approximates them by a logarithm): what a leaf of n rows would add to a path if it were split on.
 *
 * @returns c(0) to c(most)
 * @example
 * averagePathLengths(3); // Float64Array [0, 0, 1, 1.6666666666666667]
 */
export function averagePathLengths(most: number): Float64Array {
  const lengths = new Float64Array(most + 1);
  let harmonic = 0;
  for (let n = 2; n <= most; n++) {
    harmonic += 1 / (n - 1);
    lengths[n] = 2 * harmonic - (2 * (n - 1)) / n;
  }
  return lengths;
}

/**
 * Fills `out` with the anomaly scores 2^(-E / c(samples)) of equation 2 there, E = a row's path length averaged over the trees: in
 * (0, 1], 1/2 where paths are as long as usual. One sum a row runs over the trees in order, four of them side by side, so a row's score
 * never depends on its neighbours in the batch.
 *
 * @param forest of at least two rows
 * @param rows any finite values
 * @param out filled, one entry a row
 * @example
 * const forest = growForest(makeMatrix(2, 1, Float64Array.of(0, 1)), 10, 2, makeRandom(1));
 * isolationScores(forest, makeMatrix(1, 1, Float64Array.of(7)), new Float64Array(1)); // Float64Array [0.5]
 */
export function isolationScores(forest: Forest, rows: Matrix, out: Float64Array): Float64Array {
  const { trees, usual } = forest;
  const grouped = trees - (trees % 4);
  for (let from = 0; from < rows.rows; from += block) {
    const to = Math.min(rows.rows, from + block);
    out.fill(0, from, to);
    for (let tree = 0; tree < grouped; tree += 4) addFour(forest, tree, rows, from, to, out);
    for (let tree = grouped; tree < trees; tree++) addOne(forest, tree, rows, from, to, out);
    for (let row = from; row < to; row++) out[row] = 2 ** (-out[row] / trees / usual);
  }
  return out;
}

/** Steps down by Number(...) rather than by a choice of 1 and 0, which would be a branch that is mispredicted half of the time. */
function addFour({ height, column, threshold, length }: Forest, tree: number, { cols, values }: Matrix, from: number, to: number, out: Float64Array): void {
  const width = 2 ** height;
  const at0 = tree * width;
  const at1 = at0 + width;
  const at2 = at1 + width;
  const at3 = at2 + width;
  for (let row = from; row < to; row++) {
    const at = row * cols;
    let node0 = 1;
    let node1 = 1;
    let node2 = 1;
    let node3 = 1;
    for (let depth = 0; depth < height; depth++) {
      const i0 = at0 + node0;
      const i1 = at1 + node1;
      const i2 = at2 + node2;
      const i3 = at3 + node3;
      node0 = 2 * node0 + Number(values[at + column[i0]] > threshold[i0]);
      node1 = 2 * node1 + Number(values[at + column[i1]] > threshold[i1]);
      node2 = 2 * node2 + Number(values[at + column[i2]] > threshold[i2]);
      node3 = 2 * node3 + Number(values[at + column[i3]] > threshold[i3]);
    }
    // At the last level, node k is the (k - width)-th from the left.
    out[row] = out[row] + length[at0 + node0 - width] + length[at1 + node1 - width] + length[at2 + node2 - width] + length[at3 + node3 - width];
  }
}

function addOne({ height, column, threshold, length }: Forest, tree: number, { cols, values }: Matrix, from: number, to: number, out: Float64Array): void {
  const width = 2 ** height;
  const at = tree * width;
  for (let row = from; row < to; row++) {
    let node = 1;
    for (let depth = 0; depth < height; depth++) node = 2 * node + Number(values[row * cols + column[at + node]] > threshold[at + node]);
    out[row] += length[at + node - width];
  }
}

/**
 * Scores of one row with one of its columns at a time put to another value, and of the row itself: bit for bit what `isolationScores` gives
 * for these rows. A tree that does not ask for the column on the row's way, or asks and is answered alike, leaves the way as it is; so only
 * parts of ways are walked again, once for all values of a column that lie between the same thresholds.
 *
 * @param values columns x parts, row-major: what each column is put to; equal ones of a column are best side by side
 * @param out filled: columns x parts, then the row itself
 * @example
 * const forest = growForest(makeMatrix(2, 1, Float64Array.of(0, 1)), 10, 2, makeRandom(1));
 * occludedScores(forest, Float64Array.of(7), Float64Array.of(0, 1), new Float64Array(3)); // Float64Array [0.5, 0.5, 0.5]
 */
export function occludedScores(forest: Forest, row: Float64Array, values: Float64Array, out: Float64Array): Float64Array {
  const { trees, height, column, threshold, length, usual } = forest;
  const width = 2 ** height;
  const { way, asked, low, high, other, begin, sums, changed, sumOf } = occlusion(row.length, values.length, height);
  const count = listValues(values, row.length, other, begin);
  sums.fill(0, 0, count + 1);
  for (let tree = 0; tree < trees; tree++) {
    const at = tree * width;
    let columns = 0;
    let node = 1;
    for (let depth = 0; depth < height; depth++) {
      const j = column[at + node];
      const limit = threshold[at + node];
      const right = row[j] > limit;
      // Below a leaf nothing is asked.
      if (limit < Number.POSITIVE_INFINITY) {
        let a = 0;
        while (a < columns && asked[a] !== j) a++;
        if (a === columns) {
          asked[a] = j;
          way[a] = node;
          low[a] = Number.NEGATIVE_INFINITY;
          high[a] = Number.POSITIVE_INFINITY;
          columns++;
        }
        if (right) low[a] = Math.max(low[a], limit);
        else high[a] = Math.min(high[a], limit);
      }
      node = 2 * node + Number(right);
    }
    const own = length[at + node - width];
    let changes = 0;
    for (let a = 0; a < columns; a++) {
      const j = asked[a];
      // Between these the tree's other answer is the same; none is known yet.
      let above = Number.POSITIVE_INFINITY;
      let upTo = Number.NEGATIVE_INFINITY;
      let found = own;
      for (let i = begin[j]; i < begin[j + 1]; i++) {
        const x = other[i];
        if (x > low[a] && x <= high[a]) continue;
        if (!(x > above && x <= upTo)) {
          above = Number.NEGATIVE_INFINITY;
          upTo = Number.POSITIVE_INFINITY;
          let next = way[a];
          while (next < width) {
            const c = column[at + next];
            const limit = threshold[at + next];
            const right = (c === j ? x : row[c]) > limit;
            if (c === j) {
              if (right) above = Math.max(above, limit);
              else upTo = Math.min(upTo, limit);
            }
            next = 2 * next + Number(right);
          }
          found = length[at + next - width];
        }
        changed[changes] = i;
        sumOf[changes++] = sums[i] + found;
      }
    }
    for (let i = 0; i <= count; i++) sums[i] += own;
    for (let n = 0; n < changes; n++) sums[changed[n]] = sumOf[n];
  }
  const score = 2 ** (-sums[count] / trees / usual);
  for (let i = 0; i < count; i++) sums[i] = sums[i] === sums[count] ? score : 2 ** (-sums[i] / trees / usual);
  const parts = values.length / row.length;
  for (let j = 0, i = 0; j < row.length; j++) {
    let n = begin[j];
    for (let part = 0; part < parts; part++, i++) {
      if (part > 0 && values[i] !== values[i - 1]) n++;
      out[i] = sums[n];
    }
  }
  out[values.length] = score;
  return out;
}

/** Puts the values behind each other, those of a column from begin[column] on, without those that equal the one before. @returns how many there are */
function listValues(values: Float64Array, columns: number, list: Float64Array, begin: Int32Array): number {
  const parts = values.length / columns;
  let count = 0;
  for (let j = 0, i = 0; j < columns; j++) {
    begin[j] = count;
    for (let part = 0; part < parts; part++, i++) if (part === 0 || values[i] !== values[i - 1]) list[count++] = values[i];
  }
  begin[columns] = count;
  return count;
}

/** Memory of `occludedScores` for all calls. */
let memory = makeOcclusion(0, 0, 0);

function occlusion(columns: number, values: number, height: number): typeof memory {
  if (memory.begin.length <= columns || memory.other.length < values || memory.way.length < height) memory = makeOcclusion(columns, values, height);
  return memory;
}

function makeOcclusion(columns: number, values: number, height: number) {
  return {
    /** Of the columns that a tree asks for on the row's way: their numbers, the nodes that ask first, the values that keep the row on it. */
    asked: new Int32Array(height),
    way: new Int32Array(height),
    low: new Float64Array(height),
    high: new Float64Array(height),
    /** Values to put columns to, where those of each begin, sums of path lengths with them, and of the row itself behind. */
    other: new Float64Array(values),
    begin: new Int32Array(columns + 1),
    sums: new Float64Array(values + 1),
    /** What of them a tree does not change by the row's own path length. */
    changed: new Int32Array(values),
    sumOf: new Float64Array(values),
  };
}
