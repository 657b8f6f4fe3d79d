import { commonNotes } from '../common-notes.ts';
import type { Evaluation, FileEvaluation, MeanFigures } from '../evaluation.ts';
import { figuresTable, largestOf, scrollBox } from './figures-table.ts';
import { fileSection, noteList } from './file-section.ts';
import { Html, html, named } from './html.ts';
import { marksSection } from './marks-section.ts';
import { counted, durationText, percentText, ratio } from './number-text.ts';
import { readingGuide } from './reading-guide.ts';
import { style } from './style.ts';

/**
 * The evaluation as one page to read, print or send on: no script, nothing fetched, light or dark as the reader's system.
 *
 * @returns a whole HTML document, to be written as UTF-8
 */
export function reportHtml(evaluation: Evaluation): string {
  const { files, mean, pipeline } = evaluation;
  const alone = files.length === 1;
  const common = commonNotes(files);
  const over = alone ? html`` : html`, mean over ${files.length} files, each counting alike`;
  return `${html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Evaluation of ${pipeline}</title>
<style>${styleSheet}</style>
</head>
<body>
<header><h1>Evaluation of ${named(pipeline)}</h1>
${lead(evaluation)}
${facts(evaluation)}</header>
<main>
<section aria-labelledby="own"><h2 id="own">Results</h2>
${figuresTable(
  'summary-own',
  html`At each method's own threshold, learned without labels${over}`,
  mean.map((figures) => ({ ...figures, figures: figures.own })),
)}
${files.length > 1 ? byFile(files) : undefined}</section>
${evaluation.marks === undefined ? undefined : marksSection(evaluation.marks, mean)}
<section aria-labelledby="oracle"><h2 id="oracle">A bound, found with the labels</h2>
<p>The same at the oracle's threshold: the one with the best F1 there is, which only the labels tell. It shows how far a better threshold could take each
method; it is not a result.</p>
${figuresTable(
  'summary-oracle',
  html`At the oracle's threshold, found with the labels: a bound${over}`,
  mean.map((figures, m) => ({ ...figures, figures: figures.oracle, ...(alone ? { threshold: files[0].methods[m].oracle.threshold } : {}) })),
)}</section>
<section aria-labelledby="files"><h2 id="files">${alone ? 'The file' : 'File by file'}</h2>
${common.length > 0 ? html`<p>Of all ${files.length} files:</p>${noteList(common)}` : undefined}
${files.length > 1 ? html`<nav aria-label="Files"><ul>${files.map(({ file }, f) => html`<li><a href="#file-${f + 1}">${named(file)}</a></li>`)}</ul></nav>` : undefined}
${files.map((file, f) => fileSection(file, f, common, alone))}</section>
${readingGuide()}
<footer><p>Made by Sluice (sluice evaluate).</p></footer>
</main>
</body>
</html>`}\n`;
}

/** The one thing that is no value of a reader's file and must not be escaped. */
const styleSheet = new Html(style);

/** What a reader in a hurry should take along. */
function lead({ files, mean }: Evaluation): Html {
  const rivals = mean.filter(({ kind }) => kind !== 'baseline');
  const first = rivals.reduce<MeanFigures | undefined>(
    (best, one) => (Number.isFinite(one.aucPr) && !(best && best.aucPr >= one.aucPr) ? one : best),
    undefined,
  );
  if (!first)
    return html`<p class="lead">No method could be compared: ${files.length === 0 ? 'no file was evaluated' : 'the files hold no labelled event or no score'}.</p>`;
  const labelled = files.filter((file) => file.anomalousRows > 0);
  const chance = labelled.reduce((sum, file) => sum + file.anomalousRows / file.rows, 0) / labelled.length;
  const { own } = first;
  const delay = Number.isFinite(own.delaySeconds) ? html` after ${durationText(own.delaySeconds)} on average` : undefined;
  return html`<p class="lead">Of ${counted(rivals.length, 'method')}, <strong>${named(first.name)}</strong> orders the rows best: AUC-PR ${ratio(first.aucPr)}, where chance
gives ${ratio(chance)}. At its own threshold it finds ${percentText(own.eventRecall)} of the events${delay} and flags ${percentText(own.far)} of the normal rows.</p>`;
}

function facts({ pipeline, training, files }: Evaluation): Html {
  const sum = (of: (file: FileEvaluation) => number): number => files.reduce((total, file) => total + of(file), 0);
  const anomalous = sum((file) => file.anomalousRows);
  const rows = sum((file) => file.rows);
  const span = sum((file) => file.rows * file.intervalSeconds);
  return html`<dl class="facts">
<dt>Pipeline</dt><dd>${pipeline}</dd>
<dt>Training</dt><dd>${training}</dd>
<dt>Scored</dt><dd>${counted(files.length, 'file')}, ${counted(rows, 'row')}, ${durationText(span)} of recording</dd>
<dt>Labelled</dt><dd>${counted(
    sum((file) => file.events.length),
    'event',
  )}, ${counted(anomalous, 'anomalous row')} (${percentText(anomalous / rows)})</dd>
</dl>`;
}

/** AUC-PR per file and method: where a mean comes from. */
function byFile(files: readonly FileEvaluation[]): Html {
  const methods = new Map(files.flatMap((file) => file.methods.map(({ name, kind }) => [name, kind] as const)));
  return scrollBox(
    'by-file',
    html`<table>
<caption id="by-file"><span>AUC-PR by file; the best method of each file in bold</span></caption>
<thead><tr><th scope="col">File</th><th scope="col">Events</th><th scope="col">Anomalous</th>${[...methods].map(([name, kind]) => html`<th scope="col"${kind === 'baseline' ? html` class="aside"` : undefined}>${named(name)}</th>`)}</tr></thead>
<tbody>${files.map((file, f) => {
      const best = largestOf(file.methods.filter(({ kind }) => kind !== 'baseline').map(({ aucPr }) => aucPr));
      return html`<tr><th scope="row"><a href="#file-${f + 1}">${named(file.file)}</a></th><td>${file.events.length}</td><td>${percentText(file.anomalousRows / file.rows)}</td>${[
        ...methods,
      ].map(([name, kind]) => {
        const aucPr = file.methods.find((method) => method.name === name)?.aucPr ?? Number.NaN;
        const looks = kind === 'baseline' ? html` class="aside"` : aucPr === best ? html` class="best"` : undefined;
        return html`<td${looks}>${ratio(aucPr)}</td>`;
      })}</tr>
`;
    })}</tbody></table>`,
  );
}
