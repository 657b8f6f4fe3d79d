import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { SluiceError } from '../../core/errors.ts';
import { type DecimalMark, findDecimalMark } from '../decode/cell.ts';
import { findHeader, type Header } from '../decode/header.ts';
import { type Layout, type LayoutOptions, maxColumns, planColumns } from '../decode/layout.ts';
import { type Found, found } from '../text/byte-window.ts';
import { type CsvDialect, CsvReader } from '../text/csv-reader.ts';
import type { Encoding } from '../text/encoding.ts';

export const delimiters = { comma: ',', semicolon: ';', tab: '\t', pipe: '|', space: ' ' } as const;
export type DelimiterName = keyof typeof delimiters;

export interface CsvFindOptions extends LayoutOptions {
  readonly delimiter: 'auto' | DelimiterName;
  readonly decimal: 'auto' | DecimalMark;
  readonly header: 'auto' | 'none';
  readonly maxLineBytes: number;
}

/** How a CSV file is written and what its columns hold. */
export interface CsvLayout extends Layout {
  readonly dialect: CsvDialect;
  readonly decimalMark: DecimalMark;
  readonly encoding: Encoding;
  /** Records before the first data row, as the reader finds them. */
  readonly skip: number;
  /** Cells that a row must have: columns without a name at the header's end need not be there. */
  readonly needed: number;
  readonly timeSamples: readonly string[];
  readonly fingerprint: string;
}

/** Tried in this order where nothing else decides: a comma may be a decimal sign. */
const candidates: readonly DelimiterName[] = ['tab', 'semicolon', 'pipe', 'comma'];

interface HeadRecord {
  readonly kind: Found;
  readonly cells: readonly string[];
  readonly validUtf8: boolean;
  readonly raw: Buffer;
}

/**
 * Finds delimiter, encoding, header, columns and decimal sign in a file's first bytes.
 * @param known the encoding, where it is set or a byte order mark names it
 * @throws SOURCE_LIMIT, SOURCE_EMPTY, SOURCE_NO_HEADER, SOURCE_TAGS, SOURCE_TIME
 */
export function findCsvLayout(head: Uint8Array, whole: boolean, known: Encoding | undefined, options: CsvFindOptions, place: string): CsvLayout {
  const split = (delimiter: DelimiterName, encoding: Encoding): HeadRecord[] => splitHead(head, whole, delimiter, encoding, options.maxLineBytes);
  const guess: Encoding = known ?? 'utf-8';
  const name = options.delimiter === 'auto' ? bestDelimiter((candidate) => split(candidate, guess)) : options.delimiter;
  let records = split(name, guess);
  if (records[0]?.kind === found.tooLong) throw tooLong(options.maxLineBytes, place);
  const headerOf = (): Header => (options.header === 'none' ? numbered(records, place) : findHeader(records.map(sample), place));
  let header = headerOf();
  let encoding = guess;
  if (known === undefined && isSingleByte(records, header.row)) {
    encoding = 'windows-1252';
    records = split(name, encoding);
    header = headerOf();
  }
  const data = records.slice(header.row + 1);
  const rows = data.filter((record) => record.kind === found.record).map(sample);
  const layout = planColumns(header.names, rows, options, place);
  const tagCells = rows.flatMap((row) => row.filter((_, column) => layout.tagOf[column] >= 0));
  const decimalMark = options.decimal === 'auto' ? findDecimalMark(tagCells) : options.decimal;
  return {
    ...layout,
    dialect: { delimiter: delimiters[name].charCodeAt(0), decimal: decimalMark.charCodeAt(0), encoding },
    decimalMark,
    encoding,
    skip: header.row + 1,
    needed: header.names.reduce((needed, text, column) => (text === '' ? needed : column + 1), 0),
    timeSamples: layout.time < 0 ? [] : rows.map((row) => row[layout.time] ?? ''),
    fingerprint: fingerprintOf(records.slice(Math.max(0, header.row), header.row + 2)),
    description: describe(name, encoding, decimalMark, layout),
  };
}

