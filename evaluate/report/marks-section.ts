import type { MeanFigures } from '../evaluation.ts';
import { scrollBox } from './figures-table.ts';
import { type Html, html, named } from './html.ts';
import { counted, ratio } from './number-text.ts';

/** Incidents against what people marked, beside what the labels say of the same incidents. */
export function marksSection(whose: string, methods: readonly MeanFigures[]): Html {
  const marked = methods.flatMap(({ name, marks }) => (marks ? [{ name, ...marks }] : []));
  return html`<section aria-labelledby="marks"><h2 id="marks">Against marks of people</h2>
<p>Incidents that were marked on the page as a true or a false alarm (${named(whose)}) judge those found here: an incident that shares time with a marked one is
such an alarm, whichever method the mark was made of. Precision is that of the marked incidents alone; those that nobody marked count for nothing.</p>
${scrollBox(
  'marks-table',
  html`<table class="figures">
<caption id="marks-table"><span>Incidents against marks, and by the labels</span></caption>
<thead><tr><th scope="col">Method</th><th scope="col">Incidents</th><th scope="col">True</th><th scope="col">False</th><th scope="col">Unmarked</th><th scope="col" title="true alarms of the marked incidents">Precision</th><th scope="col" class="long" title="of all incidents, those that share time with a labelled event">Precision by labels</th><th scope="col" title="of the incidents marked as true alarms">Found</th></tr></thead>
<tbody>${marked.map(
    ({ name, incidents, unmarked, precision, byLabels, found, toFind, ...counts }) =>
      html`<tr><th scope="row">${named(name)}</th><td>${incidents}</td><td>${counts.true}</td><td>${counts.false}</td><td>${unmarked}</td><td>${ratio(precision)}</td><td>${ratio(byLabels?.precision ?? Number.NaN)}</td><td>${found} of ${counted(toFind, 'true alarm')}</td></tr>
`,
  )}</tbody></table>`,
)}</section>`;
}
