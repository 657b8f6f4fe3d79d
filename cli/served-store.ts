import type { Store } from '../core/store.ts';

/**
 * A store of its own for the page, opened when it is first asked for anything: a process that takes rows waits for its database, the
 * page tells that it is away.
 */
export class ServedStore {
  readonly #open: () => Promise<Store>;
  #store: Promise<Store> | undefined;

  constructor(open: () => Promise<Store>) {
    this.#open = open;
  }

  open(): Promise<Store> {
    this.#store ??= this.#open().catch((error: unknown) => {
      this.#store = undefined;
      throw error;
    });
    return this.#store;
  }

  async close(): Promise<void> {
    // One that could not be opened needs no closing; who asked for it was told.
    const store = await this.#store?.catch(() => undefined);
    await store?.close();
  }
}
