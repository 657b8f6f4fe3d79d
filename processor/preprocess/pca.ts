import { z } from 'zod';
import type { Column } from '../../core/component.ts';
import { defineStep } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { componentsKeeping, principalComponents } from '../../kernels/principal-components.ts';

type Model = {
  /** Columns that are projected, and those that pass. */
  projected: Int32Array;
  passed: Int32Array;
  mean: Float64Array;
  /** Row-major components x projected columns, orthonormal rows. */
  loadings: Float64Array;
  /** Variance along each component, n - 1 in the denominator. */
  variance: Float64Array;
  /** Sum over all components, kept or not. */
  total: number;
};

export default defineStep({
  type: 'pca',
  summary: 'Replaces the continuous columns by the directions in which they vary most; discrete columns follow as they are.',
  fails:
    'Columns in different units (standardise first); anomalies across the directions that are left out, which become invisible: watch those in a view without it.',
  cost: 'Components x columns multiply-adds a row and as many doubles; n d^2 + 9 d^3 operations to fit.',
  source:
    'Pearson 1901, doi:10.1080/14786440109462720; Jolliffe, Principal Component Analysis, 2nd ed., chapter 2; number of components as scikit-learn PCA(variance)',
  options: z.strictObject({
    variance: z.number().positive().max(1).default(0.95).describe('As many components as it takes to keep more than this part of the variance; 1 = all.'),
    components: z.int().min(1).optional().describe('This many components, whatever variance they keep.'),
  }),
  shorthand: 'variance',
  fit(rows, columns, { variance: part, components }) {
    const projected = where(columns, 'continuous');
    const passed = where(columns, 'discrete');
    const d = projected.length;
    const place = "step 'pca'";
    if (components !== undefined && components > d) {
      throw new SluiceError('CONFIG_INVALID', `${components} components cannot be made of ${d} continuous columns`, {
        place,
        fix: d === 0 ? 'Leave the step out.' : `Ask for ${d} at most.`,
      });
    }
    const complete = completeRows(rows, projected);
    if (complete.rows < 2) {
      throw new SluiceError('TRAINING_UNFIT', `${complete.rows} of the ${rows.rows} fit rows are complete, and it takes two`, {
        place,
        fix: 'Fill gaps with impute, leave out tags that never read, or train on other rows.',
      });
    }
    const { mean, loadings, variance, total } = principalComponents(complete);
    if (d > 0 && total === 0) {
      throw new SluiceError('TRAINING_UNFIT', `all ${d} continuous columns are constant in the fit rows`, {
        place,
        fix: 'Train on rows in which the plant runs.',
      });
    }
    const k = components ?? componentsKeeping(variance, part);
    const model: Model = { projected, passed, mean, loadings: loadings.slice(0, k * d), variance: variance.slice(0, k), total };
    const made = Array.from(model.variance, (_, c): Column => ({ name: `pc${c + 1}`, kind: 'continuous' }));
    return { model, columns: [...made, ...Array.from(passed, (j) => columns[j])] };
  },
  apply(model: Model, _state, { rows, cols, values }, _times, out) {
    const width = model.variance.length + model.passed.length;
    for (let i = 0; i < rows; i++) {
      project(model, values, i * cols, out, i * width);
      for (let p = 0; p < model.passed.length; p++) out[i * width + model.variance.length + p] = values[i * cols + model.passed[p]];
    }
  },
  /**
   * With loadings W: reference = mean + W' reference, weight = W' weight. What of the row lies across the components is
   * orthogonal to W' weight and adds 0. Where the explained components are not the row's own (clipped, smoothed or held
   * behind this step), the row is moved by as little as makes them so, W' (explained - own); from the reference where
   * it has no reading.
   */
  back(model: Model, { value, reference, weight }, row) {
    const { projected, passed, mean, loadings } = model;
    const d = projected.length;
    const k = model.variance.length;
    const back = { value: new Float64Array(row), reference: new Float64Array(row.length), weight: new Float64Array(row.length) };
    for (let j = 0; j < d; j++) {
      const column = projected[j];
      let expected = mean[j];
      let weighed = 0;
      for (let c = 0; c < k; c++) {
        expected += loadings[c * d + j] * reference[c];
        weighed += loadings[c * d + j] * weight[c];
      }
      back.reference[column] = expected;
      back.weight[column] = weighed;
      if (!Number.isFinite(row[column])) back.value[column] = expected;
    }
    const own = new Float64Array(k);
    project(model, back.value, 0, own, 0);
    for (let c = 0; c < k; c++) {
      for (let j = 0; j < d; j++) back.value[projected[j]] += loadings[c * d + j] * (value[c] - own[c]);
    }
    for (let p = 0; p < passed.length; p++) {
      back.value[passed[p]] = value[k + p];
      back.reference[passed[p]] = reference[k + p];
      back.weight[passed[p]] = weight[k + p];
    }
    return back;
  },
});

/** Components of one row; NaN when one of its projected columns is missing. */
function project({ projected, mean, loadings, variance }: Model, values: Float64Array, from: number, out: Float64Array, to: number): void {
  const d = projected.length;
  for (let c = 0; c < variance.length; c++) {
    let sum = 0;
    for (let j = 0, at = c * d; j < d; j++, at++) sum += (values[from + projected[j]] - mean[j]) * loadings[at];
    out[to + c] = sum;
  }
}

function where(columns: readonly Column[], kind: Column['kind']): Int32Array {
  return Int32Array.from(columns.flatMap((column, j) => (column.kind === kind ? [j] : [])));
}

function completeRows({ rows, cols, values }: Matrix, columns: Int32Array): Matrix {
  const chosen: number[] = [];
  for (let i = 0; i < rows; i++) if (columns.every((j) => Number.isFinite(values[i * cols + j]))) chosen.push(i);
  const out = makeMatrix(chosen.length, columns.length);
  for (let i = 0, at = 0; i < chosen.length; i++) for (let j = 0; j < columns.length; j++, at++) out.values[at] = values[chosen[i] * cols + columns[j]];
  return out;
}
