/** What a detector or combination says of a row. */
export const Status = { error: -1, warning: 0, ok: 1, undefined: 2 } as const;
export type Status = (typeof Status)[keyof typeof Status];

/**
 * Flagged = warning or error.
 * @example
 * [Status.error, Status.warning, Status.ok, Status.undefined].map(isFlagged); // [true, true, false, false]
 */
export function isFlagged(status: number): boolean {
  return status <= Status.warning;
}

export const topContributions = 5;

/** Verdicts of one detector over the rows of one batch, as columns. */
export interface Verdicts {
  readonly detector: string;
  /** Raw score, >= 0, higher = worse; NaN = undefined. */
  readonly score: Float64Array;
  /** 0 at the calibration median, 0.5 at the warn level, 1 at the error level and beyond; NaN = undefined. */
  readonly grade: Float64Array;
  readonly status: Int8Array;
  readonly contributions: Contributions;
}

/**
 * For flagged rows only: the five tags that carry most of the score and what the others carry together.
 * A share's magnitude is its part of the score (all magnitudes of a row, rest included, sum to 1); its sign says
 * whether the tag is above (+) or below (-) what was expected.
 */
export interface Contributions {
  /** Index of each explained row in its batch, increasing. */
  readonly rows: number[];
  /** `topContributions` tag indices per explained row, largest share first; -1 = none. */
  readonly tags: number[];
  readonly shares: number[];
  /** Per explained row: the sum of magnitudes outside the top. */
  readonly rest: number[];
}

/** The level a detector is held to from a row on; stored on change only. */
export interface ThresholdLevels {
  readonly stream: string;
  readonly detector: string;
  /** From this row time on. */
  readonly time: bigint;
  readonly warn: number;
  readonly error: number;
  /** The calibration median: grade 0. */
  readonly median: number;
  /** How the levels came about, e.g. `quantile 0.99 of 1080 rows`. */
  readonly method: string;
  readonly model: string;
}
