import { rmSync, statSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { quote, SluiceError } from '../core/errors.ts';

/** Makes no folders, and replaces nothing unless told to. @throws USAGE */
export function requireFree(path: string, { force = false }: { readonly force?: boolean } = {}): void {
  const folder = dirname(path);
  if (!found(folder)?.isDirectory())
    throw new SluiceError('USAGE', `there is no folder ${quote(folder)}`, { fix: 'Make it first, or name a file in a folder that exists.' });
  const there = found(path);
  if (there?.isDirectory()) throw new SluiceError('USAGE', `${quote(path)} is a folder`, { fix: 'Name a file.' });
  if (there && !force) throw new SluiceError('USAGE', `${quote(path)} exists already`, { fix: 'Name another file, or overwrite it with --force.' });
}

function found(path: string): ReturnType<typeof statSync> {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    // A part of the path is a file.
    if ((error as NodeJS.ErrnoException).code === 'ENOTDIR') return undefined;
    throw new SluiceError('USAGE', `cannot look at ${quote(path)}: ${(error as Error).message}`, { fix: 'Name a file that can be written.', cause: error });
  }
}

/** What a file is to hold, at once or piece by piece. */
export type Content = Uint8Array | Iterable<string> | AsyncIterable<string | Uint8Array>;

/** Writes a file whole or not at all: beside its place first, then renamed into it. @throws STORE_UNAVAILABLE */
export async function writeWhole(path: string, content: Content): Promise<void> {
  await writeAllWhole([[path, content]]);
}

/** The same for files that belong together: none is in its place before all are written. @throws STORE_UNAVAILABLE */
export async function writeAllWhole(files: readonly (readonly [path: string, content: Content])[]): Promise<void> {
  const beside = (path: string): string => `${path}.${process.pid}.part`;
  const clear = (): void => {
    for (const [path] of files) rmSync(beside(path), { force: true });
  };
  // A second Ctrl-C ends the process at once.
  process.once('exit', clear);
  let at = '';
  try {
    for (const [path, content] of files) {
      at = path;
      await writeFile(beside(path), content, { mode: 0o600 });
    }
    for (const [path] of files) {
      at = path;
      await rename(beside(path), path);
    }
  } catch (cause) {
    clear();
    if (cause instanceof SluiceError) throw cause;
    throw new SluiceError('STORE_UNAVAILABLE', `cannot write '${at}': ${(cause as Error).message}`, { fix: 'Name a file that can be written.', cause });
  } finally {
    process.removeListener('exit', clear);
  }
}
