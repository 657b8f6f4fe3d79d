import { didYouMean, SluiceError } from '../core/errors.ts';
import type { Store, StreamSummary } from '../core/store.ts';
import { nanosPerMilli, parseDuration, parseTime } from '../core/time.ts';
import { builtInRegistry, loadPipeline } from './load-pipeline.ts';

export interface StoredOptions {
  /** Path of a store file, instead of the pipeline's. */
  readonly store?: string;
  readonly stream?: string;
  readonly set?: readonly string[];
  readonly from?: string;
  readonly to?: string;
  readonly last?: string;
}

/** A store opened for reading: through the process that runs the pipeline while there is one. */
export interface Stored {
  readonly store: Store;
  /** What the store holds of the stream asked for; undefined when nothing is stored yet. */
  readonly stream: StreamSummary | undefined;
  readonly streams: readonly StreamSummary[];
}

/**
 * Opens the store of a pipeline file, or one named by `--store`.
 * @throws USAGE when neither is given or the stream is unknown; what the store throws when it cannot be opened
 */
export async function openStored(file: string | undefined, options: StoredOptions): Promise<Stored> {
  const { store, stream } = file === undefined ? await openByPath(options) : await openByPipeline(file, options);
  try {
    const streams = await store.streams();
    return { store, stream: choose(streams, options.stream, stream), streams };
  } catch (error) {
    await store.close();
    throw error;
  }
}

async function openByPath({ store: path }: StoredOptions): Promise<{ store: Store; stream?: string }> {
  if (path === undefined) throw new SluiceError('USAGE', 'which store?', { fix: 'Name the pipeline file, or the store with --store.' });
  const duckdb = await (await builtInRegistry()).load('store', 'duckdb');
  return { store: await duckdb.open(duckdb.options.parse({ path }), 'read') };
}

async function openByPipeline(file: string, { store: path, set = [] }: StoredOptions): Promise<{ store: Store; stream: string }> {
  const { config, registry } = await loadPipeline(file, { set: path === undefined ? set : [...set, `store.path=${path}`] });
  const definition = await registry.load('store', config.store.type);
  return { store: await definition.open(config.store.options, 'read'), stream: config.stream };
}

/** The one asked for; the pipeline's own; or the only one. */
function choose(streams: readonly StreamSummary[], asked: string | undefined, own: string | undefined): StreamSummary | undefined {
  const names = streams.map(({ stream }) => stream);
  const find = (name: string | undefined): StreamSummary | undefined => streams.find(({ stream }) => stream === name);
  if (asked !== undefined) {
    const found = find(asked);
    const near = didYouMean(asked, names);
    if (!found)
      throw new SluiceError('USAGE', `the store holds no stream '${asked}'`, {
        fix: near ? `Did you mean '${near}'?` : `It holds: ${names.join(', ') || 'none'}.`,
      });
    return found;
  }
  if (streams.length < 2) return streams[0];
  const found = find(own);
  if (!found) throw new SluiceError('USAGE', 'the store holds several streams', { fix: `Choose one with --stream: ${names.join(', ')}.` });
  return found;
}

export interface Span {
  readonly from?: bigint;
  readonly to?: bigint;
  /** So many at the end of the span. */
  readonly last?: number;
}

/**
 * --from, --to and --last as a range. A duration counts back from the end of the stream, not from now.
 * @throws USAGE quoting what cannot be read
 */
export function spanOf({ from, to, last }: StoredOptions, newest: bigint | undefined): Span {
  const start = timeOf('--from', from);
  const end = timeOf('--to', to);
  if (start !== undefined && end !== undefined && start >= end) throw new SluiceError('USAGE', `--from '${from}' is not before --to '${to}'`);
  const range = { ...(start === undefined ? {} : { from: start }), ...(end === undefined ? {} : { to: end }) };
  if (last === undefined) return range;
  if (/^\d+$/.test(last)) return { ...range, last: Number(last) };
  const duration = parseDuration(last);
  if (duration === undefined) throw new SluiceError('USAGE', `--last '${last}' is neither a number nor a duration`, { fix: 'Use e.g. 100, 30m or 2h.' });
  if (start !== undefined) throw new SluiceError('USAGE', '--from and a duration for --last say the same', { fix: 'Give one of them.' });
  const until = end ?? (newest === undefined ? undefined : newest + 1n);
  return until === undefined ? range : { ...range, from: until - BigInt(Math.round(duration)) * nanosPerMilli };
}

function timeOf(flag: string, text: string | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const time = parseTime(text);
  if (time === undefined) throw new SluiceError('USAGE', `${flag} '${text}' is no time`, { fix: 'Use ISO 8601 with a zone, e.g. 2015-12-28T10:00:00+08:00.' });
  return time;
}

/** Names separated by commas. @throws USAGE for one that the stream has not. */
export function tagsOf(text: string | undefined, stream: StreamSummary | undefined): string[] | undefined {
  if (text === undefined || !stream) return undefined;
  const known = stream.schema.tags.map(({ name }) => name);
  // A name may itself hold a comma.
  if (known.includes(text)) return [text];
  return text.split(',').map((part) => {
    const name = part.trim();
    if (known.includes(name)) return name;
    const near = didYouMean(name, known);
    throw new SluiceError('USAGE', `stream '${stream.stream}' has no tag '${name}'`, {
      fix: near ? `Did you mean '${near}'?` : `It has: ${known.join(', ')}.`,
    });
  });
}
