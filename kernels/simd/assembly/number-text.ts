/** Numbers as text, in integers of 64 bits, which JavaScript has no quick ones of. */

/** The high half of a product of 128 bits. */
function highProduct(a: u64, b: u64): u64 {
  const a0 = a & 0xffffffff;
  const a1 = a >> 32;
  const b0 = b & 0xffffffff;
  const b1 = b >> 32;
  const middle = a1 * b0 + ((a0 * b0) >> 32);
  return a1 * b1 + (middle >> 32) + ((a0 * b1 + (middle & 0xffffffff)) >> 32);
}

/** g * factor / 2^128, where g is a power of ten in 128 bits, rounded down; where anything was cut off, the last bit is set. */
function roundToOdd(high: u64, low: u64, factor: u64): u64 {
  const carried = highProduct(low, factor);
  const fraction = high * factor + carried;
  return (highProduct(high, factor) + u64(fraction < carried)) | u64(fraction > 1);
}

/** The last `count` decimal digits of a number below 2^32, from `out` on. */
function putDigits(out: usize, value: u32, count: i32): void {
  for (let at = out + count - 1; at >= out; at--) {
    const tenth = value / 10;
    store<u8>(at, 0x30 + value - tenth * 10);
    value = tenth;
  }
}

/** Mostly there are nearly as many as there can be. */
function digitsIn(value: u64): i32 {
  let digits = 17;
  let bound: u64 = 10000000000000000;
  if (value >= bound * 10) {
    for (bound *= 10, digits++; digits < 20 && value >= bound * 10 && bound < 10000000000000000000; bound *= 10) digits++;
    return digits;
  }
  while (digits > 1 && value < bound) {
    bound = tenth(bound);
    digits--;
  }
  return digits;
}

/** A number divided by 10, rounded down. */
function tenth(value: u64): u64 {
  // biome-ignore lint/correctness/noPrecisionLoss: of 64 bits here
  return highProduct(value, 0xcccccccccccccccd) >> 3;
}

/** All digits of a number below 10^19. */
function putAll(out: usize, value: u64, digits: i32): void {
  if (digits > 9) {
    const upper = value / 1000000000;
    putDigits(out + digits - 9, u32(value - upper * 1000000000), 9);
    if (digits > 18) {
      const first = upper / 1000000000;
      putDigits(out + digits - 18, u32(upper - first * 1000000000), 9);
      putDigits(out, u32(first), digits - 18);
    } else putDigits(out, u32(upper), digits - 9);
  } else putDigits(out, u32(value), digits);
}

/** An integer as text, from `out` on. @returns how many bytes it has */
export function integerText(value: i64, out: usize): i32 {
  const negative = value < 0;
  const size = negative ? u64(-value) : u64(value);
  const sign = i32(negative);
  if (negative) store<u8>(out, 0x2d);
  const digits = digitsIn(size);
  putAll(out + sign, size, digits);
  return sign + digits;
}

/**
 * A positive finite double as JavaScript writes it, from `out` on: the shortest decimal that reads back as it, and of those the nearest
 * (Giulietti 2021, The Schubfach way to render doubles). Room for 64 bytes is needed.
 * @param powers for each e from -292 to 324, 10^e times the power of two that gives it 128 bits, rounded up: the low and the high half
 * @returns how many bytes the text has
 */
export function doubleText(value: f64, powers: usize, out: usize): i32 {
  const bits = reinterpret<u64>(value);
  const fraction = bits & 0xfffffffffffff;
  const biased = i32(bits >> 52);
  const mantissa = biased > 0 ? fraction | 0x10000000000000 : fraction;
  const exponent = biased > 0 ? biased - 1075 : -1074;
  // The next smaller double is only half as far away below a power of two.
  const closer = fraction === 0 && biased > 1;
  const even = (mantissa & 1) === 0;
  // The largest power of ten that is not above the distance to the next double, and what makes the products below fit.
  const k = (exponent * 1262611 - (closer ? 524031 : 0)) >> 22;
  const shift = exponent + ((-k * 1741647) >> 19) + 1;
  const low = load<u64>(powers + ((292 - k) << 4));
  const high = load<u64>(powers + ((292 - k) << 4), 8);
  // Four times the bounds of what reads back as the double, and the double, in units of 10^k.
  const below = roundToOdd(high, low, (4 * mantissa - (closer ? 1 : 2)) << shift) + u64(!even);
  const exact = roundToOdd(high, low, (4 * mantissa) << shift);
  const above = roundToOdd(high, low, (4 * mantissa + 2) << shift) - u64(!even);

  let digits = exact >> 2;
  let power = k;
  let found = false;
  if (digits >= 10) {
    // A digit less, if exactly one of the two neighbours is within the bounds.
    const shorter = tenth(digits);
    const down = below <= 40 * shorter;
    const up = 40 * shorter + 40 <= above;
    if (down !== up) {
      digits = shorter + u64(up);
      power++;
      found = true;
    }
  }
  if (!found) {
    const down = below <= 4 * digits;
    const up = 4 * digits + 4 <= above;
    if (down !== up) digits += u64(up);
    else {
      const middle = 4 * digits + 2;
      digits += u64(exact > middle || (exact === middle && (digits & 1) === 1));
    }
  }
  for (let shorter = tenth(digits); shorter * 10 === digits; shorter = tenth(digits)) {
    digits = shorter;
    power++;
  }
  return layOut(out, digits, power);
}

/** digits * 10^power, as ECMAScript's Number::toString lays it out. */
function layOut(out: usize, digits: u64, power: i32): i32 {
  const count = digitsIn(digits);
  const point = count + power;
  if (point > 0 && point <= 21) {
    putAll(out, digits, count);
    if (power >= 0) {
      memory.fill(out + count, 0x30, power);
      return point;
    }
    memory.copy(out + point + 1, out + point, count - point);
    store<u8>(out + point, 0x2e);
    return count + 1;
  }
  if (point > -6 && point <= 0) {
    memory.fill(out, 0x30, 2 - point);
    store<u8>(out + 1, 0x2e);
    putAll(out + 2 - point, digits, count);
    return 2 - point + count;
  }
  let end = count;
  putAll(out, digits, count);
  if (count > 1) {
    memory.copy(out + 2, out + 1, count - 1);
    store<u8>(out + 1, 0x2e);
    end++;
  }
  const e = point - 1;
  store<u8>(out + end, 0x65);
  store<u8>(out + end + 1, e < 0 ? 0x2d : 0x2b);
  return end + 2 + integerText(e < 0 ? -e : e, out + end + 2);
}
