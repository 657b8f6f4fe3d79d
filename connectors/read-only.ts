import { SluiceError } from '../core/errors.ts';
import type { StoreWriter } from '../core/store.ts';

const refuse = async (): Promise<never> => {
  throw new SluiceError('INTERNAL', 'the store was opened for reading');
};

/** The writing side of a store that was opened to read it. */
export const readOnly: StoreWriter = {
  openStream: refuse,
  append: refuse,
  appendDead: refuse,
  removeDead: refuse,
  commit: refuse,
  replaceVerdicts: refuse,
  annotate: refuse,
  forget: refuse,
};
