export interface TimeRange {
  readonly from: Date;
  readonly to: Date;
}

export interface MacroValues {
  readonly range: TimeRange;
  /** From point to point, milliseconds. */
  readonly intervalMs: number;
  readonly bucket: string;
  readonly org: string;
}

/** What Grafana's server puts in the place of `v.timeRangeStart` and the like: wherever it reads a word, a dot and one of these names. */
export function fillMacros(flux: string, { range, intervalMs, bucket, org }: MacroValues): string {
  const values: Readonly<Record<string, string>> = {
    timeRangeStart: range.from.toISOString(),
    timeRangeStop: range.to.toISOString(),
    windowPeriod: goDuration(intervalMs),
    bucket: `"${bucket}"`,
    defaultBucket: `"${bucket}"`,
    organization: `"${org}"`,
  };
  return flux
    .replace(/([a-zA-Z]+)\.([a-zA-Z]+)/g, (whole: string, _: string, name: string) => (Object.hasOwn(values, name) ? values[name] : whole))
    .replaceAll('$__interval_ms', String(intervalMs))
    .replaceAll('$__interval', shortInterval(intervalMs));
}

/** The columns of r that the server would replace, too, as it does not look at what stands before the dot. */
export function shadowedColumns(flux: string): string[] {
  return [...flux.matchAll(/\b(?!v\.)[a-zA-Z]+\.(?:timeRangeStart|timeRangeStop|windowPeriod|bucket|defaultBucket|organization)\b/g)].map(([text]) => text);
}

/** Upper bounds of the width of a point, and what it becomes, in milliseconds. */
const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const steps: readonly (readonly [number, number])[] = [
  [10, 1],
  [15, 10],
  [35, 20],
  [75, 50],
  [150, 100],
  [350, 200],
  [750, 500],
  [1.5 * second, second],
  [3.5 * second, 2 * second],
  [7.5 * second, 5 * second],
  [12.5 * second, 10 * second],
  [17.5 * second, 15 * second],
  [25 * second, 20 * second],
  [45 * second, 30 * second],
  [1.5 * minute, minute],
  [3.5 * minute, 2 * minute],
  [7.5 * minute, 5 * minute],
  [12.5 * minute, 10 * minute],
  [17.5 * minute, 15 * minute],
  [25 * minute, 20 * minute],
  [45 * minute, 30 * minute],
  [1.5 * hour, hour],
  [2.5 * hour, 2 * hour],
  [4.5 * hour, 3 * hour],
  [9 * hour, 6 * hour],
  [day, 12 * hour],
  [7 * day, day],
  [28 * day, 7 * day],
  [366 * day, 30 * day],
];

/** The width of a point of a panel that draws so many, milliseconds; at least `lowest`, a span such as 10s. */
export function intervalOf({ from, to }: TimeRange, maxDataPoints: number, lowest: string | null | undefined): number {
  const width = (to.getTime() - from.getTime()) / maxDataPoints;
  const rounded = steps.find(([below]) => width < below)?.[1] ?? 365 * day;
  return Math.max(rounded, lowest ? spanMs(lowest) : 1);
}

const units: Readonly<Record<string, number>> = { ms: 1, s: second, m: minute, h: hour, d: day };

function spanMs(span: string): number {
  const match = /^>?\s*(\d+)(ms|s|m|h|d)$/.exec(span);
  if (!match) throw new Error(`the interval '${span}' is no span such as 10s`);
  return Number(match[1]) * units[match[2]];
}

/** As Go writes a duration: 1m30s, 200ms. Flux reads all of these, and not those with a fraction. */
function goDuration(ms: number): string {
  if (ms < second) return `${ms}ms`;
  const seconds = (ms % minute) / second;
  if (ms < minute) return `${seconds}s`;
  const minutes = Math.floor(ms / minute) % 60;
  return ms < hour ? `${minutes}m${seconds}s` : `${Math.floor(ms / hour)}h${minutes}m${seconds}s`;
}

function shortInterval(ms: number): string {
  const [unit, size] = Object.entries(units).findLast(([, length]) => ms % length === 0) ?? ['ms', 1];
  return `${ms / size}${unit}`;
}
