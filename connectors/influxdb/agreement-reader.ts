import { binOf, equalBins } from '../../core/equal-bins.ts';
import type { AgreementCounts, AgreementQuery, DistributionCounts, DistributionQuery, Extent, Range } from '../../core/store.ts';
import { isFlagged, Status } from '../../core/verdict.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { allTime, counts, extreme, points, type Selection, together } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { endsOf } from './key-pages.ts';
import { decodeText, encodeText, measurement, tagField } from './layout.ts';
import { KeyCollector, KeyCursor, type PointKeys } from './point-keys.ts';
import { originsOf } from './rows-reader.ts';
import { readScores, statusField, verdictsOf } from './scores-reader.ts';

// What is said about many rows at once. Of times before 1970 the server counts for ever: those are counted here.

export async function readExtent(source: FluxSource, query: Range): Promise<Extent> {
  const rows = originsOf(source, query.stream, query);
  const { from, to } = await endsOf(source, rows);
  if (from >= to) return { rows: 0, first: undefined, last: undefined };
  const held: Selection = { ...rows, from, to };
  const count = from < 0n ? (await source.ask(points(held), () => new KeyCollector())).keys().length : (await source.ask(counts(held), () => new Sum())).total;
  return { rows: count, first: from, last: to - 1n };
}

class Sum implements PointSink {
  total = 0;

  series(): void {}

  point(response: CsvResponse): void {
    this.total += response.number();
  }
}

type Own = { detector: string; judged: number; flagged: number; first: bigint | undefined; worst: number };

export async function readAgreement(source: FluxSource, query: AgreementQuery): Promise<AgreementCounts> {
  const { detectors } = query;
  const size = detectors.length;
  const both = new Float64Array(size * size);
  const own = detectors.map((detector): Own => ({ detector, judged: 0, flagged: 0, first: undefined, worst: Number.NaN }));
  const all = verdictsOf(source, query);
  const held = size === 0 ? { from: 0n, to: 0n } : await endsOf(source, { ...all, fields: [statusField] });
  if (held.from >= held.to) return { detectors: own, both };
  if (held.from < 0n) await judgeEvery(source, query, own);
  else await judgeAtServer(source, { ...all, ...held }, own);
  const flagged = (await source.ask(points({ ...all, ...held, fields: [statusField], atMost: 0 }), () => new KeyCollector())).keys();
  const places = flagged.names.map(({ detector }) => detectors.indexOf(detector));
  for (let from = 0; from < flagged.length; ) {
    const { seq } = flagged.names[flagged.series[from]];
    let to = from + 1;
    while (to < flagged.length && flagged.times[to] === flagged.times[from] && flagged.names[flagged.series[to]].seq === seq) to++;
    for (let a = from; a < to; a++) {
      const each = own[places[flagged.series[a]]];
      each.first ??= flagged.times[a];
      each.flagged++;
      for (let b = from; b < to; b++) both[places[flagged.series[a]] * size + places[flagged.series[b]]]++;
    }
    from = to;
  }
  return { detectors: own, both };
}

async function judgeAtServer(source: FluxSource, all: Selection, own: readonly Own[]): Promise<void> {
  const judged = counts({ ...all, fields: [statusField], atMost: Status.ok });
  await source.ask(together([judged, extreme({ ...all, fields: ['grade', 'grade_inf'] }, 'max')]), () => {
    for (const each of own) Object.assign(each, { judged: 0, worst: Number.NaN });
    return new JudgedSink(own);
  });
}

async function judgeEvery(source: FluxSource, query: AgreementQuery, own: readonly Own[]): Promise<void> {
  for (const [i, { grade, judged }] of (await readScores(source, { ...query, level: 0 })).entries()) {
    for (const each of judged) own[i].judged += each;
    for (const each of grade) if (!(own[i].worst >= each) && !Number.isNaN(each)) own[i].worst = each;
  }
}

class JudgedSink implements PointSink {
  readonly #own: ReadonlyMap<string, Own>;
  #current: Own | undefined;
  #factor: number | undefined;

  constructor(own: readonly Own[]) {
    this.#own = new Map(own.map((each) => [each.detector, each]));
  }

  series({ result, _field, detector = '' }: SeriesKey): void {
    this.#current = this.#own.get(decodeText(detector));
    this.#factor = result === '0' ? undefined : _field === 'grade_inf' ? Number.POSITIVE_INFINITY : 1;
  }

  point(response: CsvResponse): void {
    const current = this.#current;
    if (!current) return;
    const value = response.number();
    if (this.#factor === undefined) current.judged += value;
    else if (!(current.worst >= value * this.#factor)) current.worst = value * this.#factor;
  }
}

/** Of a tag without a value. */
export function noDistribution(): DistributionCounts {
  const none = (): Float64Array => new Float64Array(0);
  return { edges: none(), normal: none(), anomalous: none(), undefined: none() };
}

export async function readDistribution(source: FluxSource, query: DistributionQuery): Promise<DistributionCounts> {
  const { bucket } = source;
  const { stream, tag, detector, from = allTime.from, to = allTime.to } = query;
  if (from >= to) return noDistribution();
  const rows: Selection = { bucket, measurement: measurement.rows, tags: { stream: encodeText(stream) }, fields: [tagField(tag)], from, to };
  const keys = (await source.ask(points(rows), () => new KeyCollector())).keys();
  if (keys.length === 0) return noDistribution();
  const verdicts: Selection = { ...rows, measurement: measurement.verdicts, tags: { ...rows.tags, detector: encodeText(detector) }, fields: [statusField] };
  const { statuses } = await source.ask(points(verdicts), () => new StatusSink(keys));
  let [least, greatest] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of keys.values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  const bins = equalBins(least, greatest, query.bins);
  const [normal, anomalous, unjudged] = [0, 1, 2].map(() => new Float64Array(query.bins));
  for (const [i, status] of statuses.entries()) {
    const column = status === Status.undefined ? unjudged : isFlagged(status) ? anomalous : normal;
    column[binOf(bins, keys.values[i])]++;
  }
  return { edges: bins.edges, normal, anomalous, undefined: unjudged };
}

class StatusSink implements PointSink {
  readonly statuses: Int8Array;
  readonly #cursor: KeyCursor;

  constructor(keys: PointKeys) {
    this.statuses = new Int8Array(keys.length).fill(Status.undefined);
    this.#cursor = new KeyCursor(keys);
  }

  series(key: SeriesKey): void {
    this.#cursor.begin(key);
  }

  point(response: CsvResponse): void {
    const row = this.#cursor.find(response);
    if (row >= 0) this.statuses[row] = response.number();
  }
}
