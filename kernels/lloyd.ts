import { type Matrix, makeMatrix } from '../core/matrix.ts';
import type { Random } from '../core/random.ts';
import { nearest, squaredDistance } from './distance.ts';
import { columnMoments } from './moments.ts';

/** A partition of rows: every centroid is the mean of the rows nearest to it, up to where the iteration stopped. */
export interface Clustering {
  /** Clusters x columns; clusters that no row is nearest to are left out. */
  readonly centroids: Matrix;
  /** Cluster of each row. */
  readonly labels: Int32Array;
  /** Squared distance of each row to its centroid. */
  readonly squared: Float64Array;
  /** Rows in each cluster, all > 0. */
  readonly counts: Int32Array;
  /** Sum of `squared`. */
  readonly inertia: number;
  readonly iterations: number;
}

/**
 * Lloyd's iteration (Lloyd 1982, doi:10.1109/TIT.1982.1056489) from given centroids: assign rows to the nearest
 * centroid, move centroids to their rows' mean, until no row changes cluster, the centroids' total squared move is
 * at most `tolerance` times the mean column variance, or `maxIterations` are done.
 *
 * A cluster that runs empty is moved to the row that lies farthest from its own centroid; when every row lies on its
 * centroid there is nothing to move it to, and it is left out.
 *
 * @param rows at least one, complete
 * @param initial centroids, at least one, as many columns as `rows`; not altered
 * @example
 * const rows = makeMatrix(4, 1, Float64Array.of(0, 2, 10, 12));
 * lloyd(rows, makeMatrix(2, 1, Float64Array.of(0, 2)), 100, 0).centroids.values; // Float64Array [1, 11]
 */
export function lloyd(rows: Matrix, initial: Matrix, maxIterations: number, tolerance: number): Clustering {
  const centroids = makeMatrix(initial.rows, initial.cols, initial.values.slice(0, initial.rows * initial.cols));
  const before = centroids.values.slice();
  const labels = new Int32Array(rows.rows);
  const previous = new Int32Array(rows.rows).fill(-1);
  const squared = new Float64Array(rows.rows);
  const counts = new Int32Array(initial.rows);
  const enough = tolerance * (columnMoments(rows).squares.reduce((sum, squares) => sum + squares, 0) / (rows.rows * rows.cols));
  let iterations = 0;
  for (; iterations < maxIterations; iterations++) {
    nearest(rows, centroids, labels, squared);
    if (same(labels, previous)) break;
    previous.set(labels);
    before.set(centroids.values);
    fillEmpty(labels, squared, counts);
    moveToMeans(rows, labels, counts, centroids);
    if (squaredDistance(centroids.values, 0, before, 0, before.length) <= enough) {
      iterations++;
      break;
    }
  }
  nearest(rows, centroids, labels, squared);
  return withoutEmpty(centroids, labels, squared, iterations);
}

/**
 * k-means++ seeding (Arthur and Vassilvitskii 2007, "k-means++: the advantages of careful seeding", SODA): each next
 * centroid is a row drawn with probability proportional to its squared distance from those chosen, the best of
 * 2 + ln(k) draws being kept (their greedy variant).
 *
 * @returns k centroids, or as many as there are distinct rows
 * @example
 * seedPlusPlus(makeMatrix(3, 1, Float64Array.of(5, 5, 7)), 3, makeRandom(1)).rows; // 2
 */
export function seedPlusPlus(rows: Matrix, k: number, random: Random): Matrix {
  const { cols, values } = rows;
  const trials = 2 + Math.floor(Math.log(k));
  const seeds = new Float64Array(k * cols);
  let closest = new Float64Array(rows.rows).fill(Number.POSITIVE_INFINITY);
  let candidate = new Float64Array(rows.rows);
  let best = new Float64Array(rows.rows);
  const first = random.int(rows.rows);
  seeds.set(values.subarray(first * cols, (first + 1) * cols));
  let potential = distancesWith(rows, first, closest, closest);
  let count = 1;
  for (; count < k && potential > 0; count++) {
    let chosen = -1;
    let least = Number.POSITIVE_INFINITY;
    for (let trial = 0; trial < trials; trial++) {
      const row = drawProportional(closest, random.next() * potential);
      const left = distancesWith(rows, row, closest, candidate);
      if (left < least) {
        least = left;
        chosen = row;
        [best, candidate] = [candidate, best];
      }
    }
    seeds.set(values.subarray(chosen * cols, (chosen + 1) * cols), count * cols);
    [closest, best] = [best, closest];
    potential = least;
  }
  return makeMatrix(count, cols, seeds.slice(0, count * cols));
}

