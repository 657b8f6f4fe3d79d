/** The magnitudes of an explanation's contributions add up to no more than this. */
const most = Number.MAX_VALUE / 2;
/** A sum of them below this is far from there, whatever its rounding. */
const plain = 1e300;

/**
 * Makes weights smaller, all by the same factor, where the magnitudes of the contributions (row[j] - reference[j]) * weight[j] would
 * add up to more than half of the largest double: their sum, and what further steps make of it, stays finite then. The shares
 * that columns have in it stay as they are.
 *
 * @param row as explained, finite
 * @param explanation finite; its weights are changed where they have to be
 * @example
 * const at = (x: number) => keepSumFinite(Float64Array.of(x, x), { reference: Float64Array.of(0, 0), weight: Float64Array.of(4, -4) });
 * at(7).weight; // Float64Array [4, -4]
 * at(2 ** 1023).weight.map(Math.fround); // Float64Array [0.5, -0.5]
 */
export function keepSumFinite<E extends { readonly reference: Float64Array; readonly weight: Float64Array }>(row: Float64Array, explanation: E): E {
  const { reference, weight } = explanation;
  let sum = 0;
  for (let j = 0; j < row.length; j++) sum += Math.abs(row[j] - reference[j]) * Math.abs(weight[j]);
  if (sum < plain) return explanation;
  let total = 0;
  for (let j = 0; j < row.length; j++) total += (Math.abs(row[j] - reference[j]) / most) * Math.abs(weight[j]);
  if (total > 1) for (let j = 0; j < row.length; j++) weight[j] /= total;
  return explanation;
}
