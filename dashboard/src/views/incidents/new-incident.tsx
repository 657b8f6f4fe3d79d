import { useState } from 'preact/hooks';
import { useIncidentChanges } from '../../live-feed.ts';
import { streamName } from '../../plant.ts';
import { describeIncident } from './describe.ts';
import { type IncidentFilter, matches } from './list.ts';

/** Says politely that an incident has opened, while the view is there. */
export function NewIncident({ filter }: { filter: IncidentFilter }) {
  const [text, setText] = useState('');
  useIncidentChanges(({ change, incident }) => {
    if (change !== 'opened' || incident.stream !== streamName.peek()) return;
    if (matches(incident, filter, Date.parse(incident.end))) setText(`New incident. ${describeIncident(incident)}`);
  });
  return (
    <p class="visually-hidden" role="status" aria-live="polite">
      {text}
    </p>
  );
}
