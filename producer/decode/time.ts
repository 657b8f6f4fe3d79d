import { quote, SluiceError } from '../../core/errors.ts';
import { nanosPerMilli } from '../../core/time.ts';
import type { Cell } from './cell.ts';
import { type DateOrder, TimeScanner } from './time-text.ts';
import { isTimezone, localToUtc } from './zone.ts';

export interface TimeOptions {
  /** IANA name, for times that carry no zone. */
  readonly timezone?: string | undefined;
  /** Of dates such as 1/2/2017; auto: what the samples prove, day first when they prove nothing. */
  readonly dateOrder: 'auto' | DateOrder;
  /** Serial dates count from 1904 instead of 1900. */
  readonly date1904?: boolean;
}

export interface TimeParser {
  /** UTC nanoseconds, or undefined when the cell cannot be read as a time. */
  parse(cell: Cell): bigint | undefined;
  /** What was found, for people: `d/m/y 12-hour text, Asia/Singapore`. */
  readonly description: string;
  /** Nothing in the samples tells day from month. */
  readonly ambiguous: boolean;
}

type NumberKind = 'serial' | 'epoch';

const dayMs = 86_400_000;
/** Serial day numbers of 1954 to 2119: smaller ones count seconds since a start more often than days. Epochs from 1973 on. */
const [firstSerial, lastSerial] = [20_000, 80_000];
const epochStart = 1e8;

const timezoneFix = 'Name the zone of its clock, e.g. --set source.timezone=Asia/Singapore.';

/**
 * A parser for the time column that these samples come from. Reads ISO 8601 with and without zone, `28/12/2015 10:00:00 AM`
 * and its relatives (day or month first, 12 or 24 hours, `28-Dec-15`), serial dates (rounded to the millisecond) and
 * epochs in s, ms, us or ns told apart by their size. Times without zone are placed in `timezone` (see `localToUtc` for
 * clock changes).
 * @throws SOURCE_TIME when no sample can be read, the zone is unknown, or times have no zone and `timezone` is not given.
 * @example
 * const parser = makeTimeParser(['28/12/2015 10:00:00 AM'], { timezone: 'Asia/Singapore', dateOrder: 'auto' }, 'plant.csv');
 * parser.parse(' 28/12/2015 10:00:01 AM'); // 1451268001000000000n
 * parser.parse('noon'); // undefined
 */
export function makeTimeParser(samples: readonly Cell[], options: TimeOptions, place: string): TimeParser {
  const { timezone } = options;
  if (timezone !== undefined && !isTimezone(timezone)) {
    throw new SluiceError('SOURCE_TIME', `there is no time zone ${quote(timezone)}`, { place, fix: 'Use an IANA name such as Asia/Singapore or UTC.' });
  }
  const toUtc = timezone === undefined ? undefined : localToUtc(timezone);
  const filled = samples.filter((cell) => cell !== null && cell !== undefined && cell !== '');
  const { order, ambiguous } = findDateOrder(filled, options.dateOrder);
  const scanner = new TimeScanner(order);
  const numberKind = filled.map(kindOfCell).find((kind) => kind !== undefined);
  const serialStart = options.date1904 ? Date.UTC(1904, 0, 1) : Date.UTC(1899, 11, 30);

  const place1 = (local: number, nanos: number): bigint | undefined => (toUtc === undefined ? undefined : BigInt(toUtc(local)) * nanosPerMilli + BigInt(nanos));

  const parseNumber = (value: number): bigint | undefined => {
    const kind = kindOfNumber(value);
    if (kind === undefined || (numberKind !== undefined && kind !== numberKind)) return undefined;
    return kind === 'epoch' ? epochToNanos(value) : place1(serialStart + Math.round(value * dayMs), 0);
  };

  const parse = (cell: Cell): bigint | undefined => {
    if (typeof cell === 'string') {
      if (scanner.scan(cell)) {
        if (scanner.zone === undefined) return place1(scanner.local, scanner.nanos);
        return BigInt(scanner.local - scanner.zone) * nanosPerMilli + BigInt(scanner.nanos);
      }
      const digits = numericText.exec(cell);
      return digits === null ? undefined : (epochTextToNanos(digits[1], digits[2] ?? '', numberKind) ?? parseNumber(Number(cell)));
    }
    if (typeof cell === 'number') return parseNumber(cell);
    if (cell instanceof Date) return Number.isNaN(cell.getTime()) ? undefined : place1(cell.getTime(), 0);
    return undefined;
  };

  const zoneless = filled.find((cell) => needsZone(cell, scanner));
  if (zoneless !== undefined && toUtc === undefined) {
    throw new SluiceError('SOURCE_TIME', `the time ${quoteTime(zoneless)} has no zone`, { place, fix: timezoneFix });
  }
  const readable = filled.find((cell) => parse(cell) !== undefined);
  if (readable === undefined) {
    const [first] = filled;
    throw new SluiceError('SOURCE_TIME', first === undefined ? 'the time column is empty' : `cannot read the time ${quoteTime(first)}`, {
      place,
      fix: 'Use ISO 8601 or day/month/year times, name another column with `time`, or set `time: none` with a `period`.',
    });
  }
  return { parse, ambiguous, description: describe(readable, scanner, timezone) };
}

