import type { ApiIncident, ApiStream } from '../../../../serve/api.ts';
import type { Status } from '../../components/status-mark.tsx';

export interface StageState {
  /** Null: tags that no stage was named for. */
  readonly stage: string | null;
  readonly status: Status;
  readonly tags: number;
  /** Tags of open incidents, those with the largest share first. */
  readonly suspects: readonly { readonly tag: string; readonly above: boolean }[];
  readonly incidents: readonly ApiIncident[];
}

/** A tag with less of an incident's peak than this is there by chance, unless it has the most. */
const telling = 0.1;

/** An incident that reached the error level, or only the one for warnings. */
export const severity = (incident: ApiIncident): Status => (incident.peak.grade >= 1 ? 'error' : 'warning');

/** Tags that an incident is about: those with a telling share of its peak, or the one with the most. */
export function suspectsOf({ tags }: ApiIncident): ApiIncident['tags'] {
  const sorted = tags.toSorted((a, b) => Math.abs(b.share) - Math.abs(a.share));
  return sorted.filter(({ share }, index) => index === 0 || Math.abs(share) >= telling);
}

/**
 * The stages of a stream in the order of its tags, each as the worst of the open incidents that are about one of its tags; OK
 * without one, undefined where there are no verdicts yet.
 */
export function stageStates(tags: ApiStream['tags'], open: readonly ApiIncident[], hasVerdicts: boolean): StageState[] {
  const states = new Map<string | null, { tags: number; suspects: Map<string, number>; incidents: ApiIncident[] }>();
  const stageOf = new Map(tags.map(({ name, stage }) => [name, stage]));
  for (const { stage } of tags) {
    const state = states.get(stage) ?? { tags: 0, suspects: new Map(), incidents: [] };
    state.tags++;
    states.set(stage, state);
  }
  for (const incident of open) {
    for (const { tag, share } of suspectsOf(incident)) {
      const state = states.get(stageOf.get(tag) ?? null);
      if (state === undefined) continue;
      if (!state.incidents.includes(incident)) state.incidents.push(incident);
      const known = state.suspects.get(tag) ?? 0;
      if (Math.abs(share) > Math.abs(known)) state.suspects.set(tag, share);
    }
  }
  return [...states].map(([stage, { tags: count, suspects, incidents }]) => ({
    stage,
    tags: count,
    incidents,
    status: incidents.some((one) => severity(one) === 'error') ? 'error' : incidents.length > 0 ? 'warning' : hasVerdicts ? 'ok' : 'undefined',
    suspects: [...suspects].sort(([, a], [, b]) => Math.abs(b) - Math.abs(a)).map(([tag, share]) => ({ tag, above: share >= 0 })),
  }));
}
