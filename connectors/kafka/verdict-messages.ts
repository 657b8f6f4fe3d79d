import type { StoreWrite } from '../../core/store.ts';
import { formatTime } from '../../core/time.ts';
import { isFlagged, Status, topContributions, type Verdicts } from '../../core/verdict.ts';

export interface VerdictChoice {
  /** All unless given. */
  readonly detectors: ReadonlySet<string> | undefined;
  readonly flaggedOnly: boolean;
}

const statusNames = new Map<number, string>(Object.entries(Status).map(([name, status]) => [status, `,"status":"${name}"`]));

/**
 * A message for each verdict, row after row, the detectors of a row in their order. The key is the verdict's identity
 * `[stream, detector, time, seq]`, the value a JSON object with the same and what it says. Text is put together by hand: at ten
 * thousands of verdicts a second an object for each, to be made into text, is what everything else waits for.
 */
export function verdictMessages({ batch, verdicts }: StoreWrite, { detectors, flaggedOnly }: VerdictChoice, add: (key: string, value: string) => void): void {
  const stream = JSON.stringify(batch.stream);
  const chosen = verdicts.filter(({ detector }) => detectors?.has(detector) ?? true);
  const tellers = chosen.map((one) => {
    const detector = JSON.stringify(one.detector);
    const explained = new Explained(one, batch.schema.tags);
    return { ...one, explained, key: `[${stream},${detector},"`, head: `{"stream":${stream},"detector":${detector},"time":"` };
  });
  for (let row = 0; row < batch.rows; row++) {
    let time = '';
    const seq = batch.seqs[row];
    for (const { key, head, score, grade, status, explained } of tellers) {
      const flagged = isFlagged(status[row]);
      if (flaggedOnly && !flagged) continue;
      time ||= formatTime(batch.times[row]);
      const identity = seq > 0 ? `${time}","seq":${seq}` : `${time}"`;
      const why = flagged ? explained.at(row) : '';
      add(`${key}${time}",${seq}]`, `${head}${identity},"score":${json(score[row])},"grade":${json(grade[row])}${statusNames.get(status[row])}${why}}`);
    }
  }
}

/** Undefined and infinite numbers have no other form in JSON. */
const json = (value: number): string => (Number.isFinite(value) ? String(value) : 'null');

/** The explained rows of a detector's verdicts, asked for in their order. */
class Explained {
  readonly #verdicts: Verdicts;
  readonly #names: readonly string[];
  #next = 0;

  constructor(verdicts: Verdicts, tags: readonly { readonly name: string }[]) {
    this.#verdicts = verdicts;
    this.#names = verdicts.contributions.rows.length > 0 ? tags.map(({ name }) => JSON.stringify(name)) : [];
  }

  /** Which tags it was, as the end of a JSON object; nothing where that is not known. */
  at(row: number): string {
    const { rows, tags, shares, rest } = this.#verdicts.contributions;
    while (rows[this.#next] < row) this.#next++;
    if (rows[this.#next] !== row) return '';
    const parts: string[] = [];
    for (let i = this.#next * topContributions; i < (this.#next + 1) * topContributions && tags[i] >= 0; i++) {
      parts.push(`{"tag":${this.#names[tags[i]]},"share":${json(shares[i])}}`);
    }
    return `,"contributions":[${parts.join()}],"rest":${json(rest[this.#next])}`;
  }
}
