import type { Check } from '../../../core/conformance.ts';
import type { Store } from '../../../core/store.ts';

/** A store under test, empty at first. */
export interface OpenedStore {
  /** Keeps manifests and records itself, in the transaction of the data. */
  readonly transactional: boolean;
  readonly store: Store;
  /** Closes the store and opens what it left, as a restart does. */
  reopen(): Promise<Store>;
  close(): Promise<void>;
}

/** Makes a check that gets a store of its own, closed after it. */
export type MakeCheck = (name: string, body: (opened: OpenedStore) => Promise<void>) => Check;
