import { type Incident, topTags } from '../core/incident.ts';
import { incidentMarks } from '../core/incident-mark.ts';
import type { Schema } from '../core/schema.ts';
import type { Annotation } from '../core/store.ts';
import { formatTime } from '../core/time.ts';
import type { ApiIncident } from './api.ts';
import type { ServedStore } from './ports.ts';

const mostTags = 5;
/** Where tags without a stage are counted. */
const noStage = 'none';

export type Mark = NonNullable<ApiIncident['mark']>;

/** An incident as it is answered. @param schema undefined: of a stream whose tags are not known */
export function shownIncident(incident: Incident, schema: Schema | undefined, mark: Mark | undefined): ApiIncident {
  const { id, stream, detector, start, end, open, rows, peakTime, peakScore, peakGrade, causes } = incident;
  const shares = sharesOf(incident, schema);
  const byStage = new Map<string, number>();
  for (const { stage, share } of shares) byStage.set(stage ?? noStage, (byStage.get(stage ?? noStage) ?? 0) + Math.abs(share));
  const stages = [...byStage].map(([stage, share]) => ({ stage, share })).sort((a, b) => b.share - a.share);
  return {
    ...{ id, stream, detector, start: formatTime(start), end: formatTime(end), open, rows, causes: [...causes] },
    peak: { time: formatTime(peakTime), score: peakScore, grade: peakGrade },
    tags: shares.slice(0, mostTags),
    // Where no tag has a stage there is nothing to tell.
    stages: stages.length === 1 && stages[0].stage === noStage ? [] : stages,
    mark: mark ?? null,
  };
}

/** What each tag contributes to the peak, largest first. */
export function sharesOf(incident: Incident, schema: Schema | undefined): ApiIncident['tags'] {
  if (!schema) return [];
  const stages = new Map(schema.tags.map(({ name, stage }) => [name, stage ?? null]));
  return topTags(incident, schema, schema.tags.length).map(({ tag, share }) => ({ tag, share, stage: stages.get(tag) ?? null }));
}

/** What people said of incidents, by incident. */
export async function marksOf(store: ServedStore, stream?: string): Promise<Map<string, Mark>> {
  const marks = incidentMarks(await store.annotations(stream === undefined ? {} : { stream }));
  return new Map(marks.map(({ incident, alarm, note }) => [incident, { alarm, note }]));
}

/** A mark as it is kept; one that was taken back is an annotation without a judgement. */
export function markAnnotation({ id, stream, start, end }: Incident, mark: Mark | undefined): Annotation {
  return { id: `mark-${id}`, stream, from: start, to: end, text: mark?.note ?? '', incident: id, ...(mark ? { alarm: mark.alarm } : {}) };
}
