import type { StoreWrite } from '../../core/store.ts';
import { Status } from '../../core/verdict.ts';
import { milliseconds } from '../asked-range.ts';

/** Rows of a frame, at most. */
const frameRows = 600;

interface VerdictColumns {
  readonly detector: string;
  score: number[];
  grade: number[];
  status: number[];
}

/**
 * Rows that wait for the next frame, of the tags and detectors that are asked for. However many come, no more than twice those of a
 * frame are held: every second, fourth ... is kept.
 */
export class PendingRows {
  readonly #tags: readonly string[];
  #times: number[] = [];
  #columns: number[][];
  #verdicts: VerdictColumns[];
  #seen = 0;
  #every = 1;

  constructor(tags: readonly string[], detectors: readonly string[]) {
    this.#tags = tags;
    this.#columns = tags.map(() => []);
    this.#verdicts = detectors.map((detector) => ({ detector, score: [], grade: [], status: [] }));
  }

  get isEmpty(): boolean {
    return this.#seen === 0;
  }

  /** Takes over what is asked for: the write is used again behind the call. */
  add({ batch, verdicts }: StoreWrite): void {
    const { schema, values, times, rows } = batch;
    const positions = this.#tags.map((tag) => schema.tags.findIndex(({ name }) => name === tag));
    const own = this.#verdicts.map(({ detector }) => verdicts.find((each) => each.detector === detector));
    for (let row = 0; row < rows; row++) {
      if (this.#seen++ % this.#every !== 0) continue;
      this.#times.push(milliseconds(times[row]));
      for (const [t, position] of positions.entries()) this.#columns[t].push(position < 0 ? Number.NaN : values[row * schema.tags.length + position]);
      for (const [d, each] of own.entries()) {
        const { score, grade, status } = this.#verdicts[d];
        score.push(each ? each.score[row] : Number.NaN);
        grade.push(each ? each.grade[row] : Number.NaN);
        status.push(each ? each.status[row] : Status.undefined);
      }
      if (this.#times.length >= 2 * frameRows) this.#thin();
    }
  }

  /** What a frame holds, and begins anew. */
  take(): { times: number[]; tags: number[][]; verdicts: VerdictColumns[]; left: number } {
    while (this.#times.length > frameRows) this.#thin();
    const taken = { times: this.#times, tags: this.#columns, verdicts: this.#verdicts, left: this.#seen - this.#times.length };
    this.#times = [];
    this.#columns = this.#tags.map(() => []);
    this.#verdicts = this.#verdicts.map(({ detector }) => ({ detector, score: [], grade: [], status: [] }));
    this.#seen = 0;
    this.#every = 1;
    return taken;
  }

  #thin(): void {
    const half = <T>(column: T[]): T[] => column.filter((_, i) => i % 2 === 0);
    this.#times = half(this.#times);
    this.#columns = this.#columns.map(half);
    for (const each of this.#verdicts) Object.assign(each, { score: half(each.score), grade: half(each.grade), status: half(each.status) });
    this.#every *= 2;
  }
}
