import type { ThresholdDefinition } from '../core/component.ts';
import { SluiceError } from '../core/errors.ts';
import type { ComponentConfig } from '../core/pipeline-config.ts';
import { Status } from '../core/verdict.ts';
import { quantile } from '../kernels/quantile.ts';

/**
 * What a detector's scores mean: the levels they are held to, learned on calibration rows that the detector was not
 * fitted on. Plain data, saved with the model.
 */
export type Calibration = {
  /** Median of the calibration scores: grade 0. */
  readonly median: number;
  /** From this score on a row is a warning: grade 0.5. */
  readonly warn: number;
  /** From this score on it is an error: grade 1. Never below `warn`. */
  readonly error: number;
  /** Scores below this are taken as this before their logarithm. */
  readonly logFloor: number;
  /** Logarithm of the median, and how much larger that of the error level is. */
  readonly logMedian: number;
  readonly logScale: number;
  /** How the levels came about. */
  readonly warnMethod: string;
  readonly errorMethod: string;
  /** Calibration rows that it would take to tell a level; absent where there were enough. */
  readonly warnWants?: number;
  readonly errorWants?: number;
};

/** A threshold with the options it is fitted with. */
export interface ThresholdChoice {
  readonly definition: ThresholdDefinition;
  readonly options: ComponentConfig['options'];
}

/** Verdict columns over the rows of a batch. */
export interface Judged {
  readonly grade: Float64Array;
  readonly status: Int8Array;
  readonly logScore: Float64Array;
}

/** Part of the error level below which a score counts as nothing: log(0) must not drown what other detectors say. */
const smallestPart = 1e-3;
/** A median and an error level closer than 1 % count as 1 % apart, or the smallest rise would be beyond all measure. */
const leastLogScale = 0.01;
/** Log scores end here: a quiet detector outweighs one at its error level, and no more; a loud one stays finite. */
const quietest = -1;
const loudest = 30;

/**
 * Levels and scales from calibration scores in any order; NaN (no memory yet) is left out. An error level below the
 * warn level is raised to it.
 *
 * @throws TRAINING_UNFIT when no score is left
 */
export function fitCalibration(scores: Float64Array, warn: ThresholdChoice, error: ThresholdChoice): Calibration {
  const sorted = scores.filter((score) => Number.isFinite(score)).sort();
  if (sorted.length === 0) {
    throw new SluiceError('TRAINING_UNFIT', `none of the ${scores.length} calibration rows has a score`, { fix: 'Train on more rows.' });
  }
  const warned = warn.definition.fit(sorted, warn.options);
  const failed = error.definition.fit(sorted, error.options);
  const raised = failed.level < warned.level;
  const level = raised ? warned.level : failed.level;
  const median = quantile(sorted, 0.5);
  const logFloor = Math.max(Number.MIN_VALUE, level * smallestPart);
  const logMedian = Math.log(Math.max(logFloor, median));
  return {
    median,
    warn: warned.level,
    error: level,
    logFloor,
    logMedian,
    logScale: Math.max(leastLogScale, Math.log(Math.max(logFloor, level)) - logMedian),
    warnMethod: warned.method,
    errorMethod: raised ? `${failed.method}, raised to the warn level` : failed.method,
    ...(warned.wants === undefined ? {} : { warnWants: warned.wants }),
    ...(failed.wants === undefined ? {} : { errorWants: failed.wants }),
  };
}

/**
 * Error from the error level on, warning from the warn level on, undefined without a score.
 * @example
 * statusOf(2.5, { warn: 2, error: 3 }); // 0
 */
export function statusOf(score: number, { warn, error }: Pick<Calibration, 'warn' | 'error'>): Status {
  if (score >= error) return Status.error;
  if (score >= warn) return Status.warning;
  return Number.isNaN(score) ? Status.undefined : Status.ok;
}

/**
 * How bad a score is, on one scale for all detectors: 0 up to the calibration median, 0.5 at the warn level, 1 at the
 * error level and beyond, straight lines between; never falling as the score rises. At least 0.5 exactly where the
 * status is a warning, 1 exactly where it is an error, also where a level lies below the median; NaN without a score.
 * @example
 * gradeOf(2.5, { median: 1, warn: 2, error: 3 }); // 0.75
 */
export function gradeOf(score: number, { median, warn, error }: Pick<Calibration, 'median' | 'warn' | 'error'>): number {
  if (score >= error) return 1;
  if (score >= warn) return Math.min(largestBelow1, 0.5 + 0.5 * part(score, warn, error));
  if (Number.isNaN(score)) return Number.NaN;
  return score <= median ? 0 : Math.min(largestBelowHalf, 0.5 * part(score, median, warn));
}

/**
 * The score's logarithm on one scale for all detectors: 0 at the calibration median, 1 at the error level, without an upper end;
 * scores below a thousandth of the error level are taken as that. Rises with the score; NaN without one.
 * @example
 * calibratedScoreOf(4, { logFloor: 0.001, logMedian: Math.log(1), logScale: Math.log(2) }); // 2
 */
export function calibratedScoreOf(score: number, { logFloor, logMedian, logScale }: Pick<Calibration, 'logFloor' | 'logMedian' | 'logScale'>): number {
  return Number.isNaN(score) ? Number.NaN : (Math.log(Math.max(logFloor, score)) - logMedian) / logScale;
}

/**
 * The calibrated score kept within [-1, 30], as members of a fusion count; NaN without a score.
 * @example
 * logScoreOf(4, { logFloor: 0.001, logMedian: Math.log(1), logScale: Math.log(2) }); // 2
 */
export function logScoreOf(score: number, calibration: Pick<Calibration, 'logFloor' | 'logMedian' | 'logScale'>): number {
  return Math.min(loudest, Math.max(quietest, calibratedScoreOf(score, calibration)));
}

/** Fills grade, status and log score of the first `rows` scores. */
export function judge(scores: Float64Array, rows: number, calibration: Calibration, out: Judged): void {
  for (let row = 0; row < rows; row++) {
    out.grade[row] = gradeOf(scores[row], calibration);
    out.status[row] = statusOf(scores[row], calibration);
    out.logScore[row] = logScoreOf(scores[row], calibration);
  }
}

const largestBelow1 = 1 - Number.EPSILON / 2;
const largestBelowHalf = largestBelow1 / 2;

/** Where x lies between from and to, 0 to 1. */
function part(x: number, from: number, to: number): number {
  return (x - from) / (to - from);
}
