import { signal } from '@preact/signals';
import type { ApiIncident } from '../../../../serve/api.ts';
import { type ApiError, markIncident, unmarkIncident } from '../../api.ts';
import { onIncident } from '../../live-feed.ts';
import { asApiError } from '../../resource.ts';

export type Mark = NonNullable<ApiIncident['mark']>;

/** What somebody at this page has just made of an incident. */
interface Change {
  readonly mark: Mark | null;
  readonly state: 'saving' | 'saved' | 'failed';
  readonly error?: ApiError;
}

const changes = signal<ReadonlyMap<string, Change>>(new Map());

function put(id: string, change: Change | undefined): void {
  const next = new Map(changes.peek());
  if (change === undefined) next.delete(id);
  else next.set(id, change);
  changes.value = next;
}

// What the server tells of an incident's mark, set here or by somebody else, is newer than what was set here.
onIncident(({ change, incident }) => {
  if (change === 'marked' && changes.peek().get(incident.id)?.state !== 'saving') put(incident.id, undefined);
});

/** An incident's mark as it is to be shown, at once after it was set; `error` when it could not be kept. */
export function markOf(incident: ApiIncident): { mark: Mark | null; saving: boolean; error: ApiError | undefined } {
  const change = changes.value.get(incident.id);
  if (change === undefined || change.state === 'failed') return { mark: incident.mark, saving: false, error: change?.error };
  return { mark: change.mark, saving: change.state === 'saving', error: undefined };
}

/** The incident with the mark that is to be shown. */
export function withMark(incident: ApiIncident): ApiIncident {
  const { mark } = markOf(incident);
  return mark === incident.mark ? incident : { ...incident, mark };
}

/** Marks an incident, or takes its mark away (null). @returns whether the server has kept it */
export async function setMark(id: string, mark: Mark | null): Promise<boolean> {
  put(id, { mark, state: 'saving' });
  try {
    await (mark === null ? unmarkIncident(id) : markIncident(id, mark));
    put(id, { mark, state: 'saved' });
    return true;
  } catch (error) {
    put(id, { mark, state: 'failed', error: asApiError(error) });
    return false;
  }
}

/** The failure has been seen. */
export const forgetFailure = (id: string): void => put(id, undefined);
