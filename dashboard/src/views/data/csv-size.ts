import type { Rows } from '../../../../serve/api.ts';

/** An ISO time and the comma behind it. */
const timeLength = 25;
const sampled = 200;

/** Bytes that a CSV of so many rows has, guessed from rows that are there; undefined when there are none. */
export function csvSize(rows: number, { columns, times }: Pick<Rows, 'columns' | 'times'>): number | undefined {
  if (times.length === 0) return undefined;
  const count = Math.min(sampled, times.length);
  let length = count * timeLength;
  for (const column of columns) for (let row = 0; row < count; row++) length += 1 + String(column[row] ?? '').length;
  return Math.round((length / count) * rows);
}
