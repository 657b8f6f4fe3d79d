import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { splitTraining } from './train.ts';

describe('splitTraining', () => {
  it('fits on 70 %, leaves a gap of 5 % and calibrates on the rest', () => {
    expect(splitTraining(3600, 'split')).toEqual({ fit: 2520, calibration: 2700 });
  });

  it('keeps fit and calibration rows apart, in time and altogether', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_000_000 }), (rows) => {
        const { fit, calibration } = splitTraining(rows, 'split');
        expect(fit).toBeLessThanOrEqual(calibration);
        expect(calibration).toBeLessThan(rows);
        expect(calibration - fit).toBe(Math.floor(rows * 0.05));
      }),
    );
  });

  it('uses all rows for both when asked to, for comparisons', () => {
    expect(splitTraining(400, 'none')).toEqual({ fit: 400, calibration: 0 });
  });
});
