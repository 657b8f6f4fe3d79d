import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board } from '../board.ts';
import { any } from '../flux.ts';
import { regions } from '../regions.ts';
import { detectorVariable, streamVariable } from '../variables.ts';
import { incidentList, incidentsPerDetector, newestRow, numberOfIncidents, statuses, why } from './verdict-panels.ts';

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
          numberOfIncidents(chosen, 'Those of the chosen detectors that reach into the range.', { height: 8 }),
          newestRow('sluice-incidents', { height: 8 }),
          incidentsPerDetector(chosen, { width: 7 }),
          statuses(chosen, 'Flags', { width: 9, height: 8 }),
          incidentList(chosen, 'sluice-incidents', { height: 11 }),
        ],
      },
      {
        title: 'Why',
        panels: why(chosen),
      },
    ],
  });
}
