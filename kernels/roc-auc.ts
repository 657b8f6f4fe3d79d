/**
 * Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting half
 * (Hanley and McNeil 1982, doi:10.1148/radiology.143.1.7063747; computed from mid-ranks as the Mann-Whitney U).
 *
 * @param scores rows with a NaN score are left out
 * @param labels 1 = positive, anything else = negative
 * @returns NaN when either class has no row
 * @example
 * rocAuc(Float64Array.of(1, 2, 2, 3), Int8Array.of(0, 0, 1, 1)); // 0.875
 */
export function rocAuc(scores: Float64Array, labels: Int8Array): number {
  const order = [...scores.keys()].filter((row) => !Number.isNaN(scores[row])).sort((a, b) => scores[a] - scores[b]);
  let positives = 0;
  let rankSum = 0;
  for (let from = 0; from < order.length; ) {
    let to = from;
    let tied = 0;
    while (to < order.length && scores[order[to]] === scores[order[from]]) {
      if (labels[order[to]] === 1) tied++;
      to++;
    }
    positives += tied;
    rankSum += (tied * (from + 1 + to)) / 2;
    from = to;
  }
  return (rankSum - (positives * (positives + 1)) / 2) / (positives * (order.length - positives));
}
