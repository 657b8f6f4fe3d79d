import { z } from 'zod';
import { defineCombiner, type Member } from '../../core/component.ts';

/** The mean log scores of the last rows, in a ring; NaN = a row without one, or none yet. `next` is the oldest. */
type State = { readonly recent: Float64Array; next: number };

export default defineCombiner({
  type: 'fuse',
  summary: "The members' scores averaged on a common scale, as one score with a threshold of its own.",
  fails: 'An anomaly that few of many members see is averaged away; smoothing delays what is short. A member worse than chance pulls the others down.',
  cost: 'One addition a member and row, and as many as `smooth` for the mean over time. State: `smooth` doubles.',
  source:
    'Mean of calibrated scores: Aggarwal and Sathe 2015, doi:10.1145/2830544.2830549. Scale: log score, 0 at the calibration median, 1 at the error level. ' +
    'Exponential of the mean, so that the score is > 0 with the same order: the geometric mean of the scores, 1 where all are at their median and ' +
    '2.718 where all are at their error level',
  scoring: 'fused',
  options: z.strictObject({
    smooth: z.int().min(1).max(1000).default(1).describe('Rows, the current one and those before it, that the mean runs over; 1 = no smoothing.'),
  }),
  start({ smooth }): State {
    return { recent: new Float64Array(smooth).fill(Number.NaN), next: 0 };
  },
  /** Members without a score are left out, as are rows without one from the mean over time; a row that no member scores has no score. */
  apply(members, rows, _options, state: State, out) {
    const { recent } = state;
    for (let row = 0; row < rows; row++) {
      const mean = meanLogScore(members, row);
      recent[state.next] = mean;
      state.next = (state.next + 1) % recent.length;
      out.score[row] = Number.isNaN(mean) ? Number.NaN : Math.exp(meanFromOldest(recent, state.next));
    }
  },
  /** By how far a member is above its median; where none is (the rows before were), all alike. */
  weight(members, row, m) {
    const own = members[m].logScore[row];
    if (Number.isNaN(own)) return 0;
    return members.some((member) => member.logScore[row] > 0) ? Math.max(0, own) : 1;
  },
});

function meanLogScore(members: readonly Member[], row: number): number {
  let sum = 0;
  let count = 0;
  for (let m = 0; m < members.length; m++) {
    const value = members[m].logScore[row];
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return sum / count;
}

function meanFromOldest(ring: Float64Array, oldest: number): number {
  let sum = 0;
  let count = 0;
  for (let i = 0, at = oldest; i < ring.length; i++, at++) {
    if (at === ring.length) at = 0;
    const value = ring[at];
    if (Number.isNaN(value)) continue;
    sum += value;
    count++;
  }
  return sum / count;
}
