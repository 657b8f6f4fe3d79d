import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiIncident } from '../../../../serve/api.ts';
import { Button } from '../../components/button.tsx';
import { Badge, StatusMark } from '../../components/status-mark.tsx';
import { Time } from '../../components/time.tsx';
import { formatCount } from '../../numbers.ts';
import { formatDuration } from '../../time.ts';
import { topTags } from './describe.ts';
import { spanOf } from './lanes.ts';

interface IncidentListProps {
  readonly incidents: readonly ApiIncident[];
  readonly selected: string | undefined;
  readonly now: number;
  readonly hrefOf: (incident: ApiIncident) => string;
}

/** So many are shown at first, and with each step more. */
const step = 100;

/** Incidents as links to what is known of each. */
export function IncidentList({ incidents, selected, now, hrefOf }: IncidentListProps) {
  const list = useRef<HTMLOListElement>(null);
  const [most, setMost] = useState(step);
  const place = incidents.findIndex(({ id }) => id === selected);
  const count = Math.max(most, place + 1);
  useEffect(() => {
    const frame = list.current;
    const item = frame?.querySelector<HTMLElement>('[aria-current]')?.closest('li');
    // The list alone is moved, not the page.
    if (!frame || !item || frame.scrollHeight <= frame.clientHeight) return;
    const top = item.offsetTop - frame.offsetTop;
    if (top < frame.scrollTop) frame.scrollTop = top;
    else if (top + item.offsetHeight > frame.scrollTop + frame.clientHeight) frame.scrollTop = top + item.offsetHeight - frame.clientHeight;
  }, [selected]);
  return (
    <>
      <ol class="incident-list" ref={list} aria-label="Incidents">
        {incidents.slice(0, count).map((incident) => (
          <Item key={incident.id} incident={incident} current={incident.id === selected} now={now} href={hrefOf(incident)} />
        ))}
      </ol>
      {incidents.length > count ? (
        <p class="incident-list-more">
          <Button onClick={() => setMost(count + step)}>Show {formatCount(Math.min(step, incidents.length - count))} more</Button>
        </p>
      ) : null}
    </>
  );
}

function Item({ incident, current, now, href }: { incident: ApiIncident; current: boolean; now: number; href: string }) {
  const { from, to } = spanOf(incident, now);
  return (
    <li>
      <a class="incident-item" href={href} aria-current={current ? 'true' : undefined}>
        <StatusMark status={incident.peak.grade >= 1 ? 'error' : 'warning'} />
        <span class="incident-item-when">
          <Time at={incident.start} quiet />
        </span>
        <span class="incident-item-length figure">
          {formatDuration(to - from)}
          {incident.open ? <Badge status="error">open</Badge> : null}
        </span>
        <span class="incident-item-tags">{topTags(incident) || 'no tags known'}</span>
        <span class="incident-item-detector">{incident.detector}</span>
        <span class="incident-item-mark">
          {incident.mark === null ? null : (
            <Badge {...(incident.mark.alarm === 'true' ? { status: 'error' as const } : {})}>
              {incident.mark.alarm === 'true' ? 'true alarm' : 'false alarm'}
            </Badge>
          )}
        </span>
      </a>
    </li>
  );
}
