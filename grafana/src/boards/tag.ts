import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board, type Placed } from '../board.ts';
import { blame, envelope, tagFact, tagSample, tagStatistics, theDetector } from '../flux.ts';
import { distribution, figure, series, table } from '../panels.ts';
import { regions } from '../regions.ts';
import { detectorVariable, streamVariable, tagVariable } from '../variables.ts';
import { unitLooks } from './looks.ts';
import { incidentList, newestRow, statuses } from './verdict-panels.ts';

/** One tag in depth. */
export function tagBoard(): Dashboard {
  const its = theDetector();
  return board({
    uid: 'sluice-tag',
    title: 'One tag',
    description: 'A single sensor or actuator: its course, distribution, and how often detectors named it.',
    stores: ['plant'],
    variables: [streamVariable(), tagVariable('one'), detectorVariable('one')],
    annotations: regions(its),
    sections: [
      {
        title: '${tag}',
        panels: [
          series({
            title: 'Course of ${tag}',
            description: 'Mean of each moment, and the least and the most of it: a short peak stays visible however wide the range.',
            query: envelope,
            unit: 'short',
            looks: [{ pattern: '/^mean/', colour: 'blue' }, { pattern: '/^(least|most)/', colour: '#80808080' }, ...unitLooks],
            height: 10,
          }),
          statuses(its, 'Status of ${detector}', { height: 3 }),
          series({
            title: 'Share of the score',
            description:
              'How much of each detector’s score the tag carried, where it was among the five that carried most: positive above, negative below what was expected.',
            query: blame,
            unit: 'percentunit',
            name: '${__field.labels.detector}',
            style: 'bars',
            min: -1,
            max: 1,
            width: 14,
            height: 8,
          }),
          distribution({
            title: 'Distribution',
            description: 'How often each reading came, of a reading a moment.',
            query: tagSample,
            unit: 'short',
            width: 10,
            height: 8,
          }),
          table({
            title: 'Figures',
            description: 'Over all readings of the range; the deviation is that of a sample.',
            query: tagStatistics,
            unit: 'short',
            looks: ['last', 'min', 'max', 'mean', 'deviation'].map((name) => ({ name, decimals: 4 })),
            width: 14,
            height: 4,
          }),
          fact('Where it is', 'Stage of the plant that the tag belongs to.', 'stage'),
          fact('Unit', 'Unit of its readings; none where the source names none.', 'unit'),
          newestRow('sluice-tag', { width: 4 }),
          incidentList(its, 'sluice-tag'),
        ],
      },
    ],
  });
}

/** What the schema says of the chosen tag. */
function fact(title: string, description: string, field: 'stage' | 'unit'): Placed {
  return figure({ title, description, query: tagFact(field), unit: 'string', text: '/.*/', width: 3, height: 4 });
}
