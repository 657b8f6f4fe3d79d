const powersOfTen = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));

/** Where the grammar allows it: `[+-]? digits [. digits] [(e|E) [+-]? digits]`, or digits only behind the decimal sign. */
const dot = 0x2e;

/**
 * The double nearest to the decimal number in `bytes[from, to)`, blanks around it allowed; NaN when there is anything
 * else, so that the caller looks at the text. The same double as `Number(text)`, by Object.is; Infinity for `1e400`.
 *
 * At most 15 significant digits make an exact integer, and a power of ten up to 22 is an exact double, so that one
 * multiplication or division rounds once and rightly (Clinger 1990, "How to read floating point numbers accurately").
 * Everything else goes to `Number`.
 *
 * @param decimal the byte of the decimal sign
 * @example
 * parseNumber(new TextEncoder().encode('-12.5e3'), 0, 7); // -12500
 */
export function parseNumber(bytes: Uint8Array, from: number, to: number, decimal: number = dot): number {
  let at = from;
  let end = to;
  while (at < end && isBlank(bytes[at])) at++;
  while (end > at && isBlank(bytes[end - 1])) end--;
  const begin = at;
  let negative = false;
  if (at < end && (bytes[at] === 0x2d || bytes[at] === 0x2b)) negative = bytes[at++] === 0x2d;

  let digits = 0;
  let mantissa = 0;
  let seen = false;
  let exponent = 0;
  for (; at < end; at++) {
    const digit = bytes[at] - 0x30;
    if (digit < 0 || digit > 9) break;
    seen = true;
    if (digits > 0 || digit > 0) digits++;
    mantissa = mantissa * 10 + digit;
  }
  if (at < end && bytes[at] === decimal) {
    const point = ++at;
    for (; at < end; at++) {
      const digit = bytes[at] - 0x30;
      if (digit < 0 || digit > 9) break;
      if (digits > 0 || digit > 0) digits++;
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
  if (digits <= 15 && exponent >= -22 && exponent <= 22) {
    const value = exponent < 0 ? mantissa / powersOfTen[-exponent] : mantissa * powersOfTen[exponent];
    return negative ? -value : value;
  }
  return Number(asciiText(bytes, begin, end, decimal));
}

function asciiText(bytes: Uint8Array, from: number, to: number, decimal: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += bytes[i] === decimal ? '.' : String.fromCharCode(bytes[i]);
  return text;
}

/** Space, tab, or carriage return. */
export function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d;
}
