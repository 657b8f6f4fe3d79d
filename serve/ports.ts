import type { Registry } from '../core/registry.ts';
import type { Runtime } from '../core/runtime.ts';
import type { StoreReader, StoreWriter } from '../core/store.ts';

/** What is stored, and what people say of it. */
export type ServedStore = StoreReader & Pick<StoreWriter, 'annotate'>;

/** All that the HTTP interface works with. */
export interface ApiPorts {
  readonly runtime: Runtime;
  readonly registry: Registry;
  /** Opened when it is first asked for. @throws STORE_… where it cannot be; then it is tried again */
  store(): Promise<ServedStore>;
}
