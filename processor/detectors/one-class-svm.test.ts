import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeMatrix } from '../../core/matrix.ts';
import { makeRandom } from '../../core/random.ts';
import fixture from '../../kernels/fixtures/one-class-svm.json' with { type: 'json' };
import { byHand } from '../conformance/by-hand.ts';
import { detectorConformance } from '../conformance/detector.ts';
import oneClassSvm from './one-class-svm.ts';

const { train, score, explain } = byHand(oneClassSvm);
const refused = (learn: () => unknown): unknown => {
  try {
    return learn();
  } catch (error) {
    return error;
  }
};
const normals = (count: number, seed: number): number[] => {
  const random = makeRandom(seed);
  return Array.from({ length: count }, () => random.normal());
};

describe('one-class-svm conformance', () => {
  const other = { nu: 0.2, gamma: 0.05, references: 300, seed: 5 };
  for (const { name, run } of [...detectorConformance(oneClassSvm), ...detectorConformance(oneClassSvm, { options: other })]) it(name, run);
});

describe('one-class-svm', () => {
  it('scores by hand: two points, and the border through them', () => {
    // Both take nu: S(x) = nu (e^-(x - 1)^2 + e^-(x + 1)^2), 1 on the points themselves.
    const model = train(1, [-1, 1], { nu: 0.5, gamma: 1 });
    const border = -Math.log((1 + Math.exp(-4)) / 2);
    const [left, middle, right, far] = score(model, 1, [-1, 0, 1, 31]);
    expect(left).toBeCloseTo(1, 9);
    expect(right).toBeCloseTo(1, 9);
    expect(middle).toBeCloseTo(1 / border, 9);
    expect(far).toBeCloseTo((30 ** 2 + Math.LN2) / border, 6);
  });

  for (const [name, { columns, rows, unseen, nu, gamma, rho, scores }] of Object.entries(fixture.cases)) {
    it(`agrees with scikit-learn's OneClassSVM: ${name}`, () => {
      const scaled = name === 'narrow kernel' ? { gamma } : {};
      const model = train(columns, rows.flat(), { nu, tolerance: 1e-10, ...scaled });
      expect(Math.abs(model.gamma - gamma)).toBeLessThanOrEqual(1e-12 * gamma);
      const total = nu * rows.length;
      const range = Math.max(...scores) - Math.min(...scores);
      expect(Math.abs(total * Math.exp(-model.border) - rho)).toBeLessThanOrEqual(1e-6 * range);
      score(model, columns, [...rows, ...unseen].flat()).forEach((value, row) => {
        expect(Math.abs(total * Math.exp(-value * model.border) - scores[row]), `row ${row}`).toBeLessThanOrEqual(1e-6 * range);
      });
    });
  }

  it('is beyond 1 where the decision function is below 0', () => {
    const { columns, rows, unseen, nu, rho, scores } = fixture.cases.gaussian;
    const model = train(columns, rows.flat(), { nu });
    const seen = [...rows, ...unseen];
    const clear = [...scores.keys()].filter((row) => Math.abs(scores[row] - rho) > 1e-5);
    const found = score(model, columns, seen.flat());
    expect(clear.some((row) => found[row] > 1)).toBe(true);
    for (const row of clear) expect(found[row] > 1, `row ${row}`).toBe(scores[row] < rho);
  });

  it('ranks rows so far off that the kernel is rounded to 0', () => {
    const scores = score(train(2, normals(400, 3)), 2, [100, 0, 200, 0, 1e4, 0, 1e100, 0]);
    for (let row = 1; row < 4; row++) expect(scores[row]).toBeGreaterThan(2 * scores[row - 1]);
  });

  it('leaves about nu of the training rows outside', () => {
    const values = normals(2 * 1000, 4);
    const outside = score(train(2, values, { nu: 0.1 }), 2, values).filter((value) => value > 1 + 1e-6).length;
    expect(outside).toBeLessThanOrEqual(100);
    expect(outside).toBeGreaterThan(80);
  });

  it('explains by hand: shares are the squared differences from the one support vector', () => {
    const model = train(2, [1, 1, 1, 1], { nu: 1, gamma: 0.5 });
    const { reference, contributions: parts } = explain(model, [1 + 3, 1 - 4]);
    expect([...reference]).toEqual([1, 1]);
    // All training rows are one point: no border, so that the score is gamma times the squared distance.
    expect(parts[0]).toBeCloseTo(0.5 * 9, 12);
    expect(parts[1]).toBeCloseTo(0.5 * 16, 12);
    expect(score(model, 2, [4, -3])[0]).toBeCloseTo(12.5, 12);
  });

  it('explains along the gradient of the score, in shares that are >= 0 and add up', () => {
    const model = train(3, normals(3 * 200, 5), { nu: 0.2 });
    const coordinate = fc.double({ min: -6, max: 6, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(coordinate, coordinate, coordinate), (row) => {
        const { reference, weight, contributions: parts } = explain(model, row);
        const [whole] = score(model, 3, row);
        expect(Math.abs(parts[0] + parts[1] + parts[2] - whole)).toBeLessThanOrEqual(1e-12 * whole);
        for (const part of parts) expect(part).toBeGreaterThanOrEqual(0);
        // Numerical gradient: same direction as the weights.
        const h = 1e-5;
        const gradient = row.map((_, j) => {
          const moved = (by: number) => row.map((x, k) => (k === j ? x + by : x));
          const [above, below] = score(model, 3, [...moved(h), ...moved(-h)]);
          return (above - below) / (2 * h);
        });
        const steep = Math.hypot(...gradient);
        const length = Math.hypot(...weight);
        if (steep > 1e-3) for (let j = 0; j < 3; j++) expect(weight[j] / length).toBeCloseTo(gradient[j] / steep, 4);
        // The reference keeps its distance, so that weights stay moderate wherever the row lies.
        const single = Math.sqrt((whole * model.border) / model.gamma);
        expect(Math.hypot(...row.map((x, j) => x - reference[j]))).toBeGreaterThanOrEqual(single / 2 - 1e-9);
      }),
      { numRuns: 300 },
    );
  });

  it('explains a row at the mean of its support vectors with nothing', () => {
    expect([...explain(train(1, [-1, 1], { nu: 0.5, gamma: 1, tolerance: 1e-12 }), [0]).weight]).toEqual([0]);
  });

  it('fits as many rows as it is told, in order, chosen by the seed', () => {
    const values = Array.from({ length: 500 }, (_, i) => i);
    const taken = (options: Record<string, unknown>, pipeline = 1) => [...train(1, values, { nu: 1, ...options }, pipeline).supports];
    const some = taken({ references: 100 });
    expect(some).toHaveLength(100);
    expect(some).toEqual([...new Set(some)].sort((a, b) => a - b));
    expect(Math.min(...some)).toBeLessThan(50);
    expect(Math.max(...some)).toBeGreaterThan(450);
    expect(taken({ references: 100 }, 2)).not.toEqual(some);
    expect(taken({ references: 100, seed: 3 }, 2)).toEqual(taken({ references: 100, seed: 3 }, 1));
    expect(taken({ references: 500 })).toEqual(values);
  });

  it('refuses training that it cannot learn from', () => {
    const unfit = expect.objectContaining({ code: 'TRAINING_UNFIT' });
    expect(() => train(1, [])).toThrow(unfit);
    expect(() => oneClassSvm.fit(makeMatrix(5, 0), [], oneClassSvm.options.parse({}), { random: makeRandom(1), fitRows: 5 })).toThrow(/5 rows x 0 columns/);
    expect(() => train(1, [1e200, -1e200, 0])).toThrow(/whose variance is Infinity/);
  });

  it('refuses training that takes more iterations, and names a tolerance that is reached within these', () => {
    // A straight course under a narrow kernel: its neighbours can hardly be told apart.
    const course = Array.from({ length: 300 }, (_, i) => i / 100);
    const options = { nu: 0.5, gamma: 100, iterations: 1000 };
    const told =
      /is still 0\.\d+ from its optimum after 1000 iterations, with tolerance 0\.000001.*Raise its iterations, or its tolerance to (?<enough>0\.\d+);/s;
    const refusal = refused(() => train(1, course, options));
    expect(refusal).toMatchObject({ code: 'TRAINING_UNFIT', message: expect.stringMatching(told) });
    const tolerance = Number(told.exec(String(refusal))?.groups?.enough);
    expect(tolerance).toBeLessThan(0.01);
    expect(train(1, course, { ...options, tolerance }).share.length).toBeGreaterThan(149);
    // Where no tolerance is that large, none is named.
    expect(() => train(2, normals(400, 6), { nu: 0.5, iterations: 1 })).toThrow(/after 1 iterations.*Raise its iterations;/s);
  });

  it('refuses options out of range', () => {
    const wrong = [
      { nu: 0 },
      { nu: 1.1 },
      { gamma: 0 },
      { gamma: 'auto' },
      { tolerance: 0 },
      { tolerance: 1e-13 },
      { iterations: 0 },
      { references: 0 },
      { references: 2.5 },
      { seed: 0.5 },
    ];
    for (const options of wrong) expect(oneClassSvm.options.safeParse(options).success, JSON.stringify(options)).toBe(false);
  });
});
