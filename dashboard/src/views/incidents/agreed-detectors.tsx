import type { IncidentDetail } from '../../../../serve/api.ts';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../numbers.ts';
import { formatDuration } from '../../time.ts';

/** How each detector judged the incident's rows: those that saw most of it first. */
export function AgreedDetectors({ incident }: { incident: IncidentDetail }) {
  const start = Date.parse(incident.start);
  const share = ({ rows, flagged }: { rows: number; flagged: number }) => (rows === 0 ? 0 : flagged / rows);
  const agreed = [...incident.agreed].sort((a, b) => share(b) - share(a));
  return (
    <div class="table-scroll">
      <table class="figures agreed">
        <caption class="visually-hidden">What the detectors made of this stretch of time</caption>
        <thead>
          <tr>
            <th scope="col">Detector</th>
            <th scope="col">Rows flagged</th>
            <th scope="col">First flagged</th>
            <th scope="col" class="number">
              Worst grade
            </th>
          </tr>
        </thead>
        <tbody>
          {agreed.map(({ detector, rows, flagged, first, worst }) => (
            <tr key={detector} class={flagged === 0 ? 'agreed-not' : undefined}>
              <th scope="row">
                {detector}
                {detector === incident.detector ? <small> this one</small> : null}
              </th>
              <td>
                <span class="agreed-share">
                  <span class="agreed-track" aria-hidden="true">
                    <span class="agreed-fill" style={{ width: `${share({ rows, flagged }) * 100}%` }} />
                  </span>
                  <span class="figure">
                    {formatCount(flagged)} of {formatCount(rows)}
                  </span>
                </span>
              </td>
              <td>
                {first === null ? (
                  'not at all'
                ) : (
                  <>
                    <Time at={first} clock quiet /> <small>{after(Date.parse(first) - start)}</small>
                  </>
                )}
              </td>
              <td class="number">{worst === null ? '–' : worst.toFixed(2)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const after = (ms: number) => (ms === 0 ? 'at its start' : ms < 0 ? `${formatDuration(ms)} before` : `after ${formatDuration(ms)}`);
