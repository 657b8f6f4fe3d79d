import type { FileEvaluation } from '../evaluation.ts';

/** A mark on the axis: where, as a share of the width, and what is written there. */
export interface Tick {
  readonly at: number;
  readonly label: string;
  /** The date, at the first mark and where it changes. */
  readonly date?: string;
}

/** What is known of the times of a file's rows. */
export type RowTimes = Pick<FileEvaluation, 'rows' | 'from' | 'to' | 'events'>;

/** Places on which row and time are both known; rows in between are taken as evenly spaced. */
type Anchor = { readonly row: number; readonly time: number };

const second = 1000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const steps = [1, 2, 5, 10, 15, 30]
  .map((n) => n * second)
  .concat(
    [1, 2, 5, 10, 15, 30].map((n) => n * minute),
    [1, 2, 3, 6, 12].map((n) => n * hour),
    // Up to all the days there can be: every mark is a whole number of milliseconds, so none lies before the first row by a rounding.
    [0, 1, 2, 3, 4, 5, 6, 7].flatMap((power) => [1, 2, 5].map((n) => n * 10 ** power * day)),
  );
const mostTicks = 6;

/**
 * Round UTC times along the scored rows, in the notation of ISO 8601. Rows are drawn evenly spaced, so over a gap in the
 * recording the marks stand closer. Rows are counted where the times cannot be read.
 */
export function timeTicks(file: RowTimes): readonly Tick[] {
  const anchors = anchorsOf(file);
  if (anchors.length < 2) return rowTicks(file.rows);
  const from = anchors[0].time;
  const to = anchors[anchors.length - 1].time;
  const step = steps.find((one) => (to - from) / one <= mostTicks) as number;
  const ticks: Tick[] = [];
  let lastDate = '';
  for (let n = Math.ceil(from / step); n * step <= to; n++) {
    const [date, time] = new Date(n * step).toISOString().split('T');
    const label = step >= day ? date : `${time.slice(0, step < minute ? 8 : 5)}Z`;
    ticks.push({ at: shareAt(anchors, n * step), label, ...(step < day && date !== lastDate ? { date } : {}) });
    lastDate = date;
  }
  return ticks;
}

/** The time of a row, ISO 8601; undefined where the times cannot be read. */
export function timeOfRow(file: RowTimes, row: number): string | undefined {
  const anchors = anchorsOf(file);
  for (let a = 1; a < anchors.length; a++) {
    const [left, right] = [anchors[a - 1], anchors[a]];
    if (row > right.row) continue;
    const time = left.time + ((row - left.row) / (right.row - left.row)) * (right.time - left.time);
    return `${new Date(time).toISOString().slice(0, -5)}Z`;
  }
  return undefined;
}

function anchorsOf(file: RowTimes): readonly Anchor[] {
  const known = [
    { row: 0, time: Date.parse(file.from) },
    ...file.events.map((event) => ({ row: event.from, time: Date.parse(event.start) })),
    { row: file.rows - 1, time: Date.parse(file.to) },
  ];
  const last = known[known.length - 1];
  const anchors: Anchor[] = [];
  for (const anchor of known) {
    const before = anchors.at(-1);
    const after = before === undefined || (anchor.row > before.row && anchor.time > before.time);
    const fits = anchor === last || (anchor.row < last.row && anchor.time < last.time);
    if (after && fits && !Number.isNaN(anchor.time)) anchors.push(anchor);
  }
  return anchors[0]?.row === 0 && anchors.at(-1) === last ? anchors : [];
}

function shareAt(anchors: readonly Anchor[], time: number): number {
  const rows = anchors[anchors.length - 1].row;
  for (let a = 1; a < anchors.length; a++) {
    const [left, right] = [anchors[a - 1], anchors[a]];
    if (time > right.time) continue;
    return (left.row + ((time - left.time) / (right.time - left.time)) * (right.row - left.row)) / rows;
  }
  return 1;
}

function rowTicks(rows: number): readonly Tick[] {
  if (rows < 2) return [];
  const rough = (rows - 1) / mostTicks;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].map((n) => n * power).find((one) => one >= rough) as number);
  const ticks: Tick[] = [];
  for (let row = 0; row < rows; row += step) ticks.push({ at: row / (rows - 1), label: `row ${row.toLocaleString('en-US')}` });
  return ticks;
}
