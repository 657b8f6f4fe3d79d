import { useState } from 'preact/hooks';
import type { ApiIncident } from '../../serve/api.ts';
import { getIncidents } from './api.ts';
import type { ChartRegion, TimeRange } from './charts/types.ts';
import { useIncidentChanges, withChange } from './live-feed.ts';
import { type Resource, useResource } from './resource.ts';
import { instant, iso } from './time.ts';

/** So many are asked for at most. */
const most = 500;

/**
 * Incidents of a stream that overlap a stretch of time, kept up to date by the live feed. More than the stretch is asked for, so that
 * one that moves is not asked for anew each time.
 */
export function useIncidents(stream: string, range: TimeRange | null): { incidents: readonly ApiIncident[]; resource: Resource<unknown> } {
  const step = range === null ? 1 : 2 ** Math.ceil(Math.log2(Math.max(range.to - range.from, 60_000)));
  const from = range === null ? null : (Math.floor(range.from / step) - 1) * step;
  const [incidents, setIncidents] = useState<readonly ApiIncident[]>([]);
  const resource = useResource(from === null ? null : `incidents ${stream} ${from}`, async (abort) => {
    const { incidents: found } = await getIncidents({ stream, from: iso(from!), limit: most }, abort);
    setIncidents(found);
    return found;
  });
  useIncidentChanges((change) => {
    if (change.incident.stream === stream) setIncidents((known) => withChange(known, change));
  });
  return { incidents, resource };
}

/** An incident as a stretch of a chart, named by the tag that did most. */
function regionOf({ id, start, end, open, tags }: ApiIncident): ChartRegion {
  return { id, from: instant(start), to: open ? null : instant(end), label: tags[0]?.tag ?? 'incident', tone: 'error' };
}

/** Incidents by detector, as stretches of its charts, in time order. */
export function regionsOf(incidents: readonly ApiIncident[]): Map<string, ChartRegion[]> {
  const found = new Map<string, ChartRegion[]>();
  for (const incident of incidents) {
    const known = found.get(incident.detector);
    if (known === undefined) found.set(incident.detector, [regionOf(incident)]);
    else known.push(regionOf(incident));
  }
  for (const regions of found.values()) regions.sort((a, b) => a.from - b.from);
  return found;
}

/** Incidents of several detectors as stretches of one chart, named by the detector too where there are several. */
export function joinedRegions(regions: ReadonlyMap<string, readonly ChartRegion[]>, detectors: readonly string[]): ChartRegion[] {
  const named = (detector: string) => (region: ChartRegion) => (detectors.length === 1 ? region : { ...region, label: `${detector}: ${region.label}` });
  return detectors.flatMap((detector) => (regions.get(detector) ?? []).map(named(detector))).sort((a, b) => a.from - b.from);
}
