import type { Incident } from './incident.ts';
import type { StoreWrite } from './store.ts';

/** What a pipeline hands on, as it does so: before it is durable. */
export interface LiveListener {
  /** What is handed over may be used again behind the call. */
  write?(write: StoreWrite): void;
  incident?(incident: Incident, change: 'opened' | 'updated' | 'closed'): void;
}

/**
 * Tells those who listen what passes. It costs nothing when nobody does, and a listener that fails is let go instead of failing the
 * pipeline.
 */
export class LiveFeed {
  readonly #listeners = new Set<LiveListener>();
  readonly #failed: (error: unknown) => void;

  /** @param failed told what a listener threw */
  constructor(failed: (error: unknown) => void) {
    this.#failed = failed;
  }

  /** @returns ends the subscription */
  subscribe(listener: LiveListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  write(write: StoreWrite): void {
    if (this.#listeners.size > 0) this.#tell((listener) => listener.write?.(write));
  }

  incident(incident: Incident, change: 'opened' | 'updated' | 'closed'): void {
    if (this.#listeners.size > 0) this.#tell((listener) => listener.incident?.(incident, change));
  }

  #tell(call: (listener: LiveListener) => void): void {
    for (const listener of this.#listeners) {
      try {
        call(listener);
      } catch (error) {
        this.#listeners.delete(listener);
        this.#failed(error);
      }
    }
  }
}
