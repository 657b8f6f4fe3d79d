/** A stretch of time whose rows are here: each of them (level 0), or so coarse, in ms from one point to the next. */
export interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly level: number;
}

/** Which stretches of time are loaded, [from, to) each, and how finely. They do not overlap. */
export class Coverage {
  #stretches: Stretch[] = [];

  get stretches(): readonly Stretch[] {
    return this.#stretches;
  }

  clear(): void {
    this.#stretches = [];
  }

  /** What was known of the stretch gives way. */
  add(from: number, to: number, level: number): void {
    if (!(to > from)) return;
    this.#cut(from, to);
    this.#stretches.push({ from, to, level });
    this.#stretches.sort((a, b) => a.from - b.from);
    this.#stretches = this.#stretches.reduce<Stretch[]>((joined, next) => {
      const last = joined[joined.length - 1];
      if (last !== undefined && last.to === next.from && last.level === next.level) joined[joined.length - 1] = { ...last, to: next.to };
      else joined.push(next);
      return joined;
    }, []);
  }

  /** Forgets what is older. */
  dropBefore(time: number): void {
    this.#cut(Number.NEGATIVE_INFINITY, time);
  }

  /** Stretches of [from, to) that are not loaded, or more coarsely than `coarsest`; those that touch are one. */
  missing(from: number, to: number, coarsest: number): { from: number; to: number }[] {
    const found: { from: number; to: number }[] = [];
    let at = from;
    for (const stretch of this.#stretches) {
      if (stretch.to <= from || stretch.from >= to || stretch.level > coarsest) continue;
      if (stretch.from > at) found.push({ from: at, to: stretch.from });
      at = Math.max(at, stretch.to);
    }
    if (at < to) found.push({ from: at, to });
    return found;
  }

  #cut(from: number, to: number): void {
    this.#stretches = this.#stretches.flatMap((stretch) => {
      if (stretch.to <= from || stretch.from >= to) return [stretch];
      const left = stretch.from < from ? [{ ...stretch, to: from }] : [];
      const right = stretch.to > to ? [{ ...stretch, from: to }] : [];
      return [...left, ...right];
    });
  }
}
