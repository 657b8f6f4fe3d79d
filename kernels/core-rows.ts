import type { Matrix } from '../core/matrix.ts';
import { halfBounds, indexRows, type NeighbourIndex } from './neighbour-index.ts';
import { squaredDistanceTo } from './packed-rows.ts';

/**
 * The core rows of DBSCAN (Ester, Kriegel, Sander and Xu 1996, "A density-based algorithm for discovering clusters in large spatial
 * databases with noise", KDD, pages 226-231): those with at least `minimumPoints` rows within `eps`, themselves among them. What
 * lies further than `eps` from all of them is noise; which of them share a cluster is not asked. Time rows^2 x columns, memory
 * rows x columns.
 *
 * @param rows complete
 * @returns 1 for a core row, 0 for any other
 * @example
 * coreRows(makeMatrix(4, 1, Float64Array.of(0, 1, 2, 9)), 1, 3); // Uint8Array [0, 1, 0, 0]
 */
export function coreRows(rows: Matrix, eps: number, minimumPoints: number): Uint8Array {
  const index = indexRows(rows);
  const bounds = new Float64Array(index.packed.halves.length);
  const memory = new Float64Array(2 * rows.cols);
  const core = new Uint8Array(rows.rows);
  for (let row = 0; row < rows.rows; row++) if (countWithin(rows, row, index, eps, bounds, memory) >= minimumPoints) core[row] = 1;
  return core;
}

/** `bounds`, `memory`: memory. */
function countWithin({ cols, values }: Matrix, row: number, index: NeighbourIndex, eps: number, bounds: Float64Array, memory: Float64Array): number {
  const error = halfBounds(index, values, row * cols, bounds, memory);
  const far = (eps * eps * (1 + 4 * Number.EPSILON)) / 2 + error;
  let found = 0;
  for (let r = 0; r < index.packed.rows; r++) {
    if (error < Number.POSITIVE_INFINITY && bounds[r] > far) continue;
    if (Math.sqrt(squaredDistanceTo(index.packed, r, values, row * cols)) <= eps) found++;
  }
  return found;
}
