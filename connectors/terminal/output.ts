import { z } from 'zod';
import { defineOutput, type Output, type OutputContext } from '../../core/component.ts';
import { type Incident, type TagShare, topTags } from '../../core/incident.ts';
import { printable, showScore, showShare } from '../../core/shown.ts';
import { formatDuration, formatTime, nanosPerMilli } from '../../core/time.ts';
import { topContributions } from '../../core/verdict.ts';

type Change = 'opened' | 'continued' | 'closed';

/** Incidents as they happen, for whoever looks at the terminal: a line when one opens, a line when it closes. */
export default defineOutput({
  type: 'terminal',
  summary: 'Prints incidents as they happen: when, which detector, how bad, and which tags did it.',
  fails: 'Prints an incident again after a crash: delivery is at least once. Growth between opening and closing is not told.',
  options: z.strictObject({
    detectors: z.array(z.string().min(1)).optional().describe('Detectors and combinations whose incidents are printed; all unless given.'),
    format: z.enum(['text', 'jsonl']).default('text').describe('`text`: a line for people. `jsonl`: a JSON object per line.'),
    tags: z.int().min(0).max(topContributions).default(3).describe('Tags named per incident, largest share first.'),
  }),
  create({ detectors, format, tags }, context): Output {
    const wanted = detectors && new Set(detectors);
    // Those that were printed as open: one that is merged with a closed one goes on under its old id.
    const open = new Set<string>();
    const print = format === 'jsonl' ? jsonLine : textLine;
    return {
      async incident(incident, change, schema) {
        if (wanted && !wanted.has(incident.detector)) return;
        if (change === 'updated' && (!incident.open || open.has(incident.id))) return;
        if (change === 'closed') open.delete(incident.id);
        else open.add(incident.id);
        context.print(print(incident, change === 'updated' ? 'continued' : change, topTags(incident, schema, tags), context));
      },
      async close() {},
    };
  },
});

function textLine(incident: Incident, change: Change, tags: readonly TagShare[], { stream, colour }: OutputContext): string {
  const paint = (code: number, text: string): string => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);
  const { detector, start, end, rows, peakTime, peakGrade } = incident;
  const name = printable(incident.stream === stream ? detector : `${incident.stream}/${detector}`);
  if (change === 'closed') {
    const length = formatDuration(Number((end - start) / nanosPerMilli));
    return `${formatTime(end)} ${name} ${paint(green, 'closed')} after ${length}, ${count(rows)}, peak ${worst(incident)} at ${formatTime(peakTime)}${because(incident, tags)}`;
  }
  const verb = paint(peakGrade >= 1 ? red : yellow, change === 'opened' ? 'INCIDENT' : 'INCIDENT goes on');
  return `${formatTime(change === 'opened' ? start : end)} ${name} ${verb} ${worst(incident)}${because(incident, tags)}`;
}

function jsonLine(
  { id, stream, detector, start, end, open, rows, peakTime, peakScore, peakGrade, causes }: Incident,
  change: Change,
  tags: readonly TagShare[],
): string {
  const times = { start: formatTime(start), end: formatTime(end), peakTime: formatTime(peakTime) };
  return JSON.stringify({ event: `incident-${change}`, id, stream, detector, ...times, open, rows, peakScore, peakGrade, causes, tags });
}

const red = 31;
const green = 32;
const yellow = 33;

const count = (rows: number): string => `${rows} ${rows === 1 ? 'row' : 'rows'}`;

/** In the detector's own units; the grade is 1 in nearly every incident. */
function worst({ peakScore }: Incident): string {
  return `score ${showScore(peakScore) || '?'}`;
}

/** `: LIT101 ↑ 62 %, P102 ↓ 20 %, by var and knn`: above or below what was expected, and part of the score. */
function because({ causes, detector }: Incident, tags: readonly TagShare[]): string {
  const named = tags.map(showShare);
  const others = causes.filter((cause) => cause !== detector);
  const parts = [...named, ...(others.length > 0 ? [`by ${printable(others.join(' and '))}`] : [])];
  return parts.length > 0 ? `: ${parts.join(', ')}` : '';
}
