import { describe, expect, it } from 'vitest';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/ledoit-wolf.json' with { type: 'json' };
import { detectorConformance } from '../conformance/detector.ts';
import mahalanobis from './mahalanobis.ts';

const matrix = (cols: number, values: readonly number[]): Matrix => makeMatrix(values.length / cols, cols, Float64Array.from(values));
const train = (rows: Matrix) => mahalanobis.fit(rows, [], mahalanobis.options.parse({}), { random: makeRandom(1), fitRows: rows.rows });
const score = (model: ReturnType<typeof train>, rows: Matrix): Float64Array => {
  const out = new Float64Array(rows.rows);
  mahalanobis.score!(model, rows, out);
  return out;
};

describe('mahalanobis conformance', () => {
  for (const { name, run } of detectorConformance(mahalanobis)) it(name, run);
});

describe('mahalanobis', () => {
  // Covariance diag(1/2, 1/2): already a multiple of the identity, so that no shrinkage changes it.
  const cross = matrix(2, [1, 0, -1, 0, 0, 1, 0, -1]);

  it('scores by hand: distance in standard deviations', () => {
    const scores = score(train(cross), matrix(2, [0, 0, 3, 4, -1, 0]));
    expect([...scores]).toEqual([0, expect.closeTo(5 * Math.SQRT2, 12), expect.closeTo(Math.SQRT2, 12)]);
  });

  it('scores one column as its standard score', () => {
    const [one] = score(train(matrix(1, [2, 4, 6, 8])), matrix(1, [14]));
    expect(one).toBeCloseTo((14 - 5) / Math.sqrt(5), 12);
  });

  for (const [name, { columns, rows, shrinkage, location, squared }] of Object.entries(fixture.cases)) {
    it(`agrees with scikit-learn's LedoitWolf().mahalanobis: ${name}`, () => {
      const data = matrix(columns, rows.flat());
      const model = train(data);
      expect(Math.abs(model.shrinkage - shrinkage)).toBeLessThanOrEqual(1e-9 * shrinkage);
      for (let j = 0; j < columns; j++) expect(model.mean[j]).toBeCloseTo(location[j], 10);
      score(model, data).forEach((distance, row) => {
        expect(Math.abs(distance ** 2 - squared[row]), `row ${row}`).toBeLessThanOrEqual(1e-9 * squared[row]);
      });
    });
  }

  it('explains by hand: uncorrelated columns share as their squares', () => {
    const out = { reference: new Float64Array(2), weight: new Float64Array(2) };
    const row = Float64Array.of(3, -4);
    mahalanobis.explain(train(cross), undefined as never, row, out);
    expect([...out.reference]).toEqual([expect.closeTo(0, 12), expect.closeTo(0, 12)]);
    expect(row[0] * out.weight[0]).toBeCloseTo(5 * Math.SQRT2 * (9 / 25), 12);
    expect(row[1] * out.weight[1]).toBeCloseTo(5 * Math.SQRT2 * (16 / 25), 12);
  });

  it('compares a column with what the others lead one to expect of it', () => {
    const random = makeRandom(3);
    const values: number[] = [];
    for (let i = 0; i < 2000; i++) {
      const common = random.normal();
      values.push(common + 0.3 * random.normal(), common + 0.3 * random.normal());
    }
    const out = { reference: new Float64Array(2), weight: new Float64Array(2) };
    const row = Float64Array.of(4, 1);
    const model = train(matrix(2, values));
    mahalanobis.explain(model, undefined as never, row, out);
    // Variance 1.09 each, covariance 1: the regression of one on the other has slope 1 / 1.09.
    expect(out.reference[0]).toBeCloseTo(1 / 1.09, 0);
    expect(out.reference[1]).toBeCloseTo(4 / 1.09, 0);
    const parts = [0, 1].map((j) => (row[j] - out.reference[j]) * out.weight[j]);
    // Both residuals are of one size, but for the estimate: the first is above, the second below.
    expect(out.weight[0]).toBeGreaterThan(0);
    expect(out.weight[1]).toBeLessThan(0);
    expect(parts[0] / parts[1]).toBeCloseTo((4 - 1 / 1.09) ** 2 / (1 - 4 / 1.09) ** 2, 0);
    expect(parts[0] + parts[1]).toBeCloseTo(score(model, matrix(2, [4, 1]))[0], 9);
  });

  it('explains the mean itself with nothing', () => {
    const out = { reference: new Float64Array(2), weight: new Float64Array(2).fill(7) };
    mahalanobis.explain(train(cross), undefined as never, Float64Array.of(0, 0), out);
    expect([...out.weight]).toEqual([0, 0]);
  });

  it('notices a column that was constant in training', () => {
    const random = makeRandom(4);
    const values = Array.from({ length: 900 }, (_, i) => (i % 3 === 2 ? 0.1 : random.normal()));
    const model = train(matrix(3, values));
    expect(model.shrinkage).toBeGreaterThan(0);
    const [usual, moved] = score(model, matrix(3, [0, 0, 0.1, 0, 0, 1.1]));
    expect(usual).toBeLessThan(1);
    expect(moved).toBeGreaterThan(5);
  });

  it('inverts a covariance that shrinkage leaves singular', () => {
    // Both columns are always equal and of one size: the estimate needs no shrinkage, and has no inverse.
    const model = train(matrix(2, [1, 1, -1, -1, 1, 1, -1, -1]));
    expect(model.shrinkage).toBe(1e-6);
    const [along, across] = score(model, matrix(2, [1, 1, 1, -1]));
    expect(along).toBeCloseTo(1, 5);
    expect(across).toBeCloseTo(Math.sqrt(2 / 1e-6), 0);
  });

  it('stays right for columns far from zero', () => {
    const { columns, rows, squared } = fixture.cases.correlated;
    const moved = matrix(
      columns,
      rows.flat().map((x) => x + 1e6),
    );
    score(train(moved), moved).forEach((distance, row) => {
      expect(Math.abs(distance ** 2 / squared[row] - 1)).toBeLessThan(1e-6);
    });
  });

  it('refuses rows that are all equal, saying how many', () => {
    expect(() => train(matrix(3, Array(30).fill(0.1)))).toThrow(/all 10 training rows x 3 columns are equal/);
    expect(() => train(makeMatrix(0, 3))).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT' }));
  });

  it('refuses columns whose scales leave no digits', () => {
    const random = makeRandom(5);
    const values = Array.from({ length: 200 }, (_, i) => random.normal() * (i % 2 ? 1e200 : 1));
    expect(() => train(matrix(2, values))).toThrow(expect.objectContaining({ code: 'TRAINING_UNFIT' }));
  });
});
