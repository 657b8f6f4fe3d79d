import { nanosPerMilli } from '../../core/time.ts';

const daysOfMonth = Uint8Array.of(0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31);
const nanosOfDigits = Float64Array.from({ length: 10 }, (_, digits) => 10 ** (9 - digits));

/**
 * Reads times such as `2015-12-28T10:00:00.123456789+08:00` from bytes, without a text of them. Takes what is plain: years
 * 1700 to 2199, days that the calendar has, seconds, up to 9 digits behind a point, `Z` or a zone `+hh:mm`. Of everything else it says so,
 * and `parseTime` may still read it.
 */
export class TimeBytes {
  /** Of the last time that was read: UTC nanoseconds, and where its text ends. */
  time = 0n;
  end = 0;
  #date = -1;
  #dateMs = 0;

  /** @returns whether a time begins at `from` and was read */
  read(bytes: Uint8Array, from: number): boolean {
    const year = pair(bytes, from) * 100 + pair(bytes, from + 2);
    const month = pair(bytes, from + 5);
    const day = pair(bytes, from + 8);
    const hour = pair(bytes, from + 11);
    const minute = pair(bytes, from + 14);
    const second = pair(bytes, from + 17);
    // A pair that is none makes its number NaN, which is within no bounds.
    if (!(year >= 1700 && year < 2200 && hour < 24 && minute < 60 && second < 60)) return false;
    if (bytes[from + 4] !== 0x2d || bytes[from + 7] !== 0x2d || bytes[from + 13] !== 0x3a || bytes[from + 16] !== 0x3a) return false;
    if (bytes[from + 10] !== 0x54 && bytes[from + 10] !== 0x20) return false;
    const date = (year * 100 + month) * 100 + day;
    if (date !== this.#date && !this.#turnTo(date, year, month, day)) return false;

    let at = from + 19;
    let nanos = 0;
    if (bytes[at] === 0x2e) {
      const point = ++at;
      let digit = bytes[at] - 0x30;
      for (; digit >= 0 && digit <= 9; digit = bytes[++at] - 0x30) nanos = nanos * 10 + digit;
      const digits = at - point;
      if (digits === 0 || digits > 9) return false;
      nanos *= nanosOfDigits[digits];
    }
    let minutes = hour * 60 + minute;
    const zone = bytes[at++];
    if (zone === 0x2b || zone === 0x2d) {
      const hours = pair(bytes, at);
      const rest = pair(bytes, at + 3);
      if (!(hours < 24 && rest < 60 && bytes[at + 2] === 0x3a)) return false;
      minutes += zone === 0x2b ? -(hours * 60 + rest) : hours * 60 + rest;
      at += 5;
    } else if (zone !== 0x5a) return false;

    this.time = BigInt(this.#dateMs + minutes * 60_000 + second * 1000) * nanosPerMilli;
    if (nanos > 0) this.time += BigInt(nanos);
    this.end = at;
    return true;
  }

  #turnTo(date: number, year: number, month: number, day: number): boolean {
    const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    const days = month === 2 && leap ? 29 : daysOfMonth[month];
    if (!(day >= 1 && day <= days)) return false;
    this.#date = date;
    this.#dateMs = Date.UTC(year, month - 1, day);
    return true;
  }
}

/** The number of two digits; NaN where there are none. */
function pair(bytes: Uint8Array, at: number): number {
  const tens = bytes[at] - 0x30;
  const ones = bytes[at + 1] - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}
