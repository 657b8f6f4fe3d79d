import { makeSchema, type Schema, type Tag } from '../../core/schema.ts';
import type { StreamSummary } from '../../core/store.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { allTime, counts, ends, newest, points, type Selection } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { decodeText, encodeText, measurement, originField } from './layout.ts';
import type { StreamEntry } from './rows-reader.ts';
import { compareTexts } from './text-order.ts';

/** Streams are registered at this time. */
const registered = { from: 0n, to: 1n };

/** Streams in the order of their names, those named or all. */
export async function readStreams(source: FluxSource, stream?: string): Promise<StreamEntry[]> {
  const tags = stream === undefined ? {} : { stream: encodeText(stream) };
  const selection: Selection = { bucket: source.bucket, measurement: measurement.streams, tags, fields: ['schema'], ...registered };
  const { found } = await source.ask(points(selection), () => new SchemaSink(stream));
  return [...found].map(([name, schema]) => ({ name, schema })).sort((a, b) => compareTexts(a.name, b.name));
}

export async function summarise(source: FluxSource): Promise<StreamSummary[]> {
  const { bucket } = source;
  const rows = { bucket, measurement: measurement.rows, fields: [originField] };
  const verdicts: Selection = { bucket, measurement: measurement.verdicts, fields: ['status'], ...allTime };
  const [streams, counted, bounds, judged] = await Promise.all([
    readStreams(source),
    source.ask(counts({ ...rows, ...allTime }), () => new CountSink()),
    source.ask(ends({ ...rows, ...allTime }), () => new EndsSink()),
    source.ask(newest(verdicts), () => new DetectorSink()),
  ]);
  return streams.map(({ name, schema }) => ({
    stream: name,
    schema,
    rows: counted.rows.get(name) ?? 0,
    first: bounds.first.get(name),
    last: bounds.last.get(name),
    detectors: [...(judged.detectors.get(name) ?? [])].sort(compareTexts),
  }));
}

/** Takes by the name of the stream. */
abstract class StreamSink implements PointSink {
  protected stream = '';
  protected key: SeriesKey = {};

  series(key: SeriesKey): void {
    this.key = key;
    this.stream = decodeText(key.stream ?? '');
  }

  abstract point(response: CsvResponse): void;
}

class SchemaSink extends StreamSink {
  readonly found = new Map<string, Schema>();
  readonly #asked: string | undefined;

  constructor(asked: string | undefined) {
    super();
    this.#asked = asked;
  }

  point(response: CsvResponse): void {
    const { tags } = JSON.parse(decodeText(response.text())) as { tags: Tag[] };
    this.found.set(this.#asked ?? this.stream, makeSchema(tags));
  }
}

class CountSink extends StreamSink {
  readonly rows = new Map<string, number>();

  point(response: CsvResponse): void {
    this.rows.set(this.stream, (this.rows.get(this.stream) ?? 0) + response.number());
  }
}

class EndsSink extends StreamSink {
  readonly first = new Map<string, bigint>();
  readonly last = new Map<string, bigint>();

  point(response: CsvResponse): void {
    const time = response.time();
    const [first, last] = [this.first.get(this.stream), this.last.get(this.stream)];
    if (first === undefined || time < first) this.first.set(this.stream, time);
    if (last === undefined || time > last) this.last.set(this.stream, time);
  }
}

class DetectorSink extends StreamSink {
  readonly detectors = new Map<string, Set<string>>();

  point(): void {
    const detectors = this.detectors.get(this.stream) ?? new Set();
    this.detectors.set(this.stream, detectors.add(decodeText(this.key.detector ?? '')));
  }
}
