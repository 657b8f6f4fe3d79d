import type { Placed } from '../board.ts';
import { carrierSeries, carriers, contributions, counts, grade, incidentCount, incidentsByDetector, incidentTable, lastRow, status } from '../flux.ts';
import { bars, figure, heat, series, statusValues, steps, table, timeline } from '../panels.ts';
import { around, countLooks, incidentLooks, noneOrSome, timeLook, unitLooks } from './looks.ts';

// Panels that several boards show. `detector` is the condition of whose verdicts they are about.

interface Size {
  readonly width?: number;
  readonly height?: number;
}

/** A recording lies in its own time: the newest row of the stream, with a link to its last hour. */
export function newestRow(board: string, { width = 5, height = 4 }: Size = {}): Placed {
  return table({
    title: 'Newest row',
    description: 'When the stream’s newest row was, wherever the range is. The time leads to the hour before it.',
    query: lastRow,
    unit: 'short',
    looks: [
      { name: 'stream', hidden: true },
      { ...timeLook('last', 'newest row'), width: 200, link: { title: 'The hour before it', url: `/d/${board}?${around}&\${__all_variables}` } },
      { name: 'from', hidden: true },
      { name: 'to', hidden: true },
    ],
    width,
    height,
  });
}

export function numberOfIncidents(detector: string, description: string, { width = 3, height = 4 }: Size = {}): Placed {
  return figure({ title: 'Incidents', description, query: incidentCount(detector), unit: 'short', thresholds: noneOrSome, width, height });
}

export function incidentList(detector: string, board: string, { height = 8 }: Size = {}): Placed {
  return table({
    title: 'Incidents, newest first',
    description:
      'Those that reach into the range. The start leads to the time around one, the detector to its board. Top tags: above (↑) or below (↓) what was expected.',
    query: incidentTable(detector),
    unit: 'short',
    looks: incidentLooks(board),
    height,
  });
}

export function incidentsPerDetector(detector: string, { width = 8, height = 8 }: Size = {}): Placed {
  return table({
    title: 'Incidents by detector',
    description: 'How many reach into the range, how many of them are open, and how long they last together.',
    query: incidentsByDetector(detector),
    unit: 'short',
    looks: [
      { name: 'detector', width: 160 },
      { name: 'seconds', title: 'together', unit: 's' },
    ],
    width,
    height,
  });
}

export function verdictCounts(detector: string, { width = 10, height = 8 }: Size = {}): Placed {
  return table({
    title: 'Verdicts',
    description: 'Rows by status. Flagged: the share of warnings and errors. The name leads to the board of the method.',
    query: counts(detector),
    unit: 'short',
    looks: countLooks,
    width,
    height,
  });
}

export function statuses(detector: string, title: string, { width = 24, height = 4 }: Size = {}): Placed {
  return timeline({
    title,
    description: 'The worst verdict of each moment, a line for each detector. Undefined: nothing was learned yet, or a row could not be judged.',
    query: status(detector),
    unit: 'short',
    name: '${__field.labels.detector}',
    mappings: statusValues,
    width,
    height,
  });
}

export function grades(detector: string, { height = 8 }: Size = {}): Placed {
  return series({
    title: 'Grade',
    description: 'The score on the scale that all detectors share: 0 at the median of normal rows, 0.5 a warning, 1 an error.',
    query: grade(detector),
    unit: 'short',
    name: '${__field.labels.detector}',
    min: 0,
    max: 1,
    thresholds: steps('transparent', [0.5, 'orange'], [1, 'red']),
    thresholdLines: true,
    height,
  });
}

/** Which tags it is that made rows flagged. */
export const why = (detector: string): Placed[] => [
  series({
    title: 'The three tags that carried most',
    description: 'Those with the largest shares of the score while flagged, chosen by the range; means of each moment, with the incidents behind.',
    query: carrierSeries(detector),
    unit: 'short',
    looks: unitLooks,
    width: 16,
    height: 9,
  }),
  bars({
    title: 'Tags by share',
    description:
      'Sum of the shares of the score over the moments that were flagged, of the first flagged row of each: where one tag explains all, it has as much as there were moments.',
    query: carriers(detector),
    unit: 'short',
    width: 8,
    height: 9,
  }),
  heat({
    title: 'Contributions',
    description: 'How much of the score each tag carried while flagged: the five largest shares of the first flagged row of each moment.',
    query: contributions(detector),
    unit: 'percentunit',
    name: '${__field.labels.tag}',
    width: 24,
    height: 11,
  }),
];
