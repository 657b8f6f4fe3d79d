import type { DeadLetter } from '../core/chunk.ts';
import { printable } from '../core/shown.ts';
import { cut, textTable } from './text-table.ts';

interface DeadLetterView {
  /** There are more than these. */
  readonly more: boolean;
  /** Counted by what is wrong, in place of one by one. */
  readonly grouped: boolean;
  /** Columns of the terminal; undefined where there is none. */
  readonly width: number | undefined;
}

/** Dead letters for people. On a terminal each has its raw row, cut to the width, on a line of its own; elsewhere each is one line. */
export function deadLetterText(letters: readonly DeadLetter[], { more, grouped, width }: DeadLetterView): string {
  if (letters.length === 0) return 'no dead letters\n';
  if (!grouped) return width === undefined ? wholeTable(letters) : letters.map((letter) => stacked(`row ${letter.position}`, letter, width)).join('');
  const groups = groupsOf(letters);
  const rows = groups.map(({ count, first }) => [count, first.position, first.reason, first.message, first.payload]);
  const text =
    width === undefined
      ? textTable(['COUNT', 'FIRST ROW', 'REASON', 'WHAT', 'RAW ROW'], rows)
      : groups.map(({ count, first }) => stacked(`${count.toLocaleString('en-US')} × from row ${first.position}`, first, width)).join('');
  const counted = letters.length.toLocaleString('en-US');
  return `${text}${more ? `the first ${counted}` : counted} dead letters by kind, with the first of each; --last 20 lists single ones\n`;
}

function wholeTable(letters: readonly DeadLetter[]): string {
  return textTable(
    ['ROW', 'REASON', 'WHAT', 'RAW ROW'],
    letters.map(({ position, reason, message, payload }) => [position, reason, message, payload]),
  );
}

function stacked(title: string, { reason, message, payload }: DeadLetter, width: number): string {
  return `${title}  ${reason}  ${printable(message)}\n  ${cut(printable(payload), width - 2)}\n`;
}

/** Those that differ only in the values that they quote are alike; the most frequent first. */
function groupsOf(letters: readonly DeadLetter[]): { count: number; first: DeadLetter }[] {
  const groups = new Map<string, { count: number; first: DeadLetter }>();
  for (const letter of letters) {
    const key = `${letter.reason} ${letter.message.replace(/'[^']*'/g, "''").replace(/\d+/g, '0')}`;
    const group = groups.get(key);
    if (group) group.count++;
    else groups.set(key, { count: 1, first: letter });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count);
}
