import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/linear-detectors.json' with { type: 'json' };
import { detectorConformance } from '../conformance/detector.ts';
import pcaReconstruction from './pca-reconstruction.ts';

type Options = Parameters<typeof pcaReconstruction.fit>[2];
type Model = ReturnType<typeof pcaReconstruction.fit>;

const matrix = (cols: number, values: readonly number[]): Matrix => makeMatrix(values.length / cols, cols, Float64Array.from(values));
const train = (rows: Matrix, options: Partial<Options> = {}): Model =>
  pcaReconstruction.fit(rows, [], { ...pcaReconstruction.options.parse({}), ...options }, { random: makeRandom(1), fitRows: rows.rows });
const score = (model: Model, rows: Matrix): Float64Array => {
  const out = new Float64Array(rows.rows);
  pcaReconstruction.score!(model, rows, out);
  return out;
};
const contributions = (model: Model, row: readonly number[]): number[] => {
  const out = { reference: new Float64Array(row.length).fill(Number.NaN), weight: new Float64Array(row.length).fill(Number.NaN) };
  pcaReconstruction.explain(model, undefined as never, Float64Array.from(row), out);
  return row.map((x, j) => (x - out.reference[j]) * out.weight[j]);
};
const sumOf = (values: readonly number[]): number => values.reduce((sum, x) => sum + x, 0);
const unfit = expect.objectContaining({ code: 'TRAINING_UNFIT' });

describe('pca-reconstruction conformance', () => {
  for (const options of [{}, { statistic: 't2' }, { statistic: 'q' }, { components: 3 }, { variance: 1 }]) {
    for (const { name, run } of detectorConformance(pcaReconstruction, { options })) {
      it(`${name} ${JSON.stringify(options)}`, run);
    }
  }
});

