import { type DeadReason, deadReasons } from '../core/chunk.ts';
import type { StoreDefinition } from '../core/component.ts';
import { didYouMean, quote, SluiceError } from '../core/errors.ts';
import type { PipelineConfig } from '../core/pipeline-config.ts';
import type { Store } from '../core/store.ts';
import { nanosPerMilli } from '../core/time.ts';
import { type ReadAgain, type RetryOutcome, retryDead } from '../processor/retry.ts';
import { SavedStreams } from '../processor/saved-streams.ts';
import { makeProgress } from '../producer/progress.ts';
import { SourceRows } from '../producer/source-rows.ts';
import { oneOf } from './choice.ts';
import type { RetryFlags } from './commands/dead.ts';
import { loadPipeline } from './load-pipeline.ts';
import { openSource } from './pipeline-input.ts';
import { withManifests } from './stored-manifests.ts';

/** Every letter holds up to 4 KB of its row, and its values are kept beside it. */
const mostLetters = 100_000;

/** What was asked for, checked. */
interface Asked {
  readonly letters: { readonly source?: string; readonly reason?: DeadReason; readonly limit: number };
  readonly dryRun: boolean;
}

/** What came of it; `left` are letters that stay, and why. */
interface Result {
  readonly tried: number;
  taken: number;
  known: number;
  waiting: number;
  readonly left: { readonly source: string; readonly partition: number; readonly position: number; readonly reason: DeadReason; readonly why: string }[];
  readonly dryRun: boolean;
}

/** `sluice dead retry` */
export async function retry(file: string, flags: RetryFlags): Promise<void> {
  const asked = askedBy(flags);
  const { config, registry } = await loadPipeline(file, { set: flags.set ?? [] });
  const definition = await registry.load('store', config.store.type);
  const warn = (message: string): void => void process.stderr.write(`${message}\n`);
  const store = await openToRetry(definition, config, asked, warn);
  try {
    const letters = await store.deadLetters(asked.letters);
    const saved = new SavedStreams(config.lateness);
    const streams = await store.streams();
    // Each stream comes by one of the topics.
    for (const topic of definition.transactional ? config.topics.slice(0, 1) : config.topics) {
      await withManifests({ ...config, topics: [topic] }, registry, store, (reader) => saved.load(reader, streams));
    }
    const source = await openSource(config.source, config, registry, { warn });
    if (letters.length === 0) await requireKnown(asked.letters.source, [source.id, ...config.topics, ...saved.sources], store);
    const result: Result = { tried: letters.length, taken: 0, known: 0, waiting: 0, left: [], dryRun: asked.dryRun };
    const progress = makeProgress({ stream: process.stderr, total: letters.length, show: flags.quiet || flags.json ? 'nothing' : 'progress' });
    const show = (stage: string): void => progress.update({ read: result.taken + result.known + result.waiting + result.left.length, stage });
    const rows = new SourceRows(source, (nextRow) => show(`reading row ${nextRow.toLocaleString('en-US')} again`));
    try {
      const readAgain = reading(rows, source.id, config, saved);
      for await (const outcome of retryDead({ store, transactional: definition.transactional, saved, letters, readAgain, dryRun: asked.dryRun })) {
        count(result, outcome);
        show(asked.dryRun ? 'trying' : 'taking in');
      }
    } finally {
      progress.stop();
      await rows.close();
    }
    process.stdout.write(flags.json ? `${JSON.stringify(result)}\n` : text(result));
  } finally {
    await store.close();
  }
}

/** @throws USAGE */
function askedBy({ source, reason, limit, dryRun }: RetryFlags): Asked {
  const number = Number(limit);
  if (!/^\d+$/.test(limit) || number < 1 || number > mostLetters) {
    throw new SluiceError('USAGE', `--limit ${quote(limit)} is no number of letters`, { fix: `Use 1 to ${mostLetters}, e.g. 500.` });
  }
  return {
    letters: {
      limit: number,
      ...(source === undefined ? {} : { source }),
      ...(reason === undefined ? {} : { reason: oneOf('--reason', reason, deadReasons) }),
    },
    dryRun: dryRun === true,
  };
}

