/**
 * Times as a zone's clock shows them. Charts ask for thousands of labels a second while they follow a stream, so the zone's distance
 * from UTC is asked of Intl once per quarter of an hour of event time and remembered.
 */
const quarter = 900_000;
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const zones = new Map<string, { format: Intl.DateTimeFormat; offsets: Map<number, number> }>();

function known(zone: string) {
  let entry = zones.get(zone);
  if (entry === undefined) {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
    entry = { format, offsets: new Map() };
    zones.set(zone, entry);
  }
  return entry;
}

/**
 * Milliseconds that a zone's clock is ahead of UTC at a moment.
 *
 * @example
 * zoneOffset(Date.UTC(2015, 11, 28), 'Asia/Singapore'); // 28800000
 */
export function zoneOffset(ms: number, zone: string): number {
  if (zone === 'UTC' || !Number.isFinite(ms)) return 0;
  const { format, offsets } = known(zone);
  const key = Math.floor(ms / quarter);
  let offset = offsets.get(key);
  if (offset === undefined) {
    const at: Record<string, number> = {};
    for (const part of format.formatToParts(key * quarter)) at[part.type] = Number(part.value);
    offset = Date.UTC(at.year!, at.month! - 1, at.day, at.hour, at.minute, at.second) - key * quarter;
    if (offsets.size > 2000) offsets.clear();
    offsets.set(key, offset);
  }
  return offset;
}

const two = (value: number) => (value < 10 ? `0${value}` : `${value}`);

/** `min`: 10:03, `s`: 10:03:07, `ms`: 10:03:07.250. */
export type ClockPrecision = 'min' | 's' | 'ms';

/**
 * @example
 * clockText(Date.UTC(2015, 11, 28, 2, 3, 7), 'Asia/Singapore'); // '10:03:07'
 */
export function clockText(ms: number, zone: string, precision: ClockPrecision = 's'): string {
  const date = new Date(Math.floor(ms) + zoneOffset(ms, zone));
  const minutes = `${two(date.getUTCHours())}:${two(date.getUTCMinutes())}`;
  if (precision === 'min') return minutes;
  const seconds = `${minutes}:${two(date.getUTCSeconds())}`;
  return precision === 's' ? seconds : `${seconds}.${String(date.getUTCMilliseconds()).padStart(3, '0')}`;
}

/**
 * @example
 * dayText(Date.UTC(2015, 11, 27, 20), 'Asia/Singapore'); // '28 Dec 2015'
 */
export function dayText(ms: number, zone: string): string {
  const date = new Date(Math.floor(ms) + zoneOffset(ms, zone));
  return `${date.getUTCDate()} ${months[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

/**
 * A zone's distance from UTC as a label.
 *
 * @example
 * offsetText(0, 'Asia/Kolkata'); // 'UTC+5:30'
 */
export function offsetText(ms: number, zone: string): string {
  const minutes = Math.round(zoneOffset(ms, zone) / 60_000);
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  return `UTC${minutes < 0 ? '−' : '+'}${Math.floor(size / 60)}${size % 60 === 0 ? '' : `:${two(size % 60)}`}`;
}
