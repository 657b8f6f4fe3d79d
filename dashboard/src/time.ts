import { computed, signal } from '@preact/signals';
import { remembered } from './remembered.ts';

/** Whose clock times are shown by. */
export type ZoneChoice = 'plant' | 'utc' | 'browser';

/** Milliseconds since 1970, or ISO 8601 as the server writes it. */
export type Instant = number | string;

export const zoneChoice = remembered<ZoneChoice>('zone', 'plant', ['plant', 'utc', 'browser']);
/** The zone of the plant's own clock; null when its times came with zones of their own. */
export const plantZone = signal<string | null>(null);
const browserZone = Intl.DateTimeFormat().resolvedOptions().timeZone;

/** IANA name of the zone that times are shown in. A plant without a zone of its own is shown in UTC. */
export const zone = computed(() => {
  if (zoneChoice.value === 'browser') return browserZone;
  return zoneChoice.value === 'plant' ? (plantZone.value ?? 'UTC') : 'UTC';
});

const locale = 'en-GB';
const formats = new Map<string, Intl.DateTimeFormat>();

function format(timeZone: string, name: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${timeZone} ${name}`;
  let made = formats.get(key);
  if (made === undefined) {
    made = new Intl.DateTimeFormat(locale, { ...options, timeZone, hourCycle: 'h23' });
    formats.set(key, made);
  }
  return made;
}

export const instant = (at: Instant): number => (typeof at === 'number' ? at : Date.parse(at));

/** `28 Dec 2015, 18:00:00` */
export function formatDateTime(at: Instant, timeZone: string = zone.value): string {
  return format(timeZone, 'full', { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit' }).format(
    instant(at),
  );
}

/** `18:00:00`, or with milliseconds where rows are closer than a second. */
export function formatClock(at: Instant, timeZone: string = zone.value, { milliseconds = false } = {}): string {
  const options: Intl.DateTimeFormatOptions = { hour: '2-digit', minute: '2-digit', second: '2-digit' };
  return format(timeZone, `clock ${milliseconds}`, milliseconds ? { ...options, fractionalSecondDigits: 3 } : options).format(instant(at));
}

/** `28 Dec 2015` */
export function formatDay(at: Instant, timeZone: string = zone.value): string {
  return format(timeZone, 'day', { day: 'numeric', month: 'short', year: 'numeric' }).format(instant(at));
}

const quarter = 900_000;
const offsets = new Map<string, number>();

/**
 * How far a zone's clock is ahead of UTC at a time, ms. Zones change it on quarters of an hour only, so each is asked for once:
 * charts that follow a stream need it thousands of times a second.
 */
export function offsetAt(at: number, timeZone: string): number {
  if (timeZone === 'UTC') return 0;
  const start = Math.floor(at / quarter) * quarter;
  const key = `${timeZone} ${start}`;
  let offset = offsets.get(key);
  if (offset === undefined) {
    const parts = Object.fromEntries(
      format(timeZone, 'parts', { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit', minute: '2-digit', second: '2-digit', era: 'short' })
        .formatToParts(start)
        .map(({ type, value }) => [type, value]),
    );
    offset = Date.UTC(Number(parts.year), Number(parts.month) - 1, Number(parts.day), Number(parts.hour), Number(parts.minute), Number(parts.second)) - start;
    if (offsets.size > 2000) offsets.clear();
    offsets.set(key, offset);
  }
  return offset;
}

/** `UTC+8`, `UTC−3:30`, `UTC` */
export function offsetLabel(at: Instant, timeZone: string = zone.value): string {
  const minutes = Math.round(offsetAt(instant(at), timeZone) / 60_000);
  if (minutes === 0) return 'UTC';
  const rest = Math.abs(minutes) % 60;
  return `UTC${minutes < 0 ? '−' : '+'}${Math.floor(Math.abs(minutes) / 60)}${rest === 0 ? '' : `:${String(rest).padStart(2, '0')}`}`;
}

/** `Asia/Singapore (UTC+8)`; the offset is that of the given time, for it may differ in summer. */
export function zoneLabel(at: Instant, timeZone: string = zone.value): string {
  const offset = offsetLabel(at, timeZone);
  return timeZone === 'UTC' ? 'UTC' : `${timeZone.replaceAll('_', ' ')} (${offset})`;
}

/** A time as a field of type datetime-local holds it: `2015-12-28T18:00:00` by the zone's clock. */
export function toField(at: Instant, timeZone: string = zone.value): string {
  const time = instant(at);
  return new Date(time + offsetAt(time, timeZone)).toISOString().slice(0, 19);
}

/** The time that such a field means; undefined when it holds none. A time the clock skips is taken as if it had not. */
export function fromField(text: string, timeZone: string = zone.value): number | undefined {
  const shown = Date.parse(`${text}Z`);
  if (Number.isNaN(shown)) return undefined;
  const first = shown - offsetAt(shown, timeZone);
  return shown - offsetAt(first, timeZone);
}

export const iso = (at: number): string => new Date(at).toISOString();

const units = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
] as const;

/** The two largest parts of a duration: `2 h 5 min`, `45 s`, `0.3 s`. */
export function formatDuration(ms: number): string {
  const length = Math.abs(ms);
  if (length < 1_000) return length === 0 ? '0 s' : `${Math.max(0.001, Math.round(length) / 1000)} s`;
  let rest = Math.round(length / 1_000) * 1_000;
  const parts: string[] = [];
  for (const [unit, size] of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) parts.push(`${count} ${unit}`);
    else if (parts.length > 0) break;
    if (parts.length === 2) break;
  }
  return parts.join(' ');
}
