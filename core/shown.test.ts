import { describe, expect, test } from 'vitest';
import { printable, showScore, showShare, showValue } from './shown.ts';

describe('numbers', () => {
  test.each([
    [2.232091, '2.232'],
    [12.5, '12.5'],
    [0, '0'],
    [123456, '123500'],
    [Number.NaN, ''],
    [Number.POSITIVE_INFINITY, 'Infinity'],
    [1.23456e-9, '1.235e-9'],
  ])('score %d is shown as %j', (score, shown) => expect(showScore(score)).toBe(shown));

  test.each([
    [1.3753133333333334, '1.37531'],
    [0.1 + 0.2, '0.3'],
    [-0, '0'],
    [123456.7, '123457'],
    [999999.96, '1000000'],
    [-1234567.8, '-1234568'],
    [987654321012, '987654321012'],
    [1.23456789e300, '1.23457e+300'],
    [5e-324, '5e-324'],
    [Number.NaN, ''],
  ])('value %d is shown as %j', (value, shown) => expect(showValue(value)).toBe(shown));
});

test.each([
  [0.364, 'A ↑ 36 %'],
  [-0.25, 'A ↓ 25 %'],
  [0.004, 'A ↑ < 1 %'],
  [-1, 'A ↓ 100 %'],
])('a share of %d', (share, shown) => expect(showShare({ tag: 'A', share })).toBe(shown));

test('names from files cannot steer a terminal', () => {
  expect(printable('a\u001b[31mb\nc')).toBe('a\ufffd[31mb\ufffdc');
  expect(showShare({ tag: 'x\u0007', share: 1 })).toBe('x\ufffd ↑ 100 %');
  expect(printable('Pégase 温度')).toBe('Pégase 温度');
});
