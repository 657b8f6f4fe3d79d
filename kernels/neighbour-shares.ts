import type { Matrix } from '../core/matrix.ts';

/** No reference is set closer to the row than this part of the row's size: its differences would be rounding error. */
const closest = 1e-6;
/** Nor closer than this times what is shared: a weight would be past the range of doubles. */
const least = 1e-300;

/** Of one row, an entry a column: memory for all calls. */
let share = new Float64Array(0);
let side = new Float64Array(0);
let difference = new Float64Array(0);

/**
 * Shares a sum over neighbours out to the columns: the part that neighbour i has in it goes to column j by the square
 * of their difference, (x[j] - r[i][j])^2 / |x - r[i]|^2, and to all columns alike where row and neighbour are equal. What
 * column j gets is (x[j] - reference[j]) * weight[j]. With one neighbour the reference is that neighbour; with several
 * it lies on their side, `apart` times the root of the column's share away, so that it is never closer than it counts.
 *
 * @param parts what each of them has in the sum, >= 0
 * @param apart the distance at which the neighbours count
 * @param out filled, one entry a column
 * @example
 * const out = { reference: new Float64Array(2), weight: new Float64Array(2) };
 * shareAmongColumns(Float64Array.of(3, 4), makeMatrix(1, 2), Float64Array.of(5), 5, out);
 * out; // { reference: Float64Array [0, 0], weight: Float64Array [0.6, 0.8] }
 */
export function shareAmongColumns(
  row: Float64Array,
  neighbours: Matrix,
  parts: Float64Array,
  apart: number,
  out: { readonly reference: Float64Array; readonly weight: Float64Array },
): void {
  const { rows, cols, values } = neighbours;
  const { reference, weight } = out;
  if (difference.length < cols) [share, side, difference] = [new Float64Array(cols), new Float64Array(cols), new Float64Array(cols)];
  share.fill(0, 0, cols);
  side.fill(0, 0, cols);
  let alike = true;
  let total = 0;
  for (let i = 0, at = 0; i < rows; i++) {
    const part = parts[i];
    let largest = 0;
    for (let j = 0; j < cols; j++, at++) {
      const x = row[j] - values[at];
      difference[j] = x;
      largest = Math.max(largest, Math.abs(x));
    }
    // Squares are taken in units of the largest difference, as in `euclideanNorm`: they cannot overflow.
    let squares = 0;
    for (let j = 0; j < cols; j++) {
      const x = largest === 0 ? 0 : difference[j] / largest;
      difference[j] = x;
      squares += x * x;
    }
    const length = Math.sqrt(squares);
    const equal = !(largest > 0 && Math.min(Number.MAX_VALUE, largest * length) > least * part);
    alike &&= equal;
    total += part;
    for (let j = 0; j < cols; j++) {
      const unit = equal ? 0 : difference[j] / length;
      share[j] += part * (equal ? 1 / cols : unit * unit);
      side[j] += part * unit;
    }
  }
  const single = rows === 1 && !alike;
  let size = 0;
  for (let j = 0; j < cols; j++) size = Math.max(size, Math.abs(row[j]));
  const away = Math.max(apart, closest * size, least * total);
  for (let j = 0; j < cols; j++) {
    const step = total === 0 ? 0 : away * Math.sqrt(share[j] / total);
    reference[j] = single ? values[j] : side[j] < 0 ? row[j] + step : row[j] - step;
    weight[j] = row[j] === reference[j] ? 0 : share[j] / (row[j] - reference[j]);
  }
}
