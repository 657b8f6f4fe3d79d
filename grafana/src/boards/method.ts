import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board } from '../board.ts';
import {
  carrierSeries,
  carriers,
  chosenTags,
  contributions,
  counts,
  grade,
  incidentCount,
  incidentTable,
  levels,
  methodOfLevels,
  score,
  status,
  theDetector,
  worstRows,
} from '../flux.ts';
import { bars, figure, heat, series, statusValues, steps, table, timeline } from '../panels.ts';
import { regions } from '../regions.ts';
import { detectorVariable, streamVariable, tagVariable } from '../variables.ts';
import { countLooks, incidentLooks, levelLooks, newestRow, shareLooks, timeLook, unitLooks } from './looks.ts';

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
          figure({
            title: 'Incidents',
            description: `Stretches of time in which ${who} stayed flagged, that reach into the range. ${idea}`,
            query: incidentCount(its),
            unit: 'short',
            thresholds: steps('green', [1, 'red']),
            width: 3,
          }),
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
          timeline({
            title: 'Status',
            description: 'The worst verdict of each moment. Undefined: nothing was learned yet, or a row could not be judged.',
            query: status(its),
            unit: 'short',
            name: '${__field.labels.detector}',
            mappings: statusValues,
            height: 4,
          }),
          series({
            title: 'Score',
            description: 'The largest score of each moment, logarithmic beyond 1, with the levels that warnings and errors are told by.',
            query: [score(its), levels(its)],
            unit: 'short',
            logarithmic: true,
            looks: levelLooks,
            height: 9,
          }),
          series({
            title: 'Grade',
            description: 'The score on the scale that all detectors share: 0.5 is a warning, 1 an error.',
            query: grade(its),
            unit: 'short',
            name: '${__field.labels.detector}',
            style: 'area',
            min: 0,
            max: 1,
            thresholds: steps('transparent', [0.5, 'orange'], [1, 'red']),
            thresholdLines: true,
            height: 6,
          }),
        ],
      },
      {
        title: 'Why',
        panels: [
          series({
            title: 'The three tags that carried most',
            description: 'Those with the largest shares of the score while flagged, chosen by the range; means of each moment, with the incidents behind.',
            query: carrierSeries(its),
            unit: 'short',
            looks: unitLooks,
            width: 16,
            height: 9,
          }),
          bars({
            title: 'Tags by share',
            description:
              'Sum of the shares of the score over the moments that were flagged, of the first flagged row of each: where one tag explains all, it has as much as there were moments.',
            query: carriers(its),
            unit: 'short',
            width: 8,
            height: 9,
          }),
          heat({
            title: 'Contributions',
            description: 'How much of the score each tag carried while flagged: the five largest shares of the first flagged row of each moment.',
            query: contributions(its),
            unit: 'percentunit',
            name: '${__field.labels.tag}',
            width: 24,
            height: 10,
          }),
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
          table({
            title: 'Incidents',
            description: 'Newest first. The start leads to the time around it.',
            query: incidentTable(its),
            unit: 'short',
            looks: incidentLooks(uid),
            width: 24,
            height: 8,
          }),
          table({
            title: 'Verdicts',
            description: 'Rows by status. Flagged: the share of warnings and errors.',
            query: counts(its),
            unit: 'short',
            looks: countLooks,
            width: 10,
            height: 8,
          }),
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
