import { expect, test } from 'vitest';
import { freeId, idError, readSettings, settingsText, sliderRange } from './settings.ts';

const limits = { items: 1000, rate: { min: 1, max: 100, total: 10_000 }, pending: 100_000 };

test('what was typed is read, or every mistake is told', () => {
  expect(readSettings({ mean: '-1.5e2', variance: ' 4 ', rate: '100' }, limits)).toEqual({ settings: { mean: -150, variance: 4, rate: 100 } });
  expect(readSettings({ mean: '', variance: '-1', rate: '0.5' }, limits)).toEqual({
    errors: { mean: 'A number is needed.', variance: 'From 0 to 1e12.', rate: 'From 1 to 100 a second.' },
  });
  expect(readSettings({ mean: '1e13', variance: 'four', rate: '101' }, limits)).toEqual({
    errors: { mean: 'From −1e12 to 1e12.', variance: 'A number is needed.', rate: 'From 1 to 100 a second.' },
  });
  const settings = { mean: 10, variance: 0.25, rate: 5 };
  expect(readSettings(settingsText(settings), limits)).toEqual({ settings });
});

test('a slider reaches every value', () => {
  const usual = { from: -100, to: 100 };
  expect([20, 400, -300, Number.NaN].map((value) => sliderRange(value, usual))).toEqual([usual, { from: -100, to: 800 }, { from: -600, to: 100 }, usual]);
});

test('names of items', () => {
  expect(idError('pump-1.a_b', [])).toBeUndefined();
  expect(idError('pump 1', [])).toMatch(/Letters/);
  expect(idError('-1', [])).toMatch(/Letters/);
  expect(idError('a', ['a'])).toBe('There is an item a already.');
  expect(freeId(['item-1', 'item-3'])).toBe('item-2');
});
