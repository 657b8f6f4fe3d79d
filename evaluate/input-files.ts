import { statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { quote, SluiceError } from '../core/errors.ts';

/** A file to evaluate and, where another file trains for it, that one. */
export interface InputFile {
  readonly path: string;
  readonly train?: string;
}

/**
 * The files that are meant: a folder means the tables in it, in the order of their names. Where `train` is a folder each file has
 * its own training file there, of the same name or with `train` for `test`; those are not evaluated themselves.
 * @throws SOURCE_NOT_FOUND, SOURCE_EMPTY
 */
export async function inputFiles(paths: readonly string[], train: string | undefined): Promise<InputFile[]> {
  const files = [...new Set((await Promise.all(paths.map(tablesOf))).flat())];
  if (train === undefined) return files.map((path) => ({ path }));
  if (!isFolder(train)) return files.map((path) => ({ path, train }));
  const trainingFiles = new Map((await tablesOf(train)).map((path) => [basename(path), path]));
  const pairs = files.map((path) => ({ path, train: trainingFileOf(path, trainingFiles) }));
  const training = new Set(pairs.map((pair) => resolve(pair.train ?? '')));
  const evaluated = pairs.filter(({ path }) => !training.has(resolve(path)));
  return evaluated.map(({ path, train: own }) => {
    if (own !== undefined) return { path, train: own };
    const looked = [...counterparts(basename(path)), basename(path)].map((name) => quote(name));
    throw new SluiceError('SOURCE_NOT_FOUND', `there is no training file for ${quote(path)}`, {
      place: train,
      fix: `Looked for ${looked.join(' and ')}; name one file for all, or take --train-rows.`,
    });
  });
}

/** The first of its counterparts that is there, or else the file of the same name; a file does not train for itself. */
function trainingFileOf(path: string, trainingFiles: ReadonlyMap<string, string>): string | undefined {
  const there = [...counterparts(basename(path)), basename(path)].flatMap((name) => trainingFiles.get(name) ?? []);
  return there.find((file) => resolve(file) !== resolve(path));
}

/** `omi-1_test.csv` is trained by `omi-1_train.csv`; `test` must begin a word, as it does not in `latest`. The last word first. */
function counterparts(name: string): string[] {
  const words = [...name.matchAll(/(?<![A-Za-z])test|(?<![A-Z])(?:Test|TEST)/g)].reverse();
  return words.map(({ 0: word, index }) => {
    const train = word === 'TEST' ? 'TRAIN' : word === 'Test' ? 'Train' : 'train';
    return name.slice(0, index) + train + name.slice(index + word.length);
  });
}

async function tablesOf(path: string): Promise<string[]> {
  if (!isFolder(path)) return [path];
  const names = (await readdir(path)).filter((name) => /\.(csv(\.gz)?|xls[xm])$/i.test(name) && !name.startsWith('~$'));
  if (names.length === 0) throw new SluiceError('SOURCE_EMPTY', `there is no csv or xlsx file in the folder ${quote(path)}`, { fix: 'Name the files.' });
  const byNumber = new Intl.Collator('en', { numeric: true });
  return names.sort(byNumber.compare).map((name) => join(path, name));
}

function isFolder(path: string): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  if (!found) throw new SluiceError('SOURCE_NOT_FOUND', `there is no file or folder ${quote(path)}`, { fix: 'Check the path.' });
  return found.isDirectory();
}
