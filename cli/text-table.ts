import { printable } from '../core/shown.ts';

export type Cell = string | number;

export interface TableOptions {
  /** Columns of the terminal; lines are cut there. Default: as wide as needed. */
  readonly width?: number;
  /** Positions of columns that may be left out to fit the width, the first to go first. */
  readonly spare?: readonly number[];
}

/** Columns aligned for a terminal; numbers to the right. The last column is not padded. */
export function textTable(head: readonly string[], rows: readonly (readonly Cell[])[], options: TableOptions = {}): string {
  return fittingTable(head, rows, options).text;
}

/** The same; `hidden` counts the spare columns left out, `fits` tells whether no line had to be cut. */
export function fittingTable(
  head: readonly string[],
  rows: readonly (readonly Cell[])[],
  { width = Number.POSITIVE_INFINITY, spare = [] }: TableOptions,
): { text: string; hidden: number; fits: boolean } {
  const lines = [head, ...rows].map((cells) => cells.map((cell) => (typeof cell === 'number' ? String(cell) : printable(cell))));
  const widths = head.map((_, i) => lines.reduce((most, cells) => Math.max(most, cells[i].length), 0));
  const kept = new Set(head.keys());
  const total = (): number => [...kept].reduce((sum, i) => sum + widths[i] + 2, -2);
  let hidden = 0;
  while (hidden < spare.length && total() > width) kept.delete(spare[hidden++]);
  const shown = [...kept];
  const text = lines.map((cells, at) => {
    const line = shown
      .map((i, n) =>
        at > 0 && typeof rows[at - 1][i] === 'number' ? cells[i].padStart(widths[i]) : n === shown.length - 1 ? cells[i] : cells[i].padEnd(widths[i]),
      )
      .join('  ')
      .trimEnd();
    return cut(line, width);
  });
  return { text: `${text.join('\n')}\n`, hidden, fits: total() <= width };
}

/** A line no longer than the width, an ellipsis where it goes on. */
export function cut(line: string, width: number): string {
  return line.length > width ? `${line.slice(0, Math.max(0, width - 1))}…` : line;
}

/** Columns of standard output; undefined where it is no terminal, and everything is shown. */
export function terminalWidth(): number | undefined {
  return process.stdout.isTTY ? process.stdout.columns || 80 : undefined;
}
