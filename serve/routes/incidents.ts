import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { quote } from '../../core/errors.ts';
import type { Incident } from '../../core/incident.ts';
import type { IncidentsQuery } from '../../core/store.ts';
import { type IncidentDetail, incidentDetail, incidents, incidentsQuery, markBody } from '../api.ts';
import { shownTime, timeOf } from '../asked-range.ts';
import { endpoint } from '../endpoint.ts';
import type { ServedStore } from '../ports.ts';
import { Refusal } from '../problem.ts';
import { type Mark, markAnnotation, marksOf, sharesOf, shownIncident } from '../shown-incident.ts';
import type { Api } from './api.ts';

const idParams = z.strictObject({ id: z.string().min(1).max(200).describe('Id of the incident.') });

/** What went wrong, and what people think of it. */
export function incidentRoutes(app: FastifyInstance, { store, streams, hub, queries: queue }: Api): void {
  const shown = async (incident: Incident, mark: Mark | undefined) => shownIncident(incident, await streams.schemaOf(incident.stream), mark);

  const listed = { method: 'GET', url: '/api/incidents', summary: 'The newest incidents, in the order of their starts.', query: incidentsQuery, answer: incidents, queue } as const; // biome-ignore format: one line
  endpoint(app, listed, async ({ query }) => {
    const { from, to, open, limit, stream, detector } = query;
    if (stream !== undefined) await streams.find(stream);
    const asked: IncidentsQuery = {
      ...(stream === undefined ? {} : { stream }),
      ...(detector === undefined ? {} : { detector }),
      ...(from === undefined ? {} : { from: timeOf('from', from) }),
      ...(to === undefined ? {} : { to: timeOf('to', to) }),
      ...(open === undefined ? {} : { open: open === 'true' }),
    };
    const reader = await store();
    const found = await reader.incidents({ ...asked, limit: limit + 1, last: true });
    const marks = await marksOf(reader, stream);
    const kept = found.slice(-limit);
    return { incidents: await Promise.all(kept.map((incident) => shown(incident, marks.get(incident.id)))), more: found.length > limit };
  });

  const single = { method: 'GET', url: '/api/incidents/:id', summary: 'One incident in full.', params: idParams, answer: incidentDetail, queue } as const;
  endpoint(app, single, async ({ params }): Promise<IncidentDetail> => {
    const reader = await store();
    const incident = await findIncident(reader, params.id);
    const { stream, start, end } = incident;
    const { detectors } = await streams.find(stream);
    const [marks, { detectors: judged }] = await Promise.all([marksOf(reader, stream), reader.agreement({ stream, detectors, from: start, to: end + 1n })]);
    return {
      ...(await shown(incident, marks.get(incident.id))),
      contributions: sharesOf(incident, await streams.schemaOf(stream)),
      agreed: judged.map(({ detector, judged: rows, flagged, first, worst }) => ({
        ...{ detector, rows, flagged, first: shownTime(first), worst: Number.isFinite(worst) ? worst : null },
      })),
    };
  });

  const marked = async (id: string, mark: Mark | undefined): Promise<void> => {
    const reader = await store();
    const incident = await findIncident(reader, id);
    await reader.annotate(markAnnotation(incident, mark));
    await hub.marked(incident, mark);
  };
  const path = '/api/incidents/:id/mark';
  const put = { method: 'PUT', url: path, summary: 'Says whether an incident was a true alarm; used by `sluice evaluate`.', params: idParams, body: markBody } as const; // biome-ignore format: one line
  endpoint(app, put, ({ params, body }) => marked(params.id, body));
  endpoint(app, { method: 'DELETE', url: path, summary: 'Takes that back.', params: idParams }, ({ params }) => marked(params.id, undefined));
}

/** @throws Refusal 404 */
async function findIncident(reader: ServedStore, id: string): Promise<Incident> {
  const [incident] = await reader.incidents({ id });
  if (incident) return incident;
  throw new Refusal(404, 'NOT_FOUND', `there is no incident ${quote(id)}`, { place: 'id', fix: '/api/incidents tells which there are.' });
}
