import type { DeadReason } from '../../core/chunk.ts';
import type { Assembler } from './assembler.ts';
import type { Cell, CellReader } from './cell.ts';
import { parseLabel } from './label.ts';
import type { Layout } from './layout.ts';
import { quoteTime, type TimeParser } from './time.ts';

export interface RowDecoderOptions {
  readonly layout: Layout;
  /** Undefined when there is no time column. */
  readonly time: TimeParser | undefined;
  readonly cells: CellReader;
  readonly assembler: Assembler;
  /** What a row is called in messages, from what the decoder was given with it: `plant.xlsx row 7`. */
  readonly place: (row: number) => string;
}

/**
 * Takes a row's raw cells into the assembler. Cells that are missing at the end are empty; cells beyond the header, text
 * where a number should be and unreadable times make the row a dead letter that quotes the value, its column and its row.
 * @returns a function of the cells and the row's number in the file
 */
export function makeRowDecoder({ layout, time, cells: reader, assembler, place }: RowDecoderOptions): (cells: readonly Cell[], row: number) => void {
  const { tagOf, columnOf, names } = layout;
  const tags = columnOf.length;

  const fail = (reason: DeadReason, what: string, cells: readonly Cell[], row: number): void =>
    assembler.fail(reason, `${what} (${place(row)})`, payloadOf(cells));

  const takeTime = (parser: TimeParser, cells: readonly Cell[], row: number): void => {
    const cell = cells[layout.time];
    const nanos = parser.parse(cell);
    const where = `in column '${names[layout.time]}'`;
    if (nanos !== undefined) assembler.setTime(nanos);
    else if (isBlank(cell)) fail('time', `there is no time ${where}`, cells, row);
    else fail('time', `cannot read the time ${quoteTime(cell)} ${where}, expected ${parser.description}`, cells, row);
  };

  const takeStream = (cells: readonly Cell[], row: number): void => {
    const name = cells[layout.stream];
    if (isBlank(name)) fail('cells', `there is no stream in column '${names[layout.stream]}'`, cells, row);
    else assembler.setStream(String(name).trim());
  };

  const takeValues = (cells: readonly Cell[], row: number): void => {
    for (let column = tagOf.length; column < cells.length; column++) {
      if (!isBlank(cells[column]))
        fail('cells', `column ${column + 1} holds ${quoteTime(cells[column])}, but the header has ${tagOf.length} columns`, cells, row);
    }
    for (let tag = 0; tag < tags; tag++) {
      const cell = cells[columnOf[tag]];
      const value = reader.read(cell);
      if (!Number.isNaN(value)) assembler.setValue(tag, value);
      else if (reader.missing !== undefined) assembler.setMissing(tag, reader.missing);
      else fail('number', `${quoteTime(cell)} in column '${names[columnOf[tag]]}' ${reader.invalid}`, cells, row);
    }
  };

  return (cells, row) => {
    const wanted = assembler.begin();
    if (layout.stream !== -1) takeStream(cells, row);
    if (time !== undefined) takeTime(time, cells, row);
    if (wanted) {
      takeValues(cells, row);
      if (layout.label !== -1) assembler.setLabel(parseLabel(cells[layout.label]));
    }
    assembler.end();
  };
}

function isBlank(cell: Cell): boolean {
  return cell === null || cell === undefined || (typeof cell === 'string' && cell.trim() === '');
}

/** A row as its dead letter keeps it: cells as JSON, so that text and numbers stay apart. */
function payloadOf(cells: readonly Cell[]): string {
  const plain = (cell: Cell): unknown => {
    if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? 'invalid date' : cell.toISOString().slice(0, -1);
    return typeof cell === 'number' && !Number.isFinite(cell) ? String(cell) : (cell ?? null);
  };
  return JSON.stringify(Array.from(cells, plain));
}
