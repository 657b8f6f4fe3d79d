import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeRowCache } from './row-cache.ts';

const rowBytes = 3 * Float64Array.BYTES_PER_ELEMENT;

function counting(bytes: number) {
  const computed: number[] = [];
  const rows = makeRowCache(3, bytes, (i, out) => {
    computed.push(i);
    out.set([i, i + 0.25, i + 0.5]);
  });
  return { rows, computed };
}

describe('makeRowCache', () => {
  it('drops the row that was used longest ago', () => {
    const { rows, computed } = counting(3 * rowBytes);
    for (const i of [1, 2, 3, 1, 4, 1, 3, 2]) rows(i);
    expect(computed).toEqual([1, 2, 3, 4, 2]);
  });

  it('keeps two rows however little memory it is given', () => {
    const { rows, computed } = counting(1);
    for (const i of [1, 2, 1, 2, 3, 2]) rows(i);
    expect(computed).toEqual([1, 2, 3]);
    const [five, six] = [rows(5), rows(6)];
    expect([...five, ...six]).toEqual([5, 5.25, 5.5, 6, 6.25, 6.5]);
  });

  it('gives the row that is asked for, and no more rows of memory than agreed', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(12), { maxLength: 60 }), fc.integer({ min: 2, max: 6 }), (asked, most) => {
        const { rows } = counting(most * rowBytes + 7);
        const memory = new Set<Float64Array>();
        for (const i of asked) {
          const row = rows(i);
          memory.add(row);
          expect([...row]).toEqual([i, i + 0.25, i + 0.5]);
        }
        expect(memory.size).toBeLessThanOrEqual(most);
      }),
    );
  });
});
