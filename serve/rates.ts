/** Milliseconds over which rates are taken. */
const window = 10_000;

/** Rates of counters that only grow, over the last ten seconds. */
export class Rates {
  readonly #samples: { readonly at: number; readonly counts: ReadonlyMap<string, number> }[] = [];

  /** Notes how the counters stand. @param at milliseconds of a clock that only goes forward */
  sample(at: number, counts: ReadonlyMap<string, number>): void {
    this.#samples.push({ at, counts });
    while (this.#samples.length > 2 && this.#samples[1].at <= at - window) this.#samples.shift();
  }

  /** Of a counter, a second. */
  of(name: string): number {
    const [first] = this.#samples;
    const last = this.#samples[this.#samples.length - 1];
    if (!first || last.at <= first.at) return 0;
    const risen = (last.counts.get(name) ?? 0) - (first.counts.get(name) ?? 0);
    return Math.max(0, Math.round((risen / (last.at - first.at)) * 10_000) / 10);
  }
}
