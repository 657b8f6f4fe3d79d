import { z } from 'zod';
import { defineThreshold } from '../../core/component.ts';
import { countReaching, nextUp, quantile } from '../../kernels/quantile.ts';

export default defineThreshold({
  type: 'quantile',
  summary: 'The level that a given share of the calibration scores stays below.',
  fails:
    'Beyond what the rows can tell: quantile q needs 1 / (1 - q) calibration rows to have one above it, and scores of neighbouring rows are alike, so ' +
    'rather ten times as many. The method text says when it is so. Calibration rows that hold anomalies raise the level.',
  cost: 'A look-up in the sorted scores.',
  source: 'Hyndman and Fan 1996, doi:10.1080/00031305.1996.10473566, type 7 (linear interpolation)',
  shorthand: 'q',
  options: z.strictObject({
    q: z.number().gt(0).lt(1).describe('Share of the calibration scores that stays below the level, between 0 and 1.'),
  }),
  /**
   * A row is flagged from the level on. Where scores tie at the quantile (a detector that says 0 of most rows) that would flag
   * all of them, so the level is then the next double above the tie.
   */
  fit(sorted, { q }) {
    const n = sorted.length;
    const interpolated = quantile(sorted, q);
    const reaching = countReaching(sorted, interpolated);
    const tied = reaching === n || reaching > n - Math.ceil((n - 1) * q);
    const level = tied ? nextUp(interpolated) : interpolated;
    const rows = `${n.toLocaleString('en-US')} ${n === 1 ? 'row' : 'rows'}`;
    const method = `quantile ${q} of ${rows}`;
    if (n * (1 - q) >= 1 - 1e-9) return { level, method };
    return { level, method: `${method}, too few to tell: near the largest score`, wants: Math.ceil(1 / (1 - q) - 1e-6) };
  },
});
