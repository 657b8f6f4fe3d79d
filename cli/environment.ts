import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { quote, SluiceError } from '../core/errors.ts';
import { changeSettings, parseSettings } from './environment-text.ts';

type Variables = Readonly<Record<string, string | undefined>>;

/** The file that variables are read from, as far as it is there. */
export interface EnvironmentFile {
  readonly path: string;
  readonly values: Readonly<Record<string, string>>;
  /** Names of its secrets when others than its owner can read it. */
  readonly exposed: readonly string[];
}

export interface Environment {
  /** The process's variables and, where it has none, those of the file. An empty one counts as missing. */
  readonly values: Variables;
  readonly file: EnvironmentFile | undefined;
}

/** Where variables are read from: the file that SLUICE_ENV_FILE names, else `.env` in the current folder. */
export function environmentPath(env: Variables = process.env): { path: string; asked: boolean } {
  return env.SLUICE_ENV_FILE ? { path: env.SLUICE_ENV_FILE, asked: true } : { path: '.env', asked: false };
}

/**
 * What `${NAME}` in a pipeline file refers to.
 * @throws CONFIG_INVALID for a line that cannot be read; CONFIG_NOT_FOUND when the file that was asked for cannot be read
 */
export async function openEnvironment(env: Variables = process.env): Promise<Environment> {
  const { path, asked } = environmentPath(env);
  const file = await readEnvironmentFile(path, asked);
  const ofProcess = Object.entries(env).filter(([name, value]) => value !== '' || !file || !Object.hasOwn(file.values, name));
  return { values: { ...file?.values, ...Object.fromEntries(ofProcess) }, file };
}

let warned = false;

/** The same as values alone, with one warning on standard error when others can read the secrets of the file. */
export async function environment(): Promise<Variables> {
  const { values, file } = await openEnvironment();
  if (file && file.exposed.length > 0 && !warned) {
    warned = true;
    process.stderr.write(`warning: ${exposure(file)}\n`);
  }
  return values;
}

export function exposure({ path, exposed }: EnvironmentFile): string {
  return `others can read ${quote(path)}, which holds ${exposed.join(', ')}; close it with: chmod 600 ${path}`;
}

/** @returns undefined when there is none, and none was asked for */
export async function readEnvironmentFile(path: string, asked: boolean): Promise<EnvironmentFile | undefined> {
  let text: string;
  let mode: number;
  try {
    const found = await stat(path);
    // The environments of Python are folders of that name.
    if (!asked && !found.isFile()) return undefined;
    mode = found.mode;
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (!asked && (cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new SluiceError('CONFIG_NOT_FOUND', `cannot read the environment file ${quote(path)}: ${(cause as Error).message}`, {
      ...(asked ? { place: 'SLUICE_ENV_FILE' } : {}),
      fix: 'Name a file that can be read with SLUICE_ENV_FILE.',
      cause,
    });
  }
  const settings = parseSettings(text, path).filter(({ value }) => value !== '');
  const values = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  const open = process.platform !== 'win32' && (mode & 0o077) !== 0;
  return { path, values, exposed: open ? Object.keys(values).filter(isSecret) : [] };
}

function isSecret(name: string): boolean {
  return /TOKEN|PASSW|SECRET|CREDENTIAL|(^|_)KEY(_|$)/i.test(name);
}

/**
 * Sets variables in an environment file, which is made when missing, and kept for its owner alone (mode 600). Everything else in
 * it stays as it is. Written beside and renamed into place: whoever reads it finds the old or the new file.
 * @throws CONFIG_INVALID for a line that cannot be read; STORE_UNAVAILABLE when it cannot be written
 */
export async function changeEnvironmentFile(path: string, values: Readonly<Record<string, string>>): Promise<void> {
  try {
    const target = await realpath(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return path;
      throw error;
    });
    const before = await readFile(target, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    await replace(target, changeSettings(before, values, path));
  } catch (cause) {
    if (cause instanceof SluiceError) throw cause;
    throw new SluiceError('STORE_UNAVAILABLE', `cannot write the environment file ${quote(path)}: ${(cause as Error).message}`, {
      fix: 'Name a file in a folder that exists and can be written, with --env-file.',
      cause,
    });
  }
}

async function replace(path: string, text: string): Promise<void> {
  const beside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(beside, 'wx', 0o600);
    await closing(file, async () => {
      await file.chmod(0o600);
      await file.writeFile(text);
      await file.sync();
    });
    await rename(beside, path);
  } catch (error) {
    await rm(beside, { force: true });
    throw error;
  }
  // The name is on disk when the folder is.
  const folder = await open(dirname(path), 'r');
  await closing(folder, () => folder.sync());
}

async function closing(file: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await file.close();
  }
}
