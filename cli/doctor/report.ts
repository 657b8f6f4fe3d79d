import type { Finding, FindingStatus } from '../../core/finding.ts';
import { printable } from '../../core/shown.ts';
import { colours } from '../terminal-colours.ts';
import type { Examined } from './examination.ts';

const statusWidth = 'not checked'.length;
const mostCheck = 26;
/** Narrower than this it is no longer folded. */
const leastText = 30;

export type Counts = Readonly<Record<FindingStatus, number>>;

export function countsOf(examined: readonly Examined[]): Counts {
  const counts = { ok: 0, warning: 0, failed: 0, 'not checked': 0 };
  for (const { findings } of examined) for (const { status } of findings) counts[status]++;
  return counts;
}

/** A section as text, folded to the width: status, what was looked at, what was found and below it what to do. */
export function sectionText({ title, findings }: Examined, width: number): string {
  const { bold, dim, green, yellow, red } = colours(process.stdout);
  const paint = { ok: green, warning: yellow, failed: red, 'not checked': dim };
  const column = Math.min(mostCheck, Math.max(...findings.map(({ check }) => check.length), 0));
  const indent = 2 + statusWidth + 2 + column + 2;
  const room = Math.max(leastText, width - indent);
  const lines = findings.flatMap(({ status, check, found, fix }: Finding) => {
    const name = printable(check);
    const text = fold(printable(found), room);
    // A name that is too long for its column has the line to itself.
    const head = `  ${paint[status](status.padEnd(statusWidth))}  ${name.padEnd(column)}`;
    const first = name.length > column ? [head, `${' '.repeat(indent)}${text[0]}`] : [`${head}  ${text[0]}`];
    const more = text.slice(1).map((line) => `${' '.repeat(indent)}${line}`);
    const remedy = fix === undefined ? [] : fold(printable(fix), room).map((line) => `${' '.repeat(indent)}${bold(line)}`);
    return [...first, ...more, ...remedy];
  });
  return `${bold(printable(title))}\n${lines.join('\n')}\n\n`;
}

export function summaryText({ failed, warning, ok, 'not checked': unchecked }: Counts): string {
  const { red, yellow, green } = colours(process.stdout);
  const parts = [
    ...(failed > 0 ? [red(`${failed} failed`)] : []),
    ...(warning > 0 ? [yellow(`${warning} ${warning === 1 ? 'warning' : 'warnings'}`)] : []),
    green(`${ok} ok`),
    ...(unchecked > 0 ? [`${unchecked} not checked`] : []),
  ];
  return `${parts.join(', ')}\n`;
}

/** Lines no longer than the width, broken at spaces; a longer word stays whole. */
function fold(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  // A number and its unit are one word.
  for (const word of text.split(/(?<!\d) | (?!(?:ms|s|min|h|d|[KMG]B)\b)/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
