import type { Incident } from '../core/incident.ts';
import { type IncidentMark, incidentMarks } from '../core/incident-mark.ts';
import { againstMarks } from '../evaluate/marks.ts';
import { marksText } from './evaluation-text.ts';
import { openStored } from './stored.ts';
import { terminalWidth } from './text-table.ts';

/** Incidents of a stream, and what people marked of them. */
export interface Marked {
  /** For people: whose. */
  readonly name: string;
  readonly marks: readonly IncidentMark[];
  readonly incidents: readonly Incident[];
}

/**
 * What is stored of the stream of a pipeline file.
 * @param set of those the ones that say which store and stream
 * @throws what the store throws when it cannot be read
 */
export async function openMarks(file: string, set: readonly string[] = []): Promise<Marked> {
  const { store, stream } = await openStored(file, { set: set.filter((expression) => /^(store|stream)[.=]/.test(expression)) });
  try {
    if (!stream) return { name: file, marks: [], incidents: [] };
    const of = { stream: stream.stream };
    return { name: `${file}, stream ${stream.stream}`, marks: incidentMarks(await store.annotations(of)), incidents: await store.incidents(of) };
  } finally {
    await store.close();
  }
}

/** The stored incidents against their marks, detector by detector: for a plant that nobody has labelled. */
export async function storedMarksText({ name, marks, incidents }: Marked, { json = false }: { readonly json?: boolean }): Promise<string> {
  const detectors = [...new Set(incidents.map(({ detector }) => detector))].sort();
  const methods = detectors.map((detector) => {
    const own = incidents.filter((incident) => incident.detector === detector);
    return { name: detector, marks: againstMarks(own, marks) };
  });
  return json ? `${JSON.stringify({ marks: name, methods })}\n` : marksText(`Stored incidents against the marks of ${name}`, methods, terminalWidth());
}
