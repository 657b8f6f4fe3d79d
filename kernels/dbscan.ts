import type { Matrix } from '../core/matrix.ts';
import { halfBounds, indexRows, type NeighbourIndex } from './neighbour-index.ts';
import { squaredDistanceTo } from './packed-rows.ts';

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
 * the first cluster with a core row within `eps` of it. Time rows^2 x columns, memory rows x columns.
 *
 * @example
 * dbscan(makeMatrix(4, 1, Float64Array.of(0, 1, 2, 9)), 1, 3); // { core: Uint8Array [0, 1, 0, 0], labels: Int32Array [0, 0, 0, -1], clusters: 1 }
 */
export function dbscan(rows: Matrix, eps: number, minimumPoints: number): DensityClustering {
  const count = rows.rows;
  const index = indexRows(rows);
  const bounds = new Float64Array(index.packed.halves.length);
  const memory = new Float64Array(2 * rows.cols);
  const close = new Int32Array(count);
  const core = new Uint8Array(count);
  for (let row = 0; row < count; row++) if (within(rows, row, index, eps, bounds, memory, close) >= minimumPoints) core[row] = 1;
  const labels = new Int32Array(count).fill(-1);
  const waiting = new Int32Array(count);
  let clusters = 0;
  for (let first = 0; first < count; first++) {
    if (core[first] === 0 || labels[first] >= 0) continue;
    labels[first] = clusters;
    waiting[0] = first;
    for (let held = 1; held > 0; ) {
      const found = within(rows, waiting[--held], index, eps, bounds, memory, close);
      for (let i = 0; i < found; i++) {
        const other = close[i];
        if (labels[other] >= 0) continue;
        labels[other] = clusters;
        if (core[other] === 1) waiting[held++] = other;
      }
    }
    clusters++;
  }
  return { core, labels, clusters };
}

/** Lists the rows within `eps` of a row in `close`, ascending, and returns how many they are. `bounds`, `memory`: memory. */
function within(
  { cols, values }: Matrix,
  row: number,
  index: NeighbourIndex,
  eps: number,
  bounds: Float64Array,
  memory: Float64Array,
  close: Int32Array,
): number {
  const error = halfBounds(index, values, row * cols, bounds, memory);
  const far = (eps * eps * (1 + 4 * Number.EPSILON)) / 2 + error;
  let found = 0;
  for (let r = 0; r < index.packed.rows; r++) {
    if (error < Number.POSITIVE_INFINITY && bounds[r] > far) continue;
    if (Math.sqrt(squaredDistanceTo(index.packed, r, values, row * cols)) <= eps) close[found++] = r;
  }
  return found;
}
