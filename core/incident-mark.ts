import type { Annotation } from './store.ts';

/** What people say of an incident. */
export interface IncidentMark {
  /** Id of the incident. */
  readonly incident: string;
  /** Its time when it was marked. */
  readonly from: bigint;
  readonly to: bigint;
  /** true: something was wrong with the plant; false: a false alarm. */
  readonly alarm: 'true' | 'false';
  readonly note: string;
}

/**
 * Marks among what people wrote. One that was taken back is an annotation without a judgement.
 * @example
 * const mark = { id: 'mark-7', stream: 'swat', from: 0n, to: 9n, text: 'drill', incident: '7', alarm: 'false' };
 * incidentMarks([mark, { ...mark, id: 'mark-8', incident: '8', alarm: undefined }]).map(({ incident }) => incident); // ["7"]
 */
export function incidentMarks(annotations: readonly Annotation[]): IncidentMark[] {
  return annotations.flatMap(({ incident, from, to, alarm, text }) =>
    incident === undefined || alarm === undefined ? [] : [{ incident, from, to, alarm, note: text }],
  );
}
