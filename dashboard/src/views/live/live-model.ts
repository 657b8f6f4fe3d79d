import { signal } from '@preact/signals';
import type { LiveRows } from '../../../../serve/api.ts';
import { ApiError } from '../../api.ts';
import type { TimeRange } from '../../charts/types.ts';
import { History } from './history.ts';
import { LoadedRows } from './loaded-rows.ts';

/** Rows held at most, of the feed and of history together. */
const capacity = 50_000;
/** Milliseconds over which the rate of rows is taken. */
const rateWindow = 5000;
/** Milliseconds after the last change of the view before what it lacks is asked for. */
const calm = 120;
/** Milliseconds before what failed is tried again. */
const afterError = 3000;

/** Milliseconds from one frame to the next from which on the view would be seen to jump. */
const seldom = 220;
/** Milliseconds between two steps of a view that glides. */
const stepMs = 75;
const still = window.matchMedia('(prefers-reduced-motion: reduce)');

export interface Pace {
  /** Rows a second, those that were left out of frames too. */
  readonly rate: number;
  /** When the newest row came, by this computer's clock; null: none did. */
  readonly cameAt: number | null;
}

/**
 * What the live view shows: rows that come and rows that were, and which stretch of them is in sight. It follows the newest row
 * until it is held or moved; then rows are still collected. Changes are told once per frame of the screen.
 */
export class LiveModel {
  readonly rows: LoadedRows;
  readonly history: History;
  /** Counts what changed. */
  readonly version = signal(0);
  /** The stretch in sight; null: it follows the newest row. */
  readonly view = signal<TimeRange | null>(null);
  /** Milliseconds in sight while it follows. */
  readonly length = signal(0);
  readonly loading = signal(false);
  readonly error = signal<ApiError | null>(null);
  /** Nothing was found: there are no rows yet. */
  readonly empty = signal(false);
  #arrivals: { at: number; rows: number }[] = [];
  readonly #abort = new AbortController();
  #frame = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #busy = false;
  /** On the way from one edge to the newest row. */
  #glide: { from: number; start: number; over: number } | null = null;
  #step: ReturnType<typeof setTimeout> | undefined;
  #latest = 0;

  readonly #known: boolean;

  /** @param stream empty: not known yet, so nothing is asked for */
  constructor(stream: string, tags: readonly string[], detectors: readonly string[], length: number, view: TimeRange | null) {
    this.#known = stream !== '';
    this.rows = new LoadedRows(tags, detectors, capacity);
    this.history = new History(stream, this.rows);
    this.length.value = length;
    this.view.value = view;
  }

