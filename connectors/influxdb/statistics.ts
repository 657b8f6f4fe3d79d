import type { Range, TagStatistics } from '../../core/store.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { ExactMoments } from './exact-moments.ts';
import { allTime, points, type Selection, termsAtOnce } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { encodeText, measurement, originField, tagField } from './layout.ts';

/** Statistics of tags over a range, from the values themselves: what the server would add up is rounded at every step. */
export async function readStatistics(source: FluxSource, stream: string, tags: readonly string[], range: Omit<Range, 'stream'>): Promise<TagStatistics[]> {
  const { from = allTime.from, to = allTime.to } = range;
  const all: Selection = { bucket: source.bucket, measurement: measurement.rows, tags: { stream: encodeText(stream) }, from, to };
  const some = tags.length < termsAtOnce ? { fields: [originField, ...tags.map(tagField)] } : {};
  if (from >= to) return tags.map((tag) => statisticsOf(tag, 0, new ExactMoments()));
  const { rows, moments } = await source.ask(points({ ...all, ...some }), () => new MomentsSink(tags));
  return tags.map((tag) => statisticsOf(tag, rows, moments.get(tagField(tag)) ?? new ExactMoments()));
}

function statisticsOf(tag: string, rows: number, { count, min, max, mean, deviation }: ExactMoments): TagStatistics {
  return { tag, count, missing: rows - count, min, max, mean, deviation };
}

class MomentsSink implements PointSink {
  rows = 0;
  /** By field. */
  readonly moments: ReadonlyMap<string, ExactMoments>;
  #current: ExactMoments | undefined;
  #isOrigin = false;

  constructor(tags: readonly string[]) {
    this.moments = new Map(tags.map((tag) => [tagField(tag), new ExactMoments()]));
  }

  series({ _field: field = '' }: SeriesKey): void {
    this.#current?.pack();
    this.#current = this.moments.get(field);
    this.#isOrigin = field === originField;
  }

  point(response: CsvResponse): void {
    if (this.#isOrigin) this.rows++;
    else this.#current?.add(response.number());
  }
}