describe('pca-reconstruction', () => {
  // Along (0.6, 0.8) with variance 50 and across it with variance 2.
  const cross = matrix(
    2,
    [3, 4, -3, -4, 3, 4, -3, -4, 0.8, -0.6, -0.8, 0.6].map((x, i) => (i < 8 ? x * Math.sqrt(2.5) : x * Math.SQRT2 * Math.sqrt(2.5))),
  );

  it('scores by hand: T2 along the component, Q across it', () => {
    // Variances: 4 x 62.5 / 5 = 50 along, 2 x 5 / 5 = 2 across, which is 52 in all: the first keeps 96 %.
    const [t2, q] = [train(cross, { statistic: 't2' }), train(cross, { statistic: 'q' })];
    expect(t2.variance[0]).toBeCloseTo(50, 12);
    const row = matrix(2, [10 * 0.6 + 3 * 0.8, 10 * 0.8 - 3 * 0.6]);
    expect(score(t2, row)[0]).toBeCloseTo(100 / 50, 12);
    expect(score(q, row)[0]).toBeCloseTo(9, 12);
  });

  it('takes both in units of their 0.999 quantiles over the fit rows', () => {
    // T2 of the rows is 0, 0, 1.25 x 4, and Q 5, 5, 0 x 4.
    const both = train(cross);
    expect(1 / both.perT2).toBeCloseTo(1.25, 12);
    expect(1 / both.perQ).toBeCloseTo(5, 12);
    const row = matrix(2, [10 * 0.6 + 3 * 0.8, 10 * 0.8 - 3 * 0.6]);
    expect(score(both, row)[0]).toBeCloseTo(2 / 1.25 + 9 / 5, 12);
  });

  for (const { variance, components, t2, q, units } of fixture.pca.cases) {
    it(`agrees with scikit-learn's PCA(${variance}): T2, Q and their sum`, () => {
      const { columns } = fixture.pca;
      const rows = matrix(columns, fixture.pca.train.flat());
      const all = matrix(columns, [...fixture.pca.train, ...fixture.pca.far].flat());
      const [alongside, off, both] = (['t2', 'q', 'both'] as const).map((statistic) => train(rows, { statistic, variance }));
      expect(both.variance).toHaveLength(components);
      const near = (actual: Float64Array, expected: readonly number[]): void => {
        expected.forEach((x, row) => {
          expect(Math.abs(actual[row] / x - 1), `row ${row}`).toBeLessThan(1e-9);
        });
      };
      near(score(alongside, all), t2);
      near(score(off, all), q);
      near(Float64Array.of(1 / both.perT2, 1 / both.perQ), units);
      near(
        score(both, all),
        t2.map((x, row) => x / units[0] + q[row] / units[1]),
      );
    });
  }

  it('explains by hand: what the neighbour leads one to expect counts against', () => {
    const q = train(cross, { statistic: 'q' });
    // (5, 0) = 3 along + 4 across: across is 4 (0.8, -0.6) = (3.2, -2.4).
    expect(contributions(q, [5, 0])).toEqual([expect.closeTo(16, 12), expect.closeTo(0, 12)]);
    // (5, 1): 3.8 along, 3.4 across = (2.72, -2.04).
    expect(contributions(q, [5, 1])).toEqual([expect.closeTo(13.6, 12), expect.closeTo(-2.04, 12)]);
    const t2 = train(cross, { statistic: 't2' });
    // 3.8 / 50 along (0.6, 0.8).
    expect(contributions(t2, [5, 1])).toEqual([expect.closeTo((5 * 0.6 * 3.8) / 50, 12), expect.closeTo((0.8 * 3.8) / 50, 12)]);
  });

  it('explains the mean itself with nothing', () => {
    expect(contributions(train(matrix(2, [1, 2, 3, 5, 5, 5])), [3, 4])).toEqual([0, 0]);
  });

  it('scores one column, and all components, by T2 alone', () => {
    const one = train(matrix(1, [2, 4, 6, 8]), { statistic: 't2' });
    expect(score(one, matrix(1, [14]))[0]).toBeCloseTo(81 / (20 / 3), 12);
    expect(train(matrix(1, [2, 4, 6, 8])).perQ).toBe(0);
    expect(train(cross, { variance: 1 }).perQ).toBe(0);
    for (const options of [{ variance: 1 }, { components: 2 }]) {
      expect(() => train(cross, { ...options, statistic: 'q' })).toThrow(unfit);
      expect(() => train(cross, { ...options, statistic: 'q' })).toThrow(/keeps all 2 components of 2 columns/);
    }
  });

  it('notices a column that was constant, and one that left its double, though training shows no Q at all', () => {
    const random = makeRandom(4);
    const values = Array.from({ length: 300 }, () => {
      const [a, b] = [random.normal(), random.normal()];
      return [a, b, a, 0.1];
    }).flat();
    const model = train(matrix(4, values), { variance: 1 });
    expect(model.variance).toHaveLength(2);
    const [usual, apart, moved] = score(model, matrix(4, [1, 1, 1, 0.1, 1, 1, 0, 0.1, 1, 1, 1, 1.1]));
    expect(usual).toBeLessThan(0.5);
    expect(apart).toBeGreaterThan(1000);
    expect(moved).toBeGreaterThan(1000);
  });

  it('scores rows of which all but one are equal in training, up to rounding', () => {
    const values = Array<number>(2 * 5000).fill(5);
    values[14] += 1e-12;
    const [usual, moved] = score(train(matrix(2, values)), matrix(2, [5, 5, 6, 5]));
    expect(usual).toBe(0);
    expect(moved).toBeGreaterThan(1e6);
  });

  it('makes fewer components than asked for where the rows vary in fewer directions', () => {
    const line = matrix(3, [1, 2, 3, 2, 4, 6, 5, 10, 15]);
    expect(train(line, { components: 3 }).variance).toHaveLength(1);
    expect(train(line, { components: 7 }).variance).toHaveLength(1);
    expect(train(cross, { components: 1 }).variance).toHaveLength(1);
  });

  it('explains also what lies past all measure', () => {
    for (const statistic of ['both', 't2', 'q'] as const) {
      const model = train(cross, { statistic });
      for (const row of [
        [Number.MAX_VALUE, -Number.MAX_VALUE],
        [-1e200, 1],
        [1e139, 1e141],
      ]) {
        const [total] = score(model, matrix(2, row));
        expect(total).toBeGreaterThan(1e200);
        expect(sumOf(contributions(model, row)) / total).toBeCloseTo(1, 9);
      }
    }
    // A variance so small that T2 leaves the range of doubles.
    const tiny = matrix(2, [1e-20, 0, -1e-20, 0, 0, 1e-21, 0, -1e-21]);
    for (const statistic of ['both', 't2', 'q'] as const) expect(score(train(tiny, { statistic }), matrix(2, [1e300, 1e300]))[0]).toBeGreaterThan(1e250);
  });

  it('stays right for columns far from zero', () => {
    const { columns, cases } = fixture.pca;
    const moved = (rows: number[][]): Matrix =>
      matrix(
        columns,
        rows.flat().map((x) => x + 1e6),
      );
    const { t2, q, units } = cases[1];
    score(train(moved(fixture.pca.train), { variance: cases[1].variance }), moved(fixture.pca.train)).forEach((total, row) => {
      expect(Math.abs(total / (t2[row] / units[0] + q[row] / units[1]) - 1)).toBeLessThan(1e-6);
    });
  });

  it('refuses rows that are all equal, a single one, and what is past the range of numbers', () => {
    expect(() => train(matrix(3, Array(30).fill(0.1)))).toThrow(/all 10 training rows x 3 columns are equal/);
    for (const rows of [matrix(3, Array(30).fill(0.1)), matrix(3, [1, 2, 3]), makeMatrix(0, 3), matrix(1, [1, 1e200, 3])]) {
      expect(() => train(rows)).toThrow(unfit);
    }
  });

  it('refuses options out of range', () => {
    for (const options of [{ variance: 0 }, { variance: 1.1 }, { components: 0 }, { statistic: 'spe' }]) {
      expect(pcaReconstruction.options.safeParse(options).success).toBe(false);
    }
    expect(pcaReconstruction.options.parse({})).toEqual({ statistic: 'both', variance: 0.95 });
  });
});
