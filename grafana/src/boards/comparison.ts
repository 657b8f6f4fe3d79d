import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board } from '../board.ts';
import { agreement, any, counts, grade, incidentsByDetector, incidentTable, status } from '../flux.ts';
import { series, statusValues, steps, table, timeline } from '../panels.ts';
import { regions } from '../regions.ts';
import { detectorVariable, streamVariable } from '../variables.ts';
import { countLooks, incidentLooks, newestRow } from './looks.ts';

const chosen = `r.detector =~ ${any('detector')}`;

/** All detectors side by side. */
export function comparisonBoard(): Dashboard {
  return board({
    uid: 'sluice-comparison',
    title: 'Comparison of detectors',
    description: 'What every detector says of the same rows, where they agree and how often each is flagged.',
    stores: ['plant'],
    variables: [streamVariable(), detectorVariable('several')],
    annotations: regions(chosen),
    sections: [
      {
        title: 'Side by side',
        panels: [
          timeline({
            title: 'Flags',
            description: 'The worst verdict of each moment, a line for each detector. Attacks that only one line shows are worth a look at its method.',
            query: status(chosen),
            unit: 'short',
            name: '${__field.labels.detector}',
            mappings: statusValues,
            width: 19,
            height: 10,
          }),
          newestRow('sluice-comparison', 5, 10),
          series({
            title: 'Agreement',
            description:
              'How many of the chosen detectors flag at each moment. One alone is often noise or a matter that only its method sees; most together hardly ever.',
            query: agreement(chosen),
            unit: 'suffix: detectors',
            style: 'bars',
            min: 0,
            decimals: 0,
            name: 'flagging',
            height: 6,
          }),
          series({
            title: 'Grades',
            description: 'Scores on the scale that all detectors share: 0 at the median of normal rows, 0.5 a warning, 1 an error.',
            query: grade(chosen),
            unit: 'short',
            name: '${__field.labels.detector}',
            min: 0,
            max: 1,
            thresholds: steps('transparent', [0.5, 'orange'], [1, 'red']),
            thresholdLines: true,
            height: 9,
          }),
        ],
      },
      {
        title: 'Figures',
        panels: [
          table({
            title: 'Verdicts',
            description: 'Rows by status. Flagged: the share of warnings and errors. The name leads to the board of the method.',
            query: counts(chosen),
            unit: 'short',
            looks: countLooks,
            width: 14,
            height: 9,
          }),
          table({
            title: 'Incidents by detector',
            description: 'How many reach into the range, how many of them are open, and how long they last together.',
            query: incidentsByDetector(chosen),
            unit: 'short',
            looks: [
              { name: 'detector', width: 160 },
              { name: 'seconds', title: 'together', unit: 's' },
            ],
            width: 10,
            height: 9,
          }),
          table({
            title: 'Incidents',
            description: 'Newest first. The start leads to the time around it.',
            query: incidentTable(chosen),
            unit: 'short',
            looks: incidentLooks('sluice-comparison'),
            height: 10,
          }),
        ],
      },
    ],
  });
}
