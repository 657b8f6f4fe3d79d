import { lowerBound } from '../../charts/align.ts';

/** A column of a block; null and undefined are none. */
export type Values = ArrayLike<number | null | undefined>;

const firstRoom = 1024;

/**
 * The newest rows in time order: their times and a fixed number of columns, NaN where there is no value. Beyond `capacity` the
 * oldest go. Columns are given out as views that hold until the next change.
 */
export class RowRing {
  readonly capacity: number;
  #columns: Float64Array[];
  #start = 0;
  #end = 0;

  constructor(width: number, capacity: number) {
    this.capacity = capacity;
    this.#columns = Array.from({ length: width + 1 }, () => new Float64Array(Math.min(firstRoom, 2 * capacity)));
  }

  get length(): number {
    return this.#end - this.#start;
  }

  /** Milliseconds since 1970, ascending; rows may share a time. */
  get times(): Float64Array {
    return this.#columns[0].subarray(this.#start, this.#end);
  }

  column(index: number): Float64Array {
    return this.#columns[index + 1].subarray(this.#start, this.#end);
  }

  clear(): void {
    this.#start = 0;
    this.#end = 0;
  }

  /**
   * Rows newer than all that are here go behind them; others take the place of those with their time.
   * @returns whether old ones went for want of room
   */
  put(times: Values, columns: readonly Values[]): boolean {
    let row = 0;
    while (row < times.length) {
      const newest = this.length === 0 ? Number.NEGATIVE_INFINITY : this.#columns[0][this.#end - 1];
      const time = times[row] as number;
      // All the rows of a time are moved at once.
      let next = row + 1;
      if (time > newest) {
        while (next < times.length && (times[next] as number) >= (times[next - 1] as number)) next += 1;
        this.#write(this.#end - this.#start, 0, times, columns, row, next);
      } else {
        while (next < times.length && times[next] === time) next += 1;
        const at = lowerBound(this.times, time);
        let until = at;
        while (until < this.length && this.#columns[0][this.#start + until] === time) until += 1;
        this.#write(at, until - at, times, columns, row, next);
      }
      row = next;
    }
    if (this.length <= this.capacity) return false;
    this.#start = this.#end - this.capacity;
    return true;
  }

  /** Takes the rows in [from, to) out. */
  remove(from: number, to: number): void {
    const at = lowerBound(this.times, from);
    this.#write(at, lowerBound(this.times, to) - at, [], [], 0, 0);
  }

  /** Rows `first` to `end` of a block in place of `removed` rows at `at`. */
  #write(at: number, removed: number, times: Values, columns: readonly Values[], first: number, end: number): void {
    const added = end - first;
    this.#makeRoom(added);
    const place = this.#start + at;
    this.#columns.forEach((column, index) => {
      if (place + removed < this.#end && added !== removed) column.copyWithin(place + added, place + removed, this.#end);
      const from = index === 0 ? times : columns[index - 1];
      for (let row = 0; row < added; row++) column[place + row] = from[first + row] ?? Number.NaN;
    });
    this.#end += added - removed;
  }

  /** Room behind the last row: by moving all of them to the front of twice the space they need, so seldom. */
  #makeRoom(added: number): void {
    const room = this.#columns[0].length;
    if (this.#end + added <= room) return;
    const needed = this.length + added;
    const next = Math.max(needed * 2, room);
    this.#columns = this.#columns.map((column) => {
      const moved = next > room ? new Float64Array(next) : column;
      moved.set(column.subarray(this.#start, this.#end));
      return moved;
    });
    this.#end -= this.#start;
    this.#start = 0;
  }
}
