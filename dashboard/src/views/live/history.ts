import type { Scores, Series } from '../../../../serve/api.ts';
import { getScores, getSeries } from '../../api.ts';
import { gapOf } from '../../charts/align.ts';
import type { TimeRange } from '../../charts/types.ts';
import { iso } from '../../time.ts';
import type { LoadedRows } from './loaded-rows.ts';

/** Points of an answer at most. */
const points = 5000;
/** A view is told by so many points at least, where there are as many rows. */
const fewest = 200;
/** A stretch that was answered too coarsely is halved so often. */
const halvings = 3;
/** Milliseconds until a stretch at the stream's end is asked for again, because the store had not all of it yet. */
const again = 700;
/** Milliseconds behind the live feed after which the store has everything. */
const settles = 5000;

/** Asks for what a view lacks: holes in the live feed, what lies before it, and detail when it is looked at closely. */
export class History {
  readonly #rows: LoadedRows;
  readonly #stream: string;
  /** When which row was the newest, by this computer's clock. */
  #seen: { at: number; newest: number }[] = [];
  /** Rows before this time are in the store. */
  #settled = Number.NEGATIVE_INFINITY;

  readonly #levels = new Map<string, Scores['thresholds'][number]>();

  constructor(stream: string, rows: LoadedRows) {
    this.#stream = stream;
    this.#rows = rows;
  }

  /** Levels that hold, or held, in what was loaded; those of a detector in time order. */
  get levels(): Scores['thresholds'] {
    return [...this.#levels.values()].sort((a, b) => Date.parse(a.time) - Date.parse(b.time));
  }

  /** The store has every row up to this time. */
  stored(newest: number): void {
    this.#settled = Math.max(this.#settled, newest + 1);
  }

  /** The live feed has come so far. */
  came(newest: number, now = Date.now()): void {
    const last = this.#seen[this.#seen.length - 1];
    if (last === undefined || now - last.at > 250) this.#seen.push({ at: now, newest });
    while (this.#seen.length > 0 && now - this.#seen[0].at > settles) this.stored(this.#seen.shift()!.newest);
  }

  /** What is lacking of a range, the newest piece first; null: nothing. */
  lacking({ from, to }: TimeRange): TimeRange | null {
    const end = this.#rows.newest === null ? to : Math.min(to, this.#rows.newest);
    return end <= from ? null : (this.#rows.coverage.missing(from, end, (to - from) / fewest).at(-1) ?? null);
  }

  /** Loads a piece. @returns ms to wait before what is still lacking can be there */
  async load(piece: TimeRange, view: TimeRange, abort: AbortSignal): Promise<number> {
    this.came(this.#rows.newest ?? piece.to);
    await this.#load(piece, (view.to - view.from) / fewest, 0, abort);
    return this.lacking(view) !== null && piece.to > this.#settled ? again : 0;
  }

  /** Loads so many rows before a time, or before the newest. @returns the time of the oldest of them; null: there are none */
  async loadBefore(time: number | null, count: number, abort: AbortSignal): Promise<number | null> {
    let before = time;
    let left = count;
    while (left > 0) {
      const asked = Math.min(points, left);
      const [series, scores] = await this.#ask({ rows: asked, ...(before === null ? {} : { to: iso(Math.ceil(before)) }) }, abort);
      const { times } = series;
      if (times.length === 0) return before === time ? null : before;
      if (before === null) this.stored(times[times.length - 1]);
      this.#rows.takeHistory(times[0], before ?? times[times.length - 1] + 1e-3, series, scores);
      before = times[0];
      if (times.length < asked) return before;
      left -= asked;
    }
    return before;
  }

  /** Loads the last stretch that the store has. @returns its end; null: the store has no row */
  async loadLast(length: number, abort: AbortSignal): Promise<number | null> {
    const [series, scores] = await this.#ask({ last: `${Math.ceil(length)}ms` }, abort);
    const newest = series.times[series.times.length - 1];
    if (newest === undefined || series.from === null || series.to === null) return null;
    this.stored(Math.max(newest, Date.parse(series.to) - 1));
    this.#rows.takeHistory(Date.parse(series.from), Date.parse(series.to), series, scores);
    return newest;
  }

  async #load(piece: TimeRange, coarsest: number, halved: number, abort: AbortSignal): Promise<void> {
    const [series, scores] = await this.#ask({ from: iso(Math.floor(piece.from)), to: iso(Math.ceil(piece.to)) }, abort);
    const level = Math.max(series.level, scores.level);
    if (level > coarsest && halved < halvings && piece.to - piece.from > 2 * level) {
      const middle = Math.round((piece.from + piece.to) / 2);
      await this.#load({ from: middle, to: piece.to }, coarsest, halved + 1, abort);
      await this.#load({ from: piece.from, to: middle }, coarsest, halved + 1, abort);
      return;
    }
    // At the stream's end the store may lack what the feed has given already: only what came is known, unless no row would fit.
    const last = series.times[series.times.length - 1];
    const whole = piece.to <= this.#settled || piece.to - piece.from < gapOf(this.#rows.times) / 5;
    const known = whole ? piece.to : Math.min(piece.to, Math.max(this.#settled, last === undefined ? piece.from : last + level + 5e-4));
    if (known > piece.from) this.#rows.takeHistory(piece.from, known, series, scores);
    // However coarse it is, for this view nothing finer will come.
    for (const { from, to, level: rough } of this.#rows.coverage.stretches) {
      if (rough > coarsest && from < known && to > piece.from) this.#rows.coverage.add(Math.max(from, piece.from), Math.min(to, known), coarsest);
    }
  }

  async #ask(range: { from?: string; to?: string; last?: string; rows?: number }, abort: AbortSignal): Promise<[Series, Scores]> {
    const { tags, detectors } = this.#rows;
    const none = { from: null, to: null, level: 0 };
    const [series, scores] = await Promise.all([
      tags.length === 0 ? null : getSeries(this.#stream, { ...range, tags, points }, abort),
      detectors.length === 0 ? { ...none, detectors: [], thresholds: [] } : getScores(this.#stream, { ...range, detectors, points }, abort),
    ]);
    this.#take(scores);
    if (series !== null) return [series, scores];
    // Without tags the times of verdicts tell which rows there are.
    const { from, to, level } = scores;
    const times = scores.detectors.reduce<number[]>((most, one) => (one.times.length > most.length ? one.times : most), []);
    return [{ from, to, level, times, tags: [] }, scores];
  }

  /** Asks which levels hold at the stream's end: they change while it runs. */
  async refreshLevels(abort: AbortSignal): Promise<void> {
    const { detectors } = this.#rows;
    if (detectors.length > 0) this.#take(await getScores(this.#stream, { last: '1s', detectors, points: 10 }, abort));
  }

  #take({ thresholds }: Scores): void {
    for (const level of thresholds) this.#levels.set(`${level.detector} ${level.time}`, level);
  }
}
