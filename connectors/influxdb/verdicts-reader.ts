import type { StoredVerdict, VerdictsQuery } from '../../core/store.ts';
import { isFlagged, topContributions } from '../../core/verdict.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { allTime, points, type Selection } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { keyPages } from './key-pages.ts';
import { decodeText, encodeText, measurement } from './layout.ts';
import { KeyCursor, type PointKeys } from './point-keys.ts';
import { coveringRanges } from './time-ranges.ts';

/** Rows of a page, at most. */
const pageRows = 16_384;

/** Where flagged rows are few, so many stretches of time are read instead of everything between them. */
const stretches = 8;

const statusField = 'status';

/** Verdicts in (time, seq, detector) order, page by page; with `last` the pages come from the end. */
export async function* verdictPages(source: FluxSource, query: VerdictsQuery): AsyncGenerator<StoredVerdict[]> {
  const { stream, detector, flagged = false, limit = Number.POSITIVE_INFINITY, last = false, from = allTime.from, to = allTime.to } = query;
  const tags = { stream: encodeText(stream), ...(detector === undefined ? {} : { detector: encodeText(detector) }) };
  const all: Selection = { bucket: source.bucket, measurement: measurement.verdicts, tags, from, to };
  const statuses: Selection = { ...all, fields: [statusField], ...(flagged ? { atMost: 0 } : {}) };
  let left = limit;
  if (left === 0) return;
  for await (const { keys: found } of keyPages(source, statuses, Math.min(limit, pageRows), last && limit < Number.POSITIVE_INFINITY)) {
    const count = Math.min(left, found.length);
    const keys = last ? found.slice(found.length - count, found.length) : found.slice(0, count);
    const columns = await readColumns(source, all, keys, flagged ? stretches : 1);
    yield Array.from(keys.times, (time, row) => columns.verdict(row, time, keys, detector));
    left -= count;
    if (left === 0) return;
  }
}

export async function readVerdicts(source: FluxSource, query: VerdictsQuery): Promise<StoredVerdict[]> {
  const pages: StoredVerdict[][] = [];
  for await (const page of verdictPages(source, query)) pages.push(page);
  if (query.last && query.limit !== undefined) pages.reverse();
  return pages.flat();
}

async function readColumns(source: FluxSource, all: Selection, keys: PointKeys, most: number): Promise<VerdictColumns> {
  const columns = new VerdictColumns(keys.length);
  for (const range of coveringRanges(keys.times, most)) {
    await source.ask(points({ ...all, ...range, exceptField: statusField }), () => new VerdictSink(keys, columns));
  }
  return columns;
}

/** What verdicts hold besides their status. */
class VerdictColumns {
  readonly score: Float64Array;
  readonly grade: Float64Array;
  readonly rest: Float64Array;
  /** Per row the tags of the largest shares as indices of #names; -1 = none. */
  readonly tags: Int32Array;
  readonly shares: Float64Array;
  readonly #names: string[] = [];
  readonly #indices = new Map<string, number>();

  constructor(rows: number) {
    this.score = new Float64Array(rows).fill(Number.NaN);
    this.grade = new Float64Array(rows).fill(Number.NaN);
    this.rest = new Float64Array(rows).fill(Number.NaN);
    this.tags = new Int32Array(rows * topContributions).fill(-1);
    this.shares = new Float64Array(rows * topContributions).fill(Number.NaN);
  }

  indexOf(stored: string): number {
    const known = this.#indices.get(stored);
    if (known !== undefined) return known;
    this.#indices.set(stored, this.#names.length);
    return this.#names.push(decodeText(stored)) - 1;
  }

  /** @param asked the detector, where keys do not name it */
  verdict(row: number, time: bigint, { names, series, values }: PointKeys, asked: string | undefined): StoredVerdict {
    const { seq, detector } = names[series[row]];
    const verdict = { detector: asked ?? detector, time, seq, score: this.score[row], grade: this.grade[row], status: values[row] };
    const rest = this.rest[row];
    // What stood there before stays where it is not written over.
    if (!isFlagged(verdict.status) || Number.isNaN(rest)) return verdict;
    const contributions: { tag: string; share: number }[] = [];
    for (let at = row * topContributions; at < (row + 1) * topContributions; at++) {
      if (this.tags[at] >= 0) contributions.push({ tag: this.#names[this.tags[at]], share: this.shares[at] });
    }
    return { ...verdict, contributions, rest };
  }
}

const ranked = /^(tag|share)(\d)(_inf)?$/;

class VerdictSink implements PointSink {
  readonly #cursor: KeyCursor;
  readonly #columns: VerdictColumns;
  /** Doubles of the current field, each row's `stride` apart; undefined where it is a tag's name, or no field of ours. */
  #values: Float64Array | undefined;
  #first = 0;
  #stride = 1;
  #isName = false;
  #isInfinite = false;

  constructor(keys: PointKeys, columns: VerdictColumns) {
    this.#cursor = new KeyCursor(keys);
    this.#columns = columns;
  }

  series(key: SeriesKey): void {
    const { _field: field = '' } = key;
    this.#cursor.begin(key);
    const [, kind, rank] = ranked.exec(field) ?? [];
    this.#isInfinite = field.endsWith('_inf');
    this.#isName = kind === 'tag';
    this.#first = rank === undefined ? 0 : Number(rank) - 1;
    this.#stride = rank === undefined ? 1 : topContributions;
    const { score, grade, rest, shares } = this.#columns;
    const single = ({ score, grade, rest } as Partial<Record<string, Float64Array>>)[field.replace(/_inf$/, '')];
    this.#values = kind === 'share' ? shares : single;
  }

  point(response: CsvResponse): void {
    if (!this.#values && !this.#isName) return;
    const row = this.#cursor.find(response);
    if (row < 0) return;
    const at = this.#first + row * this.#stride;
    if (!this.#values) this.#columns.tags[at] = this.#columns.indexOf(response.text());
    else this.#values[at] = this.#isInfinite ? response.number() * Number.POSITIVE_INFINITY : response.number();
  }
}
