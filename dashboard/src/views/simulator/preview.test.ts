import { expect, test } from 'vitest';
import { previewOf } from './preview.ts';

const calm = { mean: 10, variance: 0 };
const laidOver = (anomaly: Parameters<typeof previewOf>[0], settings = calm) => {
  const { plain, altered, start, length } = previewOf(anomaly, settings);
  expect(altered.slice(0, start)).toEqual(plain.slice(0, start));
  expect(altered.slice(start + length)).toEqual(plain.slice(start + length));
  return altered.slice(start, start + length);
};

test('shapes of a signal without noise', () => {
  expect(laidOver({ shape: 'spike', size: 6, length: 5 })).toEqual([12, 14, 16, 14, 12]);
  expect(laidOver({ shape: 'step', size: 2, length: 3 })).toEqual([12, 12, 12]);
  expect(laidOver({ shape: 'ramp', size: 4, length: 4 })).toEqual([11, 12, 13, 14]);
  expect(laidOver({ shape: 'drop', size: 4, length: 4 })).toEqual([6, 7, 8, 9]);
  expect(laidOver({ deltas: [1, -1] })).toEqual([11, 9]);
});

test('a stuck signal keeps the value before it; noise makes it restless', () => {
  const { altered, start } = previewOf({ shape: 'stuck', size: 0, length: 3 }, { mean: 10, variance: 4 });
  expect(new Set(altered.slice(start - 1, start + 3)).size).toBe(1);
  expect(new Set(laidOver({ shape: 'noise', size: 1, length: 20 })).size).toBe(20);
});

test('the drawing is the same each time', () => {
  const draw = () => previewOf({ shape: 'noise', size: 1, length: 50 }, { mean: 0, variance: 1 });
  expect(draw()).toEqual(draw());
});
