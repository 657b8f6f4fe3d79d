import { z } from 'zod';
import { defineStep, makeExplained } from '../../core/component.ts';
import { columnMoments, isConstant } from '../../kernels/moments.ts';

export default defineStep({
  type: 'standardise',
  summary: 'Brings every column to mean 0 and deviation 1 in the fit rows, and clips what is far beyond.',
  fails: 'Columns with a few huge values in the fit rows: they make the deviation so large that everything else looks small. Bound them with clean first.',
  cost: 'One subtraction, one division and two comparisons a cell; three doubles a column.',
  source: '(x - mean) / deviation with the population deviation, 1 where that is 0, as scikit-learn StandardScaler',
  options: z.strictObject({
    clip: z
      .number()
      .positive()
      .nullable()
      .default(30)
      .describe('Largest distance from the mean that is passed on, in deviations, so that one wild reading cannot drown the other tags; null = no limit.'),
    discrete: z.enum(['scale', 'pass']).default('scale').describe('Whether discrete columns (valves, pumps) are scaled too or passed as they are.'),
  }),
  shorthand: 'clip',
  fit(rows, columns, { clip, discrete }) {
    const { count, mean, squares } = columnMoments(rows);
    const deviation = new Float64Array(columns.length);
    const limit = new Float64Array(columns.length);
    columns.forEach(({ kind }, j) => {
      const pass = discrete === 'pass' && kind === 'discrete';
      const variance = squares[j] / count[j];
      if (pass || count[j] === 0) mean[j] = 0;
      deviation[j] = pass || isConstant(count[j], mean[j], variance) ? 1 : Math.sqrt(variance);
      limit[j] = pass || clip === null ? Number.POSITIVE_INFINITY : clip;
    });
    return { model: { mean, deviation, limit }, columns };
  },
  apply({ mean, deviation, limit }, _state, { rows, cols, values }, _times, out) {
    for (let i = 0, at = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++, at++) {
        const scaled = (values[at] - mean[j]) / deviation[j];
        out[at] = Math.min(Math.max(scaled, -limit[j]), limit[j]);
      }
    }
  },
  /** Of a clipped reading, the value that is explained is the clipped one, in the column's own unit. */
  back({ mean, deviation }, explained, _row, out = makeExplained(mean.length)) {
    const { value, reference, weight } = out;
    for (let j = 0; j < mean.length; j++) {
      value[j] = explained.value[j] * deviation[j] + mean[j];
      reference[j] = explained.reference[j] * deviation[j] + mean[j];
      weight[j] = explained.weight[j] / deviation[j];
    }
    return out;
  },
});
