import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { z } from 'zod';
import { deadPayloadLimit } from '../../core/chunk.ts';
import { defineSource, type Source } from '../../core/component.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import { Assembler } from '../decode/assembler.ts';
import { type Cell, makeCellReader } from '../decode/cell.ts';
import { parseLabel } from '../decode/label.ts';
import { type Layout, labelsOf, planColumns } from '../decode/layout.ts';
import { decodeOptions, rowClock } from '../decode/options.ts';
import { makeTimeParser, quoteTime, type TimeParser } from '../decode/time.ts';
import { openTextFile, type TextFile } from '../text/blocks.ts';
import { type Found, found } from '../text/byte-window.ts';
import { LineReader } from '../text/line-reader.ts';
import { chunkRows, readHead, readRows } from '../text/read-rows.ts';

type Row = Readonly<Record<string, unknown>>;

interface Opened {
  readonly file: TextFile;
  readonly layout: Layout;
  readonly time: TimeParser | undefined;
  /** Keys as they are written, in the order of the layout's columns. */
  readonly keys: readonly string[];
}

export default defineSource({
  type: 'jsonl',
  summary: 'Rows of a JSON Lines file, plain or gzip: one flat object a line, with a time, the tags by name and an optional label.',
  source: 'https://jsonlines.org; RFC 8259',
  cost: 'One pass per read, and an object per row while it is decoded. Reading from a later row decodes all rows before it.',
  fails: 'Nested objects and arrays; a last row that is still being written.',
  options: z.strictObject({
    path: z.string().min(1).describe('The file, relative to where the command runs.'),
    ...decodeOptions,
    maxLineBytes: z
      .int()
      .min(64)
      .max(16 << 20)
      .default(1 << 20)
      .describe('Longest row, bytes; a longer one is a dead letter.'),
  }),
  shorthand: 'path',
  create(options, context): Source {
    const { path } = options;
    const id = context.id ?? `jsonl:${resolve(path)}`;
    const missing = new Map<string, number>();
    let opened: Opened | undefined;
    let newest: bigint | undefined;

    const read = async function* (from: number) {
      if (!opened) throw new SluiceError('INTERNAL', 'the source is read before it is opened');
      const { file, layout, time } = opened;
      const assembler = new Assembler({
        source: id,
        stream: context.stream,
        schema: layout.schema,
        labelled: layout.label >= 0,
        rows: chunkRows(layout.schema.tags.length),
        from,
        lateness: context.lateness,
        missing,
        clock: time ? undefined : rowClock(options),
      });
      const reader = new LineReader(options.maxLineBytes);
      yield* readRows(file, reader, assembler, makeTake(opened, reader, assembler, path));
      newest = assembler.newest;
    };
    return {
      id,
      async open() {
        const file = await openTextFile(path);
        const { bytes, whole } = await readHead(file, options.maxLineBytes);
        const { rows, first } = sampleRows(bytes, whole, options.maxLineBytes, path);
        const keys = keysOf(rows);
        const samples = rows.map((row) => keys.map((key) => cellOf(row[key])));
        const layout = planColumns(keys, samples, options, path);
        const times = layout.time < 0 ? [] : samples.map((cells) => cells[layout.time]);
        const time = layout.time < 0 ? undefined : makeTimeParser(times, options, path);
        if (time?.ambiguous) context.warn(`${path}: nothing tells day from month in ${quoteTime(times[0])}; day first is assumed (\`dateOrder\`)`);
        opened = { file, layout, time, keys };
        const description = `${file.compressed ? 'compressed ' : ''}JSON Lines, ${layout.description}${time ? `, ${time.description}` : ''}`;
        // The first row: a file that grows keeps it.
        const fingerprint = createHash('sha256').update(first).digest('hex').slice(0, 32);
        return { schema: layout.schema, ...labelsOf(layout), fingerprint, description, streamsByRow: layout.stream >= 0 };
      },
      read,
      missing: () => missing,
      async lastTime() {
        if (newest === undefined) for await (const _ of read(Number.POSITIVE_INFINITY));
        return newest;
      },
      async close() {
        opened = undefined;
      },
    };
  },
});