/** To be written only when there is something to try: a store that is not there yet is not made for it. @throws STORE_LOCKED */
async function openToRetry(
  definition: StoreDefinition,
  { store: { options } }: PipelineConfig,
  { letters, dryRun }: Asked,
  warn: (message: string) => void,
): Promise<Store> {
  const context = { warn, unavailable: () => undefined };
  const reading = await definition.open(options, 'read', context);
  if (dryRun || (await reading.deadLetters({ ...letters, limit: 1 })).length === 0) return reading;
  await reading.close();
  try {
    return await definition.open(options, 'own', context);
  } catch (error) {
    if (!(error instanceof SluiceError) || error.code !== 'STORE_LOCKED') throw error;
    const { what, place } = error;
    throw new SluiceError('STORE_LOCKED', what, {
      ...(place === undefined ? {} : { place }),
      fix: 'End the pipeline that runs (Ctrl-C), try again, and start it anew: it goes on where it was. --dry-run also works beside it.',
      cause: error,
    });
  }
}

/** @throws USAGE for a source that nothing ever came from */
async function requireKnown(source: string | undefined, known: readonly string[], store: Store): Promise<void> {
  if (source === undefined || known.includes(source)) return;
  const sources = new Set((await store.deadLetters({ limit: mostLetters })).map((letter) => letter.source));
  if (sources.has(source)) return;
  const all = [...new Set([...sources, ...known])];
  const near = didYouMean(source, all);
  throw new SluiceError('USAGE', `--source: nothing came from ${quote(source)}`, {
    fix: `${near ? `Did you mean '${near}'? ` : ''}There are: ${all.join(', ')}.`,
  });
}

/** Reads rows of the pipeline's own source again, as the pipeline would take them in now. */
function reading(rows: SourceRows, own: string, { source, clock, topics }: PipelineConfig, saved: SavedStreams): ReadAgain {
  return async (letter) => {
    if (topics.includes(letter.source)) return { why: 'a message stays as it is: correct it where it is made and send it again' };
    if (letter.source !== own) {
      return { why: `its source is ${quote(letter.source)}, and the pipeline reads ${quote(own)}: set source.path, or source.id, to the former` };
    }
    const shiftMs = saved.shiftOf(own) ?? (clock === 'original' ? 0 : undefined);
    if (shiftMs === undefined) return { why: 'its time was shifted (`clock: shifted`), and by how much is not known here' };
    if (source.live) return { why: 'rows of its source come as they happen, once' };
    const row = await rows.at(letter.position);
    if (!row) return { why: source.loop ? 'of a source in a loop only the first pass can be read again' : 'the source has no such row any more' };
    if ('why' in row) return row;
    return shiftMs === 0 ? row : { ...row, times: BigInt64Array.of(row.times[0] + BigInt(shiftMs) * nanosPerMilli) };
  };
}

function count(result: Result, outcome: RetryOutcome): void {
  if (outcome.became !== 'left') {
    result[outcome.became]++;
    return;
  }
  const { source, partition, position, reason } = outcome.letter;
  result.left.push({ source, partition, position, reason, why: outcome.why });
}

function text({ tried, taken, known, waiting, left, dryRun }: Result): string {
  const n = (count: number): string => count.toLocaleString('en-US');
  if (tried === 0) return 'no dead letters\n';
  const kinds = new Map<string, { count: number; first: Result['left'][number] }>();
  for (const each of left) {
    const kind = `${each.reason}: ${each.why.replace(/'[^']*'/g, "'...'").replace(/\d+/g, 'n')}`;
    const group = kinds.get(kind);
    if (group) group.count++;
    else kinds.set(kind, { count: 1, first: each });
  }
  const parts = [
    `${n(taken)} ${dryRun ? 'can be taken in' : 'taken in'}`,
    ...(known > 0 ? [`${n(known)} ${dryRun ? 'are' : 'were'} stored already`] : []),
    ...(waiting > 0
      ? [`${n(waiting)} stored; their letters stay until the stream has rows of a later hour, when a retry brings the summaries of their hour up to date`]
      : []),
    `${n(left.length)} stay`,
  ];
  const stay = [...kinds.values()].map(({ count, first }) => `  ${n(count)} x ${first.reason}, first row ${n(first.position)}: ${first.why}\n`);
  return `${n(tried)} dead letters tried: ${parts.join(', ')}\n${stay.join('')}`;
}
