/**
 * How often each time inside a window behind the newest one has come: what counts `seq` in a source and finds
 * duplicates in the processor. Times may repeat and step backwards; memory is bounded by the distinct times inside the window.
 * @example
 * const window = new TimeWindow(60_000);
 * [5n, 5n, 7n, 5n].map((time) => window.next(time)); // [0, 1, 0, 2]
 */
export class TimeWindow {
  readonly #span: bigint;
  #times: BigInt64Array;
  #counts: Int32Array;
  #start = 0;
  #end = 0;

  /** @param span how far behind the newest time the window reaches, milliseconds */
  constructor(span: number) {
    this.#span = BigInt(Math.round(span)) * 1_000_000n;
    this.#times = new BigInt64Array(64);
    this.#counts = new Int32Array(64);
  }

  get newest(): bigint | undefined {
    return this.#end > this.#start ? this.#times[this.#end - 1] : undefined;
  }

  /** Is the time behind the newest by more than the window? */
  isOlder(time: bigint): boolean {
    const newest = this.newest;
    return newest !== undefined && time < newest - this.#span;
  }

  /** How often this time has come. */
  count(time: bigint): number {
    const newest = this.newest;
    if (newest === undefined || time > newest) return 0;
    const at = this.#lowerBound(time);
    return at < this.#end && this.#times[at] === time ? this.#counts[at] : 0;
  }

  /** Sets how often this time has come, and forgets what falls behind the window. Ignored for times older than the window. */
  set(time: bigint, count: number): void {
    const newest = this.newest;
    if (newest === undefined || time > newest) {
      this.#append(time, count);
      const oldest = time - this.#span;
      while (this.#times[this.#start] < oldest) this.#start++;
      return;
    }
    if (this.isOlder(time)) return;
    const at = this.#lowerBound(time);
    if (at < this.#end && this.#times[at] === time) {
      this.#counts[at] = count;
      return;
    }
    this.#append(newest, this.#counts[this.#end - 1]);
    this.#times.copyWithin(at + 1, at, this.#end - 1);
    this.#counts.copyWithin(at + 1, at, this.#end - 1);
    this.#times[at] = time;
    this.#counts[at] = count;
  }

  /** The ordinal of this time's next row: counts it in. Undefined when the time is older than the window. */
  next(time: bigint): number | undefined {
    if (this.isOlder(time)) return undefined;
    const seq = this.count(time);
    this.set(time, seq + 1);
    return seq;
  }

  save(): { times: BigInt64Array; counts: Int32Array } {
    return { times: this.#times.slice(this.#start, this.#end), counts: this.#counts.slice(this.#start, this.#end) };
  }

  load(saved: { times: BigInt64Array; counts: Int32Array }): void {
    const size = Math.max(64, saved.times.length);
    this.#times = new BigInt64Array(size);
    this.#counts = new Int32Array(size);
    this.#times.set(saved.times);
    this.#counts.set(saved.counts);
    this.#start = 0;
    this.#end = saved.times.length;
  }

  #append(time: bigint, count: number): void {
    if (this.#end === this.#times.length) this.#makeRoom();
    this.#times[this.#end] = time;
    this.#counts[this.#end++] = count;
  }

  #makeRoom(): void {
    const live = this.#end - this.#start;
    const size = live * 2 > this.#times.length ? this.#times.length * 2 : this.#times.length;
    const times = new BigInt64Array(size);
    const counts = new Int32Array(size);
    times.set(this.#times.subarray(this.#start, this.#end));
    counts.set(this.#counts.subarray(this.#start, this.#end));
    this.#times = times;
    this.#counts = counts;
    this.#start = 0;
    this.#end = live;
  }

  #lowerBound(time: bigint): number {
    let low = this.#start;
    let high = this.#end;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
