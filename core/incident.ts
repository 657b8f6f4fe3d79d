/** A stretch of time in which a detector or combination stayed flagged. */
export interface Incident {
  /** Hash of stream, detector and start: the same incident has the same id in every run. */
  readonly id: string;
  readonly stream: string;
  readonly detector: string;
  /** Time of the first flagged row. */
  readonly start: bigint;
  /** Time of the last flagged row so far. */
  readonly end: bigint;
  readonly open: boolean;
  /** Flagged rows. */
  readonly rows: number;
  readonly peakTime: bigint;
  readonly peakScore: number;
  readonly peakGrade: number;
  /** Detectors that were flagged at the peak: why. For a single detector, itself. */
  readonly causes: readonly string[];
  /** Signed shares of all tags at the peak, in schema order; empty when unknown. Magnitudes sum to 1. */
  readonly contributions: Float64Array;
}
