import type { FileEvaluation } from './evaluation.ts';

/**
 * The notes that hold for each of several files, to be said once.
 * @example
 * commonNotes([{ notes: ['no zone', 'few rows'] }, { notes: ['no zone'] }]); // [ 'no zone' ]
 * commonNotes([{ notes: ['no zone'] }]); // []
 */
export function commonNotes(files: readonly Pick<FileEvaluation, 'notes'>[]): string[] {
  if (files.length < 2) return [];
  return files[0].notes.filter((note) => files.every(({ notes }) => notes.includes(note)));
}
