import { SluiceError } from '../core/errors.ts';
import { formatTime, nanosPerMilli, parseTime } from '../core/time.ts';
import { localToUtc } from '../producer/decode/zone.ts';

/**
 * The time that an option gives: with its own zone, otherwise in that of the pipeline.
 * @throws USAGE quoting what cannot be read, or has no zone where the pipeline names none
 */
export function timeOption(flag: string, text: string | undefined, timezone: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const zoned = parseTime(text);
  if (zoned !== undefined) return zoned;
  const local = wallClock(text);
  if (local === undefined) throw new SluiceError('USAGE', `${flag} '${text}' is no time`, { fix: 'Use ISO 8601, e.g. 2015-12-28T10:00:00+08:00.' });
  if (timezone === undefined) {
    throw new SluiceError('USAGE', `${flag} '${text}' has no zone, and no pipeline file says which one is meant`, {
      fix: `Add the zone, e.g. ${formatTime(local)} or ${formatTime(local).slice(0, -1)}+08:00, or set source.timezone in the pipeline.`,
    });
  }
  const nanos = ((local % nanosPerMilli) + nanosPerMilli) % nanosPerMilli;
  return BigInt(localToUtc(timezone)(Number((local - nanos) / nanosPerMilli))) * nanosPerMilli + nanos;
}

/** A date, or a date and time, without zone, as if it were in UTC. */
function wallClock(text: string): bigint | undefined {
  const trimmed = text.trim();
  const time = parseTime(/^\d{4}-\d{2}-\d{2}$/.test(trimmed) ? `${trimmed}T00:00:00Z` : `${trimmed}Z`);
  // Date.parse moves 30 February on into March.
  return time !== undefined && formatTime(time).startsWith(trimmed.slice(0, 10)) ? time : undefined;
}

/** The zone that a source reads times without one in. */
export function timezoneOf({ options }: { readonly options: Readonly<Record<string, unknown>> }): string | undefined {
  return typeof options.timezone === 'string' ? options.timezone : undefined;
}
