import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { decodeText } from './layout.ts';
import { compareTexts } from './text-order.ts';

/** What tells points at the same time apart. */
export interface KeySeries {
  readonly seq: number;
  /** Empty where points have none. */
  readonly detector: string;
}

/**
 * Identities of points in the order (time, seq, detector), each with the value of the field that every point has. Columns of equal
 * length; `series` indexes `names`.
 */
export class PointKeys {
  readonly names: readonly KeySeries[];
  readonly times: BigInt64Array;
  readonly series: Int32Array;
  readonly values: Float64Array;

  constructor(names: readonly KeySeries[], times: BigInt64Array, series: Int32Array, values: Float64Array) {
    this.names = names;
    this.times = times;
    this.series = series;
    this.values = values;
  }

  get length(): number {
    return this.times.length;
  }

  slice(from: number, to: number): PointKeys {
    if (from === 0 && to === this.length) return this;
    return new PointKeys(this.names, this.times.slice(from, to), this.series.slice(from, to), this.values.slice(from, to));
  }

  seqs(): Int32Array {
    return Int32Array.from(this.series, (series) => this.names[series].seq);
  }

  /** The first index whose time is not before this one. */
  lowerBound(time: bigint): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.times[middle] < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Finds points of other fields among keys: both in time order, series by series. */
export class KeyCursor {
  readonly #low: Uint32Array;
  readonly #high: Int32Array;
  readonly #indices = new Map<string, Int32Array>();
  #current: Int32Array = new Int32Array(0);
  #at = 0;

  constructor({ names, times, series }: PointKeys) {
    this.#low = new Uint32Array(times.buffer, times.byteOffset, times.length * 2);
    this.#high = new Int32Array(times.buffer, times.byteOffset, times.length * 2);
    const counts = new Int32Array(names.length);
    for (let i = 0; i < series.length; i++) counts[series[i]]++;
    const lists = Array.from(counts, (count) => new Int32Array(count));
    counts.fill(0);
    for (let i = 0; i < series.length; i++) lists[series[i]][counts[series[i]]++] = i;
    for (const [i, name] of names.entries()) this.#indices.set(nameOf(name), lists[i]);
  }

  /** Points of this series follow. */
  begin(key: SeriesKey): void {
    this.#current = this.#indices.get(nameOf(keySeries(key))) ?? new Int32Array(0);
    this.#at = 0;
  }

  /** Where among the keys the current point is; -1 when it is not. */
  find({ timeLow, timeHigh }: CsvResponse): number {
    const current = this.#current;
    const high = this.#high;
    const low = this.#low;
    for (; this.#at < current.length; this.#at++) {
      const index = current[this.#at];
      const difference = high[2 * index + 1] - timeHigh || low[2 * index] - timeLow;
      if (difference === 0) return index;
      if (difference > 0) break;
    }
    return -1;
  }
}

/** Takes the points of one field as keys. */
export class KeyCollector implements PointSink {
  readonly #runs: { name: KeySeries; from: number; to: number }[] = [];
  #times = new BigInt64Array(1024);
  #low = new Uint32Array(this.#times.buffer);
  #values = new Float64Array(1024);
  #length = 0;

  series(key: SeriesKey): void {
    this.#runs.push({ name: keySeries(key), from: this.#length, to: this.#length });
  }

  point(response: CsvResponse): void {
    if (this.#length === this.#values.length) this.#grow();
    const at = this.#length++;
    this.#low[2 * at] = response.timeLow;
    this.#low[2 * at + 1] = response.timeHigh;
    this.#values[at] = response.number();
    this.#runs[this.#runs.length - 1].to = this.#length;
  }

  /** The last (or first) time up to which nothing is missing where each series was cut behind (or before) `limit` points. */
  bound(limit: number, last: boolean): bigint | undefined {
    const bounds = this.#runs.filter(({ from, to }) => to - from >= limit).map(({ from, to }) => this.#times[last ? from : to - 1]);
    return bounds.length === 0 ? undefined : bounds.reduce((a, b) => (a < b === last ? b : a));
  }

  keys(): PointKeys {
    const runs = [...this.#runs].sort((a, b) => a.name.seq - b.name.seq || compareTexts(a.name.detector, b.name.detector));
    const names = runs.map(({ name }) => name);
    if (runs.length <= 1) {
      return new PointKeys(names, this.#times.slice(0, this.#length), new Int32Array(this.#length), this.#values.slice(0, this.#length));
    }
    const seriesOf = new Int32Array(this.#length);
    for (const [series, { from, to }] of runs.entries()) seriesOf.fill(series, from, to);
    const order = mergedRuns(runs, this.#times);
    const times = new BigInt64Array(order.length);
    const series = new Int32Array(order.length);
    const values = new Float64Array(order.length);
    for (let i = 0; i < order.length; i++) {
      times[i] = this.#times[order[i]];
      series[i] = seriesOf[order[i]];
      values[i] = this.#values[order[i]];
    }
    return new PointKeys(names, times, series, values);
  }

  #grow(): void {
    const times = new BigInt64Array(this.#length * 2);
    const values = new Float64Array(this.#length * 2);
    times.set(this.#times);
    values.set(this.#values);
    this.#times = times;
    this.#low = new Uint32Array(times.buffer);
    this.#values = values;
  }
}

/** Indices in the order of their times, equal ones in the order of the runs, each of which is in time order already. */
function mergedRuns(runs: readonly { readonly from: number; readonly to: number }[], times: BigInt64Array): Uint32Array {
  const length = runs.reduce((n, { from, to }) => n + to - from, 0);
  let order = new Uint32Array(length);
  let other = new Uint32Array(length);
  let bounds = [0];
  let filled = 0;
  for (const { from, to } of runs) {
    for (let i = from; i < to; i++) order[filled++] = i;
    bounds.push(filled);
  }
  while (bounds.length > 2) {
    const merged = [0];
    for (let run = 0; run + 1 < bounds.length; run += 2) {
      const end = bounds[Math.min(run + 2, bounds.length - 1)];
      mergeTwo(order, bounds[run], bounds[run + 1], end, times, other);
      merged.push(end);
    }
    bounds = merged;
    [order, other] = [other, order];
  }
  return order;
}

function mergeTwo(order: Uint32Array, from: number, middle: number, to: number, times: BigInt64Array, out: Uint32Array): void {
  let left = from;
  let right = middle;
  for (let at = from; at < to; at++) {
    const takeLeft = right >= to || (left < middle && times[order[left]] <= times[order[right]]);
    out[at] = order[takeLeft ? left++ : right++];
  }
}

function keySeries({ seq = '0', detector = '' }: SeriesKey): KeySeries {
  return { seq: Number(seq), detector: decodeText(detector) };
}

function nameOf({ seq, detector }: KeySeries): string {
  return `${seq}/${detector}`;
}
