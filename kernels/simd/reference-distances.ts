import type { Matrix } from '../../core/matrix.ts';
import { eightSideBySide, placedNumbers } from './placed-numbers.ts';
import { doublesAt, scratch, simd } from './simd.ts';

/** Squared Euclidean distances of two rows at a time to all references. */
export class ReferenceDistances {
  readonly #refs: number;
  readonly #count: number;
  readonly #cols: number;
  readonly #blocks: number;
  readonly #x: number;
  readonly #out: number;

  private constructor(refs: number, { rows, cols }: Matrix) {
    this.#refs = refs;
    this.#count = rows;
    this.#cols = cols;
    this.#blocks = Math.ceil(rows / 8);
    this.#x = scratch(16 * cols + 128 * this.#blocks);
    this.#out = this.#x + 16 * cols;
  }

  /**
   * @param references their values never change after the first call
   * @returns undefined where there is no room for them
   */
  static to(references: Matrix): ReferenceDistances | undefined {
    const placed = placedNumbers(references.values, (values) => eightSideBySide(values, references.cols));
    return placed ? new ReferenceDistances(placed.address, references) : undefined;
  }

  /**
   * Of the `count` rows, one or two, that begin at `at` in `values`: bit for bit what `squaredDistances` gives.
   * @returns one list a row; they hold until the next call
   */
  of(values: Float64Array, at: number, count: number): Float64Array[] {
    doublesAt(this.#x, count * this.#cols).set(values.subarray(at, at + count * this.#cols));
    if (count === 2) simd().squaredDistances2(this.#refs, this.#blocks, this.#cols, this.#x, this.#out);
    else simd().squaredDistances1(this.#refs, this.#blocks, this.#cols, this.#x, this.#out);
    return Array.from({ length: count }, (_, i) => doublesAt(this.#out + 64 * i * this.#blocks, this.#count));
  }
}
