import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineDetector } from '../core/component.ts';
import { makeMatrix } from '../core/matrix.ts';
import { Status } from '../core/verdict.ts';
import type { FittedCombination } from './model.ts';
import { completeRows, joinParts, makeTrack, pick, rawScores, type Track } from './scoring.ts';

const { NaN: none } = Number;

/** Sums the row; asks whether to learn from it. */
const sum = defineDetector({
  type: 'sum',
  summary: 'The sum of a row.',
  fails: 'Always.',
  cost: 'One addition a column.',
  source: 'Addition',
  finds: [],
  attribution: 'Each column its value.',
  options: z.strictObject({}),
  fit: () => null,
  start: () => ({ learned: 0 }),
  step(_model, state: { learned: number }, { rows, cols, values }, out, gate) {
    for (let row = 0; row < rows; row++) {
      out[row] = values.subarray(row * cols, (row + 1) * cols).reduce((a, b) => a + b, state.learned);
      if (gate(row, out[row])) state.learned++;
    }
  },
  explain: () => undefined,
});

describe('rows that miss a value', () => {
  const matrix = makeMatrix(5, 2, Float64Array.of(1, 2, none, 1, 3, 4, 5, none, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY));

  it('are told from those whose values only add up to none', () => {
    expect([...(completeRows(matrix) ?? [])]).toEqual([0, 2, 4]);
    expect(completeRows(makeMatrix(2, 2, Float64Array.of(1, 2, 3, 4, none)))).toBeUndefined();
    expect([...(completeRows(makeMatrix(2, 1, Float64Array.of(none, none))) ?? [1])]).toEqual([]);
  });

  it('are left out, the others in order', () => {
    expect([...pick(matrix, Int32Array.of(0, 2)).values]).toEqual([1, 2, 3, 4]);
    expect(pick(matrix, undefined)).toBe(matrix);
  });

  it('have no score and teach nothing; the gate is asked by their place among all', () => {
    const finite = makeMatrix(4, 2, Float64Array.of(1, 2, none, 1, 3, 4, 5, 6));
    const out = new Float64Array(6).fill(-1);
    const asked: [number, number][] = [];
    rawScores({ definition: sum, model: null }, { learned: 0 }, finite, completeRows(finite), out, (row, score) => {
      asked.push([row, score]);
      return true;
    });
    expect([...out]).toEqual([3, none, 8, 13, -1, -1]);
    expect(asked).toEqual([
      [0, 3],
      [2, 8],
      [3, 13],
    ]);
  });
});

describe('joinParts', () => {
  const track = (name: string, score: number[], grade: number[], status: number[]): Track => ({
    ...makeTrack(name, score.length),
    score: Float64Array.from(score),
    grade: Float64Array.from(grade),
    status: Int8Array.from(status),
  });
  const { ok, warning, error, undefined: unknown } = Status;
  const calibration = { warn: 10, error: 20 };
  const joined = (fused: boolean, parts: readonly Track[]): Track => {
    const out = makeTrack('combined', parts[0].score.length);
    const combination = { name: 'combined', parts: parts.map((_, p) => ({ calibration: fused && p === 0 ? calibration : undefined })) };
    joinParts(combination as unknown as FittedCombination, parts, out);
    return out;
  };

  it('takes the worst verdict; one without a verdict does not count', () => {
    const out = joined(false, [
      track('any', [0, 0, 0, 0], [0.2, none, none, 0.6], [ok, unknown, unknown, warning]),
      track('all', [0, 0, 0, 0], [1, 0.3, none, none], [error, ok, unknown, unknown]),
    ]);
    expect([...out.grade]).toEqual([1, 0.3, none, 0.6]);
    expect([...out.status]).toEqual([error, ok, unknown, warning]);
    expect([...out.score]).toEqual([1, 0.3, none, 0.6]);
  });

  it('keeps the fused score, lifted to the level that another part says', () => {
    const out = joined(true, [
      track('fuse', [3, 3, 30, none, none, none], [0.1, 0.1, 1, none, none, none], [ok, ok, error, unknown, unknown, unknown]),
      track('any', [0, 0, 0, 0, 0, 0], [0, 1, 0, 1, none, 0.2], [ok, error, ok, error, unknown, ok]),
    ]);
    expect([...out.score]).toEqual([3, 20, 30, 20, none, 0]);
    expect([...out.status]).toEqual([ok, error, error, error, unknown, ok]);
  });
});
