import { z } from 'zod';
import { defineThreshold } from '../../core/component.ts';

export default defineThreshold({
  type: 'fixed',
  summary: 'A level given by hand.',
  fails: 'Whenever the score has no fixed unit: a new model, another view or other training rows change what a score means.',
  cost: 'None.',
  source: 'Given by the user',
  shorthand: 'level',
  options: z.strictObject({
    level: z.number().positive().describe("Score from which on a row is flagged, in the detector's own units."),
  }),
  fit(_sorted, { level }) {
    return { level, method: `fixed ${level}` };
  },
});
