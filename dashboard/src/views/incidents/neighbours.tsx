import type { ApiIncident } from '../../../../serve/api.ts';
import { getIncidents } from '../../api.ts';
import { useResource } from '../../resource.ts';
import { formatDuration, iso } from '../../time.ts';
import { topTags } from './describe.ts';

/** How far ahead the next incident is looked for, ms, step by step: the server lists the newest first. */
const ahead = [3_600_000, 24 * 3_600_000, 30 * 24 * 3_600_000];

async function before({ id, stream, detector, start }: ApiIncident, abort: AbortSignal): Promise<ApiIncident | undefined> {
  const { incidents } = await getIncidents({ stream, detector, to: start, limit: 2 }, abort);
  return byStart(incidents.filter((other) => other.id !== id)).at(-1);
}

async function after({ id, stream, detector, start, end }: ApiIncident, abort: AbortSignal): Promise<ApiIncident | undefined> {
  for (const span of [...ahead, undefined]) {
    const bound = span === undefined ? {} : { to: iso(Date.parse(end) + span) };
    const { incidents } = await getIncidents({ stream, detector, from: end, ...bound, limit: 1000 }, abort);
    const later = incidents.filter((other) => other.id !== id && Date.parse(other.start) > Date.parse(start));
    if (later.length > 0) return byStart(later)[0];
  }
  return undefined;
}

const byStart = (incidents: readonly ApiIncident[]) => [...incidents].sort((a, b) => Date.parse(a.start) - Date.parse(b.start));

/** The same detector's incident before this one and the one after it. */
export function Neighbours({ incident, hrefOf }: { incident: ApiIncident; hrefOf: (incident: ApiIncident) => string }) {
  const found = useResource(`neighbours ${incident.id} ${incident.open}`, async (abort) => {
    const [earlier, later] = await Promise.all([before(incident, abort), incident.open ? undefined : after(incident, abort)]);
    return { id: incident.id, earlier, later };
  });
  if (found.state === 'error') return <p class="hint">They could not be asked for: {found.error.message}.</p>;
  const { earlier, later } = found.data?.id === incident.id ? found.data : {};
  const gap = (from: string, to: string) => formatDuration(Math.max(0, Date.parse(to) - Date.parse(from)));
  return (
    <div class="neighbours" aria-busy={found.reloading}>
      {earlier === undefined ? (
        <p class="neighbour hint">{found.reloading ? 'Loading …' : 'None before'}</p>
      ) : (
        <a class="neighbour" href={hrefOf(earlier)}>
          <small>{gap(earlier.end, incident.start)} before</small>
          <span>{topTags(earlier, 2) || earlier.detector}</span>
        </a>
      )}
      {later === undefined ? (
        <p class="neighbour neighbour-later hint">{found.reloading ? 'Loading …' : 'None after'}</p>
      ) : (
        <a class="neighbour neighbour-later" href={hrefOf(later)}>
          <small>{gap(incident.end, later.start)} after</small>
          <span>{topTags(later, 2) || later.detector}</span>
        </a>
      )}
    </div>
  );
}
