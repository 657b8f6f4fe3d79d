import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Column, Explained } from '../../core/component.ts';
import { makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import { stepConformance } from '../conformance/step.ts';
import pca from './pca.ts';

interface Fixture {
  columns: Column[];
  fitRows: number;
  scaler: { rows: number[][] };
  pca: Record<string, { variance: number[]; rows: number[][] }>;
  wide: { fitRows: number; rows: number[][]; variance: number[]; components: number[][]; projected: number[][] };
}
const fixture = JSON.parse(readFileSync(new URL('./fixtures/scikit-learn.json', import.meta.url), 'utf8')) as Fixture;
const missing = Number.NaN;

const continuous = (n: number): Column[] => Array.from({ length: n }, (_, j) => ({ name: `T${j}`, kind: 'continuous' }));

function learn(rows: number[][], options: unknown = {}, columns: readonly Column[] = continuous(rows[0].length)) {
  const matrix = makeMatrix(rows.length, columns.length, Float64Array.from(rows.flat()));
  const fitted = pca.fit(matrix, columns, pca.options.parse(options), new BigInt64Array(rows.length));
  const width = fitted.columns.length;
  return {
    ...fitted,
    apply(later: number[][]): number[][] {
      const out = makeMatrix(later.length, width);
      const input = makeMatrix(later.length, columns.length, Float64Array.from(later.flat()));
      pca.apply(fitted.model, null as never, input, new BigInt64Array(later.length), out.values);
      return later.map((_, i) => [...out.values.subarray(i * width, (i + 1) * width)]);
    },
  };
}

/** Columns are compared up to one sign each. */
function expectSameUpToSign(actual: number[][], expected: number[][], within: number): void {
  for (let c = 0; c < expected[0].length; c++) {
    const sign = Math.sign(actual.reduce((sum, row, i) => sum + row[c] * expected[i][c], 0));
    actual.forEach((row, i) => {
      expect(Math.abs(row[c] * sign - expected[i][c])).toBeLessThan(within);
    });
  }
}

const sum = ({ value, reference, weight }: Explained): number => value.reduce((total, x, j) => total + (x - reference[j]) * weight[j], 0);

describe('pca', () => {
  for (const check of [
    ...stepConformance(pca),
    ...stepConformance(pca, { options: { variance: 1 } }),
    ...stepConformance(pca, { options: { components: 2 } }),
  ]) {
    it(check.name, check.run);
  }

  it.each(Object.keys(fixture.pca))('agrees with scikit-learn PCA(%s)', (keep) => {
    const expected = fixture.pca[keep];
    const rows = fixture.scaler.rows;
    const options = Number(keep) < 1 ? { variance: Number(keep) } : { components: Number(keep) };
    const { model, apply, columns } = learn(rows.slice(0, fixture.fitRows), options, fixture.columns);
    const k = expected.variance.length;
    expect(columns.map((column) => column.name)).toEqual([...Array.from({ length: k }, (_, c) => `pc${c + 1}`), 'MV101', 'P602']);
    expected.variance.forEach((variance, c) => {
      expect(Math.abs(model.variance[c] - variance) / variance).toBeLessThan(1e-9);
    });
    const out = apply(rows);
    expectSameUpToSign(
      out.map((row) => row.slice(0, k)),
      expected.rows,
      1e-9,
    );
    out.forEach((row, i) => {
      expect(row.slice(k)).toEqual([rows[i][1], rows[i][6]]);
    });
  });

  it('agrees with scikit-learn PCA(0.95) on 30 columns: components, variances, projections', () => {
    const { wide } = fixture;
    const { model, apply } = learn(wide.rows.slice(0, wide.fitRows));
    expect(model.variance).toHaveLength(wide.variance.length);
    wide.variance.forEach((variance, c) => {
      expect(Math.abs(model.variance[c] - variance) / variance).toBeLessThan(1e-9);
    });
    const loadings = wide.components.map((_, c) => [...model.loadings.subarray(c * 30, (c + 1) * 30)]);
    const transposed = (rows: number[][]): number[][] => rows[0].map((_, j) => rows.map((row) => row[j]));
    expectSameUpToSign(transposed(loadings), transposed(wide.components), 1e-9);
    expectSameUpToSign(apply(wide.rows.slice(wide.fitRows)), wide.projected, 1e-9);
  });

  it('fixes the signs: the largest loading of a component is positive', () => {
    const { model } = learn(
      [
        [1, -3],
        [-1, 3],
        [2, -6.1],
        [0, 0],
      ],
      { components: 1 },
    );
    expect(model.loadings[1]).toBeGreaterThan(0.9);
    expect(model.loadings[0]).toBeLessThan(0);
  });

  it('keeps all that varies when asked for all, and leaves rounding out', () => {
    const random = makeRandom(4);
    const rows = Array.from({ length: 50 }, () => {
      const [a, b] = [random.normal(), random.normal()];
      return [a, b, a + b, a - b, 3];
    });
    expect(learn(rows, { variance: 1 }).columns).toHaveLength(2);
  });

  it('learns from complete rows, and makes no component of an incomplete one', () => {
    const columns: Column[] = [...continuous(2), { name: 'P101', kind: 'discrete' }];
    const { apply, model } = learn(
      [
        [0, 0, 1],
        [missing, 900, 1],
        [2, 2, missing],
        [900, missing, 2],
      ],
      {},
      columns,
    );
    expect(model.mean).toEqual(Float64Array.of(1, 1));
    const [whole, incomplete, pump] = apply([
      [2, 2, 2],
      [missing, 2, 1],
      [1, 1, missing],
    ]);
    expect(whole[0]).toBeCloseTo(Math.SQRT2, 14);
    expect(whole[1]).toBe(2);
    expect(incomplete).toEqual([missing, 1]);
    expect(pump).toEqual([0, missing]);
  });

  it('passes discrete columns on where there is nothing else', () => {
    const columns: Column[] = [{ name: 'P101', kind: 'discrete' }];
    const { columns: out, apply } = learn([[1], [2]], {}, columns);
    expect(out).toEqual(columns);
    expect(apply([[2], [missing]])).toEqual([[2], [missing]]);
  });

  it('keeps the sum of an explanation: what lies across the components adds nothing', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 8 }), fc.integer(), fc.boolean(), (d, asked, seed, clipped) => {
        const random = makeRandom(seed);
        const mix = Array.from({ length: d }, () => Array.from({ length: d }, () => random.normal()));
        const rows = Array.from({ length: 40 }, () => {
          const hidden = Array.from({ length: d }, () => random.normal());
          return mix.map((line) => line.reduce((total, m, j) => total + m * hidden[j], 10 * random.next()));
        });
        const k = Math.min(d, asked);
        const { model, apply } = learn(rows, { components: k });
        const row = Array.from({ length: d }, () => 20 * random.normal());
        const own = Float64Array.from(apply([row])[0]);
        const value = clipped ? own.map((z) => Math.max(-1, Math.min(1, z))) : own;
        const explained = { value, reference: own.map(() => random.normal()), weight: own.map(() => random.normal()) };
        const back = pca.back!(model, explained, Float64Array.from(row));
        const size = 1 + explained.value.reduce((total, z, c) => total + Math.abs((z - explained.reference[c]) * explained.weight[c]), 0);
        expect(Math.abs(sum(back) - sum(explained))).toBeLessThan(1e-11 * size);
        const shown = apply([[...back.value]])[0];
        shown.forEach((z, c) => {
          expect(Math.abs(z - value[c])).toBeLessThan(1e-9);
        });
        if (!clipped) expect([...back.value]).toEqual(row);
      }),
    );
  });

  it('explains components that were held when their row is incomplete, from the reference where it has no reading', () => {
    const rows = [
      [1, 1, 0],
      [2, 2.1, 1],
      [3, 2.9, -1],
      [5, 5.2, 0.5],
    ];
    const { model, apply } = learn(rows, { components: 2 });
    const held = Float64Array.from(apply([rows[3]])[0]);
    const explained = { value: held, reference: Float64Array.of(0, 0), weight: Float64Array.of(2, -3) };
    const back = pca.back!(model, explained, Float64Array.of(missing, 4, Number.POSITIVE_INFINITY));
    expect(sum(back)).toBeCloseTo(sum(explained), 12);
    expect(apply([[...back.value]])[0].map((z, c) => z - held[c])).toEqual([expect.closeTo(0, 12), expect.closeTo(0, 12)]);
  });

  it('says when there is nothing to learn from', () => {
    expect(() =>
      learn([
        [1, missing],
        [missing, 2],
        [3, 3],
      ]),
    ).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT', message: expect.stringContaining('1 of the 3 fit rows are complete') }));
    expect(() =>
      learn([
        [1, 2],
        [1, 2],
        [1, 2],
      ]),
    ).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT', message: expect.stringContaining('all 2 continuous columns are constant') }));
    expect(() =>
      learn(
        [
          [1, 2],
          [3, 5],
        ],
        { components: 3 },
      ),
    ).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('3 components cannot be made of 2 continuous columns') }));
  });

  it.each([{ variance: 0 }, { variance: 1.5 }, { components: 0 }, { components: 2.5 }])('refuses %j', (options) => {
    expect(pca.options.safeParse(options).success).toBe(false);
  });
});
