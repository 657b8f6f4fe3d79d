import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRecord, encodeRecord } from '../core/record.ts';
import { type Calibration, fitCalibration, gradeOf, judge, logScoreOf, statusOf } from './calibration.ts';
import fixed from './thresholds/fixed.ts';
import quantile from './thresholds/quantile.ts';

const at = (q: number) => ({ definition: quantile, options: { q } });
const level = (value: number) => ({ definition: fixed, options: { level: value } });
const ramp = Float64Array.from({ length: 101 }, (_, i) => i + 1);
const verdict = (score: number, calibration: Calibration) => [statusOf(score, calibration), gradeOf(score, calibration)];

describe('fitCalibration', () => {
  it('takes the median and the levels, and how they came about', () => {
    expect(fitCalibration(ramp, at(0.9), level(400))).toMatchObject({
      median: 51,
      warn: 91,
      error: 400,
      warnMethod: 'quantile 0.9 of 101 rows',
      errorMethod: 'fixed 400',
    });
  });

  it('does not mind the order, nor rows without a score', () => {
    const mixed = Float64Array.from([Number.NaN, ...[...ramp].reverse(), Number.NaN]);
    expect(fitCalibration(mixed, at(0.9), at(0.99))).toEqual(fitCalibration(ramp, at(0.9), at(0.99)));
    expect(mixed[1]).toBe(101);
  });

  it('raises an error level that lies below the warn level, and says so', () => {
    const calibration = fitCalibration(ramp, at(0.99), level(60));
    expect(calibration.error).toBe(calibration.warn);
    expect(calibration.errorMethod).toBe('fixed 60, raised to the warn level');
  });

  it('refuses rows none of which has a score', () => {
    expect(() => fitCalibration(Float64Array.of(Number.NaN, Number.NaN), at(0.9), at(0.99))).toThrow(/none of the 2 calibration rows has a score/);
    expect(() => fitCalibration(new Float64Array(0), at(0.9), at(0.99))).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT' }));
  });

  it('is plain data that a record holds', () => {
    const calibration = fitCalibration(ramp, at(0.9), at(0.99));
    expect(decodeRecord(encodeRecord('calibration', calibration), 'calibration')).toEqual(calibration);
  });
});

