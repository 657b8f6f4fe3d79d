import { formatClock, formatDay, offsetAt } from '../time.ts';

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((n) => n * second),
  ...[1, 2, 5, 10, 15, 30].map((n) => n * minute),
  ...[1, 2, 3, 6, 12].map((n) => n * hour),
  ...[1, 2, 7, 14, 28, 91, 182, 365].map((n) => n * day),
];

/**
 * Where the marks of a time axis stand: round times of the zone's clock.
 *
 * @param most so many marks at most
 * @returns ascending milliseconds inside [from, to], and the distance between two of them
 */
export function timeMarks(from: number, to: number, most: number, zone: string): { at: number[]; step: number } {
  const wanted = (to - from) / Math.max(1, most);
  const step = steps.find((candidate) => candidate >= wanted) ?? steps.at(-1)! * Math.ceil(wanted / steps.at(-1)!);
  const at: number[] = [];
  for (let local = Math.ceil((from + offsetAt(from, zone)) / step) * step; ; local += step) {
    // The clock's reading back to a moment: right but for the hour that a change of summer time skips or repeats.
    const moment = local - offsetAt(local - offsetAt(local, zone), zone);
    if (moment > to) return { at, step };
    if (moment >= from && moment !== at.at(-1)) at.push(moment);
  }
}

/** Labels for the marks of a time axis: the clock, and beneath the first one and each new day the date; none for null. */
export function timeLabels(at: readonly (number | null)[], step: number, zone: string): string[] {
  let shown = '';
  return at.map((moment) => {
    if (moment === null) return '';
    const date = formatDay(moment, zone);
    if (step >= day) return date;
    const full = formatClock(moment, zone, { milliseconds: step < second });
    const clock = step < minute ? full : full.slice(0, 'hh:mm'.length);
    if (date === shown) return clock;
    shown = date;
    return `${clock}\n${date}`;
  });
}
