import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board } from '../board.ts';
import { agreement, any } from '../flux.ts';
import { series } from '../panels.ts';
import { regions } from '../regions.ts';
import { detectorVariable, streamVariable } from '../variables.ts';
import { grades, incidentList, incidentsPerDetector, newestRow, statuses, verdictCounts } from './verdict-panels.ts';

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
          statuses(chosen, 'Flags', { width: 19, height: 10 }),
          newestRow('sluice-comparison', { height: 10 }),
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
          grades(chosen, { height: 9 }),
        ],
      },
      {
        title: 'Figures',
        panels: [
          verdictCounts(chosen, { width: 14, height: 9 }),
          incidentsPerDetector(chosen, { width: 10, height: 9 }),
          incidentList(chosen, 'sluice-comparison', { height: 10 }),
        ],
      },
    ],
  });
}
