import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { firstPoints, points } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { originsOf } from './rows-reader.ts';
import { coveringRanges } from './time-ranges.ts';

/** Identities looked up at once. */
const atOnce = 5000;
/** At first they are read in at most so many ranges, of which each gives no more than so many points. */
const fewRanges = 8;
const manyPoints = 20_000;
/** So many points that nobody asked for are read in the time of another query. */
const pointsPerQuery = 2500;
/** Queries under way at once. */
const parallel = 4;

/** For each (time, seq), 1 when that row is stored. */
export async function readKnown(source: FluxSource, stream: string, times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array> {
  const found = new Uint8Array(times.length);
  const order = Uint32Array.from(times, (_, i) => i).sort((a, b) => (times[a] < times[b] ? -1 : times[a] > times[b] ? 1 : 0));
  for (let from = 0; from < order.length; from += atOnce) {
    const part = order.subarray(from, from + atOnce);
    const asked = BigInt64Array.from(part, (i) => times[i]);
    const wanted: Wanted = new Map();
    for (const i of part) {
      const ofSeq = wanted.get(String(seqs[i])) ?? new Map<bigint, number[]>();
      wanted.set(String(seqs[i]), ofSeq);
      ofSeq.set(times[i], [...(ofSeq.get(times[i]) ?? []), i]);
    }
    for (const range of coveringRanges(asked, fewRanges)) await lookUp(source, stream, range, asked, () => new KnownSink(wanted, found));
  }
  return found;
}

async function lookUp(source: FluxSource, stream: string, range: TimeRange, asked: BigInt64Array, makeSink: () => KnownSink): Promise<void> {
  const { dense } = await source.ask(firstPoints(originsOf(source, stream, range), manyPoints), makeSink);
  if (dense === undefined) return;
  // Many rows lie between those asked for: where they are far apart each is looked up for itself.
  const apart = (dense * BigInt(pointsPerQuery)) / BigInt(manyPoints);
  const ranges: TimeRange[] = [];
  for (const time of asked) {
    if (time < range.from || time >= range.to) continue;
    const before = ranges.at(-1);
    if (before && time - before.to < apart) ranges[ranges.length - 1] = { from: before.from, to: time + 1n };
    else ranges.push({ from: time, to: time + 1n });
  }
  for (let at = 0; at < ranges.length; at += parallel) {
    await Promise.all(ranges.slice(at, at + parallel).map((each) => source.ask(points(originsOf(source, stream, each)), makeSink)));
  }
}

interface TimeRange {
  readonly from: bigint;
  readonly to: bigint;
}

/** Where in the answer each identity is, by seq as stored and time. */
type Wanted = Map<string, Map<bigint, number[]>>;

class KnownSink implements PointSink {
  readonly #wanted: Wanted;
  readonly #found: Uint8Array;
  #current: Map<bigint, number[]> | undefined;
  #points = 0;
  #first = 0n;
  /** Nanoseconds that the first many points of a series take; undefined where no series has so many. */
  dense: bigint | undefined;

  constructor(wanted: Wanted, found: Uint8Array) {
    this.#wanted = wanted;
    this.#found = found;
  }

  series({ seq = '0' }: SeriesKey): void {
    this.#current = this.#wanted.get(seq);
    this.#points = 0;
  }

  point(response: CsvResponse): void {
    const time = response.time();
    for (const i of this.#current?.get(time) ?? []) this.#found[i] = 1;
    if (this.#points++ === 0) this.#first = time;
    if (this.#points !== manyPoints) return;
    const took = time - this.#first;
    if (this.dense === undefined || took < this.dense) this.dense = took;
  }
}
