import { z } from 'zod';
import { defineCombiner } from '../../core/component.ts';
import { SluiceError } from '../../core/errors.ts';
import { gradeWeight, rankedVerdicts } from '../ranked-verdict.ts';

export default defineCombiner({
  type: 'vote',
  summary: 'Flagged when at least `need` members flag; its grade is the need-th largest of theirs.',
  fails: 'Members that are alike vote alike, and outvote the one that looks elsewhere. While fewer than `need` members have a verdict, there is none.',
  cost: 'members^2 comparisons a row.',
  source: 'k-out-of-n rule: Chair and Varshney 1986, doi:10.1109/TAES.1986.310699',
  scoring: 'logical',
  options: z.strictObject({
    need: z.int().min(1).default(2).describe('Members that have to agree.'),
  }),
  start({ need }, members) {
    if (need > members) {
      throw new SluiceError('CONFIG_INVALID', `vote cannot have need: ${need} with ${members} members`, { fix: `Set need to ${members} or less.` });
    }
    return null;
  },
  apply(members, rows, { need }, _state, out) {
    rankedVerdicts(members, rows, need, out);
  },
  weight: gradeWeight,
});
