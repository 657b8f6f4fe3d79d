import type { Random } from '../core/random.ts';
import { quantile } from './quantile.ts';

const resamples = 10_000;
const outside = 0.05;

/**
 * 95 % interval of the mean by the percentile bootstrap (Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapter 13): the
 * quantiles 0.025 and 0.975 of the means of 10,000 resamples, each as many values drawn with replacement. Of the differences between two
 * methods, series by series, it is a paired comparison: one that excludes 0 says that the better one is not so by the choice of series.
 * With few series it is too narrow: of ten about 90 % in truth.
 *
 * @param differences one per series, finite
 * @returns NaN for both of fewer than two series, which tell no spread
 * @example
 * bootstrapInterval(Float64Array.of(0.1, 0.3), makeRandom(1)); // { low: 0.1, high: 0.3 }
 */
export function bootstrapInterval(differences: Float64Array, random: Random): { low: number; high: number } {
  const n = differences.length;
  if (n < 2) return { low: Number.NaN, high: Number.NaN };
  const means = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    let sum = 0;
    for (let i = 0; i < n; i++) sum += differences[random.int(n)];
    means[resample] = sum / n;
  }
  means.sort();
  return { low: quantile(means, outside / 2), high: quantile(means, 1 - outside / 2) };
}
