import { describe, expect, it } from 'vitest';
import { formatBytes, formatCount, formatRate } from './numbers.ts';

describe('numbers', () => {
  it('have as many places as are worth reading', () => {
    expect([0, 0.014, 0.25, 60.19, 99.96, 8123.4].map(formatRate)).toEqual(['0', '0.01', '0.25', '60.2', '100.0', '8,123']);
    expect(formatCount(84210.4)).toBe('84,210');
    expect([0, 999, 1_500, 312_000_000, 999_600_000, 3.14e9, 5e15].map(formatBytes)).toEqual([
      '0 bytes',
      '999 bytes',
      '1.5 kB',
      '312 MB',
      '1.0 GB',
      '3.1 GB',
      '5000 TB',
    ]);
  });
});
