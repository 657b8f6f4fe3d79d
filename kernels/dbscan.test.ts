import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../core/matrix.ts';
import { dbscan } from './dbscan.ts';
import fixture from './fixtures/neighbours.json' with { type: 'json' };

describe('dbscan', () => {
  it('clusters by hand: two groups, a row at the border of both, one alone', () => {
    const rows = makeMatrix(9, 1, Float64Array.of(10, 11, 12, 0, 1, 2, 14, 16, 50));
    // 14 lies 2 from 12 only and 16 only: its three rows make it core and join 16; 16 has but itself and 14.
    expect(dbscan(rows, 2, 3)).toEqual({
      core: Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 0, 0),
      labels: Int32Array.of(0, 0, 0, 1, 1, 1, 0, 0, -1),
      clusters: 2,
    });
  });

  it('gives a border row to the first of the clusters that reach it', () => {
    const rows = makeMatrix(7, 1, Float64Array.of(4, 5, 6, 3, 2, 1, 0));
    expect(dbscan(rows, 1, 3).labels).toEqual(new Int32Array(7));
    const apart = makeMatrix(7, 1, Float64Array.of(5, 5, 5, 4, 3, 3, 3));
    expect(dbscan(apart, 1, 5)).toEqual({ core: Uint8Array.of(0, 0, 0, 1, 0, 0, 0), labels: new Int32Array(7), clusters: 1 });
    const contested = makeMatrix(9, 1, Float64Array.of(-2, -2, -2, -1, 0, 1, 2, 2, 2));
    expect(dbscan(contested, 1, 4)).toEqual({
      core: Uint8Array.of(1, 1, 1, 1, 0, 1, 1, 1, 1),
      labels: Int32Array.of(0, 0, 0, 0, 0, 1, 1, 1, 1),
      clusters: 2,
    });
  });

  it('has no clusters without rows or where all is noise', () => {
    expect(dbscan(makeMatrix(0, 3), 1, 1)).toEqual({ core: new Uint8Array(0), labels: new Int32Array(0), clusters: 0 });
    expect(dbscan(makeMatrix(2, 1, Float64Array.of(0, 5)), 1, 2)).toEqual({ core: new Uint8Array(2), labels: Int32Array.of(-1, -1), clusters: 0 });
  });

  describe('agrees with scikit-learn', () => {
    for (const [name, { columns, eps, minimumPoints, rows, core, labels }] of Object.entries(fixture.dbscan)) {
      it(name, () => {
        const found = dbscan(makeMatrix(rows.length / columns, columns, Float64Array.from(rows)), eps, minimumPoints);
        expect([...found.core.keys()].filter((row) => found.core[row] === 1)).toEqual(core);
        expect([...found.labels]).toEqual(labels);
        expect(found.clusters).toBe(Math.max(-1, ...labels) + 1);
      });
    }
  });
});
