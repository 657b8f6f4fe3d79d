import { expect, test } from 'vitest';
import { timeLabels, timeMarks } from './time-marks.ts';

const at = (text: string) => Date.parse(text);

test("marks stand on round times of the zone's clock", () => {
  const { at: marks, step } = timeMarks(at('2015-12-28T01:50:00Z'), at('2015-12-28T13:10:00Z'), 6, 'Asia/Kolkata');
  expect(step).toBe(2 * 3_600_000);
  expect(timeLabels(marks, step, 'Asia/Kolkata')).toEqual(['08:00\n28 Dec 2015', '10:00', '12:00', '14:00', '16:00', '18:00']);
});

test('a new day shows its date', () => {
  const { at: marks, step } = timeMarks(at('2015-12-28T15:58:00Z'), at('2015-12-28T16:02:00Z'), 5, 'Asia/Singapore');
  expect(timeLabels(marks, step, 'Asia/Singapore')).toEqual(['23:58\n28 Dec 2015', '23:59', '00:00\n29 Dec 2015', '00:01', '00:02']);
});

test('over a change to summer time marks stay on whole hours, and ascend', () => {
  const { at: marks, step } = timeMarks(at('2024-03-30T20:00:00Z'), at('2024-03-31T08:00:00Z'), 6, 'Europe/Berlin');
  expect(timeLabels(marks, step, 'Europe/Berlin').map((label) => label.split('\n')[0])).toEqual([
    '22:00',
    '00:00',
    '03:00',
    '04:00',
    '06:00',
    '08:00',
    '10:00',
  ]);
  expect([...marks].sort((a, b) => a - b)).toEqual(marks);
});

test('the shortest and the longest ranges have marks too', () => {
  expect(timeLabels(timeMarks(0, 5, 6, 'UTC').at, 1, 'UTC')).toEqual([
    '00:00:00.000\n1 Jan 1970',
    '00:00:00.001',
    '00:00:00.002',
    '00:00:00.003',
    '00:00:00.004',
    '00:00:00.005',
  ]);
  const decade = timeMarks(at('2010-01-01T00:00:00Z'), at('2024-01-01T00:00:00Z'), 8, 'UTC');
  expect(decade.at.length).toBeGreaterThan(3);
  expect(decade.at.length).toBeLessThanOrEqual(9);
});
