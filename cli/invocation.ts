import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

/**
 * A command as it can be typed where this process was started: through the clone's root script when the program lies in a
 * clone's build, otherwise `sluice`.
 * @example
 * typedCommand(['query', 'incidents', "plant's.yaml"], { program: undefined }); // "sluice query incidents 'plant'\\''s.yaml'"
 */
export function typedCommand(words: readonly string[], { program = process.argv[1], cwd = process.cwd() }: Partial<Started> = {}): string {
  return [program === undefined ? 'sluice' : typedName(program, cwd), ...words].map(shellWord).join(' ');
}

interface Started {
  /** The script that node runs. */
  readonly program: string | undefined;
  readonly cwd: string;
}

/** The --set options that decide which store and stream a command looks at, to be given again; secrets in them are not shown. */
export function storeSettings(set: readonly string[]): string[] {
  return set.filter((setting) => /^(store|stream)[.=]/.test(setting)).flatMap((setting) => ['--set', setting.replace(secret, '$1***')]);
}

/** A token or password: the value behind `token=`, `token:` or `"token":`. */
const secret = /((?:token|password)["']?\s*[:=]\s*)(?:'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[^\s,}'"][^\s,}]*)/gi;

function typedName(program: string, cwd: string): string {
  const root = existsSync(program) ? cloneOf(realpathSync(program)) : undefined;
  if (root === undefined) return 'sluice';
  const script = join(root, 'sluice');
  const near = relative(realpathSync(cwd), script);
  const typed = near.startsWith('..') ? near : `./${near}`;
  return typed.length <= script.length ? typed : script;
}

/** The clone whose build a file belongs to: it has the sources of the build, which an installed package has not. */
function cloneOf(file: string): string | undefined {
  for (let folder = dirname(file); folder !== dirname(folder); folder = dirname(folder)) {
    if (!folder.endsWith('dist')) continue;
    const root = dirname(folder);
    if (existsSync(join(root, 'sluice')) && existsSync(join(root, 'tsconfig.build.json'))) return root;
  }
  return undefined;
}

/** A word as a POSIX shell takes it. */
function shellWord(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
