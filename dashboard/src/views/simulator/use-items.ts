import { useEffect, useRef, useState } from 'preact/hooks';
import type { ApiIncident, SimulatedItems } from '../../../../serve/api.ts';
import { getIncidents } from '../../api.ts';
import { useIncidentChanges } from '../../live-feed.ts';
import { type Resource, useResource } from '../../resource.ts';
import { getItems } from './items.ts';

/** Time between two looks at the items, ms. */
const lookEvery = 1_000;
/** Values kept of each for its small line. */
const traceLength = 60;

/** The items as they are now, looked at each second while the page is in view, with the last values of each. */
export function useItems(): { resource: Resource<SimulatedItems>; traces: ReadonlyMap<string, readonly number[]>; look: () => void } {
  const [looks, setLooks] = useState(0);
  const resource = useResource(`items ${looks}`, (abort) => getItems(abort));
  const traces = useRef(new Map<string, readonly number[]>());
  const look = () => setLooks((count) => count + 1);
  const answer = resource.data;
  useEffect(() => {
    const running = new Set(answer?.items.map(({ id }) => id));
    for (const id of traces.current.keys()) if (!running.has(id)) traces.current.delete(id);
    for (const { id, last } of answer?.items ?? [])
      if (last !== null) traces.current.set(id, [...(traces.current.get(id) ?? []), last.value].slice(-traceLength));
  }, [answer]);
  const { reloading } = resource;
  useEffect(() => {
    if (reloading) return;
    const timer = setInterval(() => {
      if (!document.hidden) look();
    }, lookEvery);
    return () => clearInterval(timer);
  }, [reloading]);
  return { resource, traces: traces.current, look };
}

/** Incidents that are open, by stream. */
export function useOpenIncidents(): ReadonlyMap<string, ApiIncident> {
  const [open, setOpen] = useState<ReadonlyMap<string, ApiIncident>>(new Map());
  const resource = useResource('open incidents', (abort) => getIncidents({ open: true, limit: 1000 }, abort));
  const { data } = resource;
  useEffect(() => {
    if (data) setOpen(new Map(data.incidents.map((incident) => [incident.stream, incident])));
  }, [data]);
  useIncidentChanges(({ incident }) => {
    setOpen((known) => {
      const next = new Map(known);
      if (incident.open) next.set(incident.stream, incident);
      else if (next.get(incident.stream)?.id === incident.id) next.delete(incident.stream);
      return next;
    });
  });
  return open;
}
