import type { Gate, Member } from '../core/component.ts';
import { type Matrix, makeMatrix } from '../core/matrix.ts';
import type { Plain } from '../core/record.ts';
import { Status } from '../core/verdict.ts';
import { judge } from './calibration.ts';
import type { CombinationPart, FittedCombination, FittedDetector } from './model.ts';

/** One detector's or combination's verdicts over the rows of a batch, and its calibrated log scores. */
export interface Track extends Member {
  readonly score: Float64Array;
}

export function makeTrack(name: string, rows: number): Track {
  return { name, score: new Float64Array(rows), grade: new Float64Array(rows), status: new Int8Array(rows), logScore: new Float64Array(rows) };
}

/** Tracks in one piece of shared memory. */
export function makeTracks(names: readonly string[], rows: number): Track[] {
  const memory = new SharedArrayBuffer(names.length * rows * (3 * 8 + 1));
  const numbers = (n: number): Float64Array => new Float64Array(memory, n * rows * 8, rows);
  return names.map((name, n) => ({
    ...{ name, score: numbers(3 * n), grade: numbers(3 * n + 1), logScore: numbers(3 * n + 2) },
    status: new Int8Array(memory, names.length * rows * 3 * 8 + n * rows, rows),
  }));
}

/** The rows of a view without a missing value; undefined = all of them. */
export function completeRows(matrix: Matrix): Int32Array | undefined {
  const { rows, cols, values } = matrix;
  const incomplete: number[] = [];
  for (let row = 0, at = 0; row < rows; row++) {
    let sum = 0;
    for (let c = 0; c < cols; c++) sum += values[at++];
    if (Number.isNaN(sum) && values.subarray(at - cols, at).some(Number.isNaN)) incomplete.push(row);
  }
  if (incomplete.length === 0) return undefined;
  const out = new Int32Array(rows - incomplete.length);
  for (let row = 0, next = 0, n = 0; row < rows; row++) {
    if (incomplete[next] === row) next++;
    else out[n++] = row;
  }
  return out;
}

/** Those rows, one after the other. */
export function pick(matrix: Matrix, rows: Int32Array | undefined): Matrix {
  if (!rows) return matrix;
  const { cols, values } = matrix;
  const out = makeMatrix(rows.length, cols);
  for (let n = 0; n < rows.length; n++) out.values.set(values.subarray(rows[n] * cols, (rows[n] + 1) * cols), n * cols);
  return out;
}

/**
 * Raw scores of the complete rows of a view, NaN for the others. The gate is asked with rows of the whole matrix.
 */
export function rawScores(
  detector: Pick<FittedDetector, 'definition' | 'model'>,
  state: Plain,
  matrix: Matrix,
  complete: Int32Array | undefined,
  out: Float64Array,
  gate: Gate,
): void {
  const { definition, model } = detector;
  const input = pick(matrix, complete);
  const scores = complete ? new Float64Array(input.rows) : out;
  if (definition.step) definition.step(model, state, input, scores, complete ? (row, score) => gate(complete[row], score) : gate);
  else definition.score?.(model, input, scores);
  if (!complete) return;
  out.fill(Number.NaN, 0, matrix.rows);
  for (let n = 0; n < complete.length; n++) out[complete[n]] = scores[n];
}

/** The parts' verdicts, each as a track. */
export function partTracks(parts: readonly CombinationPart[], states: readonly Plain[], detectors: readonly Track[], rows: number): Track[] {
  return parts.map((part, p) => {
    const track = makeTrack(part.definition.type, rows);
    const members = part.members.map((m) => detectors[m]);
    part.definition.apply(members, rows, part.options, states[p], track);
    if (part.calibration) judge(track.score, rows, part.calibration, track);
    return track;
  });
}

/**
 * Joins the parts by any-of. The score stays one scale with one order: the fused score where there is one, lifted to its
 * warn or error level by a logical part that says so; otherwise the grade.
 */
export function joinParts(combination: FittedCombination, parts: readonly Track[], out: Track): void {
  const fused = combination.parts.findIndex((part) => part.calibration !== undefined);
  const levels = combination.parts[fused]?.calibration;
  for (let row = 0; row < out.score.length; row++) {
    let grade = Number.NaN;
    let status: number = Status.undefined;
    for (const part of parts) {
      if (part.status[row] < status) status = part.status[row];
      if (!Number.isNaN(part.grade[row]) && !(part.grade[row] <= grade)) grade = part.grade[row];
    }
    out.grade[row] = grade;
    out.status[row] = status;
    out.score[row] = grade;
    if (levels) {
      const lift = status === Status.error ? levels.error : status === Status.warning ? levels.warn : 0;
      const own = parts[fused].score[row];
      out.score[row] = own >= lift || (Number.isNaN(own) && status === Status.undefined) ? own : lift;
    }
  }
}
