const dayMs = 86_400_000;

/** Does the runtime know this IANA time zone? */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: name });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

/** UTC milliseconds of a wall-clock time, itself written as the milliseconds that UTC's clock would show it at. */
export type LocalToUtc = (local: number) => number;

/**
 * Places wall-clock times of a zone. Where the clock jumps forward, the times it leaves out are read with the offset
 * from before the jump (02:30 becomes 03:30); where it goes back, times that come twice are the first ones. This is
 * `disambiguation: 'compatible'` of Temporal (ECMA-262 proposal). Offsets are asked of Intl once per day and
 * transition, so a call costs a comparison.
 * @throws RangeError for a zone that Intl does not know.
 * @example
 * localToUtc('Asia/Singapore')(Date.UTC(2015, 11, 28, 10)) === Date.UTC(2015, 11, 28, 2); // true
 */
export function localToUtc(timezone: string): LocalToUtc {
  const offsetAt = makeOffsetLookup(timezone);
  const days = new Map<number, Day>();
  let current: Day = { start: Number.NaN, offset: 0, jump: Number.POSITIVE_INFINITY, after: 0 };
  const dayOf = (local: number): Day => {
    const start = Math.floor(local / dayMs) * dayMs;
    let day = days.get(start);
    if (!day) {
      day = describeDay(start, offsetAt);
      days.set(start, day);
    }
    return day;
  };
  return (local) => {
    const sinceStart = local - current.start;
    if (!(sinceStart >= 0 && sinceStart < dayMs)) current = dayOf(local);
    return local - (local < current.jump ? current.offset : current.after);
  };
}

/** A local day: `offset` holds for wall-clock times before `jump`, `after` from there on. */
interface Day {
  readonly start: number;
  readonly offset: number;
  readonly jump: number;
  readonly after: number;
}

function describeDay(start: number, offsetAt: (utc: number) => number): Day {
  // A zone is at most 14 h ahead of and 12 h behind UTC: this span of UTC covers the whole local day.
  let low = start - 15 * 3_600_000;
  let high = start + dayMs + 15 * 3_600_000;
  const before = offsetAt(low);
  const after = offsetAt(high);
  if (before === after) return { start, offset: before, jump: Number.POSITIVE_INFINITY, after };
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (offsetAt(middle) === before) low = middle;
    else high = middle;
  }
  // Times skipped by a jump forward keep the old offset, times repeated by a jump back do too.
  return { start, offset: before, jump: high + Math.max(before, after), after };
}

function makeOffsetLookup(timezone: string): (utc: number) => number {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    era: 'short',
  });
  const fields: Record<string, number> = {};
  return (utc) => {
    const second = Math.floor(utc / 1000) * 1000;
    let era = 1;
    for (const { type, value } of format.formatToParts(second)) {
      if (type === 'era') era = value.startsWith('B') ? -1 : 1;
      else if (type !== 'literal') fields[type] = Number(value);
    }
    const year = era === 1 ? fields.year : 1 - fields.year;
    return utcOf(year, fields.month, fields.day, fields.hour, fields.minute, fields.second) - second;
  };
}

/** Date.UTC without its special case for years 0 to 99. */
function utcOf(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const shifted = Date.UTC(year + 400, month - 1, day, hour, minute, second);
  return shifted - 146_097 * dayMs;
}
