import type { Schema } from '../../core/schema.ts';
import type { Range, RowsQuery, RowsResult } from '../../core/store.ts';
import type { CsvResponse, PointSink, SeriesKey } from './csv-response.ts';
import { allTime, points, type Selection, termsAtOnce } from './flux.ts';
import type { FluxSource } from './flux-source.ts';
import { keyPages } from './key-pages.ts';
import { encodeText, labelField, measurement, originField, tagField } from './layout.ts';
import { KeyCursor, type PointKeys } from './point-keys.ts';

/** Rows of a page, at most, where none but so many are wanted. */
const pageRows = 16_384;

/** A stream as it is registered. */
export interface StreamEntry {
  readonly name: string;
  readonly schema: Schema;
}

/** Rows in (time, seq) order; no other lies in [from, to). */
export interface RowsPage {
  readonly from: bigint;
  readonly to: bigint;
  readonly keys: PointKeys;
  readonly seqs: Int32Array;
  /** -1 where unknown. */
  readonly labels: Int8Array;
  /** Row-major rows x tags; NaN = missing. */
  readonly values: Float64Array;
}

export function noRows(tags: readonly string[]): RowsResult {
  return { tags, times: new BigInt64Array(0), seqs: new Int32Array(0), labels: new Int8Array(0), columns: tags.map(() => new Float64Array(0)) };
}

/** @param tags of the schema, as many times as the answer is to have them */
export async function readRows(source: FluxSource, { name }: StreamEntry, tags: readonly string[], query: RowsQuery): Promise<RowsResult> {
  const { limit = Number.POSITIVE_INFINITY, last = false } = query;
  const wanted = [...new Set(tags)];
  const pieces: RowsResult[] = [];
  let rows = 0;
  if (limit > 0) {
    for await (const { keys: found } of keyPages(source, originsOf(source, name, query), Math.min(limit, pageRows), last && limit < Number.POSITIVE_INFINITY)) {
      const over = Math.max(0, rows + found.length - limit);
      const keys = last ? found.slice(over, found.length) : found.slice(0, found.length - over);
      pieces.push(await columnsOf(source, name, wanted, keys));
      rows += keys.length;
      if (rows === limit) break;
    }
  }
  if (last && limit < Number.POSITIVE_INFINITY) pieces.reverse();
  const together = pieces.length === 1 ? pieces[0] : concatRows(wanted, rows, pieces);
  if (wanted.length === tags.length) return together;
  const columns = tags.map((tag, i) => (tags.indexOf(tag) < i ? together.columns[wanted.indexOf(tag)].slice() : together.columns[wanted.indexOf(tag)]));
  return { ...together, tags, columns };
}

/** Rows of a range page by page: all tags, or those asked for in their order, each once. */
export async function* rowsPages(
  source: FluxSource,
  { name, schema }: StreamEntry,
  range: Omit<Range, 'stream'>,
  rows: number,
  asked: readonly string[] = schema.tags.map((tag) => tag.name),
): AsyncGenerator<RowsPage> {
  const tags = asked.length;
  for await (const { from, to, keys } of keyPages(source, originsOf(source, name, range), rows)) {
    const values = new Float64Array(keys.length * tags);
    const columns = asked.map((tag, t) => ({ tag, values, first: t, stride: tags }));
    const labels = await readColumns(source, name, columns, keys);
    yield { from, to, keys, seqs: keys.seqs(), labels, values };
  }
}

/** The field that every row has. */
export function originsOf({ bucket }: FluxSource, stream: string, { from = allTime.from, to = allTime.to }: Omit<Range, 'stream'>): Selection {
  return { bucket, measurement: measurement.rows, tags: { stream: encodeText(stream) }, fields: [originField], from, to };
}

async function columnsOf(source: FluxSource, stream: string, tags: readonly string[], keys: PointKeys): Promise<RowsResult> {
  const columns = tags.map((tag) => ({ tag, values: new Float64Array(keys.length), first: 0, stride: 1 }));
  const labels = await readColumns(source, stream, columns, keys);
  return { tags, times: keys.times, seqs: keys.seqs(), labels, columns: columns.map(({ values }) => values) };
}

/** Where the values of a tag go: that of row i to values[first + i * stride]. */
interface Column {
  readonly tag: string;
  readonly values: Float64Array;
  readonly first: number;
  readonly stride: number;
}

/** @returns the labels */
async function readColumns(source: FluxSource, stream: string, columns: readonly Column[], keys: PointKeys): Promise<Int8Array> {
  const labels = new Int8Array(keys.length).fill(-1);
  if (keys.length === 0) return labels;
  const { bucket } = source;
  const [from, to] = [keys.times[0], keys.times[keys.length - 1] + 1n];
  const all: Selection = { bucket, measurement: measurement.rows, tags: { stream: encodeText(stream) }, from, to };
  const sink = (): ColumnSink => new ColumnSink(keys, columns, labels);
  if (columns.length >= termsAtOnce) {
    await source.ask(points({ ...all, exceptField: originField }), sink);
    return labels;
  }
  await source.ask(points({ ...all, fields: [...columns.map(({ tag }) => tagField(tag)), labelField] }), sink);
  return labels;
}

class ColumnSink implements PointSink {
  readonly #cursor: KeyCursor;
  readonly #columns: ReadonlyMap<string, Column>;
  readonly #labels: Int8Array;
  #column: Column | undefined;
  #labelled = false;

  constructor(keys: PointKeys, columns: readonly Column[], labels: Int8Array) {
    this.#cursor = new KeyCursor(keys);
    this.#columns = new Map(columns.map((column) => [tagField(column.tag), column]));
    this.#labels = labels;
    for (const values of new Set(columns.map((column) => column.values))) values.fill(Number.NaN);
  }

  series(key: SeriesKey): void {
    const { _field: field = '' } = key;
    this.#column = this.#columns.get(field);
    this.#labelled = field === labelField;
    this.#cursor.begin(key);
  }

  point(response: CsvResponse): void {
    const column = this.#column;
    if (!column && !this.#labelled) return;
    const row = this.#cursor.find(response);
    if (row < 0) return;
    if (column) column.values[column.first + row * column.stride] = response.number();
    else this.#labels[row] = response.number();
  }
}

function concatRows(tags: readonly string[], rows: number, pieces: readonly RowsResult[]): RowsResult {
  const all: RowsResult = {
    ...{ tags, times: new BigInt64Array(rows), seqs: new Int32Array(rows), labels: new Int8Array(rows) },
    columns: tags.map(() => new Float64Array(rows)),
  };
  let at = 0;
  for (const { times, seqs, labels, columns } of pieces) {
    all.times.set(times, at);
    all.seqs.set(seqs, at);
    all.labels.set(labels, at);
    for (const [t, column] of columns.entries()) all.columns[t].set(column, at);
    at += times.length;
  }
  return all;
}
