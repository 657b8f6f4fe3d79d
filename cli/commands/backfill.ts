import type { Command } from 'commander';
import type { PipelineConfig } from '../../core/pipeline-config.ts';
import type { Registry } from '../../core/registry.ts';
import type { Store } from '../../core/store.ts';
import type { StreamModel } from '../../processor/model.ts';
import { collect, setHelp, timeHelp } from '../load-pipeline.ts';

interface BackfillOptions {
  readonly set?: readonly string[];
  readonly stream?: string;
  readonly from?: string;
  readonly to?: string;
  readonly lead: string;
  readonly model?: string;
  readonly json?: true;
  readonly quiet?: true;
}

export function register(program: Command): void {
  program
    .command('backfill')
    .summary('score stored rows again, e.g. those of the warm-up')
    .description(
      'Runs the stored rows of a stream through the very same pipeline, with the model it has now or one from a file, and replaces their verdicts and incidents in one step. ' +
        'Rows stay as they are. The store must not be in use by a running pipeline.',
    )
    .argument('<pipeline>', 'the pipeline file, YAML or JSON')
    .option('--set <path=value>', setHelp, collect)
    .option('--stream <name>', "default: the pipeline's")
    .option('--from <time>', `only rows from this time on: ${timeHelp}`)
    .option('--to <time>', 'only rows before this time')
    .option('--lead <duration>', 'with --from: how much before it is scored, and not written, to warm the memory of steps and detectors', '1h')
    .option('--model <file>', 'a model made by `sluice train`; default: the one that the stream trained')
    .option('--json', 'print JSON: {stream, rows, incidents, rowsPerSecond}')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice backfill pipelines/swat.yaml\n  sluice backfill pipelines/swat.yaml --from 2015-12-28T02:00:00Z --to 2015-12-28T03:00:00Z\n  sluice backfill pipelines/swat.yaml --model swat.model --json',
    )
    .action(run);
}

async function run(file: string, options: BackfillOptions): Promise<void> {
  const [
    { loadPipeline },
    { backfill },
    { StreamPipeline },
    { loadDefinitions },
    { makeProgress },
    { SluiceError },
    { parseDuration },
    { timeOption, timezoneOf },
  ] = await Promise.all([
    import('../load-pipeline.ts'),
    import('../../processor/backfill.ts'),
    import('../../processor/stream.ts'),
    import('../../processor/train.ts'),
    import('../../producer/progress.ts'),
    import('../../core/errors.ts'),
    import('../../core/time.ts'),
    import('../time-option.ts'),
  ]);
  const { config, registry } = await loadPipeline(file, { set: options.set ?? [] });
  const name = options.stream ?? config.stream;
  const timezone = timezoneOf(config.source);
  const [from, to] = [timeOption('--from', options.from, timezone), timeOption('--to', options.to, timezone)];
  const lead = parseDuration(options.lead);
  if (lead === undefined) throw new SluiceError('USAGE', `--lead '${options.lead}' is no duration`, { fix: 'Use e.g. 30m or 2h.' });
  const store = await (await registry.load('store', config.store.type)).open(config.store.options, 'own');
  try {
    const stored = (await store.streams()).find(({ stream }) => stream === name);
    if (!stored)
      throw new SluiceError('USAGE', `the store holds no stream '${name}'`, {
        fix: `It holds: ${(await store.streams()).map(({ stream }) => stream).join(', ') || 'none'}.`,
      });
    const { model, place } = await modelOf(options, config, registry, store, name);
    const stream = new StreamPipeline(name, stored.schema, { config, registry, definitions: await loadDefinitions(config, registry) });
    stream.useModel(model, place);
    await store.openStream(name, stored.schema);
    const progress = makeProgress({
      stream: process.stderr,
      total: from === undefined && to === undefined ? stored.rows : undefined,
      show: options.quiet ? 'nothing' : 'progress',
    });
    const started = performance.now();
    const range = { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }), lead: BigInt(Math.round(lead)) * 1_000_000n };
    const result = await backfill(store, stream, range, (rows) => progress.update({ read: rows, stage: 'scoring again' }));
    progress.stop();
    const rowsPerSecond = Math.round(result.rows / ((performance.now() - started) / 1000));
    if (options.json) process.stdout.write(`${JSON.stringify({ stream: name, ...result, rowsPerSecond })}\n`);
    else
      process.stdout.write(
        `${name}: ${result.rows.toLocaleString('en-US')} rows scored again, ${result.incidents} incidents, ${rowsPerSecond.toLocaleString('en-US')} rows/s\n`,
      );
  } finally {
    await store.close();
  }
}

async function modelOf(
  { model: path }: BackfillOptions,
  config: PipelineConfig,
  registry: Registry,
  store: Store,
  stream: string,
): Promise<{ model: StreamModel; place: string }> {
  const [{ loadModel, trainAgain }, { readModelFile }, { withManifests }, { modelRecordName }, { SluiceError }] = await Promise.all([
    import('../../processor/model.ts'),
    import('../pipeline-input.ts'),
    import('../stored-manifests.ts'),
    import('../../processor/stream.ts'),
    import('../../core/errors.ts'),
  ]);
  if (path !== undefined) return { model: await loadModel(await readModelFile(path), registry, path, trainAgain), place: path };
  const place = `model of stream '${stream}'`;
  const bytes = await withManifests(config, registry, store, async (reader) => {
    const hashes = (await reader.manifests()).flatMap(({ records }) => records[modelRecordName(stream)] ?? []);
    return hashes.length === 0 ? undefined : await reader.record(hashes[0]);
  });
  if (bytes === undefined) {
    throw new SluiceError('WARMUP_TOO_SHORT', `stream '${stream}' has no model yet`, { fix: 'Let it run past its warm-up, or name one with --model.' });
  }
  return { model: await loadModel(bytes, registry, place), place };
}
