import { z } from 'zod';
import { defineDetector } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';

/** Watched columns, increasing, and the range each showed over all training rows. */
type Model = { readonly columns: Int32Array; readonly low: Float64Array; readonly high: Float64Array };

export default defineDetector({
  type: 'constant-broken',
  summary: 'Counts the tags that never moved in training and now lie outside what training showed.',
  fails:
    'It looks only at tags that are constant over the fit part of the training rows: with none of them its score is always 0, which is no fault. ' +
    'A tag that training happened to catch at rest, such as a stand-by pump, raises an error at its first legitimate use. A constant tag that dithers ' +
    'in its last digit is not constant: the comparison is exact. One that breaks back into its range is not seen.',
  cost: 'One comparison a row and watched column. Model: two doubles and an index per watched column.',
  source: 'Range check on channels that training shows as constant; the comparison is exact, no estimate enters',
  finds: ['novelty'],
  attribution:
    'Exact. Each broken tag contributes 1, the others 0; they add up to the score. The reference is the nearest bound of the range, so a tag is above (+) ' +
    'or below (-) what training showed.',
  calibrate: false,
  threshold: { warn: { fixed: 0.5 }, error: { fixed: 1 } },
  options: z.strictObject({}),
  /** Watches what is constant in the fit part; the range is that of all rows, so what the rest of training shows is no error. */
  fit({ rows, cols, values }, _columns, _options, { fitRows }): Model {
    if (rows === 0 || fitRows === 0) {
      throw new SluiceError('TRAINING_UNFIT', `constant-broken cannot tell what is constant from ${rows} training rows`, { fix: 'Give it at least one.' });
    }
    const watched: number[] = [];
    const low = new Float64Array(values.subarray(0, cols));
    const high = new Float64Array(values.subarray(0, cols));
    for (let column = 0; column < cols; column++) {
      for (let row = 0; row < rows; row++) {
        const x = values[row * cols + column];
        if (x < low[column]) low[column] = x;
        if (x > high[column]) high[column] = x;
        if (row === Math.min(fitRows, rows) - 1 && low[column] === high[column]) watched.push(column);
      }
    }
    return {
      columns: Int32Array.from(watched),
      low: Float64Array.from(watched, (column) => low[column]),
      high: Float64Array.from(watched, (column) => high[column]),
    };
  },
  score({ columns, low, high }, { rows, cols, values }, out) {
    for (let row = 0; row < rows; row++) {
      let broken = 0;
      for (let i = 0; i < columns.length; i++) {
        const x = values[row * cols + columns[i]];
        if (x < low[i] || x > high[i]) broken++;
      }
      out[row] = broken;
    }
  },
  explain({ columns, low, high }, _state, row, out) {
    out.reference.set(row);
    out.weight.fill(0);
    for (let i = 0; i < columns.length; i++) {
      const column = columns[i];
      const bound = Math.min(Math.max(row[column], low[i]), high[i]);
      out.reference[column] = bound;
      if (row[column] !== bound) out.weight[column] = 1 / (row[column] - bound);
    }
  },
});
