import { z } from 'zod';
import { defineStep } from '../../core/component.ts';
import { duration } from '../../core/config/duration.ts';

/** The newest reading of each column and when it was taken, ns after the stream's first row; NaN before the first reading. */
type State = { origin: bigint | undefined; value: Float64Array; at: Float64Array };

export default defineStep({
  type: 'impute',
  summary: 'Fills a missing value with the last reading of its tag, as long as that is not too old.',
  fails: 'Long gaps: a held value looks like a stuck sensor, so keep the hold near the slowest sampling interval.',
  cost: 'One comparison a cell; two doubles a column and stream.',
  source: 'Last observation carried forward, causal; ages in event time',
  options: z.strictObject({
    hold: z
      .union([z.literal('drop'), duration()])
      .prefault('30s')
      .describe('How old a reading may be and still stand in, in event time; `drop` = none stands in, and rows with a missing value are not scored.'),
  }),
  shorthand: 'hold',
  fit(_rows, columns, { hold }) {
    return { model: { hold: hold === 'drop' ? -1 : hold * 1e6, cols: columns.length }, columns };
  },
  start({ cols }): State {
    return { origin: undefined, value: new Float64Array(cols).fill(Number.NaN), at: new Float64Array(cols).fill(Number.NaN) };
  },
  apply({ hold }, state, { rows, cols, values }, times, out) {
    const { value, at } = state;
    for (let i = 0, cell = 0; i < rows; i++) {
      state.origin ??= times[i];
      const now = Number(times[i] - state.origin);
      for (let j = 0; j < cols; j++, cell++) {
        const x = values[cell];
        out[cell] = x;
        if (Number.isNaN(x)) {
          // Of a late row, the reading held may be the younger one: what comes after a time says nothing about it.
          const age = now - at[j];
          if (age >= 0 && age <= hold) out[cell] = value[j];
        } else if (!(now < at[j])) {
          value[j] = x;
          at[j] = now;
        }
      }
    }
  },
});
