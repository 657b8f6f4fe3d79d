import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import { makeRandom } from '../core/random.ts';
import { sampleRows } from './sample-rows.ts';

const numbered = (rows: number) =>
  makeMatrix(
    rows,
    2,
    Float64Array.from({ length: 2 * rows }, (_, i) => (i % 2 === 0 ? i / 2 : -i)),
  );

describe('sampleRows', () => {
  it('takes so many whole rows, each once, in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 80 }), fc.integer(), (rows, count, seed) => {
        const sample = sampleRows(numbered(rows), count, makeRandom(seed));
        expect(sample.rows).toBe(Math.min(rows, count));
        expect(sample.values.length).toBe(2 * sample.rows);
        for (let i = 0; i < sample.rows; i++) {
          expect(sample.values[2 * i + 1]).toBe(-(2 * sample.values[2 * i] + 1));
          if (i > 0) expect(sample.values[2 * i]).toBeGreaterThan(sample.values[2 * i - 2]);
        }
      }),
    );
  });

  it('takes every row equally often', () => {
    const random = makeRandom(3);
    const taken = new Float64Array(10);
    for (let draw = 0; draw < 4000; draw++) {
      const { values } = sampleRows(numbered(10), 3, random);
      for (let i = 0; i < 6; i += 2) taken[values[i]]++;
    }
    // 1,200 expected, standard deviation 29.
    for (const count of taken) expect(Math.abs(count - 1200)).toBeLessThan(5 * 29);
  });

  it('copies: the sample does not change with the rows', () => {
    const rows = numbered(3);
    const sample = sampleRows(rows, 3, makeRandom(1));
    rows.values.fill(9);
    expect([...sample.values]).toEqual([0, -1, 1, -3, 2, -5]);
  });
});
