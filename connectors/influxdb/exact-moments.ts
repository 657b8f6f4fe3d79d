/** Bits of a double's exponent: so many places for sums. */
const places = 2048;
/** Halves of significands added up stay below 2^53 so long: the larger ones have 32 bits. */
const additionsAtOnce = 2 ** 20;
/** Squares of magnitudes inside are two doubles without loss; others are rare and made of integers. */
const least = 2 ** -400;
const greatest = 2 ** 500;
/** Every double is a multiple of 2^-1074, every square of one a multiple of 2^-2148. */
const unit = 1074;

/** A double and its bits, the lower half first. */
const double = new Float64Array(1);
const bits = new Uint32Array(double.buffer);

/**
 * Count, extremes, sum and sum of squares of doubles, in one pass and without rounding, whatever their order: each is cut into
 * integers, which are added up by exponent (Malcolm 1971, doi:10.1145/362854.362889). Squares are taken apart into two doubles
 * before (Dekker 1971, doi:10.1007/BF01397083).
 * @example
 * const moments = new ExactMoments();
 * for (const value of [1e16, 1, -1e16]) moments.add(value);
 * moments.mean; // 0.3333333333333333
 */
export class ExactMoments {
  count = 0;
  min = Number.NaN;
  max = Number.NaN;
  readonly #sum = new ExactSum();
  readonly #squares = new ExactSum();
  /** Squares out of a double's reach, in units of 2^-2148. */
  #extreme = 0n;

  /** What is not finite is left out. */
  add(value: number): void {
    if (!Number.isFinite(value)) return;
    if (this.count++ === 0) {
      this.min = value;
      this.max = value;
    } else if (value < this.min) this.min = value;
    else if (value > this.max) this.max = value;
    this.#sum.add(value);
    const magnitude = Math.abs(value);
    if (magnitude === 0) return;
    if (magnitude < least || magnitude > greatest) {
      this.#extreme += unitsOf(magnitude) ** 2n;
      return;
    }
    const square = value * value;
    const split = 134_217_729 * value;
    const upper = split - (split - value);
    const lower = value - upper;
    this.#squares.add(square);
    this.#squares.add(upper * upper - square + 2 * upper * lower + lower * lower);
  }

  /** Keeps what was added so far in little room, until something is added again. */
  pack(): void {
    this.#sum.pack();
    this.#squares.pack();
  }

  /** NaN without a value. */
  get mean(): number {
    if (this.min === this.max) return this.min;
    return this.count === 0 ? Number.NaN : quotient(this.#sum.units(), BigInt(this.count), unit);
  }

  /** Of a sample; NaN below two values. */
  get deviation(): number {
    if (this.count < 2) return Number.NaN;
    const n = BigInt(this.count);
    const sum = this.#sum.units();
    const squares = (this.#squares.units() << BigInt(unit)) + this.#extreme;
    // n (n - 1) variance = n sum(x^2) - sum(x)^2; 2 x 100 bits more keep the root's rounding out of sight.
    const root = squareRoot(((n * squares - sum * sum) << 200n) / (n * (n - 1n)));
    return quotient(root, 1n, unit + 100);
  }
}

/** A sum without rounding. */
class ExactSum {
  #upper = new Float64Array(0);
  #lower = new Float64Array(0);
  #additions = 0;
  #carried = 0n;

  add(value: number): void {
    if (this.#upper.length === 0) this.#unpack();
    double[0] = value;
    const word = bits[1];
    const exponent = (word >>> 20) & 0x7ff;
    const upper = exponent === 0 ? word & 0xf_ffff : (word & 0xf_ffff) | 0x10_0000;
    if (word >>> 31 === 0) {
      this.#upper[exponent] += upper;
      this.#lower[exponent] += bits[0];
    } else {
      this.#upper[exponent] -= upper;
      this.#lower[exponent] -= bits[0];
    }
    if (++this.#additions === additionsAtOnce) this.#carry();
  }

  /** As a multiple of 2^-1074. */
  units(): bigint {
    this.#carry();
    return this.#carried;
  }

  /** Keeps what was added so far in little room. */
  pack(): void {
    this.#carry();
    this.#upper = new Float64Array(0);
    this.#lower = new Float64Array(0);
  }

  #unpack(): void {
    this.#upper = new Float64Array(places);
    this.#lower = new Float64Array(places);
  }

  #carry(): void {
    for (let exponent = 0; exponent < this.#upper.length; exponent++) {
      const [upper, lower] = [this.#upper[exponent], this.#lower[exponent]];
      if (upper === 0 && lower === 0) continue;
      this.#carried += ((BigInt(upper) << 32n) + BigInt(lower)) << BigInt(Math.max(0, exponent - 1));
    }
    this.#upper.fill(0);
    this.#lower.fill(0);
    this.#additions = 0;
  }
}

/** @param magnitude positive */
function unitsOf(magnitude: number): bigint {
  double[0] = magnitude;
  const exponent = bits[1] >>> 20;
  const significand = (BigInt(bits[1] & 0xf_ffff) << 32n) | BigInt(bits[0]);
  return exponent === 0 ? significand : (significand | (1n << 52n)) << BigInt(exponent - 1);
}

/** numerator / denominator x 2^-scale as a double, right to the last bit or two. */
function quotient(numerator: bigint, denominator: bigint, scale: number): number {
  const magnitude = ((numerator < 0n ? -numerator : numerator) << 64n) / denominator;
  const cut = Math.max(0, magnitude.toString(16).length * 4 - 64);
  const exponent = cut - scale - 64;
  // In two steps, since 2^exponent alone may be out of a double's range.
  const half = Math.trunc(exponent / 2);
  const value = Number(magnitude >> BigInt(cut)) * 2 ** half * 2 ** (exponent - half);
  return numerator < 0n ? -value : value;
}

/** Rounded down (Newton's method). */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt(Math.ceil(value.toString(16).length * 2));
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}
