import { describe, expect, it } from 'vitest';
import { makeRandom } from '../core/random.ts';
import { averagePrecision } from '../kernels/average-precision.ts';
import { rocAuc } from '../kernels/roc-auc.ts';
import { alwaysPositive, randomScores } from './baselines.ts';

const labels = Int8Array.from({ length: 20_000 }, (_, row) => (row % 1000 < 100 ? 1 : 0));

describe('the random baseline', () => {
  const scores = randomScores(labels.length, makeRandom(3, 'baseline'));

  it('knows nothing: average precision is the share of anomalous rows, area under the ROC curve a half', () => {
    expect(Math.abs(averagePrecision(scores, labels) - 0.1)).toBeLessThan(0.02);
    expect(Math.abs(rocAuc(scores, labels) - 0.5)).toBeLessThan(0.02);
  });

  it('flags the share of rows above a level', () => {
    expect(Math.abs(scores.filter((score) => score >= 0.99).length / labels.length - 0.01)).toBeLessThan(0.003);
  });

  it('is the same for the same seed', () => {
    expect(randomScores(50, makeRandom(3, 'baseline'))).toEqual(scores.slice(0, 50));
  });
});

describe('the baseline that flags every row', () => {
  it('has the share of anomalous rows as average precision, and a ROC curve of a half', () => {
    expect(averagePrecision(alwaysPositive(labels.length), labels)).toBe(0.1);
    expect(rocAuc(alwaysPositive(labels.length), labels)).toBe(0.5);
  });
});
