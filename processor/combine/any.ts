import { z } from 'zod';
import { defineCombiner } from '../../core/component.ts';
import { gradeWeight, rankedVerdicts } from '../ranked-verdict.ts';

export default defineCombiner({
  type: 'any',
  summary: 'The worst verdict of its members: flagged as soon as one of them flags.',
  fails: 'Many members: their false alarms add up.',
  cost: 'members^2 comparisons a row.',
  source: 'Logical or over ordered verdicts',
  scoring: 'logical',
  options: z.strictObject({}),
  apply(members, rows, _options, _state, out) {
    rankedVerdicts(members, rows, 1, out);
  },
  weight: gradeWeight,
});
