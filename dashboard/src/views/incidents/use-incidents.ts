import { useState } from 'preact/hooks';
import type { ApiIncident } from '../../../../serve/api.ts';
import { getIncidents } from '../../api.ts';
import { useIncidentChanges } from '../../live-feed.ts';
import { type Resource, useResource } from '../../resource.ts';
import { iso } from '../../time.ts';

/** So many are asked for at most; a shorter range shows the others. */
export const mostIncidents = 1_000;

export interface IncidentList {
  /** Newest first. */
  readonly incidents: readonly ApiIncident[];
  /** There are older ones in the range. */
  readonly more: boolean;
}

interface Loaded extends IncidentList {
  readonly asked: number;
}

/**
 * A stream's incidents, kept up to date by the live feed.
 *
 * @param key changes when they have to be asked for again
 * @param bounds of event time in milliseconds, as they are when they are asked for
 */
export function useIncidents(stream: string, key: string, bounds: () => { from?: number | undefined; to?: number | undefined }): Resource<IncidentList> {
  const [changes, setChanges] = useState<ReadonlyMap<string, { incident: ApiIncident; at: number }>>(new Map());
  const resource = useResource<Loaded>(stream === '' ? null : `incidents ${stream} ${key}`, async (abort) => {
    const asked = performance.now();
    const { from, to } = bounds();
    const query = { stream, limit: mostIncidents, ...(from === undefined ? {} : { from: iso(from) }), ...(to === undefined ? {} : { to: iso(to) }) };
    return { ...(await getIncidents(query, abort)), asked };
  });
  useIncidentChanges(({ incident }) => {
    if (incident.stream === stream) setChanges((known) => new Map(known).set(incident.id, { incident, at: performance.now() }));
  });
  if (resource.data === undefined) return resource;
  return { ...resource, data: { more: resource.data.more, incidents: merge(resource.data, changes) } };
}

/** Only what came after the list was asked for: the list has the rest, and may be newer. */
function merge({ incidents, asked }: Loaded, changes: ReadonlyMap<string, { incident: ApiIncident; at: number }>): ApiIncident[] {
  const byId = new Map(incidents.map((incident) => [incident.id, incident]));
  for (const [id, { incident, at }] of changes) if (at >= asked) byId.set(id, incident);
  return [...byId.values()].sort((a, b) => Date.parse(b.start) - Date.parse(a.start) || a.detector.localeCompare(b.detector));
}
