import { type Html, html } from './html.ts';

const terms: readonly (readonly [string, string])[] = [
  [
    'Calibrated score',
    "Each method's score on one scale, learned from normal rows that were held back from fitting: 0 is the usual value, 1 the method's error level. It follows the logarithm of the score.",
  ],
  [
    'Own threshold',
    "The level that the pipeline learned from training rows, without labels: what an operator would have had. Rows count as flagged from a method's warning level on, which lies below its error level.",
  ],
  [
    "Oracle's threshold",
    'The level with the best F1 that there is, found by trying all of them against the labels. Nobody has it in operation: read it as an upper bound for the own threshold.',
  ],
  ['Event', 'Labelled anomalous rows without a normal one between them, such as one attack.'],
  [
    'Precision, recall, F1',
    'Row by row: the part of the flagged rows that is anomalous, the part of the anomalous rows that is flagged, and the harmonic mean of the two.',
  ],
  ['FAR, MAR', 'False alarm rate: flagged rows among the normal ones. Missed alarm rate: rows not flagged among the anomalous ones.'],
  [
    'AUC-PR, AUC-ROC',
    'How well the scores order the rows, over all thresholds. AUC-PR is the average precision; by chance it is the share of anomalous rows. AUC-ROC is the chance that an anomalous row scores above a normal one; by chance it is 0.5.',
  ],
  [
    'Event recall, delay',
    'The part of the events within which an incident begins, and the mean time from the start of such an event to the beginning of its first incident. An alarm that was already going on when the event began does not count: it tells nobody of the event. Missed events have no delay.',
  ],
  [
    'False incidents per day',
    'Incidents as the pipeline would open them that overlap no event, in a day of scored rows. One that goes on from before an event until after it overlaps it, so that a method which flags everything has none; its FAR tells. Plants often need time to recover after an event; such rows count as normal here.',
  ],
  [
    'Point-adjusted F1',
    'F1 after every event with one flagged row has been counted as flagged from end to end. One lucky row in a long event is enough, so random scores come out high; it is shown only because many papers give it. Compare it with the random baseline, and never read it alone.',
  ],
  ['Baselines', 'A random score, and one that flags every row. A method that does not clearly beat both says nothing.'],
  [
    'A dash (–)',
    'Nothing can be said: the precision of a method that flags no row, the recall where no row is anomalous, the delay where no event is found. Means leave such files out.',
  ],
  [
    'Bold',
    'The best AUC-PR, AUC-ROC and F1 among the detectors and combinations; the other figures can be won by flagging everything, or nothing. In the events, a tag that the event is about.',
  ],
];

/** What the figures mean, in the order in which a reader meets them. */
export function readingGuide(): Html {
  return html`<section aria-labelledby="reading"><h2 id="reading">How to read this</h2>
<dl class="terms">${terms.map(([term, meaning]) => html`<dt>${term}</dt><dd>${meaning}</dd>`)}</dl></section>`;
}
