const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** Another digit behind an integer below it is still exact: ten times as much and nine stay below 2^53. */
const digitLimit = 9e14;
/** Digits beyond those, at most, that the short ways can do with. */
const furtherDigits = 5;
const dot = 0x2e;

/**
 * The double nearest to the decimal number in `bytes[from, to)`, blanks around it allowed; NaN when there is anything
 * else, so that the caller looks at the text. The grammar is `[+-] digits [. digits] [e [+-] digits]`, with digits on
 * one side of the decimal sign at least. The same double as `Number(text)`, by Object.is; Infinity for `1e400`.
 *
 * Digits that make an integer below 2^53 are exact, and so are powers of ten up to 22: one multiplication or division
 * rounds once, and rightly (Clinger 1990, doi:10.1145/93542.93557). Up to five digits more are divided in twice the
 * precision (`divideLong`). Everything else goes to `Number`.
 *
 * @param decimal the byte of the decimal sign
 * @example
 * parseNumber(Buffer.from('-12.5e3'), 0, 7); // -12500
 */
export function parseNumber(bytes: Buffer, from: number, to: number, decimal: number = dot): number {
  let at = from;
  let end = to;
  while (at < end && isBlank(bytes[at])) at++;
  while (end > at && isBlank(bytes[end - 1])) end--;
  const begin = at;
  let negative = false;
  if (at < end && (bytes[at] === 0x2d || bytes[at] === 0x2b)) negative = bytes[at++] === 0x2d;

  let mantissa = 0;
  let further = 0;
  let furtherCount = 0;
  let seen = false;
  let exponent = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) break;
    seen = true;
    if (mantissa < digitLimit) mantissa = mantissa * 10 + digit;
    else {
      further = further * 10 + digit;
      furtherCount++;
    }
  }
  if (at < end && bytes[at] === decimal) {
    const point = ++at;
    for (; at < end; at++) {
      const digit = bytes[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      if (mantissa < digitLimit) mantissa = mantissa * 10 + digit;
      else {
        further = further * 10 + digit;
        furtherCount++;
      }
    }
    exponent = point - at;
    seen ||= at > point;
  }
  if (!seen) return Number.NaN;
  if (at < end) {
    if ((bytes[at] | 0x20) !== 0x65) return Number.NaN;
    at++;
    let down = false;
    if (at < end && (bytes[at] === 0x2d || bytes[at] === 0x2b)) down = bytes[at++] === 0x2d;
    if (at === end) return Number.NaN;
    let power = 0;
    for (; at < end; at++) {
      const digit = bytes[at] - 0x30;
      if (digit < 0 || digit > 9) return Number.NaN;
      if (power < 100_000) power = power * 10 + digit;
    }
    exponent += down ? -power : power;
  }
  if (exponent >= -22 && exponent <= 22) {
    let value = Number.NaN;
    if (furtherCount === 0) value = exponent < 0 ? mantissa / powersOfTen[-exponent] : mantissa * powersOfTen[exponent];
    else if (furtherCount <= furtherDigits && exponent < 0) value = divideLong(mantissa, powersOfTen[furtherCount], further, powersOfTen[-exponent]);
    if (value >= 0) return negative ? -value : value;
  }
  const text = bytes.toString('latin1', begin, end);
  return Number(decimal === dot ? text : text.replace(String.fromCharCode(decimal), '.'));
}

/**
 * (leading * scale + further) / divisor, rounded once; NaN when that cannot be told. Product and remainder are exact in
 * two doubles each (Dekker 1971, doi:10.1007/BF01397083), so that the quotient is the rounded one plus a correction
 * known to 50 bits. Where 2^-50 of it more or less would round to another double, it is left to others (Ziv 1991,
 * doi:10.1145/114697.116813).
 */
function divideLong(leading: number, scale: number, further: number, divisor: number): number {
  const high = leading * scale;
  const low = productError(leading, scale, high) + further;
  const quotient = high / divisor;
  const product = quotient * divisor;
  const remainder = high - product - productError(quotient, divisor, product);
  const correction = (remainder + low) / divisor;
  const value = quotient + correction * (1 + 2 ** -50);
  return value === quotient + correction * (1 - 2 ** -50) ? value : Number.NaN;
}

/** a * b - product, exactly, where product is the rounded a * b. */
function productError(a: number, b: number, product: number): number {
  const aSplit = 134_217_729 * a;
  const aHigh = aSplit - (aSplit - a);
  const aLow = a - aHigh;
  const bSplit = 134_217_729 * b;
  const bHigh = bSplit - (bSplit - b);
  const bLow = b - bHigh;
  return aLow * bLow - (product - aHigh * bHigh - aLow * bHigh - aHigh * bLow);
}

/** Space, tab, or carriage return. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
