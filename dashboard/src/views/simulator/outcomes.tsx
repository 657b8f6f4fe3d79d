import { StatusMark } from '../../components/status-mark.tsx';
import { hrefTo } from '../../router.ts';
import { formatDuration } from '../../time.ts';
import { type Injection, injections } from './injections.ts';

/** What came of the anomalies that were injected into an item. */
export function Outcomes({ item }: { item: string }) {
  const mine = injections.value.filter((injection) => injection.item === item);
  return (
    <ul class="outcomes" role="status" aria-label="What came of the anomalies">
      {mine.map((injection) => (
        <li key={injection.key}>
          <Outcome injection={injection} />
        </li>
      ))}
    </ul>
  );
}

function Outcome({ injection: { what, outcome, incident, after } }: { injection: Injection }) {
  const link =
    incident === undefined ? null : <a href={hrefTo(`/incidents/${encodeURIComponent(incident.id)}`, { stream: incident.stream })}>{'See the incident'}</a>;
  switch (outcome) {
    case 'waiting':
      return <StatusMark status="undefined" label={`${what}: no incident yet …`} />;
    case 'opened':
      return (
        <>
          <StatusMark status="error" label={`${what}: incident opened ${formatDuration(Math.max(100, Math.round((after ?? 0) / 100) * 100))} later`} /> {link}
        </>
      );
    case 'already-open':
      return (
        <>
          <StatusMark status="warning" label={`${what}: an incident was open already`} /> {link}
        </>
      );
    case 'nothing':
      return <StatusMark status="ok" label={`${what}: no incident opened`} />;
  }
}
