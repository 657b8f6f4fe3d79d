import type { Command } from 'commander';
import { sliceBatch } from '../../core/batch.ts';
import type { Chunk, DeadLetter } from '../../core/chunk.ts';
import type { RetryOptions } from '../../processor/retry.ts';
import { collect, setHelp } from '../load-pipeline.ts';

interface ListOptions {
  readonly set?: readonly string[];
  readonly store?: string;
  readonly last?: string;
  readonly json?: true;
}

interface RetryFlags {
  readonly set?: readonly string[];
  readonly source?: string;
  readonly reason?: string;
  readonly limit?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

export function register(program: Command): void {
  const dead = program
    .command('dead')
    .summary('rows that could not be taken: list them, take them in after all')
    .description('Rows that could not be read, came too late or were refused by the store are kept as dead letters, with the reason and the raw row.');
  dead
    .command('list')
    .summary('the dead letters of a pipeline')
    .description('Lists dead letters; many are counted by their reason unless --last asks for single ones. The same as `sluice query dead`.')
    .argument('[pipeline]', 'the pipeline file whose store is read')
    .option('--set <path=value>', setHelp, collect)
    .option('--store <path>', "a store file, instead of the pipeline's")
    .option('--last <n>', 'the last so many, one by one')
    .option('--json', 'print one JSON document')
    .addHelpText('after', '\nExamples:\n  sluice dead list pipelines/swat.yaml\n  sluice dead list pipelines/swat-kafka.yaml --last 20 --json')
    .action(list);
  dead
    .command('retry')
    .summary('take rows in after all')
    .description(
      'Tries dead letters again: rows that came too late or were refused are stored as they were kept, rows of a file are read again with the settings as they are now. What can be taken is stored in its place, unscored (status undefined), and its letter goes; the others stay, with the reason. An embedded pipeline must not be running meanwhile.',
    )
    .argument('<pipeline>', 'the pipeline file')
    .option('--set <path=value>', setHelp, collect)
    .option('--source <id>', 'only letters of this source or topic')
    .option('--reason <reason>', 'only letters of this reason, e.g. too-late')
    .option('--limit <n>', 'so many letters at most', '10000')
    .option('--dry-run', 'tell what would be taken, change nothing')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice dead retry pipelines/swat.yaml --dry-run\n  sluice dead retry pipelines/swat.yaml --reason time --set source.dateOrder=dmy\n  sluice dead retry pipelines/swat-kafka.yaml --reason too-late --json',
    )
    .action(retry);
}

async function list(file: string | undefined, options: ListOptions): Promise<void> {
  const [{ openStored }, { terminalWidth }, { dead }] = await Promise.all([import('../stored.ts'), import('../text-table.ts'), import('../answers.ts')]);
  const stored = await openStored(file, options, { anyStream: true });
  try {
    const { text, json } = await dead(stored, options, terminalWidth());
    process.stdout.write(options.json ? `${JSON.stringify(json, undefined, 2)}\n` : text);
  } finally {
    await stored.store.close();
  }
}

async function retry(file: string, options: RetryFlags): Promise<void> {
  const [{ loadPipeline }, { retryDead }, { openSource }, { SluiceError }, { makeProgress }] = await Promise.all([
    import('../load-pipeline.ts'),
    import('../../processor/retry.ts'),
    import('../pipeline-input.ts'),
    import('../../core/errors.ts'),
    import('../../producer/progress.ts'),
  ]);
  const limit = Number(options.limit);
  if (!Number.isInteger(limit) || limit < 1) throw new SluiceError('USAGE', `--limit '${options.limit}' is no number of letters`, { fix: 'Use e.g. 100.' });
  const { config, registry } = await loadPipeline(file, { set: options.set ?? [] });
  const store = await (await registry.load('store', config.store.type)).open(config.store.options, 'own');
  const source = await openSource(config.source, config, registry, { warn: (message) => process.stderr.write(`${message}\n`) });
  try {
    const letters = (await store.deadLetters(options.source === undefined ? {} : { source: options.source }))
      .filter(({ reason }) => options.reason === undefined || reason === options.reason)
      .slice(0, limit);
    const progress = makeProgress({ stream: process.stderr, total: letters.length, show: options.json || !process.stderr.isTTY ? 'nothing' : 'progress' });
    const left: { letter: DeadLetter; why: string }[] = [];
    let [taken, known] = [0, 0];
    for await (const outcome of retryDead({ store, letters, readAgain: rereading(source), dryRun: options.dryRun === true })) {
      if (outcome.taken === true) taken++;
      else if (outcome.taken === 'known') known++;
      else left.push({ letter: outcome.letter, why: outcome.why });
      progress.update({ read: taken + known + left.length, stored: taken, stage: 'taking in' });
    }
    progress.stop();
    process.stdout.write(
      options.json ? `${JSON.stringify({ tried: letters.length, taken, known, left })}\n` : report(letters.length, taken, known, left, options.dryRun === true),
    );
  } finally {
    await source.close();
    await store.close();
  }
}

type OpenedSource = Awaited<ReturnType<typeof import('../pipeline-input.ts')['openSource']>>;

/** Reads rows of the pipeline's own source again, in one pass as long as the letters come in the order of their rows. */
function rereading(source: OpenedSource): RetryOptions['readAgain'] {
  let opened: Promise<unknown> | undefined;
  let chunks: AsyncIterator<Chunk> | undefined;
  let chunk: Chunk | undefined;
  let readFrom = 0;
  return async ({ source: id, position }) => {
    if (id !== source.id) return undefined;
    opened ??= source.open();
    await opened;
    if (!chunks || position < readFrom) {
      await chunks?.return?.();
      chunks = source.read(position)[Symbol.asyncIterator]();
      chunk = undefined;
    }
    while (!chunk || chunk.nextOffset <= position) {
      readFrom = chunk?.nextOffset ?? position;
      const { done, value } = await chunks.next();
      if (done) return { why: 'the source has no such row any more' };
      chunk = value as Chunk;
    }
    const still = chunk.dead.find((letter) => letter.position === position);
    if (still) return { why: still.message };
    for (const batch of chunk.batches) {
      const row = batch.origins.indexOf(position);
      if (row >= 0) return sliceBatch(batch, row, row + 1);
    }
    return { why: 'the source has no such row any more' };
  };
}

function report(tried: number, taken: number, known: number, left: readonly { letter: DeadLetter; why: string }[], dryRun: boolean): string {
  const count = (n: number): string => n.toLocaleString('en-US');
  if (tried === 0) return 'no dead letters\n';
  const reasons = new Map<string, { count: number; first: DeadLetter }>();
  for (const { letter, why } of left) {
    const kind = `${letter.reason}: ${why.replace(/'[^']*'/g, "'...'")}`;
    const group = reasons.get(kind);
    if (group) group.count++;
    else reasons.set(kind, { count: 1, first: letter });
  }
  const lines = [
    `${count(tried)} dead letters tried: ${count(taken)} ${dryRun ? 'could be taken in' : 'taken in, unscored'}${known > 0 ? `, ${count(known)} were stored already` : ''}, ${count(left.length)} stay`,
    ...[...reasons].map(([kind, { count: n, first }]) => `  ${count(n)} x ${kind} (first: ${first.source} ${count(first.position)})`),
  ];
  return `${lines.join('\n')}\n`;
}