/** Fills `out` with the smaller of `closest` and the squared distance to row `to`; returns the sum. */
function distancesWith(rows: Matrix, to: number, closest: Float64Array, out: Float64Array): number {
  const { cols, values } = rows;
  let sum = 0;
  for (let row = 0; row < rows.rows; row++) {
    out[row] = Math.min(closest[row], squaredDistance(values, row * cols, values, to * cols, cols));
    sum += out[row];
  }
  return sum;
}

/** First row at which the running sum of weights passes `target`; never a row of weight 0. */
function drawProportional(weights: Float64Array, target: number): number {
  let sum = 0;
  let last = 0;
  for (let row = 0; row < weights.length; row++) {
    if (weights[row] === 0) continue;
    sum += weights[row];
    last = row;
    if (sum > target) break;
  }
  return last;
}

/** Gives each empty cluster the row farthest from its centroid, taken from a cluster that keeps at least one. */
function fillEmpty(labels: Int32Array, squared: Float64Array, counts: Int32Array): void {
  counts.fill(0);
  for (let row = 0; row < labels.length; row++) counts[labels[row]]++;
  for (let cluster = 0; cluster < counts.length; cluster++) {
    if (counts[cluster] > 0) continue;
    let farthest = -1;
    for (let row = 0; row < labels.length; row++) {
      if (squared[row] > 0 && counts[labels[row]] > 1 && (farthest < 0 || squared[row] > squared[farthest])) farthest = row;
    }
    if (farthest < 0) return;
    counts[labels[farthest]]--;
    labels[farthest] = cluster;
    squared[farthest] = 0;
    counts[cluster] = 1;
  }
}

/** Centroids become their rows' means; an empty cluster's stays where it is. */
function moveToMeans(rows: Matrix, labels: Int32Array, counts: Int32Array, centroids: Matrix): void {
  const { cols, values } = rows;
  for (let cluster = 0; cluster < counts.length; cluster++) {
    if (counts[cluster] > 0) centroids.values.fill(0, cluster * cols, (cluster + 1) * cols);
  }
  for (let row = 0; row < rows.rows; row++) {
    const to = labels[row] * cols;
    for (let j = 0; j < cols; j++) centroids.values[to + j] += values[row * cols + j];
  }
  for (let cluster = 0; cluster < counts.length; cluster++) {
    if (counts[cluster] === 0) continue;
    for (let j = cluster * cols; j < (cluster + 1) * cols; j++) centroids.values[j] /= counts[cluster];
  }
}

function withoutEmpty(centroids: Matrix, labels: Int32Array, squared: Float64Array, iterations: number): Clustering {
  const { cols } = centroids;
  const all = new Int32Array(centroids.rows);
  let inertia = 0;
  for (let row = 0; row < labels.length; row++) {
    all[labels[row]]++;
    inertia += squared[row];
  }
  const kept = [...all.keys()].filter((cluster) => all[cluster] > 0);
  const renumbered = new Int32Array(all.length);
  const values = new Float64Array(kept.length * cols);
  kept.forEach((cluster, i) => {
    renumbered[cluster] = i;
    values.set(centroids.values.subarray(cluster * cols, (cluster + 1) * cols), i * cols);
  });
  return {
    centroids: makeMatrix(kept.length, cols, values),
    labels: labels.map((cluster) => renumbered[cluster]),
    squared,
    counts: Int32Array.from(kept, (cluster) => all[cluster]),
    inertia,
    iterations,
  };
}

function same(a: Int32Array, b: Int32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
