import { isUtf8 } from 'node:buffer';
import { resolve } from 'node:path';
import { z } from 'zod';
import { deadPayloadLimit } from '../../core/chunk.ts';
import { defineSource, type Source } from '../../core/component.ts';
import { quote, SluiceError } from '../../core/errors.ts';
import { Assembler } from '../decode/assembler.ts';
import { makeCellReader } from '../decode/cell.ts';
import { parseLabel } from '../decode/label.ts';
import { labelsOf } from '../decode/layout.ts';
import { decodeOptions, rowClock } from '../decode/options.ts';
import { makeTimeParser, type TimeParser } from '../decode/time.ts';
import { openTextFile, type TextFile } from '../text/blocks.ts';
import { type Found, found } from '../text/byte-window.ts';
import { CsvReader } from '../text/csv-reader.ts';
import { decodeText, encodings } from '../text/encoding.ts';
import { chunkRows, readHead, readRows } from '../text/read-rows.ts';
import { type CsvLayout, findCsvLayout } from './csv-layout.ts';

export default defineSource({
  type: 'csv',
  summary: 'Rows of a CSV file, plain or gzip; delimiter, decimal sign, encoding, header and time format are found by content.',
  source: 'RFC 4180',
  cost: 'One pass per read; a chunk of a thousand rows and the longest line in memory. Reading from a later row reads the times of all rows before it.',
  fails: 'Thousands separators in numbers; more than one table in a file; a last row that is still being written.',
  options: z.strictObject({
    path: z.string().min(1).describe('The file, relative to where the command runs.'),
    ...decodeOptions,
    delimiter: z.enum(['auto', 'comma', 'semicolon', 'tab', 'pipe', 'space']).default('auto').describe('What stands between cells; auto: found by content.'),
    decimal: z.enum(['auto', '.', ',']).default('auto').describe('Decimal sign of numbers; auto: found by content.'),
    header: z
      .enum(['auto', 'none'])
      .default('auto')
      .describe('Row with the column names; auto: found by content; none: there is none, and columns are c1, c2 and so on.'),
    encoding: z
      .enum(['auto', ...encodings])
      .default('auto')
      .describe('Character encoding; auto: by byte order mark and content, UTF-8 or Windows-1252 else.'),
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
    const id = context.id ?? `csv:${resolve(path)}`;
    const missing = new Map<string, number>();
    let opened: { file: TextFile; layout: CsvLayout; time: TimeParser | undefined } | undefined;
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
      const reader = new CsvReader(layout.dialect, layout.names.length + 1, options.maxLineBytes);
      yield* readRows(file, reader, assembler, makeTake(layout, time, reader, assembler, path));
      newest = assembler.newest;
    };
    return {
      id,
      async open() {
        const file = await openTextFile(path, options.encoding === 'auto' ? undefined : options.encoding);
        const { bytes, whole } = await readHead(file, options.maxLineBytes);
        const layout = findCsvLayout(bytes, whole, file.encoding, options, path);
        const time = layout.time < 0 ? undefined : makeTimeParser(layout.timeSamples, options, path);
        if (time?.ambiguous) context.warn(`${path}: nothing tells day from month in '${layout.timeSamples[0]}'; day first is assumed (\`dateOrder\`)`);
        opened = { file, layout, time };
        const { schema, fingerprint } = layout;
        const description = `${file.compressed ? 'compressed ' : ''}${layout.description}${time ? `, ${time.description}` : ''}`;
        return { schema, ...labelsOf(layout), fingerprint, description, streamsByRow: layout.stream >= 0 };
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

/** Takes the reader's records into the assembler: numbers straight from the bytes, text only where there is no number. */
function makeTake(layout: CsvLayout, time: TimeParser | undefined, reader: CsvReader, assembler: Assembler, path: string): (kind: Found) => void {
  const { tagOf, columnOf, names, needed, encoding } = layout;
  const cellReader = makeCellReader(layout.decimalMark);
  const labels = new Map<string, number>();
  const checkUtf8 = encoding !== 'windows-1252' && encoding !== 'latin1';
  let { skip } = layout;

  const place = () => `${path} line ${reader.line}`;
  const payload = () => decodeText(reader.record().subarray(0, deadPayloadLimit * 4), encoding);

  /** Says what keeps a record from being a row of the table. */
  const isRow = (kind: Found): boolean => {
    if (kind === found.tooLong) {
      assembler.fail('line-too-long', `the line is longer than \`maxLineBytes\` (${place()}); its rest was passed over`, payload());
    } else if (kind === found.badQuote) {
      assembler.fail('syntax', `a quote is not closed, or text follows where it closes (${place()}); double quotes inside quotes`, payload());
    } else if (checkUtf8 && reader.beyondAscii && !isUtf8(reader.record())) {
      assembler.fail('encoding', `the row is not UTF-8 (${place()}); set \`encoding\` to that of the file, such as windows-1252`, payload());
    } else if (reader.cells < needed) {
      assembler.fail('cells', `the row has ${reader.cells} cells, the header ${names.length} (${place()})`, payload());
    } else if (reader.cells > names.length && holdsMore()) {
      assembler.fail('cells', `the row has ${reader.cells} cells, the header ends at column ${names.length} (${place()})`, payload());
    } else return true;
    return false;
  };
  /** Is there anything beyond the header's last column? A delimiter at the end of a line is none. */
  const holdsMore = (): boolean => reader.cells > names.length + 1 || !reader.isEmpty(names.length);

  const takeTime = (parser: TimeParser): void => {
    const text = reader.text(layout.time);
    const nanos = parser.parse(text);
    if (nanos !== undefined) assembler.setTime(nanos);
    else if (text.trim() === '') assembler.fail('time', `there is no time in column '${names[layout.time]}' (${place()})`, payload());
    else {
      const expected = `expected ${parser.description}`;
      assembler.fail('time', `cannot read the time ${quote(text)} in column '${names[layout.time]}' (${place()}); ${expected}`, payload());
    }
  };
  const takeText = (tag: number): void => {
    const column = columnOf[tag];
    if (reader.isEmpty(column)) {
      assembler.setMissing(tag, 'empty');
      return;
    }
    const text = reader.text(column);
    const value = cellReader.read(text);
    if (!Number.isNaN(value)) assembler.setValue(tag, value);
    else if (cellReader.missing !== undefined) assembler.setMissing(tag, cellReader.missing);
    else assembler.fail('number', `${quote(text)} in column '${names[column]}' ${cellReader.invalid} (${place()})`, payload());
  };
  const takeLabel = (): void => {
    const text = reader.text(layout.label);
    let label = labels.get(text);
    if (label === undefined) {
      label = parseLabel(text) ?? -1;
      if (labels.size < 1000) labels.set(text, label);
    }
    assembler.setLabel(label);
  };

  return (kind) => {
    if (skip > 0) {
      skip--;
      return;
    }
    if (kind === found.record && isHollow(reader, tagOf.length)) return;
    const wanted = assembler.begin();
    if (isRow(kind)) {
      if (layout.stream >= 0) {
        const stream = reader.text(layout.stream).trim();
        if (stream === '') assembler.fail('cells', `there is no stream in column '${names[layout.stream]}' (${place()})`, payload());
        else assembler.setStream(stream);
      }
      if (time) takeTime(time);
      if (wanted) {
        for (let tag = 0; tag < columnOf.length; tag++) {
          const value = reader.number(columnOf[tag]);
          if (value - value === 0) assembler.setValue(tag, value);
          else takeText(tag);
        }
        if (layout.label >= 0) takeLabel();
      }
    }
    assembler.end();
  };
}

/** A line of delimiters alone, such as spreadsheets leave at the end. */
function isHollow(reader: CsvReader, columns: number): boolean {
  const cells = Math.min(reader.cells, columns);
  for (let cell = 0; cell < cells; cell++) if (!reader.isEmpty(cell)) return false;
  return true;
}
