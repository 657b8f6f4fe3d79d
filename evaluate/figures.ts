import { nanosPerMilli } from '../core/time.ts';
import { Status } from '../core/verdict.ts';
import { precisionRecallCurve } from '../kernels/average-precision.ts';
import { quantile } from '../kernels/quantile.ts';
import { type IncidentRules, IncidentTracker } from '../processor/incidents.ts';
import type { Figures } from './evaluation.ts';

/** Rows from `from` up to, not including, `to`. */
export interface RowRange {
  readonly from: number;
  readonly to: number;
}

/** Rows of an incident. */
export interface IncidentRows extends RowRange {
  /** It was going on before `from` already, in rows that are not among these. */
  readonly earlier?: boolean;
}

const secondsPerDay = 86_400;
/** So many usual intervals between two rows are a gap in the recording, as for incidents. */
const gapIntervals = 10;

/**
 * Events: unbroken runs of rows labelled 1. Other labels, unknown (-1) among them, count as normal.
 * @example
 * eventsOf(Int8Array.of(0, 1, 1, -1, 1)); // [ { from: 1, to: 3 }, { from: 4, to: 5 } ]
 */
export function eventsOf(labels: Int8Array): RowRange[] {
  const events: RowRange[] = [];
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] !== 1) continue;
    const from = row;
    while (labels[row + 1] === 1) row++;
    events.push({ from, to: row + 1 });
  }
  return events;
}

/**
 * How well flagged rows match the labels. With true positives tp, false positives fp, false negatives fn, true negatives tn, in rows:
 *
 * - precision tp / (tp + fp), recall tp / (tp + fn), F1 2 tp / (2 tp + fp + fn), the harmonic mean of the two (van Rijsbergen 1979,
 *   Information Retrieval, chapter 7; as in scikit-learn, but NaN where it has 0 / 0);
 * - false alarm rate fp / (fp + tn) and missed alarm rate fn / (tp + fn), as of the SKAB benchmark (doi:10.34740/KAGGLE/DSV/1693952);
 * - event recall: events within which an incident begins / events; delay: from the time of an event's first row to that of the first
 *   such incident's. An alarm that was going on before an event, right or wrong, tells nobody of it;
 * - false incidents: those without a row of an event; per day: over the time that the rows cover (see `coveredSeconds`);
 * - point-adjusted: precision, recall and F1 after every row of an event counts as flagged when one is (Xu et al. 2018,
 *   doi:10.1145/3178876.3185996). It flatters: random scores reach high values on long events (Kim et al. 2022,
 *   doi:10.1609/aaai.v36i7.20680).
 *
 * A ratio is NaN where nothing can be divided: precision without a flagged row, recall, missed alarms and event recall without an
 * event, the delay where no event is found.
 *
 * @param input.flagged 1 = flagged; a row without a score is not
 * @param input.labels 1 = anomalous, anything else = normal
 * @param input.seconds time of each row, ascending
 * @param input.incidents rows of each incident
 * @example
 * const rows = { flagged: Uint8Array.of(1, 0, 1, 1), labels: Int8Array.of(0, 1, 1, 1), seconds: Float64Array.of(0, 10, 20, 30) };
 * figures({ ...rows, incidents: [{ from: 2, to: 4 }] }).delaySeconds; // 10
 * figures({ ...rows, incidents: [{ from: 0, to: 4 }] }).eventRecall; // 0
 * figures({ ...rows, incidents: [{ from: 0, to: 1 }] }).falseIncidentsPerDay; // 2160
 */
export function figures(input: { flagged: Uint8Array; labels: Int8Array; seconds: Float64Array; incidents: readonly IncidentRows[] }): Figures {
  const { flagged, labels, seconds, incidents } = input;
  let tp = 0;
  let fp = 0;
  let anomalous = 0;
  for (let row = 0; row < labels.length; row++) {
    if (labels[row] === 1) anomalous++;
    if (flagged[row] === 1) labels[row] === 1 ? tp++ : fp++;
  }
  const events = eventsOf(labels);
  let found = 0;
  let foundRows = 0;
  let delays = 0;
  for (const event of events) {
    const { from, to } = event;
    if (flagged.subarray(from, to).includes(1)) foundRows += to - from;
    const incident = firstWithin(event, incidents);
    if (!incident) continue;
    found++;
    delays += seconds[incident.from] - seconds[from];
  }
  const falseIncidents = incidents.filter(({ from, to }) => !labels.subarray(from, to).includes(1)).length;
  return {
    ...agreement(tp, fp, anomalous),
    far: fp / (labels.length - anomalous),
    mar: (anomalous - tp) / anomalous,
    eventRecall: found / events.length,
    delaySeconds: delays / found,
    falseIncidents,
    falseIncidentsPerDay: falseIncidents / (coveredSeconds(seconds) / secondsPerDay),
    pointAdjusted: agreement(foundRows, fp, anomalous),
  };
}

/**
 * The first of the incidents that begin within an event; undefined where none does.
 * @example
 * firstWithin({ from: 10, to: 20 }, [{ from: 5, to: 14 }, { from: 17, to: 30 }]); // { from: 17, to: 30 }
 */
