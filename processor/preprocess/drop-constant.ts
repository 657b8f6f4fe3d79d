import { z } from 'zod';
import type { Column } from '../../core/component.ts';
import { defineStep, makeExplained } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import type { Matrix } from '../../core/matrix.ts';

export default defineStep({
  type: 'drop-constant',
  summary: 'Leaves out the columns that never change in the fit rows.',
  fails:
    'A tag that is at rest during the fit and moves in normal operation: it is lost, and whatever it does later goes unseen behind this step. The detector constant-broken looks at such tags.',
  cost: 'One copy a cell; an integer and a double a column.',
  source: 'Zero-variance filter; a column without a single reading counts as constant',
  options: z.strictObject({
    watch: z
      .boolean()
      .default(true)
      .describe(
        'Whether the tags that are left out are watched by the detector constant-broken, which a combination may list; of several such steps, the first decides.',
      ),
  }),
  fit(rows, columns) {
    const constant = columns.map((_, j) => onlyValue(rows, j));
    const kept = columns.map((_, j) => j).filter((j) => constant[j] === undefined);
    if (kept.length === 0) {
      throw new SluiceError('TRAINING_UNFIT', `no column changes in the ${rows.rows} fit rows: ${listed(columns, constant)}`, {
        place: "step 'drop-constant'",
        fix: 'Train on rows in which the plant runs, e.g. --set train.rows=3500-8000.',
      });
    }
    return {
      model: { kept: Int32Array.from(kept), constant: Float64Array.from(constant, (x) => x ?? Number.NaN) },
      columns: kept.map((j) => columns[j]),
    };
  },
  apply({ kept }, _state, { rows, cols, values }, _times, out) {
    for (let i = 0, at = 0; i < rows; i++) {
      for (let k = 0; k < kept.length; k++, at++) out[at] = values[i * cols + kept[k]];
    }
  },
  back({ kept, constant }, explained, _row, out = makeExplained(constant.length)) {
    const { value, reference, weight } = out;
    // A dropped column is as expected whatever it reads, so it contributes 0, also where it is missing.
    for (let j = 0; j < constant.length; j++) {
      const usual = constant[j];
      value[j] = reference[j] = Number.isFinite(usual) ? usual : 0;
      weight[j] = 0;
    }
    for (let k = 0; k < kept.length; k++) {
      const j = kept[k];
      value[j] = explained.value[k];
      reference[j] = explained.reference[k];
      weight[j] = explained.weight[k];
    }
    return out;
  },
});

/** The one value that the column has, NaN when it has none; undefined when it changes. */
function onlyValue({ rows, cols, values }: Matrix, j: number): number | undefined {
  let only = Number.NaN;
  for (let i = 0; i < rows; i++) {
    const x = values[i * cols + j];
    if (Number.isNaN(x)) continue;
    if (Number.isNaN(only)) only = x;
    else if (x !== only) return undefined;
  }
  return only;
}

function listed(columns: readonly Column[], constant: readonly (number | undefined)[]): string {
  const names = columns.slice(0, 8).map(({ name }, j) => `${name} ${Number.isNaN(constant[j]) ? 'has no value' : `is always ${constant[j]}`}`);
  return columns.length > 8 ? `${names.join(', ')}, and ${columns.length - 8} more` : names.join(', ');
}
