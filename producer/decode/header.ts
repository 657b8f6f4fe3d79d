import { quote, SluiceError } from '../../core/errors.ts';
import { type Cell, missingReason, parseNumber } from './cell.ts';
import { parseLabel } from './label.ts';
import { looksLikeTime } from './time.ts';

export interface Header {
  /** Index of the header row among the rows given. */
  readonly row: number;
  /** Header texts without stray spaces; '' where a column has none. */
  readonly names: readonly string[];
}

/**
 * Finds the header row among a table's first rows by content: of the rows of text just above the first row of values,
 * the first that names most columns. Title rows and empty rows are passed over; every row below the header is data.
 * @param place the file (and sheet), for messages
 * @throws SOURCE_EMPTY when there are no rows, or none below the header; SOURCE_NO_HEADER when values begin at once or
 * never.
 * @example
 * findHeader([['', 'P1'], [' Timestamp', 'FIT101 '], ['28/12/2015 10:00:00 AM', 2.4]], 'plant.xlsx').names; // ["Timestamp", "FIT101"]
 */
export function findHeader(rows: readonly (readonly Cell[])[], place: string): Header {
  const filled = rows.flatMap((row, index) => (row.some(isFilled) ? [index] : []));
  if (filled.length === 0) throw new SluiceError('SOURCE_EMPTY', 'there are no rows', { place, fix: 'Give a file with a header row and data rows.' });
  const first = filled.find((index) => isDataRow(rows[index]));
  if (first === undefined) {
    if (filled.length === 1) {
      throw new SluiceError('SOURCE_EMPTY', 'there is a header row but no data row', { place, fix: 'Give a file with data rows.' });
    }
    throw new SluiceError('SOURCE_NO_HEADER', `no table: none of the first ${rows.length} rows holds values (the first reads ${quoteRow(rows[filled[0]])})`, {
      place,
      fix: 'Give a table with a header row above its data rows.',
    });
  }
  const above = filled.filter((index) => index < first);
  let header = -1;
  let most = 0;
  for (const index of above) {
    const distinct = new Set(rows[index].filter(isFilled).map((cell) => String(cell).trim())).size;
    if (distinct > most) {
      header = index;
      most = distinct;
    }
  }
  const columns = rows[first].filter(isFilled).length;
  if (header === -1 || most < columns / 2) {
    throw new SluiceError('SOURCE_NO_HEADER', `no header row above the first data row ${quoteRow(rows[first])}`, {
      place: `${place} row ${first + 1}`,
      fix: 'Put a row with the column names above the data.',
    });
  }
  return { row: header, names: rows[header].map((cell) => (isFilled(cell) ? String(cell).trim() : '')) };
}

function isFilled(cell: Cell): boolean {
  return cell !== null && cell !== undefined && (typeof cell !== 'string' || cell.trim() !== '');
}

/** Half of a data row's cells at least are values: numbers, times, labels or words that stand for a missing value. */
function isDataRow(row: readonly Cell[]): boolean {
  let filled = 0;
  let values = 0;
  let certain = 0;
  for (const cell of row) {
    if (!isFilled(cell)) continue;
    filled++;
    if (typeof cell !== 'string') certain++;
    else if (parseNumber(cell) !== undefined || parseNumber(cell, ',') !== undefined || looksLikeTime(cell)) certain++;
    else if (missingReason(cell) !== undefined || parseLabel(cell) !== undefined) values++;
  }
  return certain > 0 && (certain + values) * 2 >= filled;
}

function quoteRow(row: readonly Cell[]): string {
  return quote(
    row
      .filter(isFilled)
      .map((cell) => (cell instanceof Date ? cell.toISOString().slice(0, -1) : String(cell).trim()))
      .join(' | '),
  );
}
