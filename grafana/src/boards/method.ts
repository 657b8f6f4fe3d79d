import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board } from '../board.ts';
import { chosenTags, grade, levels, methodOfLevels, score, theDetector, worstRows } from '../flux.ts';
import { figure, series, steps, table } from '../panels.ts';
import { regions } from '../regions.ts';
import { detectorVariable, streamVariable, tagVariable } from '../variables.ts';
import { levelLooks, shareLooks, timeLook, unitLooks } from './looks.ts';
import { grades, incidentList, newestRow, numberOfIncidents, statuses, verdictCounts, why } from './verdict-panels.ts';

export interface Method {
  /** Name of the detector in pipeline files; absent = the one that is chosen on the board. */
  readonly detector?: string;
  readonly title: string;
  /** What the method takes for normal, in a sentence. */
  readonly idea: string;
}

/** The same board for any detector or combination: what it said, why, and when. */
export function methodBoard({ detector, title, idea }: Method): Dashboard {
  const its = theDetector(detector);
  const uid = detector === undefined ? 'sluice-method' : `sluice-method-${detector}`;
  const who = detector ?? '${detector}';
  return board({
    uid,
    title: `Method: ${title}`,
    description: idea,
    stores: ['plant'],
    variables: [streamVariable(), ...(detector === undefined ? [detectorVariable('one')] : []), tagVariable('several')],
    annotations: regions(its),
    sections: [
      {
        title: `What ${who} says`,
        panels: [
          numberOfIncidents(its, `Stretches of time in which ${who} stayed flagged, that reach into the range. ${idea}`),
          figure({
            title: 'Worst score',
            description: 'The largest score in the range; what is usual and what is not is told by the levels.',
            query: score(its),
            unit: 'short',
            of: 'max',
            decimals: 2,
            spark: true,
            width: 3,
          }),
          figure({
            title: 'Worst grade',
            description: 'The score on a common scale: 0 at the median of normal rows, 0.5 at the level of a warning, 1 at that of an error.',
            query: grade(its),
            unit: 'short',
            of: 'max',
            decimals: 2,
            thresholds: steps('green', [0.5, 'orange'], [1, 'red']),
            width: 3,
          }),
          newestRow(uid),
          table({
            title: 'Levels in force',
            description: 'From which score on a row is a warning or an error, and how the levels came about: they need no labels.',
            query: methodOfLevels(its),
            unit: 'short',
            looks: [
              { name: 'detector', width: 130 },
              { name: 'median', decimals: 3, width: 80 },
              { name: 'warn', decimals: 3, width: 80 },
              { name: 'error', decimals: 3, width: 80 },
            ],
            width: 10,
            height: 4,
          }),
          statuses(its, 'Status'),
          series({
            title: 'Score',
            description: 'The largest score of each moment, logarithmic beyond 1, with the levels that warnings and errors are told by.',
            query: [score(its), levels(its)],
            unit: 'short',
            logarithmic: true,
            looks: levelLooks,
            height: 9,
          }),
          grades(its, { height: 6 }),
        ],
      },
      {
        title: 'Why',
        panels: [
          ...why(its),
          series({
            title: 'Chosen tags',
            description: 'The tags chosen above, as means of each moment, with the incidents behind.',
            query: chosenTags,
            unit: 'short',
            looks: unitLooks,
            height: 9,
          }),
        ],
      },
      {
        title: 'Incidents and rows',
        panels: [
          incidentList(its, uid),
          verdictCounts(its),
          table({
            title: 'Worst rows',
            description:
              'The twenty flagged rows with the largest scores, and the three tags that carried most of each; a negative share is below what was expected.',
            query: worstRows(its),
            unit: 'short',
            looks: [timeLook('_time', 'time'), { name: 'score', decimals: 3 }, { name: 'grade', decimals: 2 }, ...shareLooks],
            width: 14,
            height: 8,
          }),
        ],
      },
    ],
  });
}
