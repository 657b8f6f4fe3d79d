import { printable } from '../core/shown.ts';
import { formatDuration } from '../core/time.ts';
import { commonNotes } from '../evaluate/common-notes.ts';
import type { Evaluation, Figures, FileEvaluation, MarkFigures, MeanFigures } from '../evaluate/evaluation.ts';
import { fittingTable } from './text-table.ts';

const count = (n: number): string => n.toLocaleString('en-US');

/** One file in full; of several each in short and their mean in full. Tables need 80 columns; what does not fit the width is cut. */
export function evaluationText({ pipeline, training, files, mean, marks }: Evaluation, width = Number.POSITIVE_INFINITY): string {
  const [first] = files;
  const common = commonNotes(files);
  const ownTraining = new Set(files.map((file) => file.training)).size > 1;
  const head = `${printable(pipeline)}, trained on ${printable(training)}\n${common.map((note) => `  note on all ${files.length} files: ${printable(note)}\n`).join('')}`;
  const body =
    files.length === 1
      ? `${headOf(first)}\n${inFull(mean, width)}${eventsText(first, width)}`
      : `${files.map((file) => `${headOf(file, common, ownTraining)}${ownTable(file.methods, width)}`).join('\n')}\nMean over ${files.length} files\n${inFull(mean, width)}`;
  const against = marks === undefined ? '' : `\n${marksText(`Incidents against the marks of ${printable(marks)}`, mean, width)}`;
  return `${head}\n${body}${against}\n${legend}`;
}

/** Incidents of each method against what people marked: a table, and how to read it. */
export function marksText(
  title: string,
  methods: readonly { readonly name: string; readonly marks?: MarkFigures }[],
  width = Number.POSITIVE_INFINITY,
): string {
  const marked = methods.flatMap(({ name, marks }) => (marks ? [{ name, ...marks }] : []));
  if (marked.length === 0) return `${title}: no method has any\n`;
  const labelled = marked.some(({ byLabels }) => byLabels);
  const rows = marked.map(({ name, incidents, unmarked, precision, byLabels, found, toFind, ...counts }) => [
    name,
    ...[incidents, counts.true, counts.false, unmarked].map((n) => count(n).padStart(9)),
    ratio(precision).padStart(9),
    ...(labelled ? [ratio(byLabels?.precision ?? Number.NaN).padStart(9)] : []),
    `${found} of ${toFind}`,
  ]);
  const head = ['METHOD', 'INCIDENTS', '     TRUE', '    FALSE', ' UNMARKED', 'PRECISION', ...(labelled ? ['BY LABELS'] : []), 'FOUND'];
  return `${title}\n${fittingTable(head, rows, { width }).text}\n${marksLegend(labelled)}`;
}

function marksLegend(labelled: boolean): string {
  return `TRUE, FALSE: incidents that were marked as such an alarm, or share time with one
             that was, whoever's; PRECISION: TRUE of both. UNMARKED ones count for
             nothing: nobody has judged them
${labelled ? "BY LABELS    precision of all incidents by the file's labels\n" : ''}FOUND        of the incidents marked as true alarms, at how many it has one
`;
}

const legend = `EVENT  share of events within which an incident begins; one that was going on
       before does not count
DELAY  from an event's beginning to that of its first incident
FALSE/D  false incidents a day
ADJ-F1  point-adjusted, own threshold: one flagged row counts for its whole
        event; never to be read alone
AUC is of the calibrated score. The oracle's threshold is found with the labels:
a bound, no result.
`;

function headOf(evaluation: FileEvaluation, said: readonly string[] = [], ownTraining = false): string {
  const { file, labels, training, rows, anomalousRows, events, from, to, intervalSeconds, notes } = evaluation;
  const apart = Number.isNaN(intervalSeconds) ? '' : `, ${formatDuration(intervalSeconds * 1000)} apart`;
  const share = ((100 * anomalousRows) / rows).toFixed(1);
  return [
    `${printable(file)}  labels: ${printable(labels)}`,
    `  ${count(rows)} ${rows === 1 ? 'row' : 'rows'} from ${from} to ${to}${apart}`,
    `  ${count(anomalousRows)} anomalous (${share} %) in ${count(events.length)} ${events.length === 1 ? 'event' : 'events'}`,
    ...(ownTraining ? [`  trained on ${printable(training)}`] : []),
    ...notes.filter((note) => !said.includes(note)).map((note) => `  note: ${printable(note)}`),
    '',
  ].join('\n');
}

