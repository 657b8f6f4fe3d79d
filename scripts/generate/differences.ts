/** A few lines that say how a file differs from what it should be: the first lines that are gone (-) and new (+). */
export function differences(path: string, before: string | undefined, after: string): string {
  if (before === undefined) return `${path}: is missing`;
  const old = before.split('\n');
  const now = after.split('\n');
  let head = 0;
  while (head < old.length && head < now.length && old[head] === now[head]) head++;
  let tail = 0;
  while (tail < old.length - head && tail < now.length - head && old.at(-1 - tail) === now.at(-1 - tail)) tail++;
  const gone = old.slice(head, old.length - tail);
  const added = now.slice(head, now.length - tail);
  const shown = [...excerpt(gone, '-'), ...excerpt(added, '+')];
  return `${path}: from line ${head + 1}, ${gone.length} lines become ${added.length}\n${shown.join('\n')}`;
}

const shownLines = 3;

function excerpt(lines: readonly string[], sign: '-' | '+'): string[] {
  const rest = lines.length - shownLines;
  return [...lines.slice(0, shownLines).map((line) => `  ${sign} ${line.slice(0, 140)}`), ...(rest > 0 ? [`  ${sign} … ${rest} more`] : [])];
}
