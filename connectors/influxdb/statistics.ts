import type { Range, TagStatistics } from '../../core/store.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { ExactMoments } from './exact-moments.ts';
import { allTime, counts, fieldsAtOnce, points, type Selection } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { encodeText, measurement, originField, tagField } from './layout.ts';

/** Statistics of tags over a range, from the values themselves: what the server would add up is rounded at every step. */
export async function readStatistics(source: FluxSource, stream: string, tags: readonly string[], range: Omit<Range, 'stream'>): Promise<TagStatistics[]> {
  const { from = allTime.from, to = allTime.to } = range;
  const all: Selection = { bucket: source.bucket, measurement: measurement.rows, tags: { stream: encodeText(stream) }, from, to };
  const some = tags.length < fieldsAtOnce ? { fields: tags.map(tagField) } : { exceptField: originField };
  const wanted = new Map(tags.map((tag) => [tagField(tag), tag]));
  if (from >= to || tags.length === 0) return tags.map((tag) => statisticsOf(tag, 0, new ExactMoments()));
  const [{ rows }, { moments }] = await Promise.all([
    source.ask(counts({ ...all, fields: [originField] }), () => new RowCount()),
    source.ask(points({ ...all, ...some }), () => new MomentsSink(wanted)),
  ]);
  return tags.map((tag) => statisticsOf(tag, rows, moments.get(tag) ?? new ExactMoments()));
}

function statisticsOf(tag: string, rows: number, { count, min, max, mean, deviation }: ExactMoments): TagStatistics {
  return { tag, count, missing: rows - count, min, max, mean, deviation };
}

class RowCount implements PointSink {
  rows = 0;

  series(_key: SeriesKey): void {}

  point(response: CsvResponse): void {
    this.rows += response.number();
  }
}

class MomentsSink implements PointSink {
  readonly moments = new Map<string, ExactMoments>();
  readonly #tags: ReadonlyMap<string, string>;
  #current: ExactMoments | undefined;

  constructor(tags: ReadonlyMap<string, string>) {
    this.#tags = tags;
  }

  series({ _field: field = '' }: SeriesKey): void {
    this.#current?.pack();
    const tag = this.#tags.get(field);
    this.#current = tag === undefined ? undefined : (this.moments.get(tag) ?? new ExactMoments());
    if (tag !== undefined && this.#current) this.moments.set(tag, this.#current);
  }

  point(response: CsvResponse): void {
    this.#current?.add(response.number());
  }
}