  close(): void {
    this.#abort.abort();
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    clearTimeout(this.#step);
  }

  /** The stretch in sight. */
  range(): TimeRange | null {
    if (this.view.value !== null) return this.view.value;
    const edge = this.#edge(Date.now());
    return edge === null ? null : { from: edge - this.length.value, to: edge };
  }

  /** The right end while it follows: the newest row, or on the way there. */
  #edge(now: number): number | null {
    const { newest } = this.rows;
    if (this.#glide === null || newest === null) return newest;
    const { from, start, over } = this.#glide;
    return from + (newest - from) * Math.min(1, (now - start) / over);
  }

  /** The stream has a row of this time, whether it came here or not. */
  reached(time: number): void {
    this.#latest = Math.max(this.#latest, time);
  }

  /** Milliseconds of event time from the end of the view to the newest row. */
  behind(): number {
    return this.view.value === null ? 0 : Math.max(0, Math.max(this.#latest, this.rows.newest ?? 0) - this.view.value.to);
  }

  pace(now = Date.now()): Pace {
    this.#arrivals = this.#arrivals.filter(({ at }) => now - at <= rateWindow);
    const [first, ...others] = this.#arrivals;
    const last = this.#arrivals[this.#arrivals.length - 1];
    const cameAt = last?.at ?? this.#lastCame;
    if (first === undefined || others.length === 0) return { rate: 0, cameAt };
    return { rate: others.reduce((sum, { rows }) => sum + rows, 0) / (Math.max(now - first.at, 1) / 1000), cameAt };
  }
  #lastCame: number | null = null;

  take(frame: LiveRows): void {
    const edge = this.#edge(Date.now());
    this.rows.takeFrame(frame, this.view.peek()?.from);
    if (this.rows.newest !== null) this.history.came(this.rows.newest);
    const at = Date.now();
    // Frames that come seldom would make the view jump: it glides instead, for as long as the last one was away.
    const since = at - (this.#lastCame ?? at);
    const far = (this.rows.newest ?? 0) - (edge ?? 0);
    this.#glide =
      edge !== null && far < this.length.peek() && since > seldom && since < 3000 && !still.matches ? { from: edge, start: at, over: since * 1.1 } : null;
    this.#lastCame = at;
    this.#arrivals.push({ at, rows: frame.times.length + frame.skipped });
    this.empty.value = false;
    this.#changed();
    // While it follows, only holes are lacking; while it is held, nothing that comes is.
    if (this.view.peek() === null) this.fill();
  }

  /** The feed was cut and is back. */
  cut(): void {
    this.rows.feedCut();
    this.fill();
  }

  hold(): void {
    this.look(this.range());
  }

  follow(): void {
    this.look(null);
  }

  look(view: TimeRange | null): void {
    this.view.value = view;
    this.fill();
  }

  setLength(length: number): void {
    const held = this.view.peek();
    this.length.value = length;
    if (held !== null) this.view.value = { from: held.to - length, to: held.to };
    this.fill();
  }

  /** Forgets all rows and follows the newest. */
  reset(length: number): void {
    this.rows.clear();
    this.rows.newest = null;
    this.length.value = length;
    this.view.value = null;
    this.#changed();
    this.fill();
  }

  /** Loads what the view lacks, when it has come to rest. */
  fill(): void {
    const range = this.range();
    if (!this.#known || this.#busy || this.#timer !== undefined || (range !== null && this.history.lacking(range) === null)) return;
    this.#wait(this.error.peek() === null ? calm : afterError);
  }

  /** Tries again what failed, at once. */
  retry(): void {
    this.error.value = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.fill();
  }

  /** Shows the last `count` rows that the store has. */
  async showLast(count: number): Promise<void> {
    await this.#during(async () => {
      const from = await this.history.loadBefore(null, count, this.#abort.signal);
      const { newest } = this.rows;
      if (from === null || newest === null) this.empty.value = true;
      else this.view.value = { from, to: newest };
    });
  }

  /** Loads `count` rows older than the view and shows them with it. @returns whether there were any */
  async showOlder(count: number): Promise<boolean> {
    const range = this.range();
    let found = false;
    await this.#during(async () => {
      const from = await this.history.loadBefore(range?.from ?? null, count, this.#abort.signal);
      const to = range?.to ?? this.rows.newest;
      found = from !== null && to !== null;
      if (from !== null && to !== null) this.view.value = { from, to };
    });
    return found;
  }

  /** Asks which levels hold now. */
  async refreshLevels(): Promise<void> {
    if (this.#busy || this.rows.newest === null) return;
    await this.#during(() => this.history.refreshLevels(this.#abort.signal));
  }

  #wait(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.#during(() => this.#loadLacking());
    }, ms);
  }

  /** One request after the other; what failed can be tried again. */
  async #during(work: () => Promise<void>): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    this.loading.value = true;
    try {
      await work();
      this.error.value = null;
    } catch (error) {
      if (this.#abort.signal.aborted) return;
      if (!(error instanceof ApiError)) throw error;
      this.error.value = error;
    } finally {
      this.#busy = false;
      this.loading.value = false;
      if (!this.#abort.signal.aborted) {
        this.#changed();
        this.fill();
      }
    }
  }

  async #loadLacking(): Promise<void> {
    const { signal } = this.#abort;
    if (this.rows.newest === null && this.view.peek() === null) {
      this.empty.value = (await this.history.loadLast(this.length.peek(), signal)) === null && this.rows.newest === null;
    }
    for (;;) {
      const view = this.range();
      const piece = view === null ? null : this.history.lacking(view);
      if (view === null || piece === null) return;
      // The view is older than all that there is room for: it is read anew.
      if (this.rows.full && piece.from < this.rows.times[0]) {
        if (this.view.peek() === null) return this.#shorten();
        this.rows.clear();
      }
      const wait = await this.history.load(piece, view, signal);
      this.#changed();
      if (wait > 0) {
        this.#wait(wait);
        return;
      }
    }
  }

  /** More rows come in the time that is to be in sight than there is room for. */
  #shorten(): void {
    this.length.value = Math.max(1000, (this.rows.newest ?? 0) - this.rows.times[0] - 1);
  }

  #changed(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.version.value += 1;
      const glides = this.#glide !== null && this.view.peek() === null && Date.now() < this.#glide.start + this.#glide.over;
      clearTimeout(this.#step);
      if (glides) this.#step = setTimeout(() => this.#changed(), stepMs);
    });
  }
}
