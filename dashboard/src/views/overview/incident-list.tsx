import type { ApiIncident } from '../../../../serve/api.ts';
import { Card } from '../../components/card.tsx';
import { EmptyState } from '../../components/states.tsx';
import { Badge, StatusMark } from '../../components/status-mark.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../numbers.ts';
import { hrefTo } from '../../router.ts';
import { formatDuration, instant } from '../../time.ts';
import { severity, suspectsOf } from './stage-state.ts';

/** Shown at most; the others are on the view Incidents. */
const shown = 6;

/**
 * The open incidents, and behind them the newest that are over.
 * @param props.more there are older ones than these
 */
export function IncidentList({ incidents, more }: { incidents: readonly ApiIncident[]; more: boolean }) {
  const sorted = incidents.toSorted((a, b) => Number(b.open) - Number(a.open) || instant(b.start) - instant(a.start));
  return (
    <Card title="Incidents" actions={<a href={hrefTo('/incidents')}>All incidents</a>}>
      {sorted.length === 0 ? (
        <EmptyState icon="check" title="There was none so far">
          As soon as detectors see something unusual for long enough, it stands here.
        </EmptyState>
      ) : (
        <ul class="incident-rows">
          {sorted.slice(0, shown).map((incident) => (
            <li key={incident.id}>
              <a class="incident-row" href={hrefTo(`/incidents/${incident.id}`)}>
                <StatusMark status={severity(incident)} />
                <span class="incident-what">
                  <strong>{incident.detector}</strong>
                  <span>
                    {suspectsOf(incident)
                      .slice(0, 3)
                      .map(({ tag }) => tag)
                      .join(', ')}
                  </span>
                </span>
                <span class="incident-when">
                  {incident.open ? (
                    <Badge status="error">open</Badge>
                  ) : incident.mark === null ? null : (
                    <Badge>{incident.mark.alarm === 'true' ? 'true alarm' : 'false alarm'}</Badge>
                  )}
                  <small>
                    <Time at={incident.start} quiet /> · {formatDuration(instant(incident.end) - instant(incident.start))}
                  </small>
                </span>
              </a>
            </li>
          ))}
        </ul>
      )}
      {sorted.length > shown || more ? <p class="hint">{countOf(incidents, more)}</p> : null}
    </Card>
  );
}

function countOf(incidents: readonly ApiIncident[], more: boolean): string {
  const open = incidents.filter((incident) => incident.open).length;
  const all = `${more ? 'more than ' : ''}${formatCount(incidents.length)}`;
  return `These are ${Math.min(shown, incidents.length)} of ${all}${open > shown ? `; ${formatCount(open)} are open` : ''}.`;
}
