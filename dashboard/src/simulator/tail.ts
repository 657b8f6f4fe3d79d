import type { LiveRows, Scores, Series } from '../../../serve/api.ts';

/** The last values of one tag and what a detector said of them; columns of equal length, oldest first. */
export interface Tail {
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
  readonly scores: readonly (number | null)[];
  readonly status: readonly number[];
}

export const emptyTail: Tail = { times: [], values: [], scores: [], status: [] };
const noVerdict = 2;

/** What the store has of a tag and a detector, row by row. */
export function tailOf(series: Series, scores: Scores): Tail {
  const [tag] = series.tags;
  const [verdicts] = scores.detectors;
  const places = new Map(verdicts?.times.map((time, row) => [time, row]));
  const rows = series.times.map((time) => places.get(time));
  return {
    times: series.times,
    values: tag?.value ?? [],
    scores: rows.map((row) => (row === undefined ? null : (verdicts!.score[row] ?? null))),
    status: rows.map((row) => (row === undefined ? noVerdict : verdicts!.status[row]!)),
  };
}

/** With the rows that came behind its last one, as far back as `span` ms from the newest. */
export function withRows(tail: Tail, rows: LiveRows, span: number): Tail {
  const last = tail.times.at(-1) ?? Number.NEGATIVE_INFINITY;
  const first = rows.times.findIndex((time) => time > last);
  if (first === -1) return tail;
  const newest = rows.times.at(-1)!;
  const keep = tail.times.findIndex((time) => time >= newest - span);
  const [verdicts] = rows.verdicts;
  const column = <T>(old: readonly T[], fresh: readonly T[] | undefined, none: T): T[] => [
    ...(keep === -1 ? [] : old.slice(keep)),
    ...(fresh?.slice(first) ?? Array.from({ length: rows.times.length - first }, () => none)),
  ];
  return {
    times: column(tail.times, rows.times, 0),
    values: column(tail.values, rows.tags[0], null),
    scores: column(tail.scores, verdicts?.score, null),
    status: column(tail.status, verdicts?.status, noVerdict),
  };
}
