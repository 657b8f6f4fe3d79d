import { z } from 'zod';
import { defineThreshold } from '../../core/component.ts';
import { exceededWith, fitGeneralisedPareto } from '../../kernels/generalised-pareto.ts';
import { countReaching, nextUp, quantile } from '../../kernels/quantile.ts';
import byQuantile from './quantile.ts';

/** Fewer say nothing of the tail's shape. */
const fewestPeaks = 50;

export default defineThreshold({
  type: 'pot',
  summary: 'Peaks over threshold: the level that a score exceeds with a given risk, read from the tail of the calibration scores.',
  fails:
    'With fewer than 50 peaks, 2,500 calibration rows at the default level: it is then the quantile at 1 - risk, which the method text says. ' +
    'Peaks count as independent, but scores of neighbouring rows are alike, so a few bad minutes make a tail that looks heavy and a level that is high. ' +
    'Calibration rows that hold anomalies do the same. The risk is per row of data like the calibration rows: other operation than that flags more.',
  cost: 'A few thousand passes over the peaks at the most, once.',
  source: 'Siffer et al. 2017, doi:10.1145/3097983.3098144; fitted by Grimshaw 1993, doi:10.1080/00401706.1993.10485040',
  shorthand: 'risk',
  options: z.strictObject({
    risk: z
      .number()
      .gt(0)
      .lt(1)
      .default(1e-4)
      .describe('Chance that an ordinary row scores the level or more; one larger than the share above the initial level changes nothing.'),
    level: z.number().gt(0).lt(1).default(0.98).describe('Share of the calibration scores that stays below the initial level, above which the peaks are.'),
  }),
  /**
   * z = t + scale / shape ((risk n / peaks)^(-shape) - 1) with the initial level t (Siffer et al., equation 1), but never below t. Scores
   * that tie are no tail: where more rows than the risk allows reach the level because they tie there, it goes above them.
   */
  fit(sorted, { risk, level }) {
    const n = sorted.length;
    const initial = quantile(sorted, level);
    const above = countReaching(sorted, nextUp(initial));
    if (above < fewestPeaks) return fromQuantile(sorted, risk, level, above);
    const tail = fitGeneralisedPareto(sorted.subarray(n - above).map((score) => score - initial));
    const extreme = initial + exceededWith((risk * n) / above, tail);
    const found = aboveTies(sorted, Math.max(initial, extreme), Math.floor((n - 1) * risk) + 1);
    return {
      level: Math.min(Number.MAX_VALUE, Math.max(Number.MIN_VALUE, found)),
      method: `pot at risk ${risk}: ${above.toLocaleString('en-US')} of ${n.toLocaleString('en-US')} rows above quantile ${level}, tail of shape ${tail.shape.toFixed(2)}`,
    };
  },
});

function fromQuantile(sorted: Float64Array, risk: number, level: number, peaks: number) {
  const n = sorted.length;
  const q = Math.max(level, Number((1 - risk).toPrecision(12)));
  const { level: found, method, wants } = byQuantile.fit(sorted, { q });
  const forPeaks = Math.max(Math.ceil(fewestPeaks / (1 - level) - 1e-6), Math.ceil((fewestPeaks * n) / Math.max(1, peaks)));
  return {
    level: found,
    method: `pot with too few peaks for a tail (${peaks} of ${fewestPeaks}): ${method}`,
    ...(wants === undefined ? {} : { wants: Math.min(wants, forPeaks) }),
  };
}

/** The level, or where more than `allowed` rows reach it and the lowest of them tie, the next double above those, and so on. */
function aboveTies(sorted: Float64Array, level: number, allowed: number): number {
  let found = level;
  for (;;) {
    const reaching = countReaching(sorted, found);
    if (reaching <= allowed) return found;
    const lowest = sorted[sorted.length - reaching];
    const next = nextUp(lowest);
    if (reaching - countReaching(sorted, next) < 2) return found;
    found = next;
  }
}
