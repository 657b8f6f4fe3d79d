import type { ApiIncident } from '../../../../serve/api.ts';

/** An incident for tests; start and end in minutes since 1970. */
export function incidentOf(id: string, start: number, end: number, { stage, ...over }: Partial<ApiIncident> & { stage?: string } = {}): ApiIncident {
  const at = (minutes: number) => new Date(minutes * 60_000).toISOString();
  return {
    id,
    stream: 'plant',
    detector: 'combined',
    start: at(start),
    end: at(end),
    open: false,
    rows: 1,
    peak: { time: at(start), score: 1, grade: 1 },
    causes: [],
    tags: [],
    stages: stage === undefined ? [] : [{ stage, share: 1 }],
    mark: null,
    ...over,
  };
}
