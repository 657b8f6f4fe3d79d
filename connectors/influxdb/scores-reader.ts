import { bucketStart } from '../../core/level-of-detail.ts';
import type { DetectorScores, ScoresQuery } from '../../core/store.ts';
import { nanosPerMilli } from '../../core/time.ts';
import { isFlagged, Status } from '../../core/verdict.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { allTime, folded, points, type Selection, together } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { endsOf } from './key-pages.ts';
import { decodeText, encodeText, measurement } from './layout.ts';
import { KeyCollector, KeyCursor, type PointKeys } from './point-keys.ts';
import { compareTexts } from './text-order.ts';

export const statusField = 'status';
const valueFields = ['score', 'score_inf', 'grade', 'grade_inf'];

/** Verdicts of a stream in a range, those named or all. */
export function verdictsOf({ bucket }: FluxSource, { stream, detectors, from = allTime.from, to = allTime.to }: Omit<ScoresQuery, 'level'>): Selection {
  const named = detectors ? { detectors: detectors.map(encodeText) } : {};
  return { bucket, measurement: measurement.verdicts, tags: { stream: encodeText(stream) }, ...named, from, to };
}

export async function readScores(source: FluxSource, query: ScoresQuery): Promise<DetectorScores[]> {
  const { level, detectors } = query;
  if (detectors?.length === 0) return [];
  const span = BigInt(level) * nanosPerMilli;
  const whole = {
    ...(query.from === undefined || level === 0 ? {} : { from: bucketStart(query.from, level) }),
    ...(query.to === undefined || level === 0 ? {} : { to: bucketStart(query.to - 1n, level) + span }),
  };
  const all = verdictsOf(source, { ...query, ...whole });
  const none = (): DetectorScores[] => (detectors ?? []).map((detector) => new Columns().scores(detector));
  if (all.from >= all.to) return none();
  const held = level === 0 ? undefined : await endsOf(source, { ...all, fields: [statusField] });
  if (held && held.from >= held.to) return none();
  // Of times before 1970 the server makes no buckets.
  const byServer = held !== undefined && held.from >= 0n;
  const found = byServer ? await readFolded(source, all, held, query) : await readEvery(source, all, level);
  const names = detectors ?? [...found.keys()].sort(compareTexts);
  return names.map((name) => (found.get(name) ?? new Columns()).scores(name));
}

type Found = Map<string, Columns>;

async function readFolded(source: FluxSource, all: Selection, held: { from: bigint; to: bigint }, { level, counts = false }: ScoresQuery): Promise<Found> {
  const range = { from: bucketStart(held.from, level), to: bucketStart(held.to - 1n, level) + BigInt(level) * nanosPerMilli };
  const values: Selection = { ...all, ...range, fields: valueFields };
  const statuses: Selection = { ...all, ...range, fields: [statusField] };
  const counted = counts ? [folded({ ...statuses, atMost: 1 }, level, 'count'), folded({ ...statuses, atMost: 0 }, level, 'count')] : [];
  const { found } = await source.ask(together([folded(statuses, level, 'min'), folded(values, level, 'max'), ...counted]), () => new FoldedSink(counts));
  return found;
}

/** Row by row, and folded here where there is a level. */
async function readEvery(source: FluxSource, all: Selection, level: number): Promise<Found> {
  const keys = (await source.ask(points({ ...all, fields: [statusField] }), () => new KeyCollector())).keys();
  const { score, grade } = await source.ask(points({ ...all, fields: valueFields }), () => new ValueSink(keys));
  const found: Found = new Map();
  for (let i = 0; i < keys.length; i++) {
    const { detector, seq } = keys.names[keys.series[i]];
    const columns = found.get(detector) ?? new Columns();
    found.set(detector, columns);
    const place = level === 0 ? columns.add(keys.times[i], seq) : columns.of(bucketStart(keys.times[i], level));
    columns.raise('score', place, score[i]);
    columns.raise('grade', place, grade[i]);
    columns.judge(place, keys.values[i]);
    if (keys.values[i] !== Status.undefined) columns.judged[place]++;
    if (isFlagged(keys.values[i])) columns.flagged[place]++;
  }
  return found;
}

