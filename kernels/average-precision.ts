/** One point for each different score, largest first: what the rows from that score on are. */
export interface PrecisionRecallCurve {
  readonly thresholds: Float64Array;
  /** Rows that score at least the threshold, and how many of them are positive. */
  readonly flagged: Float64Array;
  readonly hits: Float64Array;
  /** Positive rows and rows in all, those without a score among them. */
  readonly positives: number;
  readonly rows: number;
}

/**
 * What every threshold there is flags: rows that score at least as much. Rows that tie are flagged together. A row without a score
 * (NaN) is flagged by none.
 *
 * @param labels 1 = positive, anything else = negative; as long as the scores
 * @example
 * precisionRecallCurve(Float64Array.of(1, 3, 2, 2), Int8Array.of(0, 1, 1, 0)).flagged; // Float64Array [ 1, 3, 4 ]
 */
export function precisionRecallCurve(scores: Float64Array, labels: Int8Array): PrecisionRecallCurve {
  const positive = scores.filter((score, row) => labels[row] === 1 && !Number.isNaN(score)).sort();
  const negative = scores.filter((score, row) => labels[row] !== 1 && !Number.isNaN(score)).sort();
  const thresholds = new Float64Array(positive.length + negative.length);
  const flagged = new Float64Array(thresholds.length);
  const hits = new Float64Array(thresholds.length);
  let points = 0;
  let p = positive.length;
  let n = negative.length;
  while (p > 0 || n > 0) {
    const threshold = n === 0 || (p > 0 && positive[p - 1] > negative[n - 1]) ? positive[p - 1] : negative[n - 1];
    while (p > 0 && positive[p - 1] === threshold) p--;
    while (n > 0 && negative[n - 1] === threshold) n--;
    thresholds[points] = threshold;
    hits[points] = positive.length - p;
    flagged[points] = hits[points] + negative.length - n;
    points++;
  }
  return {
    thresholds: thresholds.slice(0, points),
    flagged: flagged.slice(0, points),
    hits: hits.slice(0, points),
    positives: labels.reduce((count, label) => count + (label === 1 ? 1 : 0), 0),
    rows: scores.length,
  };
}

/**
 * Average precision, the area under the precision-recall curve without interpolation: sum over the thresholds, largest first, of
 * (R_k - R_(k-1)) P_k with recall R and precision P (Zhu 2004, Recall, precision and average precision, University of Waterloo; what
 * scikit-learn's average_precision_score computes). Rows that tie count as flagged together; rows without a score (NaN) tie below all.
 *
 * @param labels 1 = positive, anything else = negative; as long as the scores
 * @returns in (0, 1]; NaN when no row is positive
 * @example
 * averagePrecision(Float64Array.of(0.1, 0.4, 0.35, 0.8), Int8Array.of(0, 0, 1, 1)); // 0.833333333333
 */
export function averagePrecision(scores: Float64Array, labels: Int8Array): number {
  const { flagged, hits, positives, rows } = precisionRecallCurve(scores, labels);
  let area = 0;
  let before = 0;
  for (let point = 0; point < flagged.length; point++) {
    area += ((hits[point] - before) / positives) * (hits[point] / flagged[point]);
    before = hits[point];
  }
  return area + ((positives - before) / positives) * (positives / rows);
}