/** The objects among a file's first lines, and the first of those lines. */
function sampleRows(head: Uint8Array, whole: boolean, limit: number, path: string): { rows: Row[]; first: Buffer } {
  const reader = new LineReader(limit);
  reader.window.feed(head);
  if (whole) reader.window.finish();
  const rows: Row[] = [];
  let first: Buffer | undefined;
  let refused: { kind: Found; line: string } | undefined;
  for (let kind = reader.next(); kind !== found.nothing; kind = reader.next()) {
    const row = kind === found.record ? parseRow(reader.record().toString()) : undefined;
    if (typeof row === 'object') {
      first ??= Buffer.from(reader.record());
      rows.push(row);
    } else refused ??= { kind, line: reader.record().toString('utf8', 0, 200) };
  }
  if (first) return { rows, first };
  if (!refused) throw new SluiceError('SOURCE_EMPTY', 'there are no rows', { place: path, fix: 'Give a file with one JSON object a line.' });
  if (refused.kind === found.tooLong) {
    throw new SluiceError('SOURCE_LIMIT', `the first line is longer than ${limit} bytes`, {
      place: path,
      fix: 'Write one object a line, e.g. with `jq -c .[]`, or raise `maxLineBytes`.',
    });
  }
  throw new SluiceError('SOURCE_UNREADABLE', `no line holds a JSON object; the first reads ${quote(refused.line)}`, {
    place: path,
    fix: 'Write one object a line, e.g. with `jq -c .[]`, and nothing around them.',
  });
}

/** Keys in the order in which they come; one that only a single row has, and not the first, is a slip. */
function keysOf(rows: readonly Row[]): string[] {
  const uses = new Map<string, number>();
  for (const key of rows.flatMap((row) => Object.keys(row))) uses.set(key, (uses.get(key) ?? 0) + 1);
  return [...uses].flatMap(([key, times]) => (times > 1 || Object.hasOwn(rows[0], key) ? [key] : []));
}

/** The object that a line holds, or what is wrong with it. */
function parseRow(line: string): Row | string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch (error) {
    return `is no JSON: ${(error as Error).message}`;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Row;
  return `holds ${quote(value)}, not an object`;
}

/** Nested values are shown as text, which no number can be read from. */
function cellOf(value: unknown): Cell {
  return typeof value === 'object' && value !== null ? JSON.stringify(value) : (value as Cell);
}

function makeTake({ layout, time, keys }: Opened, reader: LineReader, assembler: Assembler, path: string): (kind: Found) => void {
  const { tagOf } = layout;
  const cells = makeCellReader('.');
  const columnOf = new Map(keys.map((key, column) => [key, column]));
  const place = () => `${path} line ${reader.line}`;
  const payload = () => reader.record().toString('utf8', 0, deadPayloadLimit * 4);

  const takeTime = (parser: TimeParser, value: Cell): void => {
    const nanos = parser.parse(value);
    if (nanos !== undefined) assembler.setTime(nanos);
    else if (value === undefined || value === null || value === '') assembler.fail('time', `there is no '${keys[layout.time]}' (${place()})`, payload());
    else {
      const expected = `expected ${parser.description}`;
      assembler.fail('time', `cannot read the time ${quoteTime(value)} in '${keys[layout.time]}' (${place()}); ${expected}`, payload());
    }
  };
  const takeStream = (value: unknown): void => {
    if (typeof value === 'string' && value.trim() !== '') assembler.setStream(value.trim());
    else if (typeof value === 'number') assembler.setStream(String(value));
    else assembler.fail('cells', `there is no stream in '${keys[layout.stream]}' (${place()})`, payload());
  };
  const takeTag = (name: string, tag: number, value: unknown): void => {
    if (typeof value === 'object' && value !== null) {
      assembler.fail('number', `${quote(value)} in '${name}' is ${Array.isArray(value) ? 'a list' : 'an object'}, not a number (${place()})`, payload());
      return;
    }
    const number = cells.read(value as Cell);
    if (!Number.isNaN(number)) assembler.setValue(tag, number);
    else if (cells.missing !== undefined) assembler.setMissing(tag, cells.missing);
    else assembler.fail('number', `${quote(value)} in '${name}' ${cells.invalid} (${place()})`, payload());
  };

  const takeRow = (row: Row, wanted: boolean): void => {
    if (layout.stream >= 0) takeStream(row[keys[layout.stream]]);
    if (time) takeTime(time, cellOf(row[keys[layout.time]]));
    if (!wanted) return;
    for (const name of Object.keys(row)) {
      const column = columnOf.get(name);
      if (column === undefined) assembler.fail('cells', `unknown key ${quote(name)}: the first rows do not have it (${place()})`, payload());
      else if (tagOf[column] >= 0) takeTag(name, tagOf[column], row[name]);
    }
    if (layout.label >= 0) assembler.setLabel(parseLabel(cellOf(row[keys[layout.label]])) ?? -1);
  };

  return (kind) => {
    const wanted = assembler.begin();
    if (kind === found.tooLong) {
      assembler.fail('line-too-long', `the line is longer than \`maxLineBytes\` (${place()}); its rest was passed over`, payload());
    } else if (!isUtf8(reader.record())) {
      assembler.fail('encoding', `the line is not UTF-8 (${place()})`, payload());
    } else {
      const row = parseRow(reader.record().toString());
      if (typeof row === 'string') assembler.fail('syntax', `the line ${row} (${place()})`, payload());
      else takeRow(row, wanted);
    }
    assembler.end();
  };
}
