import { expect, test } from 'vitest';
import { moved, scaled } from './time-zoom.ts';

const whole = { from: 0, to: 100_000 };

test('zooms around a point, and never out of the whole or below a second', () => {
  expect(scaled({ from: 40_000, to: 60_000 }, 0.5, whole)).toEqual({ from: 45_000, to: 55_000 });
  expect(scaled({ from: 40_000, to: 60_000 }, 0.5, whole, 0)).toEqual({ from: 40_000, to: 50_000 });
  expect(scaled({ from: 0, to: 20_000 }, 2, whole)).toEqual({ from: 0, to: 40_000 });
  expect(scaled({ from: 40_000, to: 60_000 }, 100, whole)).toEqual(whole);
  expect(scaled({ from: 500, to: 1_600 }, 0.01, whole, 0)).toEqual({ from: 500, to: 1_500 });
});

test('moves by a share of its length up to the edge, keeping its length', () => {
  expect(moved({ from: 40_000, to: 60_000 }, 0.5, whole)).toEqual({ from: 50_000, to: 70_000 });
  expect(moved({ from: 70_000, to: 90_000 }, 1, whole)).toEqual({ from: 80_000, to: 100_000 });
  expect(moved({ from: 5_000, to: 25_000 }, -1, whole)).toEqual({ from: 0, to: 20_000 });
});
