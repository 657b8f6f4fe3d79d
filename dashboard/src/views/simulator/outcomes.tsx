import { StatusMark } from '../../components/status-mark.tsx';
import { hrefTo } from '../../router.ts';
import { type Injection, injections } from './injections.ts';

/** What came of the anomalies that were injected into an item. */
export function Outcomes({ item }: { item: string }) {
  const mine = injections.value.filter((injection) => injection.item === item);
  return (
    <div role="status" aria-label="What came of the anomalies">
      <ul class="outcomes">
        {mine.map((injection) => (
          <li key={injection.key}>
            <Outcome injection={injection} />
          </li>
        ))}
      </ul>
    </div>
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
          <StatusMark status="error" label={`${what}: incident opened ${((after ?? 0) / 1000).toFixed(1)} s later`} /> {link}
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
