import { z } from 'zod';
import type { Column } from '../../core/component.ts';
import { defineStep, makeExplained } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { type Matrix, makeMatrix } from '../../core/matrix.ts';
import { componentsKeeping, principalComponents } from '../../kernels/principal-components.ts';
import { applyLinear, applyLinearAlong, applyTransposed, linearMapOf } from '../../kernels/ridge.ts';

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
    const { projected, passed, mean, loadings } = model;
    const k = model.variance.length;
    const width = k + passed.length;
    const d = projected.length;
    const centred = new Float64Array(rows * d);
    const components = new Float64Array(rows * k);
    for (let i = 0, to = 0; i < rows; i++) for (let j = 0; j < d; j++) centred[to++] = values[i * cols + projected[j]] - mean[j];
    // A row with a missing reading has no component at all.
    if (k > 0) applyLinearAlong(linearMapOf(loadings, k), centred, d, rows, components);
    for (let i = 0, from = 0, to = 0; i < rows; i++, to += width) {
      for (let c = 0; c < k; c++) out[to + c] = components[from++];
      for (let p = 0; p < passed.length; p++) out[to + k + p] = values[i * cols + passed[p]];
    }
  },
  /**
   * With loadings W: reference = mean + W' reference, weight = W' weight. What of the row lies across the components is
   * orthogonal to W' weight and adds 0. Where the explained components are not the row's own (clipped, smoothed or held
   * behind this step), the row is moved by as little as makes them so, W' (explained - own); from the reference where
   * it has no reading.
   */
  back(model: Model, explained, row, out = makeExplained(row.length)) {
    const { projected, passed, mean, loadings } = model;
    const d = projected.length;
    const k = model.variance.length;
    const { expected, weighed, shown, centred, apart } = memoryFor(Math.max(d, k));
    for (let j = 0; j < d; j++) expected[j] = mean[j];
    weighed.fill(0, 0, d);
    applyTransposed(loadings, d, k, explained.reference, expected);
    applyTransposed(loadings, d, k, explained.weight, weighed);
    for (let j = 0; j < d; j++) {
      const x = row[projected[j]];
      shown[j] = Number.isFinite(x) ? x : expected[j];
      centred[j] = shown[j] - mean[j];
    }
    if (k > 0) applyLinear(linearMapOf(loadings, k), centred, apart);
    for (let c = 0; c < k; c++) apart[c] = explained.value[c] - apart[c];
    applyTransposed(loadings, d, k, apart, shown);
    const { value, reference, weight } = out;
    for (let j = 0; j < d; j++) {
      const column = projected[j];
      value[column] = shown[j];
      reference[column] = expected[j];
      weight[column] = weighed[j];
    }
    for (let p = 0; p < passed.length; p++) {
      const column = passed[p];
      value[column] = explained.value[k + p];
      reference[column] = explained.reference[k + p];
      weight[column] = explained.weight[k + p];
    }
    return out;
  },
});

/** Of one row, an entry a projected column or a component: memory for all calls. */
let memory = makeMemory(0);

function memoryFor(length: number): typeof memory {
  if (memory.shown.length < length) memory = makeMemory(length);
  return memory;
}

function makeMemory(length: number) {
  const list = (): Float64Array => new Float64Array(length);
  return { expected: list(), weighed: list(), shown: list(), centred: list(), apart: list() };
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
