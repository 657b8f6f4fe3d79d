/** Bins of the same width over a range of values. */
export interface EqualBins {
  readonly least: number;
  readonly width: number;
  readonly count: number;
  /** One more than bins. */
  readonly edges: Float64Array;
}

/**
 * Bins from the least to the greatest value; where both are one value, it lies in the middle of them.
 * @example
 * Array.from(equalBins(0, 10, 4).edges); // [0, 2.5, 5, 7.5, 10]
 * Array.from(equalBins(7, 7, 2).edges); // [6.5, 7, 7.5]
 */
export function equalBins(least: number, greatest: number, count: number): EqualBins {
  const room = least === greatest ? Math.max(0.5, Math.abs(least) * 2 ** -40) : 0;
  // Of 0 and -0 either may be the least.
  const [low, high] = [least - room + 0, greatest + room + 0];
  // Not the difference: it may be out of a double's range.
  const width = high / count - low / count;
  const edges = Float64Array.from({ length: count + 1 }, (_, i) => (i === count ? high : low + width * i));
  return { least: low, width, count, edges };
}

/**
 * The bin of a value inside the range.
 * @example
 * [0, 2.5, 10].map((value) => binOf(equalBins(0, 10, 4), value)); // [0, 1, 3]
 */
export function binOf({ least, width, count }: EqualBins, value: number): number {
  return Math.min(count - 1, Math.floor((value - least) / width));
}
