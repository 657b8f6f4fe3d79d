import { makeRowCache } from './row-cache.ts';

export interface OneClassSolution {
  /** One a row, in [0, 1], adding up to nu n. Rows with alpha > 0 are the support vectors. */
  readonly alpha: Float64Array;
  /** Level of the kernel sum at the border: rows below it lie outside. */
  readonly rho: number;
  readonly iterations: number;
  /** By how much the optimality conditions are violated: gradients that should be ordered differ by at most this. */
  readonly gap: number;
  /** false: the bound on iterations came before the tolerance. */
  readonly converged: boolean;
}

export interface OneClassLimits {
  /** The gap that is small enough, in units of the kernel sum, > 0. */
  readonly tolerance: number;
  readonly iterations: number;
  /** Memory for kernel rows. */
  readonly cacheBytes: number;
}

/** Stands in for a curvature that is not positive, as between equal rows. */
const tau = 1e-12;

/**
 * Dual of the one-class support vector machine, min 1/2 a' K a with 0 <= a_i <= 1 and sum a = nu n (Schoelkopf et al. 2001,
 * doi:10.1162/089976601750264965, section 3; alpha here is nu n times theirs), by sequential minimal optimisation: the pair of rows that promises
 * most is moved to its optimum until no pair gains (working set by second-order information: Fan, Chen and Lin 2005,
 * "Working set selection using second order information for training support vector machines", JMLR 6, algorithm 2).
 * Ties go to the lower row. The result does not depend on the memory for kernel rows.
 *
 * @param n rows, at least 1
 * @param nu in (0, 1]: at most this part of the rows outside, at least this part support vectors
 * @param kernel fills row i of K; symmetric, positive semidefinite, with unit diagonal
 * @example
 * const halves = oneClassSmo(2, 0.5, (i, out) => { out.fill(0.2); out[i] = 1; }, { tolerance: 1e-9, iterations: 100, cacheBytes: 1000 });
 * halves.alpha; // Float64Array(2) [ 0.5, 0.5 ]
 * halves.rho; // 0.6
 */
export function oneClassSmo(n: number, nu: number, kernel: (i: number, out: Float64Array) => void, limits: OneClassLimits): OneClassSolution {
  const rowOf = makeRowCache(n, limits.cacheBytes, kernel);
  const alpha = feasible(n, nu);
  const gradient = new Float64Array(n);
  for (let i = 0; i < n && alpha[i] > 0; i++) {
    const row = rowOf(i);
    for (let k = 0; k < n; k++) gradient[k] += alpha[i] * row[k];
  }
  for (let iterations = 0; ; iterations++) {
    const up = lowest(alpha, gradient);
    const gap = up < 0 ? 0 : highest(alpha, gradient) - gradient[up];
    const converged = gap <= limits.tolerance;
    if (converged || iterations === limits.iterations) return { alpha, rho: borderLevel(alpha, gradient), iterations, gap, converged };
    const upRow = rowOf(up);
    const down = mostGain(alpha, gradient, up, upRow);
    const downRow = rowOf(down);
    const together = alpha[up] + alpha[down];
    const step = (gradient[down] - gradient[up]) / curvature(upRow[down]);
    const raised = Math.min(1, together, alpha[up] + step);
    const lowered = Math.min(alpha[down], Math.max(0, together - raised));
    const rise = raised - alpha[up];
    const fall = lowered - alpha[down];
    alpha[up] = raised;
    alpha[down] = lowered;
    for (let k = 0; k < n; k++) gradient[k] += rise * upRow[k] + fall * downRow[k];
  }
}

/** Where the search starts: the first rows take all of nu n, each as much as it may. */
function feasible(n: number, nu: number): Float64Array {
  const alpha = new Float64Array(n);
  const whole = Math.min(n, Math.floor(nu * n));
  alpha.fill(1, 0, whole);
  if (whole < n) alpha[whole] = nu * n - whole;
  return alpha;
}

/** Of the rows that can take more, the one with the lowest gradient; -1 when there is none. */
function lowest(alpha: Float64Array, gradient: Float64Array): number {
  let least = Number.POSITIVE_INFINITY;
  let at = -1;
  for (let k = 0; k < alpha.length; k++) {
    if (gradient[k] < least && alpha[k] < 1) {
      least = gradient[k];
      at = k;
    }
  }
  return at;
}

/** The highest gradient among the rows that can give. */
function highest(alpha: Float64Array, gradient: Float64Array): number {
  let most = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < alpha.length; k++) if (alpha[k] > 0 && gradient[k] > most) most = gradient[k];
  return most;
}

/** Of the rows that can give to `up`, the one by which the objective falls most when the bounds are left aside. */
function mostGain(alpha: Float64Array, gradient: Float64Array, up: number, upRow: Float64Array): number {
  let most = -1;
  let at = -1;
  for (let k = 0; k < alpha.length; k++) {
    const difference = gradient[k] - gradient[up];
    if (alpha[k] <= 0 || difference <= 0) continue;
    const gain = (difference * difference) / curvature(upRow[k]);
    if (gain > most) {
      most = gain;
      at = k;
    }
  }
  return at;
}

function curvature(kernel: number): number {
  const value = 2 - 2 * kernel;
  return value > 0 ? value : tau;
}

/**
 * The mean gradient of the rows between their bounds, where all are equal; without any, the middle between the rows inside
 * and those outside, or the highest outside when no row is inside.
 */
function borderLevel(alpha: Float64Array, gradient: Float64Array): number {
  let sum = 0;
  let free = 0;
  let outside = Number.NEGATIVE_INFINITY;
  let inside = Number.POSITIVE_INFINITY;
  for (let k = 0; k < alpha.length; k++) {
    if (alpha[k] >= 1) outside = Math.max(outside, gradient[k]);
    else if (alpha[k] <= 0) inside = Math.min(inside, gradient[k]);
    else {
      sum += gradient[k];
      free++;
    }
  }
  if (free > 0) return sum / free;
  return inside === Number.POSITIVE_INFINITY ? outside : (inside + outside) / 2;
}
