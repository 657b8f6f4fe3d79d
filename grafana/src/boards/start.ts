import type { Dashboard } from '@grafana/grafana-foundation-sdk/dashboard';
import { board } from '../board.ts';
import { deadLetters, lastRows } from '../flux.ts';
import { table, words } from '../panels.ts';
import { around, timeLook } from './looks.ts';

const at = `\${__data.fields.stream.text}&${around}`;

/** Where a newcomer lands: every stream with links to its last hour, whenever that was. */
export function startBoard(): Dashboard {
  return board({
    uid: 'sluice-start',
    title: 'Start here',
    description: 'Streams and where their newest rows are: recordings have the time of the plant, not of today.',
    stores: ['plant'],
    sections: [
      {
        title: 'Streams',
        panels: [
          words(
            'Boards',
            'Where to find what.',
            `**A recording lies in its own time.** Follow a link below: it opens the last hour of a stream. [Plant](/d/sluice-plant) · [Incidents](/d/sluice-incidents) · [Comparison](/d/sluice-comparison) · [One tag](/d/sluice-tag) · methods: [one-class SVM](/d/sluice-method-one-class-svm), [isolation forest](/d/sluice-method-isolation-forest), [k-means](/d/sluice-method-k-means), [LOF](/d/sluice-method-lof), [VAR](/d/sluice-method-var), [Mahalanobis](/d/sluice-method-mahalanobis), [k-NN](/d/sluice-method-k-nn), [any](/d/sluice-method) · the stack itself: [pipeline](/d/sluice-health), [host](/d/sluice-host)`,
          ),
          table({
            title: 'Streams',
            description: 'Every stream with the time of its newest row. The name leads to the plant, the time to the incidents of its last hour.',
            query: lastRows,
            unit: 'short',
            looks: [
              { name: 'stream', link: { title: 'The last hour of this stream', url: `/d/sluice-plant?var-stream=${at}` } },
              { ...timeLook('last', 'newest row'), link: { title: 'Incidents of the last hour', url: `/d/sluice-incidents?var-stream=${at}` } },
              { name: 'from', hidden: true },
              { name: 'to', hidden: true },
            ],
            height: 7,
          }),
          table({
            title: 'Dead letters',
            description: 'Rows that could not be taken, the last fifty: what is wrong, and where they stand. `sluice dead list` shows the rows themselves.',
            query: deadLetters,
            unit: 'short',
            looks: [
              { name: 'source', width: 160 },
              { name: 'partition', width: 80 },
              { name: 'position', width: 90 },
              { name: 'stream', width: 110 },
              { name: 'reason', width: 110 },
            ],
            height: 8,
          }),
        ],
      },
    ],
  });
}
