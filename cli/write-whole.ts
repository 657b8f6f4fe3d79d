import { statSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
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

/** Writes a file whole or not at all: beside its place first, then renamed into it. @throws STORE_UNAVAILABLE */
export async function writeWhole(path: string, content: Uint8Array | Iterable<string>): Promise<void> {
  const beside = `${path}.${process.pid}.part`;
  try {
    await writeFile(beside, content, { mode: 0o600 });
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw new SluiceError('STORE_UNAVAILABLE', `cannot write '${path}': ${(cause as Error).message}`, { fix: 'Name a file that can be written.', cause });
  }
}
