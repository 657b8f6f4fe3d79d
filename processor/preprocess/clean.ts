import { z } from 'zod';
import { defineStep } from '../../core/component.ts';
import { didYouMean, quote, SluiceError } from '../../core/errors.ts';

const end = z.number().nullable();

export default defineStep({
  type: 'clean',
  summary: 'Makes missing what cannot be a reading: values that are not finite, out of bounds, or a code for "no value".',
  fails: 'A wrong value inside the bounds, such as a sensor frozen at a plausible level: that is for detectors to find.',
  cost: 'Two comparisons a cell and one per sentinel; three doubles a column.',
  source: 'Gross error limit checks as in QARTOD, Manual for Real-Time Quality Control, test 4 (gross range)',
  options: z.strictObject({
    bounds: z
      .record(z.string(), z.tuple([end, end]))
      .default({})
      .describe('Least and greatest possible reading by tag, in its unit, both included; null = no limit. Example: { LIT101: [0, 1200] }.'),
    sentinels: z.array(z.number()).default([]).describe('Values that stand for "no value" in every tag, such as -9999.'),
  }),
  shorthand: 'sentinels',
  fit(_rows, columns, { bounds, sentinels }) {
    const low = new Float64Array(columns.length).fill(Number.NEGATIVE_INFINITY);
    const high = new Float64Array(columns.length).fill(Number.POSITIVE_INFINITY);
    const names = columns.map((column) => column.name);
    for (const [tag, [least, greatest]] of Object.entries(bounds)) {
      const j = names.indexOf(tag);
      const place = `step 'clean', bounds.${tag}`;
      if (j < 0) {
        const near = didYouMean(tag, names);
        throw new SluiceError('CONFIG_INVALID', `there is no tag ${quote(tag)}`, {
          place,
          fix: near ? `Did you mean '${near}'?` : `Known: ${names.join(', ')}.`,
        });
      }
      low[j] = least ?? low[j];
      high[j] = greatest ?? high[j];
      if (low[j] > high[j]) {
        throw new SluiceError('CONFIG_INVALID', `the least reading ${low[j]} is over the greatest ${high[j]}`, { place, fix: 'Swap the two.' });
      }
    }
    return { model: { low, high, sentinels: Float64Array.from(sentinels) }, columns };
  },
  apply({ low, high, sentinels }, _state, { rows, cols, values }, _times, out) {
    for (let i = 0, at = 0; i < rows; i++) {
      for (let j = 0; j < cols; j++, at++) {
        const x = values[at];
        out[at] = Number.isFinite(x) && x >= low[j] && x <= high[j] && (sentinels.length === 0 || !sentinels.includes(x)) ? x : Number.NaN;
      }
    }
  },
});
