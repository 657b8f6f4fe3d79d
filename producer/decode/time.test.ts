import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { formatTime, parseTime } from '../../core/time.ts';
import type { Cell } from './cell.ts';
import { looksLikeTime, makeTimeParser, type TimeOptions } from './time.ts';
import { isTimezone, localToUtc } from './zone.ts';

const parserFor = (samples: Cell[], options: Partial<TimeOptions> = {}) => makeTimeParser(samples, { dateOrder: 'auto', ...options }, 'plant.csv');
/** The cell read by a parser made for it, as ISO text. */
function read(cell: Cell, options: Partial<TimeOptions> = { timezone: 'UTC' }): string | undefined {
  const nanos = parserFor([cell], options).parse(cell);
  return nanos === undefined ? undefined : formatTime(nanos);
}
function failure(samples: Cell[], options: Partial<TimeOptions> = {}): SluiceError {
  try {
    parserFor(samples, options);
  } catch (error) {
    if (error instanceof SluiceError) return error;
    throw error;
  }
  throw new Error('no error');
}

describe('written times', () => {
  it.each([
    [' 28/12/2015 10:00:00 AM', '2015-12-28T10:00:00Z'],
    ['28/12/2015  12:00:00 AM', '2015-12-28T00:00:00Z'],
    ['28/12/2015 12:59:59 PM ', '2015-12-28T12:59:59Z'],
    ['13/6/2017 4:23:37.961 PM', '2017-06-13T16:23:37.961Z'],
    ['13/6/2017 4:23:37.961 p.m.', '2017-06-13T16:23:37.961Z'],
    ['28.12.2015 10:00', '2015-12-28T10:00:00Z'],
    ['28.12.15', '2015-12-28T00:00:00Z'],
    ['06/01/14 23', '2014-01-06T23:00:00Z'],
    ['28-Dec-2015 10:00:00', '2015-12-28T10:00:00Z'],
    ['28-dec-69 10:00:00', '1969-12-28T10:00:00Z'],
    ['2015-12-28', '2015-12-28T00:00:00Z'],
    ['2015/12/28 10:00:00', '2015-12-28T10:00:00Z'],
    ['2015-12-28T10:00:00', '2015-12-28T10:00:00Z'],
    ['2015-12-28 10:00:00,5', '2015-12-28T10:00:00.500Z'],
    ['2015-12-28 10:00:00.123456789', '2015-12-28T10:00:00.123456789Z'],
    ['2015-12-28 10:00:00.1234567899', '2015-12-28T10:00:00.123456789Z'],
    ['2015-12-28T10:00:00Z', '2015-12-28T10:00:00Z'],
    ['2015-12-28 10:00:00 UTC', '2015-12-28T10:00:00Z'],
    ['2015-12-28T10:00:00+08:00', '2015-12-28T02:00:00Z'],
    ['2015-12-28T10:00:00.000001-0330', '2015-12-28T13:30:00.000001Z'],
    ['28/12/2015 10:00:00 +08', '2015-12-28T02:00:00Z'],
    ['2016-02-29 00:00:00', '2016-02-29T00:00:00Z'],
    ['1969-12-31 23:59:59.9', '1969-12-31T23:59:59.900Z'],
  ])('%s', (text, expected) => expect(read(text)).toBe(expected));

  it.each([
    ...['noon', '', '2015-12-28T', '2015-13-01 00:00:00', '2015-02-29 00:00:00', '1900-02-29 00:00:00', '31/11/2015 00:00:00', '2015-12-28 24:00:00'],
    ...[
      '2015-12-28 10:60:00',
      '28/12/2015 13:00:00 PM',
      '28/12/2015 0:00:00 AM',
      '28/12-2015',
      '2015-12-28 10:00:00 CET',
      '2015-12-28 10:00:00+8',
      '2015-12-28x',
    ],
    ...['28/12/20155 10:00', '2015-12-28 10:00:00.', '2015-12-28 10:', '28-Dez-2015', '123/12/2015'],
  ])('%s cannot be read', (text) => {
    const parser = parserFor(['28/12/2015 10:00:00 AM'], { timezone: 'UTC' });
    expect(parser.parse(text)).toBeUndefined();
    expect(looksLikeTime(text)).toBe(false);
  });

  it('are ISO 8601 as core reads it', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -62_135_596_800_000_000_000n, max: 253_402_300_799_999_999_999n }), (nanos) => {
        const text = formatTime(nanos);
        expect(parserFor([text]).parse(text)).toBe(parseTime(text));
        expect(parserFor([text]).parse(text)).toBe(nanos);
      }),
    );
  });

  it('are found by content, numbers are not', () => {
    expect(['2015-12-28 10:00:00', '13/6/2017', '6/13/2017', new Date(0)].map(looksLikeTime)).toEqual([true, true, true, true]);
    expect([1_500_000_000, '1500000000', 'FIT101', null, true, new Date(Number.NaN)].map(looksLikeTime)).toEqual([false, false, false, false, false, false]);
  });
});

