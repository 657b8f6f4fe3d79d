import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SluiceError } from '../core/errors.ts';

/** Writes a file whole or not at all: beside its place first, then renamed into it. @throws STORE_UNAVAILABLE */
export async function writeWhole(path: string, bytes: Uint8Array): Promise<void> {
  const beside = `${path}.${process.pid}.part`;
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(beside, bytes, { mode: 0o600 });
    await rename(beside, path);
  } catch (cause) {
    await rm(beside, { force: true });
    throw new SluiceError('STORE_UNAVAILABLE', `cannot write '${path}': ${(cause as Error).message}`, { fix: 'Name a file that can be written.', cause });
  }
}
