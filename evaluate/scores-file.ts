import type { Scored } from './scored-rows.ts';

/** The scores as CSV: `row` is the 0-based data row of the file, then a column per method; empty where it has no score. */
export function* scoresText({ origins, methods }: Pick<Scored, 'origins' | 'methods'>): Generator<string> {
  yield `row,${methods.map(({ name }) => name).join(',')}\n`;
  const linesAtOnce = 1000;
  for (let from = 0; from < origins.length; from += linesAtOnce) {
    let text = '';
    for (let row = from; row < Math.min(origins.length, from + linesAtOnce); row++) {
      text += origins[row];
      for (const { score } of methods) text += Number.isNaN(score[row]) ? ',' : `,${score[row]}`;
      text += '\n';
    }
    yield text;
  }
}
