import { describe, expect, test } from 'vitest';
import { formatTime } from '../core/time.ts';
import { timeOption } from './time-option.ts';

const shown = (text: string, zone?: string): string => formatTime(timeOption('--from', text, zone) as bigint);

describe('in the zone of the pipeline', () => {
  test.each([
    ['2015-12-28T10:00:00', 'Asia/Singapore', '2015-12-28T02:00:00Z'],
    ['2015-12-28 10:00', 'Asia/Singapore', '2015-12-28T02:00:00Z'],
    ['2015-12-28', 'Asia/Singapore', '2015-12-27T16:00:00Z'],
    ['2015-12-28T10:00:00.123456789', 'Asia/Singapore', '2015-12-28T02:00:00.123456789Z'],
    ['1969-12-31T10:00:00.123456789', 'Asia/Kolkata', '1969-12-31T04:30:00.123456789Z'],
    ['2024-07-01', 'Europe/Berlin', '2024-06-30T22:00:00Z'],
    ['2024-03-31T02:30:00', 'Europe/Berlin', '2024-03-31T01:30:00Z'],
    ['2024-02-29', 'UTC', '2024-02-29T00:00:00Z'],
  ])('%s in %s', (text, zone, utc) => expect(shown(text, zone)).toBe(utc));

  test('a zone of its own counts', () => expect(shown('2015-12-28T10:00:00+01:00', 'Asia/Singapore')).toBe('2015-12-28T09:00:00Z'));
});

test('nothing given is nothing', () => expect(timeOption('--to', undefined, 'UTC')).toBeUndefined());

test('without a zone anywhere the error shows how to write it', () => {
  expect(() => timeOption('--from', '2015-12-28', undefined)).toThrow(/'2015-12-28' has no zone.*2015-12-28T00:00:00Z.*source\.timezone/);
});

test.each(['noon', '2015-13-01', '2023-02-29', '2015-12-28T25:00:00', '28.12.2015', ''])('%j is no time', (text) => {
  expect(() => timeOption('--to', text, 'UTC')).toThrow(/--to '.*' is no time/);
});
