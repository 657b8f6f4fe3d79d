import type { DeadLetter, DeadReason } from '../../core/chunk.ts';
import type { Incident } from '../../core/incident.ts';
import type { Annotation, IncidentsQuery, Range, StoreReader } from '../../core/store.ts';
import type { ThresholdLevels } from '../../core/verdict.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { allTime, firstPoints, lastPoints, newest, points, type Selection, termsAtOnce } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { decodeText, encodeText, measurement } from './layout.ts';
import { compareTexts } from './text-order.ts';

/** Points that come one by one, not with every row: each an object. */

/** Revisions of an incident lie less than this behind its start, in nanoseconds: one or two a row. */
const latestRevision = 3_600_000_000_000n;

/** More incidents than these are not asked for by their ids. */
const manyIncidents = 4 * termsAtOnce;

export async function readIncidents(source: FluxSource, query: IncidentsQuery): Promise<Incident[]> {
  const { id, stream, detector, from, to, open, limit, last = false } = query;
  const tags = { ...(stream === undefined ? {} : { stream: encodeText(stream) }), ...(detector === undefined ? {} : { detector: encodeText(detector) }) };
  // An incident may have begun long before the range that it reaches into.
  const stop = to === undefined || to > allTime.to - latestRevision ? allTime.to : to + latestRevision;
  if (stop <= allTime.from) return [];
  const ids = id === undefined ? {} : { ids: [encodeText(id)] };
  const all: Selection = { bucket: source.bucket, measurement: measurement.incidents, tags, ...ids, from: allTime.from, to: stop };
  const fits = (it: Incident): boolean =>
    (to === undefined || it.start < to) && (from === undefined || it.end >= from) && (open === undefined || it.open === open);
  const read = async (selection: Selection): Promise<Incident[]> => {
    const { points: found } = await source.ask(newest(selection), () => new LastPoints());
    return [...found.values()].map((point) => incidentOf(point, query)).filter(fits);
  };
  const chosen = (incidents: Incident[]): Incident[] =>
    incidents
      .sort((a, b) => compareTimes(a.start, b.start) || compareTexts(a.detector, b.detector) || compareTexts(a.id, b.id))
      .slice(...(limit === undefined || !last ? [0, limit] : limit === 0 ? [0, 0] : [-limit]));
  if (from === undefined && open === undefined && limit === undefined) return chosen(await read(all));
  // Each field of each incident costs the server a look: first those that tell which are asked for.
  const telling = ['start', ...(from === undefined ? [] : ['end']), ...(open === undefined ? [] : ['open'])];
  const chosenIds = chosen(await read({ ...all, fields: telling })).map(({ id }) => encodeText(id));
  if (chosenIds.length > manyIncidents) return chosen(await read(all));
  const incidents: Incident[] = [];
  for (let at = 0; at < chosenIds.length; at += termsAtOnce) incidents.push(...(await read({ ...all, ids: chosenIds.slice(at, at + termsAtOnce) })));
  return chosen(incidents);
}

function incidentOf(point: StoredPoint, { stream = point.tag('stream'), detector = point.tag('detector') }: IncidentsQuery): Incident {
  return {
    ...{ id: point.tag('id'), stream, detector, start: point.integer('start'), end: point.integer('end'), open: point.text('open') === 'true' },
    ...{ rows: Number(point.integer('rows')), peakTime: point.integer('peakTime'), peakScore: point.double('peakScore'), peakGrade: point.double('peakGrade') },
    causes: JSON.parse(point.text('causes') || '[]') as string[],
    contributions: Float64Array.from(JSON.parse(point.text('contributions') || '[]') as (number | null)[], (share) => share ?? Number.NaN),
  };
}

export async function readThresholds(source: FluxSource, stream: string): Promise<ThresholdLevels[]> {
  const selection: Selection = { bucket: source.bucket, measurement: measurement.thresholds, tags: { stream: encodeText(stream) }, ...allTime };
  const found = await source.ask(points(selection), () => new AllPoints());
  return found
    .points()
    .map((point) => ({
      ...{ stream, detector: point.tag('detector'), time: point.time, warn: point.double('warn'), error: point.double('error') },
      ...{ median: point.double('median'), method: point.text('method'), model: point.text('model') },
    }))
    .sort((a, b) => compareTimes(a.time, b.time) || compareTexts(a.detector, b.detector));
}

export async function readAnnotations(source: FluxSource, { stream, from, to }: Partial<Range>): Promise<Annotation[]> {
  const tags = stream === undefined ? {} : { stream: encodeText(stream) };
  const selection: Selection = { bucket: source.bucket, measurement: measurement.annotations, tags, ...allTime };
  const found = await source.ask(points(selection), () => new AllPoints());
  const latest = new Map<string, StoredPoint>();
  for (const point of found.points()) {
    const before = latest.get(point.tag('id'));
    if (!before || point.integer('written') >= before.integer('written')) latest.set(point.tag('id'), point);
  }
  return [...latest.values()]
    .map((point) => {
      const [incident, alarm] = [point.text('incident'), point.text('alarm')];
      return {
        ...{ id: point.tag('id'), stream: stream ?? point.tag('stream'), from: point.time, to: point.integer('to'), text: point.text('text') },
        ...(incident === '' ? {} : { incident }),
        ...(alarm === '' ? {} : { alarm: alarm as 'true' | 'false' }),
      };
    })
    .filter((it) => (to === undefined || it.from < to) && (from === undefined || it.to >= from))
    .sort((a, b) => compareTimes(a.from, b.from) || compareTexts(a.id, b.id));
}

