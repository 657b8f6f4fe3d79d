import { z } from 'zod';
import { defineCombiner } from '../../core/component.ts';
import { gradeWeight, rankedVerdicts } from '../ranked-verdict.ts';

export default defineCombiner({
  type: 'all',
  summary: 'The mildest verdict of its members: flagged only when every one of them flags.',
  fails: 'An anomaly that one of the members cannot see. While any member has no verdict yet, the combination has none.',
  cost: 'members^2 comparisons a row.',
  source: 'Logical and over ordered verdicts',
  scoring: 'logical',
  options: z.strictObject({}),
  apply(members, rows, _options, _state, out) {
    rankedVerdicts(members, rows, members.length, out);
  },
  weight: gradeWeight,
});
