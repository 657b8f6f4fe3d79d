import { expect, test } from 'vitest';
import { duration } from './duration.ts';

test.each([
  ['250ms', 250],
  ['30s', 30_000],
  [' 2 min ', 120_000],
  ['5m', 300_000],
  ['1.5h', 5_400_000],
  ['7d', 604_800_000],
  ['60 sec', 60_000],
  ['10min', 600_000],
  ['1w', 604_800_000],
])('%s', (text, milliseconds) => {
  expect(duration().parse(text)).toBe(milliseconds);
});

test.each(['', '30', '-5s', '1h30m', 's', '1e3s', 'soon'])('%s is refused with examples of what is allowed', (text) => {
  expect(() => duration().parse(text)).toThrow('such as 250ms, 30s, 5m, 1.5h or 7d');
});

test('a number is told to bring its unit', () => {
  expect(() => duration().parse(30)).toThrow('expected a span of time with its unit, such as 30s');
});

test('a default is written as in a file', () => {
  expect(duration().prefault('1m').parse(undefined)).toBe(60_000);
});
