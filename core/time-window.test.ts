import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TimeWindow } from './time-window.ts';

const second = 1_000_000_000n;

/** The same, remembering everything. */
class Model {
  readonly counts = new Map<bigint, number>();
  newest: bigint | undefined;
  readonly span: bigint;
  constructor(span: bigint) {
    this.span = span;
  }
  next(time: bigint): number | undefined {
    if (this.newest !== undefined && time < this.newest - this.span) return undefined;
    const seq = this.counts.get(time) ?? 0;
    this.counts.set(time, seq + 1);
    if (this.newest === undefined || time > this.newest) this.newest = time;
    return seq;
  }
}

describe('TimeWindow', () => {
  it('counts equal times up, whatever came between', () => {
    const window = new TimeWindow(10_000);
    expect([1n, 2n, 1n, 3n, 1n, 2n].map((t) => window.next(t * second))).toEqual([0, 0, 1, 0, 2, 1]);
    expect(window.newest).toBe(3n * second);
  });

  it('does not know times older than its span', () => {
    const window = new TimeWindow(10_000);
    window.next(100n * second);
    expect(window.next(90n * second)).toBe(0);
    expect(window.next(90n * second - 1n)).toBeUndefined();
    expect(window.isOlder(90n * second - 1n)).toBe(true);
    expect(window.isOlder(90n * second)).toBe(false);
  });

  it('is a bounded memory of what an unbounded one would answer', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -15, max: 20 }), { maxLength: 400 }), (steps) => {
        const window = new TimeWindow(10_000);
        const model = new Model(10n * second);
        let time = 1_000n;
        for (const step of steps) {
          time += BigInt(step);
          expect(window.next(time * second)).toBe(model.next(time * second));
        }
      }),
    );
  });

  it('goes on from what it saved as if nothing had happened', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -5, max: 6 }), { minLength: 2, maxLength: 200 }), fc.nat(), (steps, cutSeed) => {
        const cut = cutSeed % steps.length;
        const through = new TimeWindow(10_000);
        let resumed = new TimeWindow(10_000);
        let time = 0n;
        for (const [i, step] of steps.entries()) {
          if (i === cut) {
            const saved = resumed.save();
            resumed = new TimeWindow(10_000);
            resumed.load(saved);
          }
          time += BigInt(step);
          expect(resumed.next(time * second)).toBe(through.next(time * second));
        }
      }),
    );
  });

  it('keeps only what lies inside the span', () => {
    const window = new TimeWindow(1_000);
    for (let t = 0n; t < 100_000n; t++) window.next((t * second) / 10n);
    expect(window.save().times.length).toBe(11);
  });
});
