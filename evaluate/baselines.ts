import type { Random } from '../core/random.ts';

/**
 * Scores of a detector that knows nothing: uniform in [0, 1), so a level of 0.99 flags one row in a hundred. What it reaches is
 * what a figure is worth: its average precision is the share of anomalous rows, its area under the ROC curve a half.
 */
export function randomScores(rows: number, random: Random): Float64Array {
  return Float64Array.from({ length: rows }, () => random.next());
}

/**
 * Scores of a detector that flags every row at any level up to 1: its recall is 1 and its precision the share of anomalous rows.
 * @example
 * alwaysPositive(3); // Float64Array [ 1, 1, 1 ]
 */
export function alwaysPositive(rows: number): Float64Array {
  return new Float64Array(rows).fill(1);
}
