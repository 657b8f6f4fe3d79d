import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatClock, formatDateTime, formatDay, formatDuration, fromField, iso, offsetLabel, toField, zoneLabel } from './time.ts';

const morning = '2015-12-28T10:00:05.250Z';
const zones = ['UTC', 'Asia/Singapore', 'America/St_Johns', 'Australia/Lord_Howe', 'Europe/Berlin', 'Asia/Kathmandu'];

describe('times', () => {
  it("stand by the zone's clock", () => {
    expect(formatDateTime(morning, 'Asia/Singapore')).toBe('28 Dec 2015, 18:00:05');
    expect(formatDateTime(Date.parse(morning), 'UTC')).toBe('28 Dec 2015, 10:00:05');
    expect(formatClock(morning, 'Asia/Singapore')).toBe('18:00:05');
    expect(formatClock(morning, 'Asia/Singapore', { milliseconds: true })).toBe('18:00:05.250');
    expect(formatClock('2015-12-28T16:00:00Z', 'Asia/Singapore')).toBe('00:00:00');
    expect(formatDay('2015-12-28T16:00:00Z', 'Asia/Singapore')).toBe('29 Dec 2015');
  });

  it('name their zone and how far it is from UTC at that time', () => {
    expect(zoneLabel(morning, 'Asia/Singapore')).toBe('Asia/Singapore (UTC+8)');
    expect(zoneLabel(morning, 'UTC')).toBe('UTC');
    expect(offsetLabel('2024-01-15T00:00:00Z', 'America/St_Johns')).toBe('UTC−3:30');
    expect(offsetLabel('2024-07-15T00:00:00Z', 'America/St_Johns')).toBe('UTC−2:30');
    expect(zoneLabel('2024-07-15T00:00:00Z', 'Europe/Berlin')).toBe('Europe/Berlin (UTC+2)');
  });

  it('go into a field and come back', () => {
    expect(toField(morning, 'Asia/Singapore')).toBe('2015-12-28T18:00:05');
    expect(iso(fromField('2015-12-28T18:00:05', 'Asia/Singapore')!)).toBe('2015-12-28T10:00:05.000Z');
    expect(fromField('2015-12-28T18:00', 'Asia/Singapore')).toBe(Date.parse('2015-12-28T10:00:00Z'));
    expect(fromField('', 'UTC')).toBeUndefined();
    const seconds = fc.integer({ min: Date.UTC(1971, 0) / 1000, max: Date.UTC(2099, 0) / 1000 });
    fc.assert(
      fc.property(seconds, fc.constantFrom(...zones), (second, zone) => {
        const field = toField(second * 1000, zone);
        // In the hour that the clock shows twice, both times read the same.
        expect(toField(fromField(field, zone)!, zone)).toBe(field);
      }),
    );
  });

  it('last as long as people say', () => {
    expect([0, 250, 1_000, 59_600, 125_000, 3_600_000, 3_605_000, 7_500_000, 200_000_000].map(formatDuration)).toEqual([
      '0 s',
      '0.25 s',
      '1 s',
      '1 min',
      '2 min 5 s',
      '1 h',
      '1 h',
      '2 h 5 min',
      '2 d 7 h',
    ]);
  });
});