type Row = Pick<MeanFigures, 'name' | 'aucPr' | 'aucRoc'> & { readonly own: Figures; readonly oracle: Figures };

function inFull(methods: readonly Row[], width: number): string {
  return `At the threshold learned without labels\n${ownTable(methods, width)}\nRanking, and at the oracle's threshold\n${oracleTable(methods, width)}`;
}

function ownTable(methods: readonly Row[], width: number): string {
  return table(
    methods,
    {
      'AUC-PR': ({ aucPr }) => ratio(aucPr),
      PREC: ({ own }) => ratio(own.precision),
      RECALL: ({ own }) => ratio(own.recall),
      F1: ({ own }) => ratio(own.f1),
      FAR: ({ own }) => ratio(own.far),
      EVENT: ({ own }) => ratio(own.eventRecall),
      DELAY: ({ own }) => delay(own.delaySeconds),
      'FALSE/D': ({ own }) => perDay(own.falseIncidentsPerDay),
    },
    width,
  );
}

function oracleTable(methods: readonly Row[], width: number): string {
  return table(
    methods,
    {
      'AUC-PR': ({ aucPr }) => ratio(aucPr),
      'AUC-ROC': ({ aucRoc }) => ratio(aucRoc),
      PREC: ({ oracle }) => ratio(oracle.precision),
      RECALL: ({ oracle }) => ratio(oracle.recall),
      F1: ({ oracle }) => ratio(oracle.f1),
      FAR: ({ oracle }) => ratio(oracle.far),
      'ADJ-F1': ({ own }) => ratio(own.pointAdjusted.f1),
    },
    width,
  );
}

/** Figures to the right, so that their points stand in one line. */
function table(methods: readonly Row[], columns: Readonly<Record<string, (row: Row) => string>>, width: number): string {
  const cells = methods.map((method) => Object.values(columns).map((show) => show(method)));
  const widths = Object.keys(columns).map((name, i) => Math.max(name.length, ...cells.map((row) => row[i].length)));
  const right = (row: readonly string[]): string[] => row.map((cell, i) => cell.padStart(widths[i]));
  return fittingTable(
    ['METHOD', ...right(Object.keys(columns))],
    methods.map(({ name }, m) => [name, ...right(cells[m])]),
    { width },
  ).text;
}

/** What was found of each event by the last combination, or else by the first detector. */
function eventsText({ events, methods }: FileEvaluation, width: number): string {
  const teller = methods.filter(({ kind }) => kind === 'combination').at(-1) ?? methods[0];
  if (events.length === 0) return '';
  const told = events.some(({ description }) => description !== undefined);
  const rows = events.map(({ from, to, start, tags = [], description = '' }, e) => {
    const { flagged, delaySeconds, topTags } = teller.events[e];
    return [
      e + 1,
      start,
      count(to - from).padStart(5),
      `${Math.round((100 * flagged) / (to - from))} %`.padStart(7),
      delay(delaySeconds).padStart(5),
      ...(told ? [attackedText(tags)] : []),
      topTags.slice(0, 3).join(' '),
      ...(told ? [[...(tags.length > 1 ? [tags.join(' ')] : []), description].join(': ')] : []),
    ];
  });
  const head = ['#', 'START', ' ROWS', 'FLAGGED', 'DELAY', ...(told ? ['ATTACKED', 'TOP TAGS', 'WHAT WAS DONE'] : ['TOP TAGS'])];
  return `\nEvents, as ${teller.name} sees them\n${fittingTable(head, rows, { width }).text}`;
}

/** Short, as the tags that were found stand beside it. */
function attackedText(tags: readonly string[]): string {
  return tags.length > 1 ? `${tags[0]} +${tags.length - 1}` : (tags[0] ?? '');
}

function ratio(value: number): string {
  return Number.isNaN(value) ? '-' : value.toFixed(3);
}

function perDay(value: number): string {
  return Number.isNaN(value) ? '-' : value >= 1000 ? value.toFixed(0) : value.toFixed(1);
}

function delay(seconds: number): string {
  if (Number.isNaN(seconds)) return '-';
  if (seconds < 600) return `${seconds < 10 ? Number(seconds.toFixed(1)) : Math.round(seconds)} s`;
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`;
  return seconds < 172_800 ? `${(seconds / 3600).toFixed(1)} h` : `${(seconds / 86_400).toFixed(1)} d`;
}
