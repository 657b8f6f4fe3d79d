import { averagePrecision } from '../kernels/average-precision.ts';
import { rocAuc } from '../kernels/roc-auc.ts';
import type { IncidentRules } from '../processor/incidents.ts';
import type { EventOutcome, MethodEvaluation } from './evaluation.ts';
import { bestThreshold, figures, firstWithin, type IncidentRows, incidentsOf, type RowRange, unscoredLowest } from './figures.ts';
import type { JudgedRows } from './judged-rows.ts';
import type { EventPeak } from './scored-rows.ts';

/** What a method says of the judged rows. */
export interface Said {
  readonly name: string;
  readonly kind: MethodEvaluation['kind'];
  /** Calibrated; NaN where it has none. */
  readonly score: Float64Array;
  readonly flagged: Uint8Array;
  /** Of the pipeline; undefined: those that the flagged rows would have made in it. */
  readonly incidents: readonly IncidentRows[] | undefined;
  /** Per event; undefined where none was looked for. */
  readonly peaks: readonly (EventPeak | undefined)[] | undefined;
}

/** Points of a score's course, for plots. */
const coursePoints = 2000;

const shownTags = 5;

export function evaluateMethod(
  said: Said,
  rows: JudgedRows,
  tags: readonly string[],
  rules: Pick<IncidentRules, 'open' | 'close' | 'merge'>,
): MethodEvaluation {
  const { labels, seconds, events } = rows;
  const { name, kind, score, flagged, incidents = incidentsOf(flagged, seconds, rules) } = said;
  const threshold = bestThreshold(score, labels);
  const overThreshold = Uint8Array.from(score, (value) => Number(value >= threshold));
  return {
    name,
    kind,
    own: figures({ flagged, labels, seconds, incidents }),
    oracle: { ...figures({ flagged: overThreshold, labels, seconds, incidents: incidentsOf(overThreshold, seconds, rules) }), threshold },
    aucPr: averagePrecision(score, labels),
    aucRoc: rocAuc(unscoredLowest(score), labels),
    unscoredRows: score.reduce((n, value) => n + Number(Number.isNaN(value)), 0),
    events: events.map((event, e) => outcomeOf(event, { flagged, incidents }, seconds, said.peaks ? said.peaks[e] : largestOf(score, event), tags)),
    course: courseOf(score),
  };
}

function outcomeOf(
  event: RowRange,
  { flagged, incidents }: { readonly flagged: Uint8Array; readonly incidents: readonly IncidentRows[] },
  seconds: Float64Array,
  peak: EventPeak | undefined,
  tags: readonly string[],
): EventOutcome {
  const first = firstWithin(event, incidents);
  return {
    found: first !== undefined,
    delaySeconds: first ? seconds[first.from] - seconds[event.from] : Number.NaN,
    flagged: flagged.subarray(event.from, event.to).reduce((n, flag) => n + flag, 0),
    peakScore: peak?.score ?? Number.NaN,
    peakRow: peak?.row ?? -1,
    topTags: peak ? topTags(peak.shares, tags) : [],
  };
}

function largestOf(score: Float64Array, { from, to }: RowRange): EventPeak | undefined {
  let best = -1;
  for (let row = from; row < to; row++) if (best < 0 ? !Number.isNaN(score[row]) : score[row] > score[best]) best = row;
  return best < 0 ? undefined : { score: score[best], row: best, shares: new Float64Array(0) };
}

function topTags(shares: Float64Array, tags: readonly string[]): string[] {
  return [...shares.keys()]
    .filter((tag) => shares[tag] !== 0)
    .sort((a, b) => Math.abs(shares[b]) - Math.abs(shares[a]) || a - b)
    .slice(0, shownTags)
    .map((tag) => tags[tag]);
}

function courseOf(score: Float64Array): MethodEvaluation['course'] {
  const step = Math.max(1, Math.ceil(score.length / coursePoints));
  const largest: number[] = [];
  for (let from = 0; from < score.length; from += step) {
    let most = Number.NaN;
    for (let row = from; row < Math.min(score.length, from + step); row++) if (!(score[row] <= most) && !Number.isNaN(score[row])) most = score[row];
    largest.push(most);
  }
  return { step, largest };
}