function sample(record: HeadRecord): readonly string[] {
  return record.cells;
}

function splitHead(head: Uint8Array, whole: boolean, delimiter: DelimiterName, encoding: Encoding, limit: number): HeadRecord[] {
  const reader = new CsvReader({ delimiter: delimiters[delimiter].charCodeAt(0), decimal: 0x2e, encoding }, maxColumns + 1, limit);
  reader.window.feed(head);
  if (whole) reader.window.finish();
  const records: HeadRecord[] = [];
  for (let kind = reader.next(); kind !== found.nothing; kind = reader.next()) {
    const cells = kind === found.record ? Array.from({ length: Math.min(reader.cells, maxColumns + 1) }, (_, cell) => reader.text(cell)) : [];
    const raw = Buffer.from(reader.record());
    records.push({ kind, cells, raw, validUtf8: isUtf8(raw) });
  }
  return records;
}

/** Without a header row columns are named by their number. */
function numbered(records: readonly HeadRecord[], place: string): Header {
  const first = records.find(({ kind, cells }) => kind === found.record && cells.some((cell) => cell !== ''));
  if (!first) throw new SluiceError('SOURCE_EMPTY', 'there are no rows', { place, fix: 'Give a file with data rows.' });
  const columns = first.cells.findLastIndex((cell) => cell !== '') + 1;
  return { row: -1, names: Array.from({ length: columns }, (_, column) => `c${column + 1}`) };
}

/**
 * The one that cuts most records into the same number of cells, more than one; of those, the one that gives most cells. Spaces
 * only between numbers, where nothing else cuts: they also stand in names and times.
 */
function bestDelimiter(split: (name: DelimiterName) => HeadRecord[]): DelimiterName {
  let best: DelimiterName = 'comma';
  let bestShare = 0;
  let bestCells = 1;
  for (const name of [...candidates, 'space'] as const) {
    if (name === 'space' && bestShare > 0) break;
    const counts = new Map<number, number>();
    const records = split(name);
    if (name === 'space' && records.filter(isNumeric).length * 2 < records.length) break;
    for (const { cells } of records) counts.set(cells.length, (counts.get(cells.length) ?? 0) + 1);
    const [cells, times] = [...counts].reduce((most, entry) => (entry[1] > most[1] ? entry : most), [0, 0]);
    const share = times / records.length;
    if (cells > 1 && (share > bestShare || (share === bestShare && cells > bestCells))) {
      best = name;
      bestShare = share;
      bestCells = cells;
    }
  }
  return best;
}

/** Most of its cells are numbers: no prose. */
function isNumeric({ cells }: HeadRecord): boolean {
  const filled = cells.filter((cell) => cell !== '');
  return filled.filter((cell) => !Number.isNaN(Number(cell))).length * 2 > filled.length;
}

/** Names that are no UTF-8, or more than half of the rows: the file is not UTF-8. A single bad row is a bad row. */
function isSingleByte(records: readonly HeadRecord[], headerRow: number): boolean {
  const bad = records.filter((record) => !record.validUtf8);
  return records.slice(0, headerRow + 1).some((record) => !record.validUtf8) || bad.length > records.length / 2;
}

function tooLong(limit: number, place: string): SluiceError {
  return new SluiceError('SOURCE_LIMIT', `the first line is longer than ${limit} bytes`, {
    place,
    fix: 'Give a file with one row per line, or raise `maxLineBytes`.',
  });
}

/** Header and first data row: a file that grows keeps them. */
function fingerprintOf(records: readonly HeadRecord[]): string {
  const hash = createHash('sha256');
  for (const { raw } of records) hash.update(raw).update('\n');
  return hash.digest('hex').slice(0, 32);
}

function describe(delimiter: DelimiterName, encoding: Encoding, decimal: DecimalMark, layout: Layout): string {
  const sign = decimal === ',' ? ', decimal comma' : '';
  return `CSV (${encoding}), cells separated by ${delimiter}${sign}, ${layout.description}`;
}
