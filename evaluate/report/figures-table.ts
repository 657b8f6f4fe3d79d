import type { Figures, MethodEvaluation } from '../evaluation.ts';
import { type Html, html, named } from './html.ts';
import { amount, duration, percent, ratio } from './number-text.ts';

/** A method's figures at one threshold, beside those that need none. */
export interface Line {
  readonly name: string;
  readonly kind: MethodEvaluation['kind'];
  readonly aucPr: number;
  readonly aucRoc: number;
  readonly figures: Figures;
  /** Said where the threshold is one that the reader does not know. */
  readonly threshold?: number;
}

interface Figure {
  readonly head: string;
  /** Said in full, for whom the abbreviation says nothing. */
  readonly full: string;
  readonly of: (line: Line) => number;
  readonly show: (x: number) => Html;
  /** The best is marked: only of figures that are not won by flagging everything, or nothing. */
  readonly marked?: true;
  /** Its head may take two lines. */
  readonly long?: true;
}

const columns: readonly Figure[] = [
  { head: 'AUC-PR', full: 'area under the precision-recall curve', of: (line) => line.aucPr, show: ratio, marked: true },
  { head: 'AUC-ROC', full: 'area under the ROC curve', of: (line) => line.aucRoc, show: ratio, marked: true },
  { head: 'Precision', full: 'precision', of: (line) => line.figures.precision, show: ratio },
  { head: 'Recall', full: 'recall', of: (line) => line.figures.recall, show: ratio },
  { head: 'F1', full: 'harmonic mean of precision and recall', of: (line) => line.figures.f1, show: ratio, marked: true },
  { head: 'FAR', full: 'false alarm rate', of: (line) => line.figures.far, show: percent },
  { head: 'MAR', full: 'missed alarm rate', of: (line) => line.figures.mar, show: percent },
  { head: 'Event recall', full: 'events within which an incident begins', of: (line) => line.figures.eventRecall, show: percent, long: true },
  { head: 'Delay', full: 'mean time from the beginning of an event to that of its first incident', of: (line) => line.figures.delaySeconds, show: duration },
  {
    head: 'False incidents / day',
    full: 'incidents outside events, in a day of rows',
    of: (line) => line.figures.falseIncidentsPerDay,
    show: amount,
    long: true,
  },
];

const groups: readonly { readonly kind: MethodEvaluation['kind']; readonly title: string }[] = [
  { kind: 'detector', title: 'Detectors' },
  { kind: 'combination', title: 'Combinations' },
  { kind: 'baseline', title: 'Baselines: what is reached without looking at the data' },
];

/** One row a method, the best of each column in bold; baselines stand apart and are never best. */
export function figuresTable(id: string, caption: Html, lines: readonly Line[]): Html {
  const rivals = lines.filter(({ kind }) => kind !== 'baseline');
  const best = columns.map(({ of, marked }) => (marked && rivals.length > 1 ? largestOf(rivals.map(of)) : Number.NaN));
  const withThreshold = lines.some(({ threshold }) => threshold !== undefined);
  const width = columns.length + (withThreshold ? 3 : 2);
  return scrollBox(
    id,
    html`<table class="figures">
<caption id="${id}"><span>${caption}</span></caption>
<thead><tr><th scope="col">Method</th>${columns.map(({ head, full, long }) => html`<th scope="col" title="${full}"${long ? html` class="long"` : undefined}>${head}</th>`)}${withThreshold ? html`<th scope="col" title="in units of the method's own error level">Threshold</th>` : undefined}<th scope="col" class="aside long" title="F1 with every event that has one flagged row counted as flagged from end to end">Point-adjusted F1</th></tr></thead>
${groups.map(({ kind, title }) => {
  const members = lines.filter((line) => line.kind === kind);
  if (members.length === 0) return undefined;
  return html`<tbody><tr><th scope="rowgroup" colspan="${width}"><span>${title}</span></th></tr>
${members.map(
  (
    line,
  ) => html`<tr><th scope="row">${named(line.name)}</th>${columns.map(({ of, show }, c) => html`<td${kind !== 'baseline' && of(line) === best[c] ? html` class="best"` : undefined}>${show(of(line))}</td>`)}${withThreshold ? html`<td>${amount(line.threshold ?? Number.NaN)}</td>` : undefined}<td class="aside">${ratio(line.figures.pointAdjusted.f1)}</td></tr>
`,
)}</tbody>
`;
})}</table>`,
  );
}

/** A box of its own to scroll in, which the keyboard reaches. */
export function scrollBox(labelledBy: string, table: Html): Html {
  return html`<div class="scroll" role="region" tabindex="0" aria-labelledby="${labelledBy}">${table}</div>`;
}

/** NaN where there is no figure, or where all are alike. */
export function largestOf(figures: readonly number[]): number {
  const known = figures.filter(Number.isFinite);
  const largest = Math.max(...known);
  return known.length === 0 || largest === Math.min(...known) ? Number.NaN : largest;
}
