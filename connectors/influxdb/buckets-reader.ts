import { BucketFold, bucketStart } from '../../core/level-of-detail.ts';
import type { Bucket, BucketsQuery } from '../../core/store.ts';
import { nanosPerMilli } from '../../core/time.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { allTime, newest, points, type Selection, termsAtOnce } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { type BucketPart, bucketField, encodeText, measurement } from './layout.ts';
import { KeyCollector, KeyCursor, type PointKeys } from './point-keys.ts';
import { rowsPages, type StreamEntry } from './rows-reader.ts';

/** Rows that are folded at once. */
const pageRows = 4096;
const parts = ['min', 'max', 'sum', 'count'] as const;
/** Each has seven fields. */
const tagsAtOnce = Math.floor(termsAtOnce / 7);
/** Of more than these all are asked for at once. */
const fewTags = 3 * tagsAtOnce;

/** Closed buckets as stored; behind the newest of them, and at levels that are not kept, folded from the rows. */
export async function readBuckets(source: FluxSource, entry: StreamEntry, asked: readonly string[], query: BucketsQuery): Promise<Bucket[]> {
  const { level, to } = query;
  const span = BigInt(level) * nanosPerMilli;
  const from = query.from === undefined ? undefined : bucketStart(query.from, level);
  const { name, schema } = entry;
  const names = [...new Set(asked)];
  const tags = { stream: encodeText(name), level: String(level) };
  const all: Selection = { bucket: source.bucket, measurement: measurement.buckets, tags, ...allTime };
  // The count of every tag is there in every bucket.
  const counts: Selection = { ...all, fields: [bucketField(schema.tags[0].name, 'count')] };
  const last = (await source.ask(newest(counts), () => new KeyCollector())).keys();
  const within = { from: from ?? allTime.from, to: to ?? allTime.to };
  const buckets = last.length === 0 ? [] : await readClosed(source, names, level, { ...all, ...within }, { ...counts, ...within });

  const closed = last.length === 0 ? undefined : last.times[0] + span;
  const openFrom = closed === undefined || (from !== undefined && from > closed) ? from : closed;
  // A bucket that begins before `to` is given whole.
  const openTo = to === undefined ? undefined : bucketStart(to - 1n, level) + span;
  const range = { ...(openFrom === undefined ? {} : { from: openFrom }), ...(openTo === undefined ? {} : { to: openTo }) };
  let fold: BucketFold | undefined;
  for await (const { keys, values } of rowsPages(source, entry, range, pageRows, names)) {
    for (let row = 0; row < keys.length; row++) {
      if (!fold?.holds(keys.times[row])) {
        if (fold) buckets.push(fold.bucket());
        fold = new BucketFold(level, bucketStart(keys.times[row], level), names.length);
      }
      fold.add(values, row * names.length);
    }
  }
  if (fold) buckets.push(fold.bucket());
  if (names.length === asked.length) return buckets;
  const places = asked.map((tag) => names.indexOf(tag));
  const repeated = (part: Float64Array): Float64Array => Float64Array.from(places, (place) => part[place]);
  return buckets.map(({ min, max, sum, count, ...bucket }) => ({
    ...bucket,
    ...{ min: repeated(min), max: repeated(max), sum: repeated(sum), count: repeated(count) },
  }));
}

async function readClosed(source: FluxSource, names: readonly string[], level: number, all: Selection, counts: Selection): Promise<Bucket[]> {
  if (all.from >= all.to) return [];
  const keys = (await source.ask(points(counts), () => new KeyCollector())).keys();
  if (keys.length === 0) return [];
  const tags = names.length;
  const columns = { min: emptyColumn(keys, tags), max: emptyColumn(keys, tags), sum: emptyColumn(keys, tags), count: new Float64Array(keys.length * tags) };
  const few = tags <= fewTags;
  for (let from = 0; from < tags; from += few ? tagsAtOnce : tags) {
    const asked = names.slice(from, few ? from + tagsAtOnce : tags);
    const some = few ? { fields: asked.flatMap(fieldsOf) } : {};
    await source.ask(points({ ...all, ...some }), () => new BucketSink(columns, asked, from, tags, keys));
  }
  const { min, max, sum, count } = columns;
  // What stood there before stays where it is not written over.
  for (let at = 0; at < count.length; at++) if (count[at] === 0) for (const part of [min, max, sum]) part[at] = Number.NaN;
  return Array.from(keys.times, (time, i) => {
    const own = (part: Float64Array): Float64Array => part.slice(i * tags, (i + 1) * tags);
    return { level, time, min: own(min), max: own(max), sum: own(sum), count: own(count) };
  });
}

function emptyColumn(keys: PointKeys, tags: number): Float64Array {
  return new Float64Array(keys.length * tags).fill(Number.NaN);
}

function fieldsOf(tag: string): string[] {
  return parts.flatMap((part) => (part === 'count' ? [bucketField(tag, part)] : [bucketField(tag, part), `${bucketField(tag, part)}_inf`]));
}

/** Takes buckets as columns: the part of a bucket's tag at bucket x tags + tag. */
class BucketSink implements PointSink {
  readonly #cursor: KeyCursor;
  readonly #tags: number;
  readonly #fields = new Map<string, { values: Float64Array; tag: number; factor: number }>();
  #field: { values: Float64Array; tag: number; factor: number } | undefined;

  /** @param names of the tags at `first` and behind, of `tags` in all */
  constructor(columns: Readonly<Record<BucketPart, Float64Array>>, names: readonly string[], first: number, tags: number, keys: PointKeys) {
    this.#cursor = new KeyCursor(keys);
    this.#tags = tags;
    for (const [i, name] of names.entries()) {
      for (const [part, values] of Object.entries(columns)) {
        const field = bucketField(name, part as BucketPart);
        this.#fields.set(field, { values, tag: first + i, factor: 1 });
        this.#fields.set(`${field}_inf`, { values, tag: first + i, factor: Number.POSITIVE_INFINITY });
      }
    }
  }

  series(key: SeriesKey): void {
    this.#field = this.#fields.get(key._field ?? '');
    // The level is one; a bucket has no seq.
    this.#cursor.begin(key);
  }

  point(response: CsvResponse): void {
    const field = this.#field;
    if (!field) return;
    const bucket = this.#cursor.find(response);
    if (bucket >= 0) field.values[bucket * this.#tags + field.tag] = response.number() * field.factor;
  }
}