/** Can the cell be read as a time, whatever its zone? */
export function looksLikeTime(cell: Cell): boolean {
  if (cell instanceof Date) return !Number.isNaN(cell.getTime());
  return typeof cell === 'string' && (new TimeScanner('dmy').scan(cell) || new TimeScanner('mdy').scan(cell));
}

/** The cell as it is quoted in messages. */
export function quoteTime(cell: Cell): string {
  return quote(cell instanceof Date && !Number.isNaN(cell.getTime()) ? cell.toISOString().slice(0, -1) : cell);
}

const numericText = /^\s*(\d+)(?:\.(\d*))?\s*$/;

function kindOfNumber(value: number): NumberKind | undefined {
  if (value >= firstSerial && value < lastSerial) return 'serial';
  return value >= epochStart && value < 1e20 ? 'epoch' : undefined;
}

function kindOfCell(cell: Cell): NumberKind | undefined {
  if (typeof cell === 'number') return kindOfNumber(cell);
  return typeof cell === 'string' && numericText.test(cell) ? kindOfNumber(Number(cell)) : undefined;
}

function needsZone(cell: Cell, scanner: TimeScanner): boolean {
  if (cell instanceof Date) return true;
  if (typeof cell === 'string' && scanner.scan(cell)) return scanner.zone === undefined;
  return kindOfCell(cell) === 'serial';
}

function findDateOrder(samples: readonly Cell[], wanted: TimeOptions['dateOrder']): { order: DateOrder; ambiguous: boolean } {
  if (wanted !== 'auto') return { order: wanted, ambiguous: false };
  let dayFirst = 0;
  let monthFirst = 0;
  let either = 0;
  const [dmy, mdy] = [new TimeScanner('dmy'), new TimeScanner('mdy')];
  for (const cell of samples) {
    if (typeof cell !== 'string') continue;
    const asDay = dmy.scan(cell);
    if (asDay && !dmy.numericOrder) continue;
    const asMonth = mdy.scan(cell);
    if (asDay && asMonth && dmy.local !== mdy.local) either++;
    else if (asDay && !asMonth) dayFirst++;
    else if (asMonth && !asDay) monthFirst++;
  }
  return { order: monthFirst > dayFirst ? 'mdy' : 'dmy', ambiguous: either > 0 && dayFirst === 0 && monthFirst === 0 };
}

/** 10^9, 10^6, 10^3 or 1 nanoseconds: the unit in which an epoch of this size falls between 1973 and 5138. */
function epochUnit(value: number): bigint {
  if (value < 1e11) return 1_000_000_000n;
  if (value < 1e14) return 1_000_000n;
  return value < 1e17 ? 1000n : 1n;
}

/** Doubles hold today's seconds to a quarter of a microsecond, so fractions are rounded to microseconds. */
function epochToNanos(value: number): bigint {
  const unit = epochUnit(value);
  const whole = Math.floor(value);
  const fraction = value - whole;
  if (unit === 1n || fraction === 0) return BigInt(whole) * unit;
  return BigInt(whole) * unit + BigInt(Math.round((fraction * Number(unit)) / 1000)) * 1000n;
}

function epochTextToNanos(whole: string, fraction: string, kind: NumberKind | undefined): bigint | undefined {
  if (kind === 'serial' || kindOfNumber(Number(whole)) !== 'epoch') return undefined;
  const unit = epochUnit(Number(whole));
  const digits = String(unit).length - 1;
  return BigInt(whole) * unit + (digits === 0 ? 0n : BigInt(fraction.slice(0, digits).padEnd(digits, '0')));
}

function describe(sample: Cell, scanner: TimeScanner, timezone: string | undefined): string {
  if (typeof sample === 'string' && scanner.scan(sample)) {
    return `${scanner.description} text, ${scanner.zone === undefined ? timezone : 'with zone'}`;
  }
  if (kindOfCell(sample) === 'epoch') {
    const unit = { 1000000000: 's', 1000000: 'ms', 1000: 'us', 1: 'ns' }[Number(epochUnit(Number(sample)))];
    return `epoch in ${unit}`;
  }
  return `serial dates, ${timezone}`;
}
