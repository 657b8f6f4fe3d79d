import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime, parseTime } from '../../core/time.ts';
import { TimeBytes } from './time-bytes.ts';

/** The time that the bytes say, when the whole text is one. */
function read(text: string, reader = new TimeBytes()): bigint | undefined {
  const bytes = Buffer.from(`<${text}"`);
  return reader.read(bytes, 1) && reader.end === bytes.length - 1 ? reader.time : undefined;
}

describe('TimeBytes', () => {
  it('reads what formatTime writes', () => {
    const reader = new TimeBytes();
    fc.assert(
      fc.property(
        fc.bigInt({ min: -8_520_336_000_000_000_000n, max: 7_258_118_399_999_999_999n }),
        fc.constantFrom(1n, 1000n, 1_000_000_000n),
        (nanos, step) => {
          const time = (nanos / step) * step;
          expect(read(formatTime(time), reader)).toBe(time);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('reads zones and up to nine digits of a second', () => {
    expect(read('2017-07-14T10:40:00.5+08:00')).toBe(1_500_000_000_500_000_000n);
    expect(read('2017-07-13 22:10:00.123456789-04:30')).toBe(1_500_000_000_123_456_789n);
    expect(read('2016-02-29T00:00:00Z')).toBe(1_456_704_000_000_000_000n);
  });

  it('leaves to parseTime what is not plain, and agrees with it on what it takes', () => {
    for (const text of [
      ...['2017-07-14T02:40Z', '2017-07-14T02:40:00z', '2017-07-14T02:40:00,5Z', '2017-07-14T02:40:00+0000', '2017-07-14t02:40:00Z', '0999-01-01T00:00:00Z'],
      ...[
        '2017-07-14T02:40:00',
        '2017-07-14',
        '2015-02-29T00:00:00Z',
        '2017-04-31T00:00:00Z',
        '2017-00-10T00:00:00Z',
        '2017-13-10T00:00:00Z',
        '2017-07-00T00:00:00Z',
      ],
      ...[
        '2017-07-14T24:00:00Z',
        '2017-07-14T02:60:00Z',
        '2017-07-14T02:40:60Z',
        '2017-07-14T02:40:00.Z',
        '2017-07-14T02:40:00.1234567890Z',
        '2017-07-14T02:40:00+8:00',
      ],
      ...['', 'noon', '2017-07-14T02:40:00Zulu', '+017-07-14T02:40:00Z', '20 7-07-14T02:40:00Z'],
    ]) {
      expect(read(text), text).toBeUndefined();
    }
    const plain = '2015-12-28T23:59:58.120456789+05:30';
    fc.assert(
      fc.property(fc.nat(plain.length - 1), fc.constantFrom(...'0123456789:-+.TZ '), fc.nat(plain.length), (at, character, length) => {
        const text = (plain.slice(0, at) + character + plain.slice(at + 1)).slice(0, length || plain.length);
        const time = read(text);
        if (time !== undefined) expect(time, text).toBe(parseTime(text));
      }),
      { numRuns: 5000 },
    );
  });
});
