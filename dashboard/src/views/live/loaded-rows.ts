import type { LiveRows, Scores, Series } from '../../../../serve/api.ts';
import { lowerBound } from '../../charts/align.ts';
import { Coverage } from './coverage.ts';
import { RowRing, type Values } from './row-ring.ts';

/** Behind a time, closer than any other: times are whole microseconds. */
const justBehind = 0.0005;

const perTag = ['value', 'min', 'max'] as const;

/**
 * The rows that a view has of a stream: those of the live feed as they come, and pieces of history, in any order. Knows which
 * stretches of time it lacks, so that holes in the feed can be asked for.
 */
export class LoadedRows {
  readonly tags: readonly string[];
  readonly detectors: readonly string[];
  readonly coverage = new Coverage();
  /** Time of the newest row ever seen, ms; it may have been left out for want of room. */
  newest: number | null = null;
  readonly #rows: RowRing;
  readonly #scores: ReadonlyMap<string, RowRing>;
  /** The last row of the feed since it was last cut. */
  #fed: number | null = null;
  /** Rows were left out since, which may have come behind it. */
  #thinned = false;

  constructor(tags: readonly string[], detectors: readonly string[], capacity: number) {
    this.tags = tags;
    this.detectors = detectors;
    this.#rows = new RowRing(tags.length * perTag.length, capacity);
    this.#scores = new Map(detectors.map((detector) => [detector, new RowRing(3, capacity)]));
  }

  get times(): Float64Array {
    return this.#rows.times;
  }

  tag(name: string): Record<(typeof perTag)[number], Float64Array> {
    const first = this.tags.indexOf(name) * perTag.length;
    return { value: this.#rows.column(first), min: this.#rows.column(first + 1), max: this.#rows.column(first + 2) };
  }

  verdicts(detector: string): { times: Float64Array; score: Float64Array; grade: Float64Array; status: Float64Array } {
    const ring = this.#scores.get(detector)!;
    return { times: ring.times, score: ring.column(0), grade: ring.column(1), status: ring.column(2) };
  }

  /** Whether points stand for several rows somewhere. */
  get folded(): boolean {
    return this.coverage.stretches.some(({ level }) => level > 0);
  }

  /** The feed was cut: what came meanwhile is not known to be nothing. */
  feedCut(): void {
    this.#fed = null;
    this.#thinned = false;
  }

  /**
   * Rows of the live feed.
   * @param keepFrom rows from here on are looked at: when there is no room for more without losing them, the new ones are left out
   */
  takeFrame({ times, tags, verdicts, skipped }: LiveRows, keepFrom = Number.POSITIVE_INFINITY): void {
    if (times.length === 0) {
      if (skipped > 0) this.feedCut();
      return;
    }
    const last = times[times.length - 1];
    const before = this.#fed;
    this.#fed = Math.max(last, before ?? last);
    this.newest = Math.max(this.newest ?? last, last);
    if (this.#rows.length + times.length > this.#rows.capacity && keepFrom < this.#rows.times[times.length]) {
      this.feedCut();
      return;
    }
    // Late rows where only coarse points are would be one among many.
    const wanted = times.map((time, row) => ((before === null || time >= before) && (row === 0 || time >= times[row - 1])) || !this.#isCoarse(time));
    const chosen = <T>(column: readonly T[]) => (wanted.every(Boolean) ? column : column.filter((_, row) => wanted[row]));
    const columns = tags.flatMap((values): Values[] => {
      const none = new Array<null>(values.length).fill(null);
      return [chosen(values), chosen(none), chosen(none)];
    });
    this.#put(this.#rows, chosen(times), columns);
    for (const { detector, score, grade, status } of verdicts) {
      const ring = this.#scores.get(detector);
      if (ring !== undefined) this.#put(ring, chosen(times), [chosen(score), chosen(grade), chosen(status)]);
    }
    const first = times.reduce((least, time) => Math.min(least, time), last);
    const from = before === null ? first : this.#thinned ? Math.max(first, before + justBehind) : before + justBehind;
    if (before !== null && this.#thinned) this.coverage.add(before + justBehind, first, first - before);
    this.coverage.add(from, this.#fed + justBehind, skipped > 0 ? widest(times, before) : 0);
    this.#thinned = skipped > 0;
  }

  /**
   * A piece of history: what the store has in [from, to). Where the rows of that stretch are here already, they stay; what is
   * coarser gives way.
   */
  takeHistory(from: number, to: number, series: Series, scores: Scores): void {
    const level = Math.max(series.level, scores.level);
    const pieces = this.coverage.missing(from, to, level === 0 ? 0 : level - justBehind);
    for (const piece of pieces) {
      for (const known of this.coverage.stretches) {
        if (known.level > 0 && known.from < piece.to && known.to > piece.from) this.#remove(Math.max(known.from, piece.from), Math.min(known.to, piece.to));
      }
      // A bucket that began before the piece is its beginning, unless there is something finer.
      const reach = this.coverage.stretches.some((known) => known.to === piece.from) ? 0 : level;
      this.coverage.add(piece.from, piece.to, level);
      this.#put(this.#rows, ...cut(piece, reach, series.times, series.tags.flatMap(columnsOf)));
      for (const { detector, times, score, grade, status } of scores.detectors) {
        const ring = this.#scores.get(detector);
        if (ring !== undefined) this.#put(ring, ...cut(piece, reach, times, [score, grade, status]));
      }
    }
    const last = series.times[series.times.length - 1];
    if (last !== undefined) this.newest = Math.max(this.newest ?? last, last);
  }

  /** Whether the next row takes the place of the oldest. */
  get full(): boolean {
    return this.#rows.length >= this.#rows.capacity;
  }

  clear(): void {
    this.coverage.clear();
    this.#rows.clear();
    for (const ring of this.#scores.values()) ring.clear();
    this.feedCut();
  }

  #put(ring: RowRing, times: readonly number[], columns: readonly Values[]): void {
    // What fell out for want of room is loaded no more.
    if (ring.put(times, columns)) this.coverage.dropBefore(ring.times[0]);
  }

  #isCoarse(time: number): boolean {
    return this.coverage.stretches.some(({ from, to, level }) => level > 0 && from <= time && time < to);
  }

  #remove(from: number, to: number): void {
    this.#rows.remove(from, to);
    for (const ring of this.#scores.values()) ring.remove(from, to);
  }
}

function columnsOf({ value, min, max }: Series['tags'][number]): Values[] {
  const none = new Array<null>(value.length).fill(null);
  return [value, min ?? none, max ?? none];
}

/** The rows of a block that lie in a piece; those that began less than `reach` before it begin with it. */
function cut({ from, to }: { from: number; to: number }, reach: number, times: readonly number[], columns: readonly Values[]): [number[], Values[]] {
  const first = lowerBound(times, reach === 0 ? from : from - reach + justBehind);
  const end = Math.max(first, lowerBound(times, to));
  return [times.slice(first, end).map((time) => Math.max(time, from)), columns.map((column) => Array.prototype.slice.call(column, first, end) as Values)];
}

/** The longest way from one row to the next. */
function widest(times: readonly number[], before: number | null): number {
  let most = justBehind;
  let last = before ?? times[0];
  for (const time of times) {
    most = Math.max(most, time - last);
    last = time;
  }
  return most;
}
