/** Times are UTC nanoseconds since 1970 as bigint; durations in configuration are milliseconds as number. */

export const nanosPerMilli = 1_000_000n;

/** A span of time: a number and its unit, such as `250ms`, `30s`, `10 min`, `1.5h`, `2 days`, `1w`. */
export const durationPattern = /^\s*(\d+(?:\.\d+)?)\s*(?:(ms)|(s|sec|secs|seconds?)|(m|min|mins|minutes?)|(h|hours?)|(d|days?)|(w|weeks?))\s*$/;

/** Milliseconds of the units, in the order that the pattern names them. */
const units = [1, 1000, 60_000, 3_600_000, 86_400_000, 604_800_000];

/**
 * Milliseconds of a duration such as `250ms`, `30s`, `10 min`, `1.5h`, `2 days`, `1w`; undefined when the text is not one.
 * @example
 * parseDuration('1.5h'); // 5400000
 */
export function parseDuration(text: string): number | undefined {
  const match = durationPattern.exec(text);
  return match ? Number(match[1]) * units[match.slice(2).findIndex((unit) => unit !== undefined)] : undefined;
}

/**
 * A duration in milliseconds for people: `250 ms`, `30 s`, `2 min 5 s`, `3 h 20 min`.
 * @example
 * formatDuration(125_000); // "2 min 5 s"
 */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  return parts
    .slice(first, first + 2)
    .filter(([n]) => n > 0)
    .map(([n, unit]) => `${n} ${unit}`)
    .join(' ');
}

/**
 * ISO 8601 in UTC; as many of the nanoseconds as are not zero, in groups of three.
 * @example
 * formatTime(1_500_000_000_000_000_000n); // "2017-07-14T02:40:00Z"
 */
export function formatTime(time: bigint): string {
  const seconds = time / 1_000_000_000n - (time % 1_000_000_000n < 0n ? 1n : 0n);
  const nanos = time - seconds * 1_000_000_000n;
  const whole = new Date(Number(seconds) * 1000).toISOString().slice(0, 19);
  if (nanos === 0n) return `${whole}Z`;
  const digits = nanos
    .toString()
    .padStart(9, '0')
    .replace(/(000){1,2}$/, '');
  return `${whole}.${digits}Z`;
}

/**
 * Nanoseconds of an ISO 8601 time with zone (`Z` or `+08:00`); undefined when the text is not one. Sources with zoneless times read
 * them in producer/.
 * @example
 * parseTime('2017-07-14T10:40:00.5+08:00'); // 1500000000500000000n
 */
export function parseTime(text: string): bigint | undefined {
  const match = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}(?::\d{2})?)(?:[.,](\d{1,9}))?(Z|[+-]\d{2}:?\d{2})$/i.exec(text.trim());
  if (!match) return undefined;
  const [, date, clock, fraction, zone] = match;
  const offset = zone.length === 5 ? `${zone.slice(0, 3)}:${zone.slice(3)}` : zone.toUpperCase();
  const ms = Date.parse(`${date}T${clock.length === 5 ? `${clock}:00` : clock}${offset}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * nanosPerMilli + BigInt((fraction ?? '').padEnd(9, '0'));
}
