import type { Explanation } from '../core/component.ts';
import { type Matrix, rowsOf } from '../core/matrix.ts';
import type { Plain } from '../core/record.ts';
import { isFlagged } from '../core/verdict.ts';
import { claimPlace, type Reasons, type ReasonTable, reasonsAt } from './batch-reasons.ts';
import { judge } from './calibration.ts';
import type { StreamModel } from './model.ts';
import { completeRows, rawScores, type Track } from './scoring.ts';
import { contributionsOf, explainBack, type Workspace } from './views.ts';

/** Rows, and reasons, of one task. */
const [rowsATask, reasonsATask] = [64, 8];

/**
 * The part of a batch's scoring in which rows do not depend on each other, whichever thread does it, cut into tasks. What is
 * shared among threads lies in shared memory.
 */
export type ScoringWork =
  | {
      /** Verdicts of detectors without memory, and why they flag what they flag, as far as the table has room. */
      readonly kind: 'verdicts';
      readonly rows: number;
      /** Places of the detectors in the model, and their verdicts. */
      readonly detectors: readonly number[];
      readonly tracks: readonly Track[];
      readonly table: ReasonTable;
    }
  | {
      /** Reasons at places [from, to) of the table. */
      readonly kind: 'reasons';
      readonly from: number;
      readonly to: number;
      readonly table: ReasonTable;
    };

export function tasksOf(work: ScoringWork): number {
  return work.kind === 'verdicts' ? work.detectors.length * Math.ceil(work.rows / rowsATask) : Math.ceil((work.to - work.from) / reasonsATask);
}

type ScoringModel = Pick<StreamModel, 'schema' | 'views' | 'detectors'>;

/** @param workspace as `applyViews` left it */
export function doTask(work: ScoringWork, task: number, model: ScoringModel, workspace: Workspace): void {
  if (work.kind === 'verdicts') {
    const blocks = Math.ceil(work.rows / rowsATask);
    const at = Math.floor(task / blocks);
    const from = (task % blocks) * rowsATask;
    judgeRows(work, at, from, Math.min(from + rowsATask, work.rows), model, workspace);
  } else {
    const from = work.from + task * reasonsATask;
    for (let place = from; place < Math.min(from + reasonsATask, work.to); place++) explainPlace(work.table, place, model, workspace);
  }
}

function judgeRows(
  { detectors, tracks, table }: ScoringWork & { kind: 'verdicts' },
  at: number,
  from: number,
  to: number,
  model: ScoringModel,
  workspace: Workspace,
): void {
  const detector = model.detectors[detectors[at]];
  const rows = rowsOf(workspace.out.get(detector.view) as Matrix, from, to);
  const track = tracks[at];
  const score = track.score.subarray(from, to);
  const status = track.status.subarray(from, to);
  rawScores(detector, null, rows, completeRows(rows), score, () => true);
  judge(score, to - from, detector.calibration, { grade: track.grade.subarray(from, to), status, logScore: track.logScore.subarray(from, to) });
  // At once, while a detector that keeps what it found out about its last rows still knows them.
  for (let row = 0; row < status.length; row++) {
    if (!isFlagged(status[row])) continue;
    const place = claimPlace(table, detectors[at], from + row);
    if (place >= 0) explainPlace(table, place, model, workspace);
  }
}

function explainPlace(table: ReasonTable, place: number, model: ScoringModel, workspace: Workspace): void {
  const [d, row] = [table.asked[2 * place], table.asked[2 * place + 1]];
  table.found[place] = Number(explainRow(model, null, d, row, workspace, reasonsAt(table, place)));
}

/**
 * Why detector `d` scores a row of the workspace as it does.
 * @param state the detector's memory, before it has learned the row
 * @returns false where no tag stands out
 */
export function explainRow(model: ScoringModel, state: Plain, d: number, row: number, workspace: Workspace, out: Reasons): boolean {
  const { definition, model: learned, view } = model.detectors[d];
  const { values, cols } = workspace.out.get(view) as Matrix;
  const { values: looked, explanation } = memoryFor(cols);
  for (let j = 0, at = row * cols; j < cols; j++, at++) looked[j] = values[at];
  explanation.reference.fill(0);
  explanation.weight.fill(0);
  definition.explain(learned, state, looked, explanation);
  const explained = explainBack(model.views, view, explanation, workspace, row);
  const shares = contributionsOf(explained, out.shares);
  for (let t = 0; t < shares.length; t++) {
    if (!(shares[t] > 0)) shares[t] = 0;
    else if (explained.value[t] < explained.reference[t]) shares[t] = -shares[t];
  }
  out.actual.set(explained.value);
  out.expected.set(explained.reference);
  return normalise(shares);
}

/** A row of so many columns and its explanation: memory for all calls. */
const memories = new Map<number, { readonly values: Float64Array; readonly explanation: Explanation }>();

function memoryFor(cols: number): { readonly values: Float64Array; readonly explanation: Explanation } {
  let memory = memories.get(cols);
  if (!memory) {
    memory = { values: new Float64Array(cols), explanation: { reference: new Float64Array(cols), weight: new Float64Array(cols) } };
    memories.set(cols, memory);
  }
  return memory;
}

/** Scales magnitudes to a sum of 1; false, and all zero, where that cannot be. */
export function normalise(shares: Float64Array): boolean {
  let sum = 0;
  for (let t = 0; t < shares.length; t++) sum += Math.abs(shares[t]);
  const possible = sum > 0 && Number.isFinite(sum);
  if (possible) for (let t = 0; t < shares.length; t++) shares[t] /= sum;
  else shares.fill(0);
  return possible;
}