export function firstWithin({ from, to }: RowRange, incidents: readonly IncidentRows[]): IncidentRows | undefined {
  let first: IncidentRows | undefined;
  for (const incident of incidents) {
    const begins = incident.earlier ? incident.from > from : incident.from >= from;
    if (begins && incident.from < to && (first === undefined || incident.from < first.from)) first = incident;
  }
  return first;
}

function agreement(tp: number, fp: number, anomalous: number): { precision: number; recall: number; f1: number } {
  return { precision: tp / (tp + fp), recall: tp / anomalous, f1: (2 * tp) / (tp + fp + anomalous) };
}

/**
 * The time that rows cover, in seconds: each row stands for the time until the next one, the last row and one before a gap in the
 * recording (more than ten usual intervals) for the usual interval: the median of those that are not 0, as clocks that show minutes
 * give many rows the same time. NaN where all rows have one time.
 *
 * @param seconds ascending
 * @example
 * coveredSeconds(Float64Array.of(0, 1, 2, 3, 1000, 1001)); // 6
 */
export function coveredSeconds(seconds: Float64Array): number {
  const intervals = Float64Array.from(seconds.subarray(1), (time, row) => time - seconds[row]).filter((interval) => interval > 0);
  if (intervals.length === 0) return Number.NaN;
  const usual = quantile(intervals.slice().sort(), 0.5);
  return intervals.reduce((sum, interval) => sum + (interval > gapIntervals * usual ? usual : interval), usual);
}

/**
 * The threshold with the best F1 when rows that score at least as much are flagged; of equally good ones the largest, which flags the
 * fewest rows. Rows that tie are flagged together, rows without a score never. Found with the labels: a bound on what any threshold can
 * do, not a result.
 *
 * @returns one of the scores; NaN when no row that has a score is labelled 1
 * @example
 * bestThreshold(Float64Array.of(1, 4, 2, 3), Int8Array.of(0, 1, 0, 1)); // 3
 */
export function bestThreshold(scores: Float64Array, labels: Int8Array): number {
  const { thresholds, flagged, hits, positives } = precisionRecallCurve(scores, labels);
  let best = Number.NaN;
  let bestHits = 0;
  let bestSize = 1;
  for (let point = 0; point < thresholds.length; point++) {
    // F1 is 2 hits / (flagged + positives); products of whole numbers compare exactly.
    const size = flagged[point] + positives;
    if (hits[point] * bestSize <= bestHits * size) continue;
    best = thresholds[point];
    bestHits = hits[point];
    bestSize = size;
  }
  return best;
}

/**
 * Scores in which a row without one (NaN) ranks below all others, and ties with its like: for the area under the ROC curve, which
 * would else leave such rows out.
 * @example
 * unscoredLowest(Float64Array.of(0.5, Number.NaN)); // Float64Array [ 0.5, -Infinity ]
 */
export function unscoredLowest(scores: Float64Array): Float64Array {
  return scores.map((score) => (Number.isNaN(score) ? Number.NEGATIVE_INFINITY : score));
}

/**
 * The incidents that flagged rows would have made in the pipeline: for the thresholds and baselines that did not run in it. One flagged
 * row more or less would else be an incident more, and the number beside that of the pipeline would say nothing; so the pipeline's own
 * rules decide (how long to flag before one opens, to be quiet before it ends, and which are merged), with every flagged row as an error.
 *
 * @param seconds time of each row, ascending
 * @param rules the pipeline's `incidents`, in milliseconds
 * @example
 * const flagged = Uint8Array.of(0, 1, 1, 0, 1, 0, 0, 0, 1);
 * const seconds = Float64Array.from(flagged, (_, row) => row);
 * incidentsOf(flagged, seconds, { open: 1000, close: 2000, merge: 2000 }); // [ { from: 1, to: 5 } ]
 */
export function incidentsOf(flagged: Uint8Array, seconds: Float64Array, rules: Pick<IncidentRules, 'open' | 'close' | 'merge'>): RowRange[] {
  if (seconds.length === 0) return [];
  const intervals = Float64Array.from(seconds.subarray(1), (time, row) => time - seconds[row]).sort();
  const interval = intervals.length === 0 ? 0 : quantile(intervals, 0.5) * 1000;
  const tracker = new IncidentTracker('', '', { ...rules, interval });
  const start = seconds[0];
  const nanos = Array.from(seconds, (time) => BigInt(Math.round((time - start) * 1e6)) * (nanosPerMilli / 1000n));
  const peak = () => ({ causes: [], contributions: new Float64Array(0) });
  for (let row = 0; row < flagged.length; row++) {
    if (flagged[row] === 1) tracker.row(nanos[row], Status.error, 1, 1, peak);
    else if (!tracker.quiet) tracker.row(nanos[row], Status.ok, 0, 0, peak);
  }
  const last = new Map(tracker.takeChanges().map(({ incident }) => [incident.id, incident]));
  const ranges: RowRange[] = [];
  let row = 0;
  for (const incident of last.values()) {
    while (nanos[row] < incident.start || flagged[row] !== 1) row++;
    const from = row;
    while (row < nanos.length && nanos[row] <= incident.end) row++;
    let to = row;
    while (flagged[to - 1] !== 1) to--;
    ranges.push({ from, to });
  }
  return ranges;
}
