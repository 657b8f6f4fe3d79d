/** A raw cell as a workbook, a text file or a JSON line gives it. `Date` carries wall-clock fields in UTC. */
export type Cell = string | number | boolean | Date | null | undefined;

export type DecimalMark = '.' | ',';

/** Status words that historians and spreadsheets write where a value should be, in the spelling they are counted under. */
const statusWords = [
  ...['Bad Input', 'No Data', 'I/O Timeout', 'Configure', 'Shutdown', 'Bad', 'Bad Output', 'Bad Quality', 'Bad Data', 'Calc Failed', 'Calc Timeout'],
  ...['Comm Fail', 'Comm Error', 'Not Connect', 'Not Connected', 'Out of Serv', 'Out of Service', 'Over Range', 'Under Range', 'Inp OutRange', 'Intf Shut'],
  ...['Pt Created', 'Scan Off', 'Scan Timeout', 'Scan On', 'No Result', 'No Sample', 'No Alarm', 'Arc Off-line', 'Invalid', 'Invalid Data', 'Error', 'Timeout'],
  ...['Offline', 'Unavailable', 'Unknown', 'Missing', 'NaN', 'null', 'None', 'nil', 'NA', 'N/A', '-', '--', '?'],
  ...['#N/A', '#DIV/0!', '#VALUE!', '#REF!', '#NAME?', '#NUM!', '#NULL!', '#GETTING_DATA', '#SPILL!', '#CALC!'],
];
const spelling = new Map(statusWords.map((word) => [word.toLowerCase(), word]));
const longestWord = Math.max(...statusWords.map((word) => word.length));

/**
 * Why a text stands for a missing value: `empty`, or the status word as it is commonly spelt; undefined when it does not.
 * @example
 * missingReason(' bad input '); // "Bad Input"
 */
export function missingReason(text: string): string | undefined {
  const trimmed = text.trim();
  if (trimmed === '') return 'empty';
  if (trimmed.length > longestWord) return undefined;
  return spelling.get(trimmed.toLowerCase());
}

const pointNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;
const commaNumber = /^[+-]?(?:\d+,?\d*|,\d+)(?:[eE][+-]?\d+)?$/;

/**
 * The number that a text writes, or undefined. Infinite when it is beyond the range of doubles.
 * @example
 * parseNumber('2,5', ','); // 2.5
 * parseNumber('0x10', '.'); // undefined
 */
export function parseNumber(text: string, decimal: DecimalMark = '.'): number | undefined {
  const trimmed = text.trim();
  if (decimal === '.') return pointNumber.test(trimmed) ? Number(trimmed) : undefined;
  return commaNumber.test(trimmed) ? Number(trimmed.replace(',', '.')) : undefined;
}

/** `,` when the texts among the cells write decimals with a comma and none with a point. */
export function findDecimalMark(cells: Iterable<Cell>): DecimalMark {
  let commas = 0;
  for (const cell of cells) {
    if (typeof cell !== 'string') continue;
    const text = cell.trim();
    if (!text.includes(',')) {
      if (text.includes('.') && pointNumber.test(text)) return '.';
    } else if (commaNumber.test(text)) commas++;
  }
  return commas > 0 ? ',' : '.';
}

/** Turns cells of tag columns into doubles. After NaN came back, exactly one of `missing` and `invalid` says why. */
export interface CellReader {
  read(cell: Cell): number;
  /** Reason of a missing value, as it is counted. */
  readonly missing: string | undefined;
  /** What is wrong with a cell that is no number and does not stand for a missing one: `is text, not a number`. */
  readonly invalid: string | undefined;
}

/**
 * A missing value is NaN with a reason, never 0; infinite numbers, dates and other text are invalid.
 * @example
 * const reader = makeCellReader('.');
 * reader.read(' 2.50 '); // 2.5
 * [reader.read('No Data'), reader.missing, reader.invalid]; // [NaN, "No Data", undefined]
 * [reader.read('open'), reader.missing, reader.invalid]; // [NaN, undefined, "is text, not a number"]
 */
export function makeCellReader(decimal: DecimalMark = '.'): CellReader {
  let missing: string | undefined;
  let invalid: string | undefined;
  const lost = (reason: string): number => {
    missing = reason;
    invalid = undefined;
    return Number.NaN;
  };
  const wrong = (why: string): number => {
    missing = undefined;
    invalid = why;
    return Number.NaN;
  };
  const finite = (value: number): number => {
    if (value - value === 0) return value;
    return Number.isNaN(value) ? lost('NaN') : wrong('is beyond the range of numbers');
  };
  return {
    read(cell) {
      if (typeof cell === 'number') return finite(cell);
      if (typeof cell === 'string') {
        const value = parseNumber(cell, decimal);
        if (value !== undefined) return finite(value);
        const reason = missingReason(cell);
        if (reason !== undefined) return lost(reason);
        return wrong(/^[+-]?inf(inity)?$/i.test(cell.trim()) ? 'is not a finite number' : 'is text, not a number');
      }
      if (cell === null || cell === undefined) return lost('empty');
      if (typeof cell === 'boolean') return cell ? 1 : 0;
      return wrong('is a date, not a number');
    },
    get missing() {
      return missing;
    },
    get invalid() {
      return invalid;
    },
  };
}
