import { useMemo } from 'preact/hooks';
import type { Scores } from '../../../../serve/api.ts';
import { Card } from '../../components/card.tsx';
import { formatDuration } from '../../time.ts';
import { flaggedTogether } from './flagged-together.ts';

const percent = (share: number) => (share === 0 ? '0 %' : share < 0.001 ? '< 0.1 %' : `${(share * 100).toFixed(1)} %`);

/** What share of the rows is flagged by none, by one, by two ... of the detectors. */
export function Together({ scores }: { scores: Scores }) {
  const { points } = useMemo(() => flaggedTogether(scores.detectors), [scores]);
  const all = points.reduce((sum, one) => sum + one, 0);
  const count = points.length - 1;
  const what = scores.level === 0 ? 'rows' : `stretches of ${formatDuration(scores.level)}`;
  return (
    <Card title="Flagged together" hint={`How many of ${count} detectors flag the same ${what}, of ${all.toLocaleString('en')} that were judged.`}>
      <table class="together">
        <thead class="visually-hidden">
          <tr>
            <th scope="col">Detectors that flag</th>
            <th scope="col">Share</th>
            <th scope="col">Count</th>
          </tr>
        </thead>
        <tbody>
          {points.map((value, flagging) => (
            <tr key={flagging}>
              <th scope="row">{flagging === 0 ? 'none' : `${flagging} of ${count}`}</th>
              <td>
                <span class="together-track" aria-hidden="true">
                  <span class={flagging === 0 ? 'together-fill together-none' : 'together-fill'} style={{ width: `${all === 0 ? 0 : (value / all) * 100}%` }} />
                </span>
                <span class="figure">{percent(all === 0 ? 0 : value / all)}</span>
              </td>
              <td class="figure">{value.toLocaleString('en')}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Card>
  );
}