describe('grade and status', () => {
  const calibration = fitCalibration(ramp, level(71), level(111));

  it('by hand: 0 to the median, 0.5 at the warn level, 1 at the error level, straight lines between', () => {
    expect([0, 51, 61, 71, 91, 111, 1e9].map((score) => gradeOf(score, calibration))).toEqual([0, 0, 0.25, 0.5, 0.75, 1, 1]);
    expect([0, 51, 70.9, 71, 110.9, 111, 1e9].map((score) => statusOf(score, calibration))).toEqual([1, 1, 1, 0, 0, -1, -1]);
  });

  it('without a score there is neither', () => {
    expect(verdict(Number.NaN, calibration)).toEqual([2, Number.NaN]);
  });

  it('calibration scores that are all zero flag what is not zero, and only that', () => {
    const zeros = fitCalibration(new Float64Array(500), at(0.99), at(0.9999));
    expect(verdict(0, zeros)).toEqual([1, 0]);
    expect(verdict(1e-9, zeros)).toEqual([-1, 1]);
  });

  it('calibration scores that are all equal flag what is above them, and only that', () => {
    const equal = fitCalibration(new Float64Array(500).fill(0.1), at(0.99), at(0.9999));
    expect(verdict(0.1, equal)).toEqual([1, 0]);
    expect(verdict(0.11, equal)).toEqual([-1, 1]);
    expect(verdict(0.09, equal)).toEqual([1, 0]);
  });

  it('flags from a fixed level on, also where most of the calibration rows lie above it', () => {
    const low = fitCalibration(ramp, level(10), level(20));
    expect([9.9, 10, 15, 20, 51].map((score) => verdict(score, low))).toEqual([
      [1, 0],
      [0, 0.5],
      [0, 0.75],
      [-1, 1],
      [-1, 1],
    ]);
  });

  it("a count of broken constants: none is fine, one is an error, with constant-broken's levels", () => {
    const counts = fitCalibration(new Float64Array(300), level(0.5), level(1));
    expect([0, 1, 2].map((score) => verdict(score, counts))).toEqual([
      [1, 0],
      [-1, 1],
      [-1, 1],
    ]);
  });

  it('grade never falls as the score rises, and says the same as the status', () => {
    const positive = fc.double({ min: 1e-6, max: 1e6, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(positive, { minLength: 1, maxLength: 30 }),
        positive,
        positive,
        fc.array(positive, { minLength: 2 }),
        (scores, warn, error, probes) => {
          const any = fitCalibration(Float64Array.from(scores), level(warn), level(error));
          let before = 0;
          for (const score of [...probes, any.median, any.warn, any.error].sort((a, b) => a - b)) {
            const grade = gradeOf(score, any);
            expect(grade).toBeGreaterThanOrEqual(before);
            expect(grade).toBeLessThanOrEqual(1);
            expect(statusOf(score, any)).toBe(statusOf(grade, { warn: 0.5, error: 1 }));
            before = grade;
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  it('says the same just below a level as its status does', () => {
    const tight = fitCalibration(Float64Array.of(1), level(1 + 1e-15), level(1 + 3e-15));
    for (let score = 1; score < 1 + 4e-15; score += Number.EPSILON) {
      expect(statusOf(gradeOf(score, tight), { warn: 0.5, error: 1 })).toBe(statusOf(score, tight));
    }
  });
});

describe('logScoreOf', () => {
  it('by hand: 0 at the median, 1 at the error level, logarithmic between and beyond', () => {
    const calibration = fitCalibration(Float64Array.of(1, 2, 4), level(4), level(8));
    expect([2, 4, 8, 32, 1].map((score) => logScoreOf(score, calibration))).toEqual([0, 0.5, 1, 2, -0.5].map((x) => expect.closeTo(x, 14)));
  });

  it('does not depend on the unit of the score', () => {
    const one = fitCalibration(ramp, at(0.9), at(0.99));
    const kilo = fitCalibration(
      ramp.map((score) => 1000 * score),
      at(0.9),
      at(0.99),
    );
    for (const score of [0, 1, 30, 51, 99, 400]) expect(logScoreOf(1000 * score, kilo)).toBeCloseTo(logScoreOf(score, one), 9);
  });

  it('is bounded: a silent detector outweighs one at its error level, a deafening one stays finite', () => {
    const calibration = fitCalibration(ramp, at(0.9), at(0.99));
    expect(logScoreOf(0, calibration)).toBe(-1);
    expect(logScoreOf(Number.MAX_VALUE, calibration)).toBe(30);
  });

  it('is 0 for what is usual and 30 for the rest where calibration was all zero', () => {
    const zeros = fitCalibration(new Float64Array(500), at(0.9), at(0.99));
    expect([0, 1e-9, 5].map((score) => logScoreOf(score, zeros))).toEqual([0, 30, 30]);
  });

  it('grows steadily above scores that were all equal', () => {
    const equal = fitCalibration(new Float64Array(500).fill(3), at(0.9), at(0.99));
    expect(logScoreOf(3, equal)).toBe(0);
    expect(logScoreOf(3 * Math.exp(0.02), equal)).toBeCloseTo(2, 9);
  });

  it('is -1 to 30 and never falls, whatever was calibrated on', () => {
    const score = fc.double({ min: 0, max: 1e300, noNaN: true });
    fc.assert(
      fc.property(fc.array(score, { minLength: 1, maxLength: 20 }), fc.array(score, { minLength: 2, maxLength: 20 }), (scores, probes) => {
        const any = fitCalibration(Float64Array.from(scores), at(0.9), at(0.99));
        let before = -1;
        for (const probe of probes.sort((a, b) => a - b)) {
          const log = logScoreOf(probe, any);
          expect(log).toBeGreaterThanOrEqual(before);
          expect(log).toBeLessThanOrEqual(30);
          before = log;
        }
        expect(logScoreOf(Number.NaN, any)).toBeNaN();
      }),
    );
  });
});

describe('judge', () => {
  it('fills the columns of the rows it is given, and no others', () => {
    const calibration = fitCalibration(ramp, at(0.9), at(0.99));
    const scores = Float64Array.of(10, 95, Number.NaN, 1000);
    const out = { grade: new Float64Array(4).fill(7), status: new Int8Array(4).fill(7), logScore: new Float64Array(4).fill(7) };
    judge(scores, 3, calibration, out);
    for (let row = 0; row < 3; row++) {
      expect([out.status[row], out.grade[row], out.logScore[row]]).toEqual([...verdict(scores[row], calibration), logScoreOf(scores[row], calibration)]);
    }
    expect([out.status[3], out.grade[3], out.logScore[3]]).toEqual([7, 7, 7]);
  });
});