/** The scores of one detector while they come. */
class Columns {
  readonly score: number[] = [];
  readonly grade: number[] = [];
  readonly judged: number[] = [];
  readonly flagged: number[] = [];
  readonly #status: number[] = [];
  readonly #times: bigint[] = [];
  readonly #seqs: number[] = [];
  readonly #places = new Map<bigint, number>();

  add(time: bigint, seq: number): number {
    this.#seqs.push(seq);
    for (const column of [this.score, this.grade]) column.push(Number.NaN);
    for (const column of [this.judged, this.flagged]) column.push(0);
    this.#status.push(Status.undefined);
    return this.#times.push(time) - 1;
  }

  /** The place of a bucket. */
  of(time: bigint): number {
    const known = this.#places.get(time);
    if (known !== undefined) return known;
    const place = this.add(time, 0);
    this.#places.set(time, place);
    return place;
  }

  raise(column: 'score' | 'grade', place: number, value: number): void {
    if (!(this[column][place] >= value) && !Number.isNaN(value)) this[column][place] = value;
  }

  judge(place: number, status: number): void {
    if (status < this.#status[place]) this.#status[place] = status;
  }

  scores(detector: string): DetectorScores {
    const order = this.#times.map((_, i) => i);
    if (this.#places.size > 0) order.sort((a, b) => (this.#times[a] < this.#times[b] ? -1 : 1));
    const doubles = (column: readonly number[]): Float64Array => Float64Array.from(order, (i) => column[i]);
    return {
      ...{ detector, times: BigInt64Array.from(order, (i) => this.#times[i]), seqs: Int32Array.from(order, (i) => this.#seqs[i]) },
      ...{ score: doubles(this.score), grade: doubles(this.grade), status: Int8Array.from(order, (i) => this.#status[i]) },
      ...{ judged: doubles(this.judged), flagged: doubles(this.flagged) },
    };
  }
}

/** Takes the answers to the queries of `readFolded`, in their order: worst status, largest values, judged rows, flagged rows. */
class FoldedSink implements PointSink {
  readonly found: Found = new Map();
  readonly #counts: boolean;
  #columns = new Columns();
  #take: (place: number, value: number) => void = () => {};

  constructor(counts: boolean) {
    this.#counts = counts;
  }

  series({ result, _field = '', detector = '' }: SeriesKey): void {
    const name = decodeText(detector);
    const columns = this.found.get(name) ?? new Columns();
    this.found.set(name, columns);
    this.#columns = columns;
    if (result === '0') this.#take = (place, value) => columns.judge(place, value);
    else if (result === '1') {
      const column = _field.startsWith('score') ? 'score' : 'grade';
      const factor = _field.endsWith('_inf') ? Number.POSITIVE_INFINITY : 1;
      this.#take = (place, value) => columns.raise(column, place, value * factor);
    } else {
      const column = result === '2' ? columns.judged : columns.flagged;
      this.#take = (place, value) => {
        if (this.#counts) column[place] += value;
      };
    }
  }

  point(response: CsvResponse): void {
    this.#take(this.#columns.of(response.time()), response.number());
  }
}

/** Takes scores and grades of verdicts. */
class ValueSink implements PointSink {
  readonly score: Float64Array;
  readonly grade: Float64Array;
  readonly #cursor: KeyCursor;
  #values: Float64Array;
  #factor = 1;

  constructor(keys: PointKeys) {
    this.score = new Float64Array(keys.length).fill(Number.NaN);
    this.grade = new Float64Array(keys.length).fill(Number.NaN);
    this.#values = this.score;
    this.#cursor = new KeyCursor(keys);
  }

  series(key: SeriesKey): void {
    this.#values = key._field?.startsWith('score') ? this.score : this.grade;
    this.#factor = key._field?.endsWith('_inf') ? Number.POSITIVE_INFINITY : 1;
    this.#cursor.begin(key);
  }

  point(response: CsvResponse): void {
    const row = this.#cursor.find(response);
    if (row >= 0) this.#values[row] = response.number() * this.#factor;
  }
}
