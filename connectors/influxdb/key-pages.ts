import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { ends, firstPoints, lastPoints, type Selection } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { KeyCollector, type PointKeys } from './point-keys.ts';

const second = 1_000_000_000n;

/** The keys of a page, whole: [from, to) holds no others. */
export interface KeyPage {
  readonly keys: PointKeys;
  readonly from: bigint;
  readonly to: bigint;
}

/**
 * Keys in pieces, in time order or, with `last`, from the end on (each piece still ascending). Stretches of time are asked for that
 * hold about as many rows as wanted, as far as can be told from the stretch before: the server reads a stretch to its end even when
 * it gives a part of it only.
 * @param series one field that every point has
 * @param rows about so many of each series in a page, and never more
 */
export async function* keyPages(source: FluxSource, series: Selection, rows: number, last = false): AsyncGenerator<KeyPage> {
  let left = await endsOf(source, series);
  let span = BigInt(rows) * second;
  while (left.from < left.to) {
    const stretch = part(left, span, last);
    const flux = (last ? lastPoints : firstPoints)({ ...series, ...stretch }, rows);
    const found = await source.ask(flux, () => new KeyCollector());
    const keys = found.keys();
    const bound = found.bound(rows, last);
    const page = bound === undefined ? stretch : last ? { ...stretch, from: bound } : { ...stretch, to: bound + 1n };
    const rest = last ? { ...left, to: page.from } : { ...left, from: page.to };
    if (keys.length > 0) yield { ...page, keys: keys.slice(keys.lowerBound(page.from), keys.lowerBound(page.to)) };
    if (bound !== undefined) span = page.to - page.from;
    else if (keys.length < rows / 2) span *= 2n;
    // Nothing there: to the next point, however far.
    left = keys.length === 0 && rest.from < rest.to ? await endsOf(source, { ...series, ...rest }) : rest;
  }
}

function part({ from, to }: { from: bigint; to: bigint }, span: bigint, last: boolean): { from: bigint; to: bigint } {
  if (to - from <= span) return { from, to };
  return last ? { from: to - span, to } : { from, to: from + span };
}

/** The least [from, to) that holds all points. */
export async function endsOf(source: FluxSource, series: Selection): Promise<{ from: bigint; to: bigint }> {
  if (series.from >= series.to) return { from: 0n, to: 0n };
  const { from, to } = await source.ask(ends(series), () => new Ends());
  return from === undefined || to === undefined ? { from: 0n, to: 0n } : { from, to: to + 1n };
}

class Ends implements PointSink {
  from: bigint | undefined;
  to: bigint | undefined;

  series(_key: SeriesKey): void {}

  point(response: CsvResponse): void {
    const time = response.time();
    if (this.from === undefined || time < this.from) this.from = time;
    if (this.to === undefined || time > this.to) this.to = time;
  }
}
