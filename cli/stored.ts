import { didYouMean, SluiceError } from '../core/errors.ts';
import type { Store, StreamSummary } from '../core/store.ts';
import { nanosPerMilli, parseDuration } from '../core/time.ts';
import { builtInRegistry, loadPipeline } from './load-pipeline.ts';
import { timeOption, timezoneOf } from './time-option.ts';

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
  /** Where times without a zone are read: that of the pipeline's source. */
  readonly timezone: string | undefined;
}

/**
 * Opens the store of a pipeline file, or one named by `--store`; with `anyStream` none of its streams is chosen.
 * @throws USAGE when neither is given or the stream is unknown; what the store throws when it cannot be opened
 */
export async function openStored(file: string | undefined, options: StoredOptions, { anyStream = false } = {}): Promise<Stored> {
  const { store, stream, timezone } = file === undefined ? await openByPath(options) : await openByPipeline(file, options);
  try {
    const streams = await store.streams();
    return { store, stream: anyStream ? undefined : choose(streams, options.stream, stream), streams, timezone };
  } catch (error) {
    await store.close();
    throw error;
  }
}

interface Opened {
  readonly store: Store;
  readonly stream?: string;
  readonly timezone?: string | undefined;
}

async function openByPath({ store: path }: StoredOptions): Promise<Opened> {
  if (path === undefined) throw new SluiceError('USAGE', 'no store is named', { fix: 'Name the pipeline file, or the store with --store.' });
  const duckdb = await (await builtInRegistry()).load('store', 'duckdb');
  return { store: await duckdb.open(duckdb.options.parse({ path }), 'read') };
}

async function openByPipeline(file: string, { store: path, set = [] }: StoredOptions): Promise<Opened> {
  const { config, registry } = await loadPipeline(file, { set: path === undefined ? set : [...set, `store.path=${path}`] });
  const definition = await registry.load('store', config.store.type);
  return { store: await definition.open(config.store.options, 'read'), stream: config.stream, timezone: timezoneOf(config.source) };
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
export function spanOf({ from, to, last }: StoredOptions, { stream, timezone }: Pick<Stored, 'stream' | 'timezone'>): Span {
  const newest = stream?.last;
  const start = timeOption('--from', from, timezone);
  const end = timeOption('--to', to, timezone);
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

/**
 * The detector or combination asked for; nothing has been scored before the end of the warm-up, and then any name will do.
 * @throws USAGE for one that the stream has not
 */
export function detectorOf(name: string | undefined, stream: StreamSummary | undefined): { detector?: string } {
  if (name === undefined) return {};
  if (stream && stream.detectors.length > 0 && !stream.detectors.includes(name)) {
    const near = didYouMean(name, stream.detectors);
    throw new SluiceError('USAGE', `stream '${stream.stream}' has no detector '${name}'`, {
      fix: near ? `Did you mean '${near}'?` : `It has: ${stream.detectors.join(', ')}.`,
    });
  }
  return { detector: name };
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
