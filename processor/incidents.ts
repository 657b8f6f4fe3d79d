import { createHash } from 'node:crypto';
import type { Incident } from '../core/incident.ts';
import { nanosPerMilli } from '../core/time.ts';
import { Status } from '../core/verdict.ts';

export interface IncidentRules {
  /** How long rows must have been flagged, with at least one error among them, ms of event time. */
  readonly open: number;
  /** How long no row may have been flagged before it ends, ms. */
  readonly close: number;
  /** A new stretch that begins so soon after the last one ended continues it, ms. */
  readonly merge: number;
  /** The rows' usual interval, ms: after ten of them without a flagged row (and at least `close`) nothing is known to go on. */
  readonly interval: number;
}

/** So many usual intervals between two flagged rows are a gap in the recording. */
const gapIntervals = 10;

const nothing = new Float64Array(0);
const minute = 60_000n * nanosPerMilli;

/** What is known of the row that is the worst so far. */
export interface Peak {
  readonly causes: readonly string[];
  /** Signed shares of all tags; empty when unknown. */
  readonly contributions: Float64Array;
  /** What was judged and what was expected instead, of all tags in their own units; NaN or left out when unknown. */
  readonly actual?: Float64Array;
  readonly expected?: Float64Array;
}

type Stretch = {
  start: bigint;
  end: bigint;
  rows: number;
  sawError: boolean;
  peakTime: bigint;
  peakScore: number;
  peakGrade: number;
  causes: string[];
  contributions: Float64Array;
  actual: Float64Array;
  expected: Float64Array;
};

/** What is kept of an incident besides: how often it turned, and when it is told next that it goes on. */
type Course = { open: boolean; turns: number; mark: bigint };

/** Openings and endings are told where they happen, growth once per asking. */
export interface IncidentChange {
  readonly incident: Incident;
  readonly change: 'opened' | 'updated' | 'closed';
}

/**
 * A turn in the course of an incident, at the row that brought it, so the same however rows are batched. `grown`: it is worse
 * than ever, or has lasted another minute.
 */
export interface IncidentTurn {
  readonly incident: Incident;
  readonly turn: 'opened' | 'continued' | 'grown' | 'closed';
  /** Of its openings, continuations and endings: 1 is the opening. */
  readonly number: number;
  /** Of the row. */
  readonly at: bigint;
  /** At the peak, of all tags in their own units; empty when unknown. */
  readonly actual: Float64Array;
  readonly expected: Float64Array;
}

/** Plain data: saved with the stream's state. */
export type IncidentState = { candidate: Stretch | null; current: (Stretch & Course) | null };

/** As earlier versions saved it. */
type EarlierState = { candidate: Omit<Stretch, 'actual' | 'expected'> | null; current: (Omit<Stretch, 'actual' | 'expected'> & { open: boolean }) | null };

/**
 * Turns one detector's flagged rows into incidents. Hysteresis by two levels and three times: a stretch begins at the
 * first flagged row, becomes an incident when it has lasted `open` and held an error, and ends when no row was flagged
 * for `close`. Rows without a verdict decide nothing; a gap in the recording, long against the rows' usual interval, ends
 * what was flagged before it. Time is the rows' own, so a replay gives the same incidents.
 */
export class IncidentTracker {
  readonly #stream: string;
  readonly #detector: string;
  readonly #open: bigint;
  readonly #close: bigint;
  readonly #merge: bigint;
  readonly #gap: bigint;
  readonly #turned: ((turn: IncidentTurn) => void) | undefined;
  #state: IncidentState = { candidate: null, current: null };
  #changes: IncidentChange[] = [];
  #extended = false;

  /** @param turned is told of every turn */
  constructor(stream: string, detector: string, rules: IncidentRules, turned?: (turn: IncidentTurn) => void) {
    const nanos = (ms: number): bigint => BigInt(Math.round(ms)) * nanosPerMilli;
    this.#stream = stream;
    this.#detector = detector;
    this.#turned = turned;
    this.#open = nanos(rules.open);
    this.#close = nanos(rules.close);
    this.#merge = nanos(rules.merge);
    this.#gap = nanos(Math.max(rules.close, gapIntervals * rules.interval));
  }

  /** True while an unflagged row cannot change anything: the caller may skip it. */
  get quiet(): boolean {
    return this.#state.candidate === null && this.#state.current?.open !== true;
  }

