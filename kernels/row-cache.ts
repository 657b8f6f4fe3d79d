/** Row i of a square matrix; the memory stays the same until `most` - 1 other rows have been asked for. */
export type RowCache = (i: number) => Float64Array;

/**
 * Keeps the rows of an n x n matrix that were used last, within a bound on memory; a row that was dropped is computed anew.
 * At least two rows are kept, so the last two that were asked for can be used together.
 *
 * @param n length of a row
 * @param bytes of the rows kept, at most (two rows when that is less)
 * @param fill computes row i into `out`; must give the same doubles every time
 * @example
 * let computed = 0;
 * const rows = makeRowCache(2, 32, (i, out) => { out.fill(i); computed++; });
 * [0, 1, 0, 2, 1].map((i) => rows(i)[0]); // [ 0, 1, 0, 2, 1 ]
 * computed; // 4
 */
export function makeRowCache(n: number, bytes: number, fill: (i: number, out: Float64Array) => void): RowCache {
  const most = Math.max(2, Math.floor(bytes / (n * Float64Array.BYTES_PER_ELEMENT)));
  // A map goes through its keys in the order in which they were set: the first is the one used longest ago.
  const kept = new Map<number, Float64Array>();
  return (i) => {
    let row = kept.get(i);
    if (row) kept.delete(i);
    else {
      row = kept.size < most ? new Float64Array(n) : takeOldest(kept);
      fill(i, row);
    }
    kept.set(i, row);
    return row;
  };
}

function takeOldest(kept: Map<number, Float64Array>): Float64Array {
  const [oldest, row] = kept.entries().next().value!;
  kept.delete(oldest);
  return row;
}
