import type { Incident } from '../core/incident.ts';
import type { IncidentMark } from '../core/incident-mark.ts';
import type { MarkFigures } from './evaluation.ts';

type Told = Pick<Incident, 'id' | 'start' | 'end'>;

/**
 * Incidents of one method held against what people marked, whoever's incidents they marked: its own mark says what an incident was;
 * without one, the marks do of incidents that share time with it, of which a true alarm outweighs false ones.
 *
 * @param marks those within the rows that the incidents are of
 * @example
 * const marks = [{ incident: 'a', from: 10n, to: 20n, alarm: 'true', note: '' }, { incident: 'b', from: 50n, to: 60n, alarm: 'false', note: '' }];
 * againstMarks([{ id: 'c', start: 18n, end: 25n }, { id: 'd', start: 90n, end: 95n }], marks).unmarked; // 1
 */
export function againstMarks(incidents: readonly Told[], marks: readonly IncidentMark[]): MarkFigures {
  const counts = { true: 0, false: 0, unmarked: 0 };
  for (const incident of incidents) counts[alarmOf(incident, marks) ?? 'unmarked']++;
  const real = marks.filter(({ alarm }) => alarm === 'true');
  return {
    incidents: incidents.length,
    ...counts,
    precision: counts.true / (counts.true + counts.false),
    found: real.filter((mark) => incidents.some((incident) => shareTime(incident, mark))).length,
    toFind: real.length,
  };
}

/** Over several files: all incidents together. */
export function sumOfMarks(all: readonly MarkFigures[]): MarkFigures {
  const sum = (of: (figures: MarkFigures) => number): number => all.reduce((total, figures) => total + of(figures), 0);
  const [right, wrong] = [sum((each) => each.true), sum((each) => each.false)];
  const labelled = sum(({ byLabels }) => byLabels?.incidents ?? 0);
  const rightByLabels = sum(({ byLabels }) => byLabels?.true ?? 0);
  return {
    ...{ incidents: sum(({ incidents }) => incidents), true: right, false: wrong, unmarked: sum(({ unmarked }) => unmarked) },
    ...{ precision: right / (right + wrong), found: sum(({ found }) => found), toFind: sum(({ toFind }) => toFind) },
    ...(all.some(({ byLabels }) => byLabels) ? { byLabels: { incidents: labelled, true: rightByLabels, precision: rightByLabels / labelled } } : {}),
  };
}

function alarmOf(incident: Told, marks: readonly IncidentMark[]): 'true' | 'false' | undefined {
  const own = marks.find((mark) => mark.incident === incident.id);
  if (own) return own.alarm;
  const beside = marks.filter((mark) => shareTime(incident, mark));
  return beside.some(({ alarm }) => alarm === 'true') ? 'true' : beside[0]?.alarm;
}

function shareTime({ start, end }: Told, { from, to }: IncidentMark): boolean {
  return start <= to && end >= from;
}
