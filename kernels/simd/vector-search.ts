import type { Matrix } from '../../core/matrix.ts';
import { type PackedRows, squaredDistancesTo } from '../packed-rows.ts';
import { integersAt, scratch, simd, singlesAt } from './simd.ts';
import { centreRow, type SingleRows, singleError, singleHalfForms, singleRowsOf } from './single-rows.ts';

/** Tells which references can be among a row's k nearest, by bounds in single precision, for two rows at a time. */
export interface VectorSearch {
  /** Bounds for rows [row, row + count). @returns false where single precision says nothing of one of them */
  bound(rows: Matrix, row: number, count: number, others: boolean): boolean;
  /** Candidates of the i-th row that was bound, ascending; they hold until the next call. */
  candidates(rows: Matrix, row: number, i: number): Int32Array;
}

/** @returns undefined where the references cannot be held in single precision */
export function vectorSearch(references: PackedRows, k: number): VectorSearch | undefined {
  const single = singleRowsOf(references);
  return single ? new SingleSearch(references, single, k) : undefined;
}

/** Rounding a limit to single precision moves it by less than this part. */
const up = 1 + 2 ** -22;

class SingleSearch implements VectorSearch {
  readonly #references: PackedRows;
  readonly #single: SingleRows;
  readonly #k: number;
  /** Of the two rows that were bound last. */
  readonly #own = [0, 0];
  readonly #error = [0, 0];
  readonly #nearest: Float64Array;
  /** Addresses: two rows, their bounds, k of those, and numbers of references. */
  readonly #x: number;
  readonly #bounds: number;
  readonly #list: number;
  readonly #index: number;

  constructor(references: PackedRows, single: SingleRows, k: number) {
    const count = single.blocks * 16;
    this.#references = references;
    this.#single = single;
    this.#k = k;
    this.#nearest = new Float64Array(k);
    const rowBytes = 16 * Math.ceil((8 * single.cols) / 16);
    this.#x = scratch(rowBytes + 8 * count + 8 * k + 4 * count);
    this.#bounds = this.#x + rowBytes;
    this.#list = this.#bounds + 8 * count;
    this.#index = this.#list + 4 * k;
  }

  bound(rows: Matrix, row: number, count: number, others: boolean): boolean {
    const { cols, blocks } = this.#single;
    const x = singlesAt(this.#x, 2 * cols);
    for (let i = 0; i < count; i++) {
      this.#own[i] = centreRow(this.#single, rows.values, (row + i) * cols, x.subarray(i * cols));
      this.#error[i] = singleError(this.#single, this.#own[i]);
      if (!(this.#error[i] < Number.POSITIVE_INFINITY)) return false;
    }
    singleHalfForms(this.#single, this.#x, this.#own, count, this.#bounds);
    if (others) for (let i = 0; i < count; i++) singlesAt(this.#bounds, 32 * blocks)[i * 16 * blocks + row + i] = Number.POSITIVE_INFINITY;
    return true;
  }

  candidates(rows: Matrix, row: number, i: number): Int32Array {
    const count = 16 * this.#single.blocks;
    const bounds = this.#bounds + 4 * i * count;
    simd().smallest(bounds, count, this.#k, this.#list, this.#index);
    squaredDistancesTo(this.#references, integersAt(this.#index, this.#k), this.#k, rows.values, row * rows.cols, this.#nearest);
    // So many lie no further off than these k: what must lie further is not among the nearest.
    let worst = 0;
    for (let n = 0; n < this.#k; n++) worst = Math.max(worst, this.#nearest[n]);
    return integersAt(this.#index, simd().atMost(bounds, count, (worst / 2 + this.#error[i]) * up, this.#index));
  }
}