  /** The id of the incident that goes on now. */
  get openId(): string | undefined {
    const { current } = this.#state;
    return current?.open ? incidentId(this.#stream, this.#detector, current.start) : undefined;
  }

  /** Takes the next row in order; `peak` is asked only when the row is the worst of its stretch. */
  row(time: bigint, status: number, score: number, grade: number, peak: () => Peak): void {
    if (status === Status.undefined) return;
    if (status === Status.ok) {
      this.#pass(time);
      return;
    }
    this.#breakAtGap(time);
    const { current } = this.#state;
    if (current?.open) {
      const worse = this.#extend(current, time, status, score, grade, peak);
      this.#extended = true;
      if (worse || time >= current.mark) this.#goOn(current, time);
      return;
    }
    let { candidate } = this.#state;
    if (candidate === null) {
      candidate = {
        start: time,
        end: time,
        rows: 0,
        sawError: false,
        peakTime: time,
        peakScore: Number.NEGATIVE_INFINITY,
        peakGrade: 0,
        causes: [],
        contributions: nothing,
        actual: nothing,
        expected: nothing,
      };
      this.#state.candidate = candidate;
    }
    this.#extend(candidate, time, status, score, grade, peak);
    if (candidate.sawError && candidate.end - candidate.start >= this.#open) this.#begin(candidate, time);
  }

  /** What changed since the last call, in order; the last state of an id is the one that counts. */
  takeChanges(): IncidentChange[] {
    if (this.#extended && this.#state.current) this.#tell(this.#state.current, 'updated');
    const changes = this.#changes;
    this.#changes = [];
    return changes;
  }

  save(): IncidentState {
    return this.#state;
  }

  load(state: IncidentState | EarlierState): void {
    // Otherwise as it is, to the order of its fields: equal states have equal records.
    const unknown = { actual: nothing, expected: nothing };
    const { candidate, current } = state;
    this.#state = {
      candidate: candidate === null || 'actual' in candidate ? candidate : { ...candidate, ...unknown },
      current: current === null || 'turns' in current ? current : { ...current, ...unknown, turns: current.open ? 1 : 2, mark: nextMark(current) },
    };
  }

  /** Flagged rows on both sides of a gap in the recording are two stretches. */
  #breakAtGap(time: bigint): void {
    const { candidate, current } = this.#state;
    if (candidate !== null && time - candidate.end > this.#gap) this.#state.candidate = null;
    if (current?.open && time - current.end > this.#gap) this.#end(current, time);
  }

  #pass(time: bigint): void {
    const { candidate, current } = this.#state;
    if (candidate !== null && time - candidate.end >= this.#open) this.#state.candidate = null;
    if (current?.open && time - current.end >= this.#close) this.#end(current, time);
  }

  #end(current: Stretch & Course, time: bigint): void {
    current.open = false;
    current.turns++;
    this.#tell(current, 'closed');
    this.#turn(current, 'closed', time);
  }

  #begin(candidate: Stretch, time: bigint): void {
    const { current } = this.#state;
    const continues = current !== null && candidate.start - current.end <= this.#merge;
    const stretch = continues ? joined(current, candidate) : candidate;
    const begun = { ...stretch, open: true, turns: continues ? current.turns + 1 : 1, mark: nextMark(stretch) };
    this.#state = { candidate: null, current: begun };
    this.#tell(begun, continues ? 'updated' : 'opened');
    this.#turn(begun, continues ? 'continued' : 'opened', time);
  }

  #goOn(current: Stretch & Course, time: bigint): void {
    current.mark = nextMark(current);
    this.#turn(current, 'grown', time);
  }

  #tell(current: Stretch & Course, change: IncidentChange['change']): void {
    this.#changes.push({ incident: this.#incident(current), change });
    this.#extended = false;
  }

  #turn(current: Stretch & Course, turn: IncidentTurn['turn'], at: bigint): void {
    const { turns, actual, expected } = current;
    this.#turned?.({ incident: this.#incident(current), turn, number: turns, at, actual, expected });
  }

  #incident({ start, end, open, rows, peakTime, peakScore, peakGrade, causes, contributions }: Stretch & Course): Incident {
    const id = incidentId(this.#stream, this.#detector, start);
    return { id, stream: this.#stream, detector: this.#detector, start, end, open, rows, peakTime, peakScore, peakGrade, causes, contributions };
  }

  /** @returns whether it is worse than ever */
  #extend(stretch: Stretch, time: bigint, status: number, score: number, grade: number, peak: () => Peak): boolean {
    stretch.rows++;
    if (time > stretch.end) stretch.end = time;
    if (status === Status.error) stretch.sawError = true;
    if (!(score > stretch.peakScore)) return false;
    const { causes, contributions, actual = nothing, expected = nothing } = peak();
    stretch.peakTime = time;
    stretch.peakScore = score;
    stretch.peakGrade = grade;
    stretch.causes = [...causes];
    stretch.contributions = contributions;
    stretch.actual = actual;
    stretch.expected = expected;
    return true;
  }
}

/** The first whole minute since the start that has not passed. */
function nextMark({ start, end }: Pick<Stretch, 'start' | 'end'>): bigint {
  return start + ((end - start) / minute + 1n) * minute;
}

/**
 * The same incident has the same id in every run.
 * @example
 * incidentId('swat', 'combined', 0n) === incidentId('swat', 'combined', 0n); // true
 */
export function incidentId(stream: string, detector: string, start: bigint): string {
  return createHash('sha256')
    .update(JSON.stringify([stream, detector, start.toString()]))
    .digest('hex')
    .slice(0, 16);
}

function joined(first: Stretch, then: Stretch): Stretch {
  const worse = then.peakScore > first.peakScore ? then : first;
  const last = then.end > first.end ? then : first;
  return { ...worse, start: first.start, end: last.end, rows: first.rows + then.rows, sawError: true };
}
