export type DateOrder = 'dmy' | 'mdy';

const dayMs = 86_400_000;
const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const daysInMonth = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const space = 32;
const colon = 58;
const dot = 46;
const comma = 44;
const slash = 47;
const dash = 45;
const plus = 43;

/**
 * Scans a written time without allocating: a date (`2015-12-28`, `28/12/2015`, `28.12.15`, `28-Dec-2015`), then
 * optionally a clock (`10`, `10:00`, `10:00:00.123456789`, with `AM` or `PM`), then optionally a zone (`Z`, `UTC`, `+08:00`).
 * The result lies in the fields until the next scan.
 */
export class TimeScanner {
  /** The clock's reading as the UTC milliseconds at which UTC's clock would show it. */
  local = 0;
  /** What goes beyond the millisecond, 0 to 999,999. */
  nanos = 0;
  /** Milliseconds that the zone is ahead of UTC; undefined when none is written. */
  zone: number | undefined = undefined;
  /** The date's order was taken from `order`. */
  numericOrder = false;
  readonly order: DateOrder;
  #text = '';
  #at = 0;
  #digits = 0;
  #iso = false;
  #halfDay = false;

  constructor(order: DateOrder) {
    this.order = order;
  }

  /** Of the last scan: `d/m/y 12-hour`. */
  get description(): string {
    const date = this.#iso ? 'ISO 8601' : this.numericOrder ? (this.order === 'dmy' ? 'd/m/y' : 'm/d/y') : 'd-month-y';
    return this.#halfDay ? `${date} 12-hour` : date;
  }

  scan(text: string): boolean {
    this.#text = text;
    this.#at = 0;
    this.nanos = 0;
    this.zone = undefined;
    this.#halfDay = false;
    this.#skipSpaces();
    const days = this.#date();
    if (Number.isNaN(days)) return false;
    const clock = this.#clock();
    if (Number.isNaN(clock)) return false;
    this.#skipSpaces();
    if (!this.#zone()) return false;
    this.#skipSpaces();
    this.local = days * dayMs + clock;
    return this.#at === text.length;
  }

  #date(): number {
    const first = this.#number(4);
    const firstDigits = this.#digits;
    const separator = this.#next();
    if (firstDigits === 0 || (separator !== dash && separator !== slash && separator !== dot)) return Number.NaN;
    this.#at++;
    if (firstDigits === 4) {
      this.#iso = true;
      this.numericOrder = false;
      const month = this.#number(2);
      if (this.#digits === 0 || this.#next() !== separator) return Number.NaN;
      this.#at++;
      const day = this.#number(2);
      return this.#digits === 0 ? Number.NaN : epochDay(first, month, day);
    }
    if (firstDigits > 2) return Number.NaN;
    this.#iso = false;
    let second = this.#number(2);
    this.numericOrder = this.#digits > 0;
    if (!this.numericOrder) {
      second = months.indexOf(this.#text.slice(this.#at, this.#at + 3).toLowerCase()) + 1;
      this.#at += 3;
    }
    if (this.#next() !== separator) return Number.NaN;
    this.#at++;
    let year = this.#number(4);
    if (this.#digits === 2) year += year < 69 ? 2000 : 1900;
    else if (this.#digits !== 4) return Number.NaN;
    return this.numericOrder && this.order === 'mdy' ? epochDay(year, first, second) : epochDay(year, second, first);
  }

  /** Milliseconds since midnight; 0 when no clock is written, NaN when it cannot be. */
  #clock(): number {
    const before = this.#next();
    if (before === -1) return 0;
    if ((before | 32) === 116 /* t */) this.#at++;
    else if (before === space || before === comma) this.#skipSpaces();
    else return Number.NaN;
    let hour = this.#number(2);
    if (this.#digits === 0) return before === space && this.#at === this.#text.length ? 0 : Number.NaN;
    let minute = 0;
    let second = 0;
    let milli = 0;
    if (this.#next() === colon) {
      this.#at++;
      minute = this.#number(2);
      if (this.#digits === 0) return Number.NaN;
      if (this.#next() === colon) {
        this.#at++;
        second = this.#number(2);
        if (this.#digits === 0) return Number.NaN;
        const mark = this.#next();
        if (mark === dot || mark === comma) {
          this.#at++;
          const fraction = this.#fraction();
          if (Number.isNaN(fraction)) return Number.NaN;
          milli = Math.floor(fraction / 1_000_000);
          this.nanos = fraction - milli * 1_000_000;
        }
      }
    }
    this.#skipSpaces();
    const half = this.#next() | 32;
    if (half === 97 /* a */ || half === 112 /* p */) {
      if (!this.#meridiem() || hour < 1 || hour > 12) return Number.NaN;
      this.#halfDay = true;
      hour = (hour % 12) + (half === 112 ? 12 : 0);
    }
    return hour < 24 && minute < 60 && second < 60 ? ((hour * 60 + minute) * 60 + second) * 1000 + milli : Number.NaN;
  }

  /** `AM`, `pm`, `a.m.` */
  #meridiem(): boolean {
    this.#at++;
    if (this.#next() === dot) this.#at++;
    if ((this.#next() | 32) !== 109 /* m */) return false;
    this.#at++;
    if (this.#next() === dot) this.#at++;
    return true;
  }

  #zone(): boolean {
    const sign = this.#next();
    if (sign === -1) return true;
    if (sign === plus || sign === dash) {
      this.#at++;
      const start = this.#at;
      const hours = this.#number(2);
      if (this.#at !== start + 2) return false;
      if (this.#next() === colon) this.#at++;
      const minutes = this.#number(2);
      if (this.#digits === 1 || hours > 18 || minutes > 59) return false;
      this.zone = (sign === plus ? 1 : -1) * (hours * 60 + minutes) * 60_000;
      return true;
    }
    const name = this.#text.slice(this.#at).trimEnd().toUpperCase();
    if (name !== 'Z' && name !== 'UTC' && name !== 'GMT') return false;
    this.#at += name.length;
    this.zone = 0;
    return true;
  }

  #next(): number {
    return this.#at < this.#text.length ? this.#text.charCodeAt(this.#at) : -1;
  }

  #skipSpaces(): void {
    let code = this.#next();
    while (code === space || code === 160 || code === 9 || code === 10 || code === 13) {
      this.#at++;
      code = this.#next();
    }
  }

  #number(most: number): number {
    let value = 0;
    const start = this.#at;
    for (let n = 0; n < most; n++) {
      const digit = this.#next() - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      this.#at++;
    }
    this.#digits = this.#at - start;
    return value;
  }

  /** Nanoseconds of the digits after the point; what lies beyond nine digits is cut. */
  #fraction(): number {
    const start = this.#at;
    let value = this.#number(9);
    if (this.#at === start) return Number.NaN;
    for (let n = this.#digits; n < 9; n++) value *= 10;
    this.#number(Number.POSITIVE_INFINITY);
    return value;
  }
}

/** Days since 1970 of a date in the Gregorian calendar (Howard Hinnant, days_from_civil); NaN when there is no such day. */
function epochDay(year: number, month: number, day: number): number {
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth[month - 1]) return Number.NaN;
  if (month === 2 && day === 29 && (year % 4 !== 0 || (year % 100 === 0 && year % 400 !== 0))) return Number.NaN;
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}
