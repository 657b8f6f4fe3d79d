import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, formatTime, parseDuration, parseTime } from './time.ts';

describe('times', () => {
  it('are written as ISO 8601 in UTC with the digits they have', () => {
    expect(formatTime(1_497_342_217_961_000_000n)).toBe('2017-06-13T08:23:37.961Z');
    expect(formatTime(0n)).toBe('1970-01-01T00:00:00Z');
    expect(formatTime(1n)).toBe('1970-01-01T00:00:00.000000001Z');
    expect(formatTime(1_000n)).toBe('1970-01-01T00:00:00.000001Z');
    expect(formatTime(-1n)).toBe('1969-12-31T23:59:59.999999999Z');
    expect(formatTime(-1_000_000_000n)).toBe('1969-12-31T23:59:59Z');
  });

  it('are read with any zone', () => {
    expect(parseTime('2017-06-13T16:23:37.961+08:00')).toBe(1_497_342_217_961_000_000n);
    expect(parseTime('2017-06-13 16:23:37+0800')).toBe(1_497_342_217_000_000_000n);
    expect(parseTime('2017-06-13T08:23Z')).toBe(1_497_342_180_000_000_000n);
    expect(parseTime('1969-12-31T23:59:59.999999999Z')).toBe(-1n);
  });

  it('without a zone or off the calendar are not read', () => {
    for (const text of ['2017-06-13T16:23:37', 'noon', '', '2017-13-01T00:00:00Z', '2017-06-13T25:00:00Z']) expect(parseTime(text)).toBeUndefined();
  });

  it('survive writing and reading', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), (time) => {
        expect(parseTime(formatTime(time))).toBe(time);
      }),
    );
  });
});

describe('durations', () => {
  it('are a number and a unit', () => {
    expect(['250ms', '30s', '1.5h', '2m', '2 min', '1d'].map(parseDuration)).toEqual([250, 30_000, 5_400_000, 120_000, 120_000, 86_400_000]);
    for (const text of ['30', '-1s', 's', '1y', '1s2', '', '1 M', '1h30m', '2 secondss', '1ms 2']) expect(parseDuration(text)).toBeUndefined();
  });

  it.each([
    [1000, ['1s', '1 sec', '1secs', '1 second', '1 seconds']],
    [60_000, ['1m', '1min', '1 mins', '1 minute', '1minutes', '60 sec']],
    [3_600_000, ['1h', '1 hour', '1 hours', '60min']],
    [86_400_000, ['1d', '1 day', '1days']],
    [604_800_000, ['1w', '1 week', '1weeks', '7 days']],
  ])('of %d ms can be written as people write them', (ms, texts) => {
    expect(texts.map((text) => [text, parseDuration(text)])).toEqual(texts.map((text) => [text, ms]));
  });

  it('read well', () => {
    expect([250, 30_000, 125_000, 12_000_000, 7_200_000, 90_000_000].map(formatDuration)).toEqual([
      '250 ms',
      '30 s',
      '2 min 5 s',
      '3 h 20 min',
      '2 h',
      '1 d 1 h',
    ]);
  });
});
