const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** Below it every integer is a double of its own, so that adding up digits has not rounded. */
const exactLimit = 2 ** 53;
const dot = 0x2e;

/**
 * The double nearest to the decimal number in `bytes[from, to)`, blanks around it allowed; NaN when there is anything
 * else, so that the caller looks at the text. The grammar is `[+-] digits [. digits] [e [+-] digits]`, with digits on
 * one side of the decimal sign at least. The same double as `Number(text)`, by Object.is; Infinity for `1e400`.
 *
 * Digits that make an integer below 2^53 are exact, and so are powers of ten up to 22: one multiplication or division
 * rounds once, and rightly (Clinger 1990, doi:10.1145/93542.93557). Everything else goes to `Number`.
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
  let seen = false;
  let exponent = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) break;
    seen = true;
    mantissa = mantissa * 10 + digit;
  }
  if (at < end && bytes[at] === decimal) {
    const point = ++at;
    for (; at < end; at++) {
      const digit = bytes[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      mantissa = mantissa * 10 + digit;
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
  if (mantissa < exactLimit && exponent >= -22 && exponent <= 22) {
    const value = exponent < 0 ? mantissa / powersOfTen[-exponent] : mantissa * powersOfTen[exponent];
    return negative ? -value : value;
  }
  const text = bytes.toString('latin1', begin, end);
  return Number(decimal === dot ? text : text.replace(String.fromCharCode(decimal), '.'));
}

/** Space, tab, or carriage return. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
