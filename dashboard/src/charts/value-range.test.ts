import fc from 'fast-check';
import { expect, test } from 'vitest';
import { axisNumbers, numberText } from './number-text.ts';
import { valueRange } from './value-range.ts';

test('all values and levels are in sight', () => {
  fc.assert(
    fc.property(
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
      fc.double({ min: 0, max: 1e9, noNaN: true }),
      fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true })),
      (min, size, levels) => {
        const [low, high] = valueRange(min, min + size, levels, false);
        const all = [min, min + size, ...levels];
        expect(low).toBeLessThanOrEqual(Math.min(...all));
        expect(high).toBeGreaterThanOrEqual(Math.max(...all));
        expect(high).toBeGreaterThan(low);
      },
    ),
  );
});

test('powers of ten leave out what is not above 0', () => {
  const [low, high] = valueRange(-5, 300, [20], true);
  expect(low).toBeGreaterThan(0);
  expect(low).toBeLessThan(20);
  expect(high).toBeGreaterThan(300);
  expect(valueRange(null, null, [], true)).toEqual([0.1, 10]);
});

test('readings for people', () => {
  expect([0, 523.104567, 0.0312, 1_234_567, 12_345_678, -1e-6, null, Number.NaN].map(numberText)).toEqual([
    '0',
    '523.1',
    '0.0312',
    '1234567',
    '1.23e7',
    '−1.00e−6',
    '–',
    '–',
  ]);
  expect(axisNumbers([0, 0.5, 1], 0.5)).toEqual(['0.0', '0.5', '1.0']);
  expect(axisNumbers([0, 2.5, 5], 2.5)).toEqual(['0.0', '2.5', '5.0']);
  expect(axisNumbers([-200, 0, 200], 200)).toEqual(['−200', '0', '200']);
});
