/** Wrong tokens of one address, and the milliseconds in which they may be so many. */
const [mostFailures, window] = [10, 60_000];
/** Addresses that are remembered. */
const mostAddresses = 10_000;

/** Counts wrong tokens by the address they come from. */
export class FailedAttempts {
  readonly #failures = new Map<string, { count: number; readonly until: number }>();

  /** Seconds that an address has to wait before it may show another token; 0: none. */
  wait(address: string): number {
    const found = this.#failures.get(address);
    const now = Date.now();
    if (found && found.until <= now) this.#failures.delete(address);
    return found && found.until > now && found.count >= mostFailures ? Math.ceil((found.until - now) / 1000) : 0;
  }

  add(address: string): void {
    const found = this.#failures.get(address);
    if (found) found.count++;
    else this.#failures.set(address, { count: 1, until: Date.now() + window });
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= mostAddresses) break;
      this.#failures.delete(oldest);
    }
  }
}
