import type { Batch } from '../core/batch.ts';
import { SluiceError } from '../core/errors.ts';
import { BucketFold, bucketStart } from '../core/level-of-detail.ts';
import type { Plain } from '../core/record.ts';
import { type Bucket, levelsOfDetail } from '../core/store.ts';
import { nanosPerMilli } from '../core/time.ts';

/** Numbers that an open bucket has of each tag. */
const columnsOfTag = 5;

/** Open buckets, one behind the other. */
interface SavedFolds {
  readonly levels: Int32Array;
  readonly times: BigInt64Array;
  readonly columns: Float64Array;
}

/** As earlier versions saved one. */
type EarlierFold = { level: number; time: bigint } & Record<'min' | 'max' | 'sum' | 'lost' | 'count', Float64Array>;

function packed(folds: readonly EarlierFold[]): SavedFolds {
  const columns = folds.flatMap(({ min, max, sum, lost, count }) => [...min, ...max, ...sum, ...lost, ...count]);
  return {
    levels: Int32Array.from(folds, ({ level }) => level),
    times: BigInt64Array.from(folds, ({ time }) => time),
    columns: Float64Array.from(columns),
  };
}

/** The open buckets of one stream: rows go in, closed buckets come out once no row inside `lateness` can change them. */
export class LevelOfDetail {
  readonly #lateness: bigint;
  readonly #tags: number;
  /** Per level, open buckets in order of time; the newest is where nearly every row goes. */
  #open: BucketFold[][] = levelsOfDetail.map(() => []);
  /** When the next bucket closes; the newest time alone moves it. */
  #due: bigint | undefined;

  constructor(tags: number, lateness: number) {
    this.#tags = tags;
    this.#lateness = BigInt(Math.round(lateness)) * nanosPerMilli;
  }

  /** Adds rows in order; returns the buckets that closed, oldest first within their level. */
  add(batch: Batch): Bucket[] {
    const closed: Bucket[] = [];
    for (let row = 0; row < batch.rows; row++) {
      const time = batch.times[row];
      for (let l = 0; l < this.#open.length; l++) {
        const last = this.#open[l].at(-1);
        const fold = last?.holds(time) ? last : this.#find(l, time);
        fold.add(batch.values, row * this.#tags);
      }
      if (this.#due !== undefined && time >= this.#due) this.#close(time - this.#lateness, closed);
    }
    return closed;
  }

  /** Is the bucket of that level that begins at `start` open? */
  has(level: number, start: bigint): boolean {
    return this.#open[levelOfDetailAt(level)].some(({ time }) => time === start);
  }

  /** Keeps this open bucket, in place of the one of its level and time where there is one. */
  put(fold: BucketFold): void {
    const open = this.#open[levelOfDetailAt(fold.level)];
    const at = open.findIndex(({ time }) => time >= fold.time);
    if (at < 0) open.push(fold);
    else open.splice(at, open[at].time === fold.time ? 1 : 0, fold);
    this.#dueBy(fold);
  }

  save(): Plain {
    const folds = this.#open.flat();
    const columns = new Float64Array(folds.length * columnsOfTag * this.#tags);
    for (const [i, fold] of folds.entries()) columns.set(fold.columns(), i * columnsOfTag * this.#tags);
    return { due: this.#due, levels: Int32Array.from(folds, ({ level }) => level), times: BigInt64Array.from(folds, ({ time }) => time), columns };
  }

  /** @throws RECORD_VERSION when `saved` is not what `save` gives, or earlier versions gave */
  load(saved: Plain): void {
    const { due, open, ...now } = (saved ?? {}) as unknown as { due: bigint | undefined; open?: EarlierFold[][] } & SavedFolds;
    const { levels, times, columns } = open ? packed(open.flat()) : now;
    const width = columnsOfTag * this.#tags;
    if (!(columns instanceof Float64Array) || columns.length !== times.length * width) {
      throw new SluiceError('RECORD_VERSION', 'the record holds no open buckets of these tags', { fix: 'Start anew with --fresh.' });
    }
    this.#due = due;
    this.#open = levelsOfDetail.map(() => []);
    for (const [i, level] of levels.entries()) {
      this.#open[levelOfDetailAt(level)].push(BucketFold.of(level, times[i], columns.subarray(i * width, (i + 1) * width)));
    }
  }

  #find(l: number, time: bigint): BucketFold {
    const open = this.#open[l];
    const start = bucketStart(time, levelsOfDetail[l]);
    let at = open.length;
    while (at > 0 && open[at - 1].time > start) at--;
    if (at > 0 && open[at - 1].time === start) return open[at - 1];
    const fold = new BucketFold(levelsOfDetail[l], start, this.#tags);
    open.splice(at, 0, fold);
    this.#dueBy(fold);
    return fold;
  }

  #close(bound: bigint, closed: Bucket[]): void {
    this.#due = undefined;
    for (const open of this.#open) {
      while (open.length > 0 && open[0].isBefore(bound)) closed.push((open.shift() as BucketFold).bucket());
      if (open.length > 0) this.#dueBy(open[0]);
    }
  }

  #dueBy({ time, level }: BucketFold): void {
    const due = time + BigInt(level) * nanosPerMilli + this.#lateness;
    if (this.#due === undefined || due < this.#due) this.#due = due;
  }
}

function levelOfDetailAt(level: number): number {
  const at = (levelsOfDetail as readonly number[]).indexOf(level);
  if (at < 0) throw new SluiceError('INTERNAL', `there is no level of ${level} ms`);
  return at;
}
