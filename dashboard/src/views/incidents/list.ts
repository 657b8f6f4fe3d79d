import type { ApiIncident } from '../../../../serve/api.ts';
import { type Span, spanOf } from './lanes.ts';

export type MarkFilter = 'unmarked' | 'marked' | 'true' | 'false';

/** What an incident must have to be shown; what is absent is not asked for. */
export interface IncidentFilter {
  readonly detector?: string | undefined;
  /** Takes part in the peak with a tenth of it or more. */
  readonly stage?: string | undefined;
  /** Among the tags that carry most of the peak. */
  readonly tag?: string | undefined;
  readonly state?: 'open' | 'closed' | undefined;
  readonly mark?: MarkFilter | undefined;
  /** Seconds from start to end at least. */
  readonly length?: number | undefined;
}

/** Share of the peak from which on a stage counts as taking part. */
const partOfStage = 0.1;

export function matches(incident: ApiIncident, filter: IncidentFilter, now: number): boolean {
  const { from, to } = spanOf(incident, now);
  return (
    (filter.detector === undefined || incident.detector === filter.detector) &&
    (filter.stage === undefined || incident.stages.some(({ stage, share }) => stage === filter.stage && Math.abs(share) >= partOfStage)) &&
    (filter.tag === undefined || incident.tags.some(({ tag }) => tag === filter.tag)) &&
    (filter.state === undefined || incident.open === (filter.state === 'open')) &&
    (filter.mark === undefined || hasMark(incident, filter.mark)) &&
    (filter.length === undefined || to - from >= filter.length * 1000)
  );
}

function hasMark({ mark }: ApiIncident, asked: MarkFilter): boolean {
  if (asked === 'unmarked') return mark === null;
  return asked === 'marked' ? mark !== null : mark?.alarm === asked;
}

/** Whether any of it lies in [from, to). */
export function overlaps(incident: ApiIncident, range: Span, now: number): boolean {
  const { from, to } = spanOf(incident, now);
  return from < range.to && to >= range.from;
}
