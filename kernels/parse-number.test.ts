import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseNumber } from './parse-number.ts';

const bytesOf = (text: string) => Buffer.from(text);
const parse = (text: string, decimal = '.') => parseNumber(bytesOf(text), 0, bytesOf(text).length, decimal.charCodeAt(0));
const grammar = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The double times 10^places, rounded down: exact, by integers. */
function decimalOf(value: number, places: number): bigint {
  const [bits] = new BigInt64Array(new Float64Array([value]).buffer);
  const exponent = Number((bits >> 52n) & 0x7ffn) - 1075;
  const mantissa = (bits & 0xfffffffffffffn) | 0x10000000000000n;
  const scaled = mantissa * 10n ** BigInt(places);
  return exponent < 0 ? scaled >> BigInt(-exponent) : scaled << BigInt(exponent);
}

describe('parseNumber', () => {
  it('is Number(text) by Object.is for any double as JavaScript writes it', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(parse(String(value))).toBe(value === 0 ? 0 : value);
        expect(Object.is(parse(value.toExponential()), Number(value.toExponential()))).toBe(true);
      }),
      { numRuns: 3000 },
    );
  });

  it('is Number(text) by Object.is for any spelling of a decimal number, and NaN for everything else', () => {
    const digits = fc.stringMatching(/^\d{0,25}$/);
    const spelling = fc
      .tuple(
        fc.constantFrom('', '-', '+'),
        digits,
        fc.constantFrom('', '.'),
        digits,
        fc.constantFrom('', 'e', 'E'),
        fc.constantFrom('', '-', '+'),
        fc.stringMatching(/^\d{0,4}$/),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(spelling, (text) => {
        const expected = grammar.test(text) ? Number(text) : Number.NaN;
        if (!Object.is(parse(text), expected)) throw new Error(`${text}: ${parse(text)} instead of ${expected}`);
      }),
      { numRuns: 20_000 },
    );
  });

  it('is Number(text) by Object.is for long numbers, those close to the middle between two doubles among them', () => {
    const halfway = fc
      .tuple(fc.double({ min: 1e-4, max: 1e6, noNaN: true }), fc.integer({ min: -3, max: 3 }), fc.integer({ min: 14, max: 20 }))
      .map(([value, off, digits]) => {
        // The middle between a double and the next, cut to so many digits and moved by a few of the last.
        const [bits] = new BigInt64Array(new Float64Array([value]).buffer);
        const [next] = new Float64Array(new BigInt64Array([bits + 1n]).buffer);
        const places = Math.max(0, digits - Math.max(1, Math.ceil(Math.log10(value))));
        const scaled = (decimalOf(value, places) + decimalOf(next, places)) / 2n + BigInt(off);
        const text = String(scaled).padStart(places + 1, '0');
        return places === 0 ? text : `${text.slice(0, -places)}.${text.slice(-places)}`;
      });
    const long = fc.tuple(fc.stringMatching(/^\d{1,6}$/), fc.stringMatching(/^\d{11,20}$/)).map(([whole, fraction]) => `${whole}.${fraction}`);
    fc.assert(
      fc.property(fc.oneof(halfway, long), (text) => {
        if (!Object.is(parse(text), Number(text))) throw new Error(`${text}: ${parse(text)} instead of ${Number(text)}`);
      }),
      { numRuns: 50_000 },
    );
  });

  it('takes any short text as Number does, apart from what Number takes beyond decimal numbers', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'0123456789+-.eE xN,'), maxLength: 8 }), (text) => {
        const expected = grammar.test(text.trim()) ? Number(text) : Number.NaN;
        expect(Object.is(parse(text), expected)).toBe(true);
      }),
      { numRuns: 10_000 },
    );
  });

  it('keeps the sign of zero and rounds halfway cases as IEEE 754 asks', () => {
    expect(Object.is(parse('-0.0'), -0)).toBe(true);
    expect(parse('9007199254740993')).toBe(9007199254740992);
    expect(parse('1.7976931348623157e308')).toBe(Number.MAX_VALUE);
    expect(parse('5e-324')).toBe(Number.MIN_VALUE);
    expect(parse('123456789012345e22')).toBe(123456789012345e22);
    expect(parse('1e-22')).toBe(1e-22);
    expect(parse('9007199254740991e22')).toBe(Number('9007199254740991e22'));
    expect(parse('0.9007199254740993')).toBe(0.9007199254740993);
    expect(parse('1e23')).toBe(1e23);
  });

  it('overflows to Infinity, which is no number to a reader', () => {
    expect(parse('1e400')).toBe(Number.POSITIVE_INFINITY);
    expect(parse('-1e400')).toBe(Number.NEGATIVE_INFINITY);
    expect(parse(`1${'0'.repeat(400)}`)).toBe(Number.POSITIVE_INFINITY);
    expect(parse('1e99999999999999999999')).toBe(Number.POSITIVE_INFINITY);
    expect(parse('1e-99999999999999999999')).toBe(0);
  });

  it('reads a decimal comma, and then no point', () => {
    expect(parse('2,5', ',')).toBe(2.5);
    expect(parse('-12345678901234567,25', ',')).toBe(Number('-12345678901234567.25'));
    expect(parse('2.5', ',')).toBeNaN();
    expect(parse('1.234,5', ',')).toBeNaN();
    expect(parse('2,5')).toBeNaN();
  });

  it('looks only at its own bytes, and past the blanks around the number', () => {
    expect(parseNumber(bytesOf('12;34.5;6'), 3, 7)).toBe(34.5);
    expect(parse(' 7.25\t')).toBe(7.25);
    for (const text of ['', ' ', '-', '.', '+.', 'e5', '1e', '1e+', '1 2', '0x10', 'NaN', 'Infinity', '1_000', '--1', '1.2.3']) expect(parse(text)).toBeNaN();
  });
});
