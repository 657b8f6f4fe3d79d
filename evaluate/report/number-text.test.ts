import { describe, expect, it } from 'vitest';
import { amountText, counted, durationText, nothing, percent, percentText, ratio, timeText } from './number-text.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('figures as people read them', () => {
  it.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.5, '50.0 %'],
    [0.0123, '1.23 %'],
    [0.00001, '< 0.01 %'],
    [Number.NaN, '–'],
  ])('a share of %d is %s', (share, text) => {
    expect(plain(percentText(share))).toBe(text);
  });

  it.each([
    [0, '0 s'],
    [3.6, '3.6 s'],
    [119, '119 s'],
    [120, '2 min'],
    [7200, '2 h'],
    [172_800, '2 d'],
    [Number.NaN, '–'],
  ])('%d seconds are %s', (seconds, text) => {
    expect(plain(durationText(seconds))).toBe(text);
  });

  it.each([
    [0, '0.00'],
    [-0.456, '-0.46'],
    [12.34, '12.3'],
    [1234.5, '1,235'],
    [Number.POSITIVE_INFINITY, '–'],
    [2e7, '2.0e+7'],
  ])('an amount of %d is %s', (x, text) => {
    expect(amountText(x)).toBe(text);
  });

  it('what is not defined is a dash to see and words to hear', () => {
    expect(ratio(Number.NaN)).toBe(nothing);
    expect(percent(Number.NaN)).toBe(nothing);
    expect(nothing.toString()).toContain('not defined');
  });

  it('counts one row and many', () => {
    expect([counted(1, 'row'), counted(0, 'row'), counted(10_200, 'row')]).toEqual(['1 row', '0 rows', '10,200 rows']);
  });

  it('keeps a fraction of a second that is one', () => {
    expect([timeText('2015-12-28T03:10:00.000000000Z'), timeText('2015-12-28T03:10:00.250Z')]).toEqual(['2015-12-28T03:10:00Z', '2015-12-28T03:10:00.250Z']);
  });
});
