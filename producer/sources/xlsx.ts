import { resolve } from 'node:path';
import { z } from 'zod';
import { defineSource, type Source, type SourceChunk, type SourceContext, type SourceInfo } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { Assembler } from '../decode/assembler.ts';
import { type Cell, findDecimalMark, makeCellReader } from '../decode/cell.ts';
import { findHeader } from '../decode/header.ts';
import { type Layout, labelsOf, planColumns } from '../decode/layout.ts';
import { type DecodeOptions, decodeOptions, rowClock } from '../decode/options.ts';
import { makeRowDecoder } from '../decode/rows.ts';
import { makeTimeParser, type TimeParser } from '../decode/time.ts';
import { readSheet } from '../workbook/sheet.ts';
import { openWorkbook, type Sheet, sheetOf, type Workbook } from '../workbook/workbook.ts';

const chunkRows = 1000;
/** Rows that decide on the layout. */
const sampleRows = 300;

export default defineSource({
  type: 'xlsx',
  summary: 'Rows of an Excel workbook, streamed; title rows, header, time, label and tags are found by content.',
  fails: 'Password-protected workbooks, .xls and .xlsb; formulas without stored values count as empty.',
  cost: 'About 30 us a row of 53 cells; memory for the table of shared texts, otherwise independent of the number of rows.',
  source: 'ECMA-376 (SpreadsheetML)',
  options: z.strictObject({
    path: z.string().describe('The workbook.'),
    sheet: z
      .union([z.string(), z.int().min(1)])
      .optional()
      .describe('Sheet by name, or by position from 1; default: the first that holds a table.'),
    ...decodeOptions,
  }),
  shorthand: 'path',
  create: (options, context) => createXlsxSource(options, context),
});

type XlsxOptions = DecodeOptions & { path: string; sheet?: string | number | undefined };

interface Table {
  readonly sheet: Sheet;
  readonly layout: Layout;
  readonly time: TimeParser | undefined;
  readonly headerRow: number;
  readonly decimal: '.' | ',';
}

function createXlsxSource(options: XlsxOptions, context: SourceContext): Source {
  const id = context.id ?? `xlsx:${resolve(options.path)}`;
  const missing = new Map<string, number>();
  let opened: { workbook: Workbook; table: Table } | undefined;
  let newest: bigint | undefined;

  const requireOpen = (): { workbook: Workbook; table: Table } => {
    if (!opened) throw new SluiceError('INTERNAL', 'the workbook is not open');
    return opened;
  };

  async function* read(from: number): AsyncGenerator<SourceChunk> {
    const { workbook, table } = requireOpen();
    const assembler = new Assembler({
      source: id,
      stream: context.stream,
      schema: table.layout.schema,
      labelled: table.layout.label !== -1,
      rows: chunkRows,
      from,
      lateness: context.lateness,
      missing,
      clock: table.time ? undefined : rowClock(options),
    });
    const decode = makeRowDecoder({
      layout: table.layout,
      time: table.time,
      cells: makeCellReader(table.decimal),
      assembler,
      place: (row) => `${options.path} sheet '${table.sheet.name}' row ${row + 1}`,
    });
    let progress = 0;
    const onProgress = (share: number): void => {
      progress = share;
    };
    for await (const { index, values } of readSheet(workbook, table.sheet, onProgress)) {
      if (index <= table.headerRow || values.every(isBlank)) continue;
      decode(values, index);
      if (!assembler.full) continue;
      const chunk = assembler.take(progress);
      if (chunk) yield chunk;
    }
    newest = assembler.newest;
    const last = assembler.take(1);
    if (last) yield last;
  }

  return {
    id,
    async open(): Promise<SourceInfo> {
      const workbook = await openWorkbook(options.path);
      try {
        const table = await findTable(workbook, options);
        opened = { workbook, table };
        if (table.time?.ambiguous) {
          context.warn(`${options.path}: the dates are read day first, but nothing in them proves it; set \`dateOrder\` to dmy or mdy`);
        }
        return {
          schema: table.layout.schema,
          ...labelsOf(table.layout),
          fingerprint: workbook.fingerprint,
          description: describe(table, options),
          streamsByRow: table.layout.stream >= 0,
        };
      } catch (error) {
        await workbook.close();
        throw error;
      }
    },
    read(from) {
      missing.clear();
      return read(from);
    },
    missing: () => missing,
    async lastTime() {
      if (newest === undefined) for await (const _ of read(Number.POSITIVE_INFINITY));
      return newest;
    },
    async close() {
      await opened?.workbook.close();
      opened = undefined;
    },
  };
}

/** The first sheet with a table, or the one that was asked for. */
async function findTable(workbook: Workbook, options: XlsxOptions): Promise<Table> {
  const sheets = options.sheet === undefined ? workbook.sheets : [sheetOf(workbook, options.sheet)];
  let first: unknown;
  for (const sheet of sheets) {
    try {
      return await planTable(workbook, sheet, options);
    } catch (error) {
      const isNoTable = error instanceof SluiceError && (error.code === 'SOURCE_NO_HEADER' || error.code === 'SOURCE_EMPTY');
      if (!isNoTable) throw error;
      first ??= error;
    }
  }
  throw first;
}

async function planTable(workbook: Workbook, sheet: Sheet, options: XlsxOptions): Promise<Table> {
  const place = workbook.sheets.length === 1 ? options.path : `${options.path} sheet '${sheet.name}'`;
  const rows: (readonly Cell[])[] = [];
  for await (const { index, values } of readSheet(workbook, sheet)) {
    while (rows.length < Math.min(index, sampleRows)) rows.push([]);
    if (rows.length >= sampleRows) break;
    rows.push(values);
  }
  const header = findHeader(rows, place);
  const samples = rows.slice(header.row + 1).filter((row) => !row.every(isBlank));
  const layout = planColumns(header.names, samples, options, place);
  const time =
    layout.time === -1
      ? undefined
      : makeTimeParser(
          samples.map((row) => row[layout.time]),
          { timezone: options.timezone, dateOrder: options.dateOrder, date1904: workbook.date1904 },
          `${place} column '${layout.names[layout.time]}'`,
        );
  const decimal = findDecimalMark(samples.flatMap((row) => [...layout.columnOf].map((column) => row[column])));
  return { sheet, layout, time, headerRow: header.row, decimal };
}

function describe({ sheet, layout, time, headerRow }: Table, options: XlsxOptions): string {
  const clock = time ? ` (${time.description})` : `, a row every ${options.period} ms`;
  return `workbook, sheet '${sheet.name}', header in row ${headerRow + 1}, ${layout.description}${clock}`;
}

function isBlank(cell: Cell): boolean {
  return cell === null || cell === undefined || (typeof cell === 'string' && cell.trim() === '');
}
