import type { Matrix } from '../core/matrix.ts';
import { squaredDistances } from './k-nearest.ts';

export interface DensityClustering {
  /** Per row: 1 = core, at least `minimumPoints` rows lie within `eps` of it, itself among them. */
  readonly core: Uint8Array;
  /** Per row: its cluster, counted from 0 by first core row; -1 = noise. */
  readonly labels: Int32Array;
  readonly clusters: number;
}

/**
 * DBSCAN (Ester, Kriegel, Sander and Xu 1996, "A density-based algorithm for discovering clusters in large spatial databases
 * with noise", KDD, pages 226-231): core rows within `eps` of each other share a cluster; a row that is not core belongs to
 * the first cluster with a core row within `eps` of it. Time rows^2 x columns, memory 10 entries a row.
 *
 * @example
 * dbscan(makeMatrix(4, 1, Float64Array.of(0, 1, 2, 9)), 1, 3); // { core: Uint8Array [0, 1, 0, 0], labels: Int32Array [0, 0, 0, -1], clusters: 1 }
 */
export function dbscan(rows: Matrix, eps: number, minimumPoints: number): DensityClustering {
  const count = rows.rows;
  const squared = new Float64Array(count);
  const core = new Uint8Array(count);
  for (let row = 0; row < count; row++) {
    squaredDistances(rows.values, row * rows.cols, rows, squared);
    let within = 0;
    for (let other = 0; other < count; other++) if (Math.sqrt(squared[other]) <= eps) within++;
    if (within >= minimumPoints) core[row] = 1;
  }
  const labels = new Int32Array(count).fill(-1);
  const waiting = new Int32Array(count);
  let clusters = 0;
  for (let first = 0; first < count; first++) {
    if (core[first] === 0 || labels[first] >= 0) continue;
    labels[first] = clusters;
    waiting[0] = first;
    for (let held = 1; held > 0; ) {
      const row = waiting[--held];
      squaredDistances(rows.values, row * rows.cols, rows, squared);
      for (let other = 0; other < count; other++) {
        if (labels[other] >= 0 || Math.sqrt(squared[other]) > eps) continue;
        labels[other] = clusters;
        if (core[other] === 1) waiting[held++] = other;
      }
    }
    clusters++;
  }
  return { core, labels, clusters };
}