describe('day and month', () => {
  const first = (samples: Cell[], options: Partial<TimeOptions> = {}) => {
    const parser = parserFor(samples, { timezone: 'UTC', ...options });
    return [formatTime(parser.parse(samples[0]) as bigint).slice(0, 10), parser.ambiguous];
  };

  it('are told apart by any sample that leaves no choice', () => {
    expect(first(['1/2/2017 10:00', '13/2/2017 10:00'])).toEqual(['2017-02-01', false]);
    expect(first(['1/2/2017 10:00', '1/13/2017 10:00'])).toEqual(['2017-01-02', false]);
    expect(first(['1/2/2017 10:00'])).toEqual(['2017-02-01', true]);
    expect(first(['2/2/2017 10:00'])).toEqual(['2017-02-02', false]);
    expect(first(['2017-02-01 10:00'])).toEqual(['2017-02-01', false]);
  });

  it('are as the option says', () => {
    expect(first(['1/2/2017 10:00', '13/2/2017 10:00'], { dateOrder: 'mdy' })).toEqual(['2017-01-02', false]);
    const parser = parserFor(['1/2/2017 10:00'], { timezone: 'UTC', dateOrder: 'mdy' });
    expect(parser.parse('13/2/2017 10:00')).toBeUndefined();
  });
});

describe('numbers', () => {
  it.each([
    [1_500_000_000, '2017-07-14T02:40:00Z'],
    [1_500_000_000.25, '2017-07-14T02:40:00.250Z'],
    [1_500_000_000_123, '2017-07-14T02:40:00.123Z'],
    [1_500_000_000_123_456, '2017-07-14T02:40:00.123456Z'],
    ['1500000000123456789', '2017-07-14T02:40:00.123456789Z'],
    ['1500000000.123456789', '2017-07-14T02:40:00.123456789Z'],
    ['1500000000123.5', '2017-07-14T02:40:00.123500Z'],
    [' 1500000000 ', '2017-07-14T02:40:00Z'],
  ])('%s is an epoch and needs no zone', (cell, expected) => expect(read(cell, {})).toBe(expected));

  it.each([
    [42_366.416666666664, false, '2015-12-28T10:00:00Z'],
    [42_366.41667824074, false, '2015-12-28T10:00:01Z'],
    ['42366.41667824074', false, '2015-12-28T10:00:01Z'],
    [42_366, false, '2015-12-28T00:00:00Z'],
    [40_904.416666666664, true, '2015-12-28T10:00:00Z'],
  ])('%s is a serial date', (cell, date1904, expected) => expect(read(cell, { timezone: 'UTC', date1904 })).toBe(expected));

  it('of serial dates are rounded to the millisecond at any time of day', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 86_399_999 }), (ms) => {
        const serial = Number((42_366 + ms / 86_400_000).toPrecision(15));
        expect(parserFor([serial], { timezone: 'UTC' }).parse(serial)).toBe(BigInt(Date.UTC(2015, 11, 28) + ms) * 1_000_000n);
      }),
    );
  });

  it('of the other kind than the samples cannot be read', () => {
    expect(parserFor([1_500_000_000]).parse(42_366.5)).toBeUndefined();
    expect(parserFor([42_366.5], { timezone: 'UTC' }).parse('1500000000')).toBeUndefined();
    for (const value of [0, -5, Number.NaN, Number.POSITIVE_INFINITY, 1e30]) expect(parserFor([1_500_000_000]).parse(value)).toBeUndefined();
  });

  it('may be dates already', () => expect(read(new Date('2015-12-28T10:00:00Z'), { timezone: 'Asia/Singapore' })).toBe('2015-12-28T02:00:00Z'));
});

describe('errors', () => {
  it('a time without zone says how to name one', () => {
    for (const cell of ['28/12/2015 10:00:00 AM', 42_366.5, new Date(0)]) {
      const error = failure([null, cell]);
      expect(error.code).toBe('SOURCE_TIME');
      expect(error.message).toMatch(/has no zone \(plant\.csv\)\. .*--set source\.timezone=Asia\/Singapore/);
    }
    expect(failure(['2015-12-28 10:00:00']).message).toContain("'2015-12-28 10:00:00'");
  });

  it('an unknown zone, an unreadable and an empty column', () => {
    expect(failure(['2015-12-28 10:00:00'], { timezone: 'Asia/Singapur' }).message).toContain("no time zone 'Asia/Singapur'");
    expect(failure(['noon', 'later'], { timezone: 'UTC' }).message).toContain("cannot read the time 'noon'");
    expect(failure([null, ''], { timezone: 'UTC' }).message).toContain('the time column is empty');
    expect(failure([0, 1, 2], { timezone: 'UTC' }).message).toContain('cannot read the time 0');
  });

  it('one unreadable time among others is not', () => expect(parserFor(['noon', '2015-12-28T10:00:00Z']).parse('noon')).toBeUndefined());
});

