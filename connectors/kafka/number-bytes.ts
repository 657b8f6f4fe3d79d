import { parseNumber } from '../../kernels/parse-number.ts';

const powersOfTen = Float64Array.from({ length: 16 }, (_, i) => Number(`1e${i}`));

/** Reads numbers by JSON's grammar from bytes, without a text of them. */
export class NumberBytes {
  /** Where the number read last ends. */
  end = 0;

  /** The number that begins at `from`, or NaN when there is none; infinite where no double is so large. */
  read(bytes: Buffer, from: number): number {
    const negative = bytes[from] === 0x2d;
    const begin = negative ? from + 1 : from;
    let at = begin;
    let digit = bytes[at] - 0x30;
    if (!isDigit(digit)) return Number.NaN;
    let mantissa = 0;
    if (digit === 0) digit = bytes[++at] - 0x30;
    else for (; isDigit(digit); digit = bytes[++at] - 0x30) mantissa = mantissa * 10 + digit;
    let places = 0;
    if (bytes[at] === 0x2e) {
      const point = at++;
      digit = bytes[at] - 0x30;
      if (!isDigit(digit)) return Number.NaN;
      for (; isDigit(digit); digit = bytes[++at] - 0x30) mantissa = mantissa * 10 + digit;
      places = at - point - 1;
    }
    const isPlain = (bytes[at] | 0x20) !== 0x65;
    if (!isPlain) {
      at++;
      if (bytes[at] === 0x2b || bytes[at] === 0x2d) at++;
      if (!isDigit(bytes[at] - 0x30)) return Number.NaN;
      while (isDigit(bytes[at] - 0x30)) at++;
    }
    this.end = at;
    // Up to 15 digits and the power of ten are exact, so that one division rounds once: as `parseNumber`, without a second look.
    if (!isPlain || at - begin > (places > 0 ? 16 : 15)) return parseNumber(bytes, from, at);
    const value = mantissa / powersOfTen[places];
    return negative ? -value : value;
  }
}

const isDigit = (digit: number): boolean => digit >= 0 && digit <= 9;
