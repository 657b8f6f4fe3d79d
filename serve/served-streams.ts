import { didYouMean, quote } from '../core/errors.ts';
import type { Schema } from '../core/schema.ts';
import type { StreamSummary } from '../core/store.ts';
import type { ServedStore } from './ports.ts';
import { Refusal } from './problem.ts';

/** Milliseconds that a list of streams is good for; what is not in it is looked for anew. */
const lasts = 2000;

/** The streams of a store, for requests that name one. */
export class ServedStreams {
  readonly #store: () => Promise<ServedStore>;
  readonly #order: readonly string[];
  #listed: Promise<StreamSummary[]> | undefined;
  #at = Number.NEGATIVE_INFINITY;

  /** @param order detectors in the order in which they are told; others follow by name */
  constructor(store: () => Promise<ServedStore>, order: readonly string[]) {
    this.#store = store;
    this.#order = order;
  }

  /** At most a moment old; asked for once, however many ask. */
  list(): Promise<StreamSummary[]> {
    return this.#within(lasts);
  }

  /** @throws Refusal 404 with those that there are */
  async find(name: string): Promise<StreamSummary> {
    const of = (streams: readonly StreamSummary[]): StreamSummary | undefined => streams.find(({ stream }) => stream === name);
    // Tags never change: any list will do that has the stream.
    const found = of(await this.#within(Number.POSITIVE_INFINITY)) ?? of(await this.#within(0));
    if (found) return found;
    throw notThere(
      'stream',
      name,
      (await this.list()).map(({ stream }) => stream),
    );
  }

  /** The stream's schema where it is known, without asking for it. */
  async schemaOf(name: string): Promise<Schema | undefined> {
    const of = (streams: readonly StreamSummary[]): StreamSummary | undefined => streams.find(({ stream }) => stream === name);
    return (of(await this.#within(Number.POSITIVE_INFINITY)) ?? of(await this.list()))?.schema;
  }

  async #read(): Promise<StreamSummary[]> {
    const streams = await (await this.#store()).streams();
    return streams.map((summary) => {
      const own = this.#order.filter((name) => summary.detectors.includes(name));
      return { ...summary, detectors: [...own, ...summary.detectors.filter((name) => !own.includes(name)).sort()] };
    });
  }

  #within(age: number): Promise<StreamSummary[]> {
    const now = performance.now();
    if (this.#listed && now - this.#at <= age) return this.#listed;
    this.#at = now;
    const listed = this.#read();
    this.#listed = listed;
    listed.catch(() => {
      if (this.#listed === listed) this.#listed = undefined;
    });
    return listed;
  }
}

/** Tags of a stream by names separated by commas. @throws Refusal 404 for one that it has not */
export function tagsOf(text: string, { stream, schema }: StreamSummary): string[] {
  return namesOf(text, schema.tags.map(({ name }) => name), 'tag', stream); // biome-ignore format: one line
}

/** Detectors and combinations by names separated by commas; those that have no verdict yet may be named too. @throws Refusal 404 */
export function detectorsOf(text: string | undefined, { stream, detectors }: StreamSummary, configured: readonly string[]): string[] {
  const known = [...new Set([...detectors, ...configured])];
  return text === undefined ? [...detectors] : namesOf(text, known, 'detector', stream);
}

function namesOf(text: string, known: readonly string[], what: 'tag' | 'detector', stream: string): string[] {
  if (text === '') return [];
  // A name may itself hold a comma.
  if (known.includes(text)) return [text];
  const names = text.split(',').map((part) => part.trim());
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw notThere(what, unknown, known, stream);
  return [...new Set(names)];
}

function notThere(what: string, name: string, known: readonly string[], stream?: string): Refusal {
  const near = didYouMean(name, known);
  const shown = known.length > 100 ? `${known.slice(0, 100).join(', ')} and ${known.length - 100} more` : known.join(', ') || 'none';
  return new Refusal(404, 'NOT_FOUND', `${stream === undefined ? 'there is' : `stream ${quote(stream)} has`} no ${what} ${quote(name)}`, {
    place: what,
    fix: near ? `Did you mean ${quote(near)}?` : `There are: ${shown}.`,
  });
}