describe('descriptions', () => {
  it.each([
    ['13/6/2017 4:23:37.961 PM', 'd/m/y 12-hour text, Asia/Singapore'],
    ['6/13/2017 16:23', 'm/d/y text, Asia/Singapore'],
    ['28-Dec-2015', 'd-month-y text, Asia/Singapore'],
    ['2015-12-28T10:00:00Z', 'ISO 8601 text, with zone'],
    [42_366.5, 'serial dates, Asia/Singapore'],
    [1_500_000_000_000, 'epoch in ms'],
  ])('%s', (cell, expected) => expect(parserFor([cell], { timezone: 'Asia/Singapore' }).description).toBe(expected));
});

describe('wall clocks', () => {
  const utc = (zone: string, local: string) => new Date(localToUtc(zone)(Date.parse(`${local}Z`))).toISOString();

  // Fixed by law: Berlin changed on 2021-03-28 02:00 -> 03:00 and 2021-10-31 03:00 -> 02:00, Lord Howe by half an hour
  // on 2021-10-03 02:00 -> 02:30 and 2021-04-04 02:00 -> 01:30; Samoa left out 2011-12-30.
  it.each([
    ['Asia/Singapore', '2015-12-28T10:00:00', '2015-12-28T02:00:00.000Z'],
    ['Europe/Berlin', '2021-01-01T00:00:00', '2020-12-31T23:00:00.000Z'],
    ['Europe/Berlin', '2021-07-01T00:00:00', '2021-06-30T22:00:00.000Z'],
    ['Europe/Berlin', '2021-03-28T01:59:59.999', '2021-03-28T00:59:59.999Z'],
    ['Europe/Berlin', '2021-03-28T03:00:00', '2021-03-28T01:00:00.000Z'],
    ['Europe/Berlin', '2021-10-31T01:59:59.999', '2021-10-30T23:59:59.999Z'],
    ['Europe/Berlin', '2021-10-31T03:00:00', '2021-10-31T02:00:00.000Z'],
    ['Australia/Lord_Howe', '2021-10-03T01:59:59', '2021-10-02T15:29:59.000Z'],
    ['Australia/Lord_Howe', '2021-10-03T02:30:00', '2021-10-02T15:30:00.000Z'],
    ['Asia/Kathmandu', '2020-06-01T05:45:00', '2020-06-01T00:00:00.000Z'],
    ['Pacific/Kiritimati', '2020-06-01T14:00:00', '2020-06-01T00:00:00.000Z'],
    ['Pacific/Apia', '2011-12-29T23:59:59', '2011-12-30T09:59:59.000Z'],
    ['Pacific/Apia', '2011-12-31T00:00:00', '2011-12-30T10:00:00.000Z'],
  ])('%s %s', (zone, local, expected) => expect(utc(zone, local)).toBe(expected));

  it('a time that the clock left out is read with the offset from before', () => {
    expect(utc('Europe/Berlin', '2021-03-28T02:00:00')).toBe('2021-03-28T01:00:00.000Z');
    expect(utc('Europe/Berlin', '2021-03-28T02:30:00')).toBe('2021-03-28T01:30:00.000Z');
    expect(utc('America/New_York', '2021-03-14T02:30:00')).toBe('2021-03-14T07:30:00.000Z');
  });

  it('a time that comes twice is the first one', () => {
    expect(utc('Europe/Berlin', '2021-10-31T02:00:00')).toBe('2021-10-31T00:00:00.000Z');
    expect(utc('Europe/Berlin', '2021-10-31T02:59:59')).toBe('2021-10-31T00:59:59.000Z');
    expect(utc('Australia/Lord_Howe', '2021-04-04T01:45:00')).toBe('2021-04-03T14:45:00.000Z');
  });

  it('agree with Intl in both directions', () => {
    const zones = ['Europe/Berlin', 'America/St_Johns', 'Africa/Casablanca', 'Asia/Tehran', 'America/Sao_Paulo'];
    for (const zone of zones) {
      const toUtc = localToUtc(zone);
      const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
      fc.assert(
        fc.property(fc.integer({ min: Date.UTC(1990, 0) / 1000, max: Date.UTC(2030, 0) / 1000 }), (second) => {
          const local = format.format(second * 1000).replace(' ', 'T');
          const back = format.format(toUtc(Date.parse(`${local}Z`))).replace(' ', 'T');
          expect(back).toBe(local);
        }),
      );
    }
  });

  it('know which zones there are', () => expect(['UTC', 'Asia/Singapore', 'Mars/Olympus', ''].map(isTimezone)).toEqual([true, true, false, false]));
});
