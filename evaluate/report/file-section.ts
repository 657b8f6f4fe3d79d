import type { EventOutcome, FileEvaluation, LabelledEvent, MethodEvaluation } from '../evaluation.ts';
import { figuresTable, scrollBox } from './figures-table.ts';
import { type Html, html, named } from './html.ts';
import { amountText, counted, durationText, percentText, timeText } from './number-text.ts';
import { scorePlots } from './score-plot.ts';

const shownTags = 3;

/**
 * Everything about one file: what it holds, the scores over time, the figures, and what became of each event.
 *
 * @param said notes that stand above the files already
 * @param alone the report is about this file only, and its figures stand at the head
 */
export function fileSection(file: FileEvaluation, f: number, said: readonly string[], alone: boolean): Html {
  const id = `file-${f + 1}`;
  const remarks = [
    ...file.notes.filter((note) => !said.includes(note)),
    ...file.methods
      .filter(({ unscoredRows }) => unscoredRows > 0)
      .map(({ name, unscoredRows }) => `${name} has no score for ${counted(unscoredRows, 'row')}: they count as not flagged`),
  ];
  return html`<section id="${id}" aria-labelledby="${id}-name">
<h3 id="${id}-name">${named(file.file)}</h3>
<p class="quiet">${counted(file.rows, 'scored row')}, one every ${durationText(file.intervalSeconds)}, ${timeText(file.from)} to ${timeText(file.to)};
${counted(file.anomalousRows, 'anomalous row')} (${percentText(file.anomalousRows / file.rows)}) in ${counted(file.events.length, 'event')}. Labels: ${file.labels}.${alone ? undefined : html` Trained on ${file.training}.`}</p>
${noteList(remarks)}
${scorePlots(file, `Scores over time, ${file.file}`)}
${alone ? undefined : fileFigures(file, id)}
${eventsTable(file, `${id}-events`)}
</section>
`;
}

/** What a reader must know, one below the other; nothing where there is nothing. */
export function noteList(notes: readonly string[]): Html | undefined {
  return notes.length > 0 ? html`<ul class="notes">${notes.map((note) => html`<li>${note}</li>`)}</ul>` : undefined;
}

function fileFigures(file: FileEvaluation, id: string): Html {
  return html`${figuresTable(
    `${id}-own`,
    html`${named(file.file)}, at each method's own threshold, learned without labels`,
    file.methods.map((method) => ({ ...method, figures: method.own })),
  )}
<details><summary>At the oracle's threshold: a bound found with the labels</summary>
${figuresTable(
  `${id}-oracle`,
  html`${named(file.file)}, at the threshold with the best F1 there is: a bound found with the labels, not a result`,
  file.methods.map((method) => ({ ...method, figures: method.oracle, threshold: method.oracle.threshold })),
)}</details>`;
}

/** Per labelled event what it was and what each method made of it. */
function eventsTable(file: FileEvaluation, id: string): Html {
  if (file.events.length === 0) return html`<p>No row of this file is labelled as anomalous: only false alarms can be told.</p>`;
  const methods = file.methods.filter(({ kind }) => kind !== 'baseline');
  const described = file.events.some(({ description }) => description !== undefined);
  const tagged = file.events.some(({ tags }) => tags !== undefined);
  return scrollBox(
    id,
    html`<table class="events">
<caption id="${id}"><span>Events of ${named(file.file)}: whether an incident of each method began within it at the method's own threshold, how long after its start, and the tags that carry its largest score${tagged ? html` (in bold: tags that the event is about)` : undefined}</span></caption>
<thead><tr><th scope="col"><abbr title="number of the event">No.</abbr></th><th scope="col">Start, UTC</th><th scope="col">Length</th>${described ? html`<th scope="col" class="wide">What happened</th>` : undefined}${tagged ? html`<th scope="col">Tags</th>` : undefined}${methods.map(({ name }) => html`<th scope="col" class="wide">${named(name)}</th>`)}</tr></thead>
<tbody>${file.events.map((event, e) => eventRow(file, event, e, methods, described, tagged))}</tbody></table>`,
  );
}

function eventRow(file: FileEvaluation, event: LabelledEvent, e: number, methods: readonly MethodEvaluation[], described: boolean, tagged: boolean): Html {
  const rows = event.to - event.from;
  const tags = event.tags ?? [];
  return html`<tr><th scope="row">${e + 1}</th><td>${timeText(event.start)}</td><td title="${counted(rows, 'row')}">${durationText(rows * file.intervalSeconds)}</td>${described ? html`<td class="words">${event.description}</td>` : undefined}${tagged ? html`<td class="tags">${tagList(tags, [])}</td>` : undefined}${methods.map((method) => outcome(method.events[e], rows, tags))}</tr>
`;
}

function outcome(found: EventOutcome | undefined, rows: number, tags: readonly string[]): Html {
  if (found === undefined) return html`<td class="outcome"></td>`;
  const word = found.found
    ? html`<span class="found">✓ found</span> after ${durationText(found.delaySeconds)}`
    : html`<span class="missed">✗ missed</span>, ${found.flagged > 0 ? html`${percentText(found.flagged / rows)} flagged` : html`peak ${amountText(found.peakScore)}`}`;
  return html`<td class="outcome">${word}${found.topTags.length > 0 ? html`<small>${tagList(found.topTags.slice(0, shownTags), tags)}</small>` : undefined}</td>`;
}

function tagList(tags: readonly string[], marked: readonly string[]): Html {
  return html`${tags.map((tag, t) => html`${t > 0 ? ', ' : undefined}${marked.includes(tag) ? html`<strong>${named(tag)}</strong>` : named(tag)}`)}`;
}
