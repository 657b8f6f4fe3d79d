/** Row-major rows x cols doubles; NaN = missing. What steps hand on and detectors look at. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  /** At least rows x cols long. */
  readonly values: Float64Array;
}

/**
 * A zeroed matrix, or one in the memory that is given, rows x cols doubles or more.
 * @example
 * makeMatrix(2, 3).values.length; // 6
 */
export function makeMatrix(rows: number, cols: number, values: Float64Array = new Float64Array(rows * cols)): Matrix {
  return { rows, cols, values };
}

/**
 * Rows [from, to) of a matrix, sharing its memory.
 * @example
 * rowsOf(makeMatrix(3, 2, new Float64Array([1, 2, 3, 4, 5, 6])), 1, 2).values; // Float64Array [3, 4]
 */
export function rowsOf(matrix: Matrix, from: number, to: number): Matrix {
  return { rows: to - from, cols: matrix.cols, values: matrix.values.subarray(from * matrix.cols, to * matrix.cols) };
}
