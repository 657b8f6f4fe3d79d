import './incidents.css';
import { useMemo } from 'preact/hooks';
import type { ApiIncident } from '../../../serve/api.ts';
import { Button } from '../components/button.tsx';
import { PageHead } from '../components/page-head.tsx';
import { RangePicker } from '../components/range-picker.tsx';
import { EmptyState, Loaded, Skeleton } from '../components/states.tsx';
import { useShortcut } from '../keyboard.ts';
import { useNewest } from '../newest.ts';
import { formatCount } from '../numbers.ts';
import { streamName } from '../plant.ts';
import { queryText } from '../query.ts';
import { spanLength, useRange } from '../range.ts';
import type { Resource } from '../resource.ts';
import { navigate, path, place } from '../router.ts';
import { incidentIdOf } from '../routes.tsx';
import { iso } from '../time.ts';
import { IncidentDetail } from './incidents/incident-detail.tsx';
import { clearFilter, IncidentFilters, useIncidentFilter } from './incidents/incident-filters.tsx';
import { IncidentList } from './incidents/incident-list.tsx';
import { LaneCard } from './incidents/lane-card.tsx';
import { matches, overlaps } from './incidents/list.ts';
import { withMark } from './incidents/marks.ts';
import { NewIncident } from './incidents/new-incident.tsx';
import { type IncidentList as Listed, mostIncidents, useIncidents } from './incidents/use-incidents.ts';

/** When the plant was not as usual: on swim lanes, as a list, and each in detail. */
export default function Incidents() {
  const { range, setRange } = useRange('');
  const { first, newest } = useNewest();
  const whole = { from: first, to: Math.max(newest, first + 1_000) };
  const to = range.to === '' ? whole.to : Date.parse(range.to);
  const from = range.from !== '' ? Date.parse(range.from) : range.last !== '' ? to - spanLength(range.last) : Math.min(whole.from, to - 1_000);
  const shown = { from, to };
  const list = useIncidents(streamName.value, `${range.last} ${range.from} ${range.to}`, () =>
    range.from === '' && range.to === '' && range.last === '' ? {} : { from, to: range.to === '' ? undefined : to },
  );
  const setSpan = (span: { from: number; to: number }) =>
    setRange(span.from <= whole.from && span.to >= whole.to ? { last: '' } : { from: iso(span.from), to: iso(span.to) });
  return (
    <div class={incidentIdOf(path.value) === undefined ? 'view' : 'view incidents-detail-open'}>
      <PageHead
        title="Incidents"
        hint="Stretches of time in which a detector stayed flagged."
        actions={<RangePicker range={range} onChange={setRange} first={first} newest={newest} />}
      />
      <Shown list={list} shown={shown} whole={whole} newest={newest} onRange={setSpan} />
    </div>
  );
}

interface ShownProps {
  readonly list: Resource<Listed>;
  readonly shown: { readonly from: number; readonly to: number };
  readonly whole: { readonly from: number; readonly to: number };
  readonly newest: number;
  readonly onRange: (span: { from: number; to: number }) => void;
}

function Shown({ list, shown, whole, newest, onRange }: ShownProps) {
  const id = incidentIdOf(path.value);
  const { kind, filter, active } = useIncidentFilter();
  const inRange = useMemo(
    () => (list.data?.incidents ?? []).filter((incident) => overlaps(incident, shown, newest)),
    [list.data, shown.from, shown.to, newest],
  ).map(withMark);
  const found = inRange.filter((incident) => matches(incident, filter, newest));
  const query = queryText(place.value.query);
  const hrefOf = (incident: ApiIncident) => `/incidents/${encodeURIComponent(incident.id)}${query}`;
  const known = list.data?.incidents.find((incident) => incident.id === id);

  const step = (by: 1 | -1) => {
    const at = found.findIndex((incident) => incident.id === id);
    const next = at === -1 ? found[0] : found[at + by];
    if (next) navigate(hrefOf(next));
  };
  useShortcut('j', 'Next incident of the list', () => step(1));
  useShortcut('k', 'Previous incident of the list', () => step(-1));

  return (
    <Loaded resource={list} skeleton={<Skeleton height={420} />}>
      {({ more, incidents }) => (
        <>
          <LaneCard
            incidents={found}
            kind={kind}
            detector={filter.detector}
            range={shown}
            whole={whole}
            now={newest}
            selected={id}
            hrefOf={hrefOf}
            onRange={onRange}
          />
          <IncidentFilters incidents={inRange} />
          {more ? <p class="hint">Only the newest {formatCount(mostIncidents)} of this range are here. A shorter range shows the others.</p> : null}
          <NewIncident filter={filter} />
          <div class={id === undefined ? 'incidents-layout' : 'incidents-layout incidents-layout-detail'}>
            <section class="card incidents-list-card" aria-label="List of incidents">
              <p class="hint" role="status">
                {count(found, inRange)}
              </p>
              {found.length > 0 ? (
                <IncidentList incidents={found} selected={id} now={newest} hrefOf={hrefOf} />
              ) : incidents.length === 0 ? (
                <EmptyState title="No incidents in this range" icon="check">
                  Nothing stayed flagged long enough to be one. They appear here as they open.
                </EmptyState>
              ) : (
                <EmptyState title={inRange.length === 0 ? 'No incidents in this range' : 'No incident passes the filters'} icon="search">
                  {active > 0 ? <Button onClick={clearFilter}>Clear filters</Button> : 'A longer range, or every detector, may show some.'}
                </EmptyState>
              )}
            </section>
            {id === undefined ? null : (
              <IncidentDetail id={id} known={known && withMark(known)} now={newest} hrefOf={hrefOf} backHref={`/incidents${query}`} onStep={step} />
            )}
          </div>
        </>
      )}
    </Loaded>
  );
}

function count(found: readonly ApiIncident[], inRange: readonly ApiIncident[]): string {
  const open = found.filter((incident) => incident.open).length;
  const all = found.length === inRange.length ? `${found.length}` : `${found.length} of ${inRange.length}`;
  return `${all} ${inRange.length === 1 ? 'incident' : 'incidents'}${open > 0 ? `, ${open} open` : ''}`;
}
