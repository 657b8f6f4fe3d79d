import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { points } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { originsOf } from './rows-reader.ts';
import { coveringRanges } from './time-ranges.ts';

/** Identities asked for at once; they are read in so many stretches of time. */
const atOnce = 5000;
const stretches = 8;

/** For each (time, seq), 1 when that row is stored. */
export async function readKnown(source: FluxSource, stream: string, times: BigInt64Array, seqs: Int32Array): Promise<Uint8Array> {
  const found = new Uint8Array(times.length);
  const order = Uint32Array.from(times, (_, i) => i).sort((a, b) => (times[a] < times[b] ? -1 : times[a] > times[b] ? 1 : 0));
  for (let from = 0; from < order.length; from += atOnce) {
    const part = order.subarray(from, from + atOnce);
    const asked = BigInt64Array.from(part, (i) => times[i]);
    const wanted = new Map<string, Map<bigint, number[]>>();
    for (const i of part) {
      const ofSeq = wanted.get(String(seqs[i])) ?? new Map<bigint, number[]>();
      wanted.set(String(seqs[i]), ofSeq);
      ofSeq.set(times[i], [...(ofSeq.get(times[i]) ?? []), i]);
    }
    for (const range of coveringRanges(asked, stretches)) {
      await source.ask(points(originsOf(source, stream, range)), () => new KnownSink(wanted, found));
    }
  }
  return found;
}

class KnownSink implements PointSink {
  readonly #wanted: ReadonlyMap<string, ReadonlyMap<bigint, readonly number[]>>;
  readonly #found: Uint8Array;
  #current: ReadonlyMap<bigint, readonly number[]> | undefined;

  constructor(wanted: ReadonlyMap<string, ReadonlyMap<bigint, readonly number[]>>, found: Uint8Array) {
    this.#wanted = wanted;
    this.#found = found;
  }

  series({ seq = '0' }: SeriesKey): void {
    this.#current = this.#wanted.get(seq);
  }

  point(response: CsvResponse): void {
    const asked = this.#current?.get(response.time());
    if (asked) for (const i of asked) this.#found[i] = 1;
  }
}
