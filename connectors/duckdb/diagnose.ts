import { constants, existsSync, statSync } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { SluiceError } from '../../core/errors.ts';
import { type DiagnoseContext, type Finding, failed, notChecked, ok, warning } from '../../core/finding.ts';
import { type DuckOptions, openStoreForReading } from './open.ts';
import { connectReader } from './socket.ts';

const littleSpace = 1 << 30;
const noSpace = 1 << 26;

/** What `sluice doctor` finds of a store file: changes nothing, and makes none. */
export async function* diagnoseDuck(options: DuckOptions, _: DiagnoseContext): AsyncGenerator<Finding> {
  const path = resolve(options.path);
  const folder = existingFolder(path);
  yield await writableFinding(options.path, path, folder);
  yield await spaceFinding(folder);
  yield existsSync(path) ? await contentFinding(options) : notChecked('content', 'there is no file yet');
}

/** The folder of the file or, while that does not exist, the nearest around it: what is missing will be made. */
function existingFolder(path: string): string {
  let folder = dirname(path);
  while (!existsSync(folder)) folder = dirname(folder);
  return folder;
}

async function writableFinding(shown: string, path: string, folder: string): Promise<Finding> {
  const check = `file ${shown}`;
  const there = existsSync(path);
  try {
    if (!statSync(folder).isDirectory()) return failed(check, `${folder} is a file, not a folder`, 'Give another store.path.');
    // DuckDB makes its log beside the file.
    await access(folder, constants.W_OK | constants.X_OK);
    if (there) await access(path, constants.R_OK | constants.W_OK);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return failed(check, `cannot be written (${code})`, 'Give rights to the file and its folder, or another store.path.');
  }
  return ok(check, there ? `${megabytes(statSync(path).size)}, can be written` : 'does not exist yet and can be made');
}

async function spaceFinding(folder: string): Promise<Finding> {
  const { bavail, bsize } = await statfs(folder);
  const left = bavail * bsize;
  if (left < littleSpace)
    return (left < noSpace ? failed : warning)('disk', `${megabytes(left)} left under ${folder}`, 'Make room: on a full disk nothing is stored.');
  return ok('disk', `${(left / 2 ** 30).toFixed(1)} GB left under ${folder}`);
}

async function contentFinding(options: DuckOptions): Promise<Finding> {
  try {
    const owner = await connectReader(options.path);
    const reader = owner ?? (await openStoreForReading(options.path, options));
    try {
      const streams = await reader.streams();
      const rows = streams.reduce((sum, stream) => sum + stream.rows, 0);
      const held = owner ? ', through the process that holds it' : '';
      return ok(
        'content',
        streams.length === 0
          ? `readable${held}, empty`
          : `readable${held}: ${rows.toLocaleString('en-US')} rows of ${streams.map(({ stream }) => stream).join(', ')}`,
      );
    } finally {
      await reader.close();
    }
  } catch (error) {
    if (!(error instanceof SluiceError)) throw error;
    return failed('content', error.what, error.fix ?? 'Give another store.path.');
  }
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;
