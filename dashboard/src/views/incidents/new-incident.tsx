import { useSignalEffect } from '@preact/signals';
import { useState } from 'preact/hooks';
import { incidentChange } from '../../live-feed.ts';
import { streamName } from '../../plant.ts';
import { describeIncident } from './describe.ts';
import { type IncidentFilter, matches } from './list.ts';

/** Says politely that an incident has opened, while the view is there. */
export function NewIncident({ filter }: { filter: IncidentFilter }) {
  const [text, setText] = useState('');
  const [seen] = useState(() => incidentChange.peek());
  useSignalEffect(() => {
    const latest = incidentChange.value;
    if (latest === null || latest === seen || latest.change !== 'opened' || latest.incident.stream !== streamName.peek()) return;
    if (matches(latest.incident, filter, Date.parse(latest.incident.end))) setText(`New incident. ${describeIncident(latest.incident)}`);
  });
  return (
    <p class="visually-hidden" role="status" aria-live="polite">
      {text}
    </p>
  );
}
