import type { Command } from 'commander';
import type { RunWatch } from '../embedded.ts';
import { collect, setHelp } from '../load-pipeline.ts';
import type { RunSummary } from '../run-summary.ts';

interface RunOptions {
  readonly set?: readonly string[];
  readonly fresh?: true;
  readonly untilEnd?: true;
  readonly pace?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly logLevel?: string;
}

export function register(program: Command): void {
  program
    .command('run')
    .summary('run a pipeline in this process: source, bus, detectors, store')
    .description(
      'Reads the source, scores its rows and stores rows, verdicts and incidents. Stays up until Ctrl-C, which finishes the batch in hand and commits; the next start goes on from there.',
    )
    .argument('<pipeline>', 'the pipeline file, YAML or JSON')
    .option('--set <path=value>', setHelp, collect)
    .option('--fresh', 'forget what the store holds of the stream and begin anew')
    .option('--until-end', 'stop when the source is drained and print a summary; as fast as possible unless --pace is given')
    .option('--pace <pace>', "max, a multiple of the rows' own time such as 60x, or a rate such as 100/s")
    .option('--json', 'print the summary as one line of JSON on standard output, everything else on standard error')
    .option('--quiet', 'no progress, only incidents, the summary and errors')
    .option('--log-level <level>', 'structured log on standard error: trace, debug, info, warn, error or silent; also SLUICE_LOG')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice run pipelines/swat.yaml\n  sluice run pipelines/swat.yaml --until-end --json\n  sluice run pipelines/swat.yaml --fresh --pace 600x\n  sluice run pipelines/swat.yaml --fresh --set train.rows=3500-8000 --set source.path=data/swat-june-2017.xlsx',
    )
    .action(run);
}

async function run(file: string, options: RunOptions): Promise<void> {
  const { interruption } = await import('../signals.ts');
  const signal = interruption();
  const [
    { loadPipeline },
    { requireEmbeddable, requireRunnable, runEmbedded },
    { openDisplay },
    { formatPace, parsePace },
    { makeMetrics },
    { Services },
    { RunRecorder },
    { summaryLines, nextLines },
    { typedCommand, storeSettings },
    { remoteSimulator },
    { environment },
    { tokenFor },
  ] = await Promise.all([
    import('../load-pipeline.ts'),
    import('../embedded.ts'),
    import('../display.ts'),
    import('../../core/pace.ts'),
    import('../../core/metrics.ts'),
    import('../broker.ts'),
    import('../run-recorder.ts'),
    import('../run-summary.ts'),
    import('../invocation.ts'),
    import('../remote-simulator.ts'),
    import('../environment.ts'),
    import('../../serve/token.ts'),
  ]);
  const { config, registry } = await loadPipeline(file, { set: options.set ?? [] });
  requireRunnable(config, options);
  await requireEmbeddable(config, registry);
  const token = config.serve && tokenFor(config.serve.host, 'serve.host', await environment());
  const pace = options.pace === undefined ? (options.untilEnd ? parsePace('max') : config.source.pace) : parsePace(options.pace);
  const { progress, log, people, colour } = await openDisplay(options);
  const metrics = makeMetrics();
  const services = new Services((message) => log.warn(message), signal, metrics);
  const store = await (await registry.load('store', config.store.type)).open(config.store.options, 'own', services.context('store'));
  const recorder = new RunRecorder({
    config,
    log,
    metrics,
    progress,
    services,
    pace: config.source.live ? 'live' : formatPace(pace),
    print: people.line,
    staysUp: options.untilEnd !== true,
    simulator: await remoteSimulator(config),
  });
  let server: { url: string; close(): Promise<void> } | undefined;
  try {
    const watch: RunWatch = {
      observer: recorder.observer,
      print: (line) => recorder.print(line),
      warn: (message) => log.warn(message),
      service: (name) => services.context(name),
      colour,
      progress: (read) => recorder.read(read),
      gap: (wait) => recorder.gap(wait),
      ended: () => recorder.ended(),
      async started(start) {
        recorder.start(start);
        if (config.serve)
          server = await (await import('../../serve/server.ts')).startServer(recorder.runtime, {
            ...config.serve,
            token,
            log,
            api: { registry, store: async () => store },
          });
        for (const line of recorder.headLines(server?.url)) people.line(line);
      },
    };
    const result = await runEmbedded({
      config,
      registry,
      store,
      fresh: options.fresh === true,
      pace,
      untilEnd: options.untilEnd === true,
      signal,
      watch,
    });
    progress.stop();
    const summary: RunSummary = recorder.summary(result);
    if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else {
      for (const line of ['', ...summaryLines(summary)]) people.line(line);
      const typed = (what: string): string => typedCommand(['query', what, file, ...storeSettings(options.set ?? [])]);
      process.stdout.write(`${nextLines(summary, typed).join('\n')}\n`);
    }
  } finally {
    progress.stop();
    await server?.close();
    await store.close();
  }
}
