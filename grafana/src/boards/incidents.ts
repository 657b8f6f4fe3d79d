import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board } from '../board.ts';
import { any, carrierSeries, carriers, contributions, incidentCount, incidentsByDetector, incidentTable, status } from '../flux.ts';
import { bars, figure, heat, series, statusValues, table, timeline } from '../panels.ts';
import { regions } from '../regions.ts';
import { detectorVariable, streamVariable } from '../variables.ts';
import { incidentLooks, newestRow, noneOrSome, unitLooks } from './looks.ts';

const chosen = `r.detector =~ ${any('detector')}`;

/** What happened: every incident with its time, length, peak and tags. */
export function incidentsBoard(): Dashboard {
  return board({
    uid: 'sluice-incidents',
    title: 'Incidents',
    description: 'Every incident with start, length, peak and the tags that carried most of it.',
    stores: ['plant'],
    variables: [streamVariable(), detectorVariable('several')],
    annotations: regions(chosen),
    sections: [
      {
        title: 'Incidents',
        panels: [
          figure({
            title: 'Incidents',
            description: 'Those of the chosen detectors that reach into the range.',
            query: incidentCount(chosen),
            unit: 'short',
            thresholds: noneOrSome,
            width: 3,
            height: 8,
          }),
          newestRow('sluice-incidents', 5, 8),
          table({
            title: 'By detector',
            description: 'How many reach into the range, how many of them are open, and how long they last together.',
            query: incidentsByDetector(chosen),
            unit: 'short',
            looks: [
              { name: 'detector', width: 160 },
              { name: 'seconds', title: 'together', unit: 's' },
            ],
            width: 7,
            height: 8,
          }),
          timeline({
            title: 'Flags',
            description: 'The worst verdict of each moment, a line for each detector.',
            query: status(chosen),
            unit: 'short',
            name: '${__field.labels.detector}',
            mappings: statusValues,
            width: 9,
            height: 8,
          }),
          table({
            title: 'Incidents, newest first',
            description:
              'The start leads to the time around an incident, the detector to the board of its method. Top tags: above (↑) or below (↓) what was expected.',
            query: incidentTable(chosen),
            unit: 'short',
            looks: incidentLooks('sluice-incidents'),
            height: 11,
          }),
        ],
      },
      {
        title: 'Why',
        panels: [
          series({
            title: 'The three tags that carried most',
            description: 'Those with the largest shares of the score while flagged, chosen by the range; means of each moment, with the incidents behind.',
            query: carrierSeries(chosen),
            unit: 'short',
            looks: unitLooks,
            width: 16,
            height: 9,
          }),
          bars({
            title: 'Tags by share',
            description: 'Sum of the shares of the score over the moments that were flagged, of all chosen detectors.',
            query: carriers(chosen),
            unit: 'short',
            width: 8,
            height: 9,
          }),
          heat({
            title: 'Contributions',
            description: 'How much of the score each tag carried while flagged: the five largest shares of the first flagged row of each moment.',
            query: contributions(chosen),
            unit: 'percentunit',
            name: '${__field.labels.tag}',
            width: 24,
            height: 12,
          }),
        ],
      },
    ],
  });
}