export async function readDeadLetters(source: FluxSource, query: Parameters<StoreReader['deadLetters']>[0]): Promise<DeadLetter[]> {
  const { reason, limit, last = false } = query;
  const tags = query.source === undefined ? {} : { source: encodeText(query.source) };
  const all: Selection = { bucket: source.bucket, measurement: measurement.deadLetters, tags, ...allTime };
  // First which there are: the texts of those that are not asked for may be many.
  const present: Selection = { ...all, ...(reason === undefined ? { fields: ['removed'], is: false } : { fields: ['reason'], is: encodeText(reason) }) };
  const flux = limit === undefined ? points(present) : (last ? lastPoints : firstPoints)(present, Math.max(1, limit));
  const places = (await source.ask(flux, () => new AllPoints()))
    .points()
    .map((point) => placeOf(point, query.source))
    .sort(comparePlaces);
  const wanted = limit === undefined ? places : last ? places.slice(Math.max(0, places.length - limit)) : places.slice(0, limit);
  const letters: DeadLetter[] = [];
  for (let from = 0; from < wanted.length; ) {
    const [first] = wanted.slice(from, from + 1);
    let to = from;
    while (to < wanted.length && wanted[to].source === first.source && wanted[to].partition === first.partition) to++;
    const series = { source: encodeText(first.source), partition: String(first.partition) };
    const range = { from: BigInt(first.position), to: BigInt(wanted[to - 1].position) + 1n };
    const found = (await source.ask(points({ ...all, ...range, tags: series }), () => new AllPoints())).points();
    const asked = new Set(wanted.slice(from, to).map(({ position }) => position));
    letters.push(...found.filter(({ time }) => asked.has(Number(time))).map((point) => letterOf(first, point)));
    from = to;
  }
  return letters;
}

type Place = Pick<DeadLetter, 'source' | 'partition' | 'position'>;

function placeOf(point: StoredPoint, source: string | undefined): Place {
  return { source: source ?? point.tag('source'), partition: Number(point.tag('partition')), position: Number(point.time) };
}

function comparePlaces(a: Place, b: Place): number {
  return compareTexts(a.source, b.source) || a.partition - b.partition || a.position - b.position;
}

function letterOf({ source, partition }: Place, point: StoredPoint): DeadLetter {
  const stream = point.text('stream');
  return {
    ...{ source, partition, position: Number(point.time) },
    ...(stream === '' ? {} : { stream }),
    ...{ reason: point.text('reason') as DeadReason, message: point.text('message'), payload: point.text('payload') },
  };
}

function compareTimes(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A point with all its fields. */
class StoredPoint {
  readonly time: bigint;
  readonly #tags: SeriesKey;
  readonly #fields = new Map<string, string>();

  constructor(tags: SeriesKey, time: bigint) {
    this.#tags = tags;
    this.time = time;
  }

  set(field: string, value: string): void {
    this.#fields.set(field, value);
  }

  tag(name: string): string {
    return decodeText(this.#tags[name] ?? '');
  }

  text(field: string): string {
    return decodeText(this.#fields.get(field) ?? '');
  }

  integer(field: string): bigint {
    return BigInt(this.#fields.get(field) ?? 0);
  }

  /** NaN where it is left out. */
  double(field: string): number {
    const value = this.#fields.get(field);
    if (value !== undefined) return Number(value);
    const sign = this.#fields.get(`${field}_inf`);
    return sign === undefined ? Number.NaN : Number(sign) * Number.POSITIVE_INFINITY;
  }
}

/** Brings the fields of every point together. */
class AllPoints implements PointSink {
  readonly #series = new Map<string, Map<bigint, StoredPoint>>();
  #current = new Map<bigint, StoredPoint>();
  #tags: SeriesKey = {};
  #field = '';

  series(key: SeriesKey): void {
    this.#field = key._field ?? '';
    this.#tags = key;
    const name = seriesName(key);
    this.#current = this.#series.get(name) ?? new Map();
    this.#series.set(name, this.#current);
  }

  point(response: CsvResponse): void {
    const time = response.time();
    const point = this.#current.get(time) ?? new StoredPoint(this.#tags, time);
    this.#current.set(time, point);
    point.set(this.#field, response.text());
  }

  /** Series by series in the order of their times. */
  points(): StoredPoint[] {
    return [...this.#series.values()].flatMap((series) => [...series.values()].sort((a, b) => compareTimes(a.time, b.time)));
  }
}

/** Brings the fields of the newest point of every series together: an older value of a field that it does not have is none of its. */
class LastPoints implements PointSink {
  /** By series. */
  readonly points = new Map<string, StoredPoint>();
  #tags: SeriesKey = {};
  #field = '';

  series(key: SeriesKey): void {
    this.#field = key._field ?? '';
    this.#tags = key;
  }

  point(response: CsvResponse): void {
    const time = response.time();
    const name = seriesName(this.#tags);
    let point = this.points.get(name);
    if (!point || point.time < time) {
      point = new StoredPoint(this.#tags, time);
      this.points.set(name, point);
    }
    if (point.time === time) point.set(this.#field, response.text());
  }
}

function seriesName({ stream, detector, id, source, partition }: SeriesKey): string {
  return JSON.stringify([stream, detector, id, source, partition]);
}
