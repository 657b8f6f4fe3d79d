import { SluiceError } from '../core/errors.ts';

/** A variable as it is set by the text of an environment file. */
export interface Setting {
  readonly name: string;
  readonly value: string;
  /** Where the value stands in the text, with its quotes: [from, to). */
  readonly from: number;
  readonly to: number;
}

const blank = /[ \t]*(?:#[^\n]*)?\r?(?:\n|$)/y;
const name = /[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*=/y;
const spaces = /[ \t]*/y;
const inSingleQuotes = /'([^']*)'/y;
const inDoubleQuotes = /"((?:[^"\\]|\\.)*)"/sy;
const restOfLine = /[^\n]*/y;

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/**
 * The settings of an environment file, in order, by the rules of Docker Compose: `NAME=value`, perhaps exported, perhaps quoted;
 * `#` begins a comment. Values are taken as they stand: nothing is expanded in them.
 * @param place the file, for messages, which never show a value
 * @throws CONFIG_INVALID with the line that cannot be read
 * @example
 * parseSettings('export A="1\\n2" # two\nB=x y', '.env').map(({ name, value }) => [name, value]); // [["A", "1\n2"], ["B", "x y"]]
 */
export function parseSettings(text: string, place: string): Setting[] {
  const settings: Setting[] = [];
  // Editors of Windows begin a file with a mark.
  let at = text.startsWith('\ufeff') ? 1 : 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match) at = pattern.lastIndex;
    return match;
  };
  const wrong = (what: string, fix: string): SluiceError =>
    new SluiceError('CONFIG_INVALID', what, { place: `${place}:${text.slice(0, at).split('\n').length}`, fix });
  while (at < text.length) {
    if (take(blank)) continue;
    const named = take(name);
    if (!named) throw wrong('this line is no NAME=value', 'Write NAME=value; a comment begins with #.');
    const afterName = at;
    take(spaces);
    const from = at;
    const quote = text[at];
    let value: string;
    if (quote === "'" || quote === '"') {
      const quoted = take(quote === "'" ? inSingleQuotes : inDoubleQuotes);
      if (!quoted) throw wrong(`the value of ${named[1]} begins with a quote that is not closed`, `End it with ${quote}.`);
      value = quote === "'" ? quoted[1] : quoted[1].replace(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);
    } else {
      // Up to a comment, which a space sets apart.
      value = (take(restOfLine) as RegExpExecArray)[0].replace(/(^|[ \t])#.*/s, '').trimEnd();
      at = from + value.length;
    }
    // What takes the place of nothing must not touch the comment.
    settings.push({ name: named[1], value, ...(at === from ? { from: afterName, to: afterName } : { from, to: at }) });
    if (!take(blank)) throw wrong(`something follows the quoted value of ${named[1]}`, 'Put all of it in quotes; a comment begins with #.');
  }
  return settings;
}

/**
 * The text with these values: those of names that it sets are replaced where they stand, the others are added at its end. Every
 * other line and comment stays as it is.
 * @throws CONFIG_INVALID with the line that cannot be read
 * @example
 * changeSettings('# mine\nA=1 # old\n', { A: '2', B: 'x y' }, '.env'); // "# mine\nA=2 # old\nB='x y'\n"
 */
export function changeSettings(text: string, values: Readonly<Record<string, string>>, place: string): string {
  let changed = '';
  let at = 0;
  const left = new Map(Object.entries(values));
  for (const { name, value, from, to } of parseSettings(text, place)) {
    if (!Object.hasOwn(values, name)) continue;
    left.delete(name);
    if (value === values[name]) continue;
    changed += text.slice(at, from) + written(values[name]);
    at = to;
  }
  changed += text.slice(at);
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  if (left.size > 0 && changed !== '' && !changed.endsWith('\n')) changed += lineEnd;
  for (const [name, value] of left) changed += `${name}=${written(value)}${lineEnd}`;
  return changed;
}

/** A value so that it is read as it is, here and by Docker Compose and a shell. */
function written(value: string): string {
  if (/^[\w.:/=@%+,-]*$/.test(value)) return value;
  if (!/['\n\r]/.test(value)) return `'${value}'`;
  return `"${value
    .replace(/[\\"$`]/g, '\\$&')
    .replaceAll('\n', '\\n')
    .replaceAll('\r', '\\r')}"`;
}
