import type { Command } from 'commander';
import type { ProcessorWatch } from '../../processor/processor.ts';
import { collect, setHelp } from '../load-pipeline.ts';

interface ProcessOptions {
  readonly set?: readonly string[];
  readonly fresh?: true;
  readonly untilEnd?: true;
  readonly json?: true;
  readonly quiet?: true;
  readonly logLevel?: string;
}

export function register(program: Command): void {
  program
    .command('process')
    .summary("score a topic's rows: one member of the pipeline's consumer group")
    .description(
      'Takes rows from the topic, scores them and stores rows, verdicts and incidents. Several of these share the partitions of a topic. Stays up until Ctrl-C, which finishes the batch in hand and commits; the next start, or another member, goes on from there with the same result.',
    )
    .argument('<pipeline>', 'the pipeline file, with a bus that connects processes, such as kafka')
    .option('--set <path=value>', setHelp, collect)
    .option('--fresh', 'forget what the group and the store hold of the streams, and process the topic from its first row')
    .option('--until-end', 'stop when every producer has ended and all is processed, and print a summary')
    .option('--json', 'print the summary as one line of JSON on standard output, everything else on standard error')
    .option('--quiet', 'no progress, only incidents, the summary and errors')
    .option('--log-level <level>', 'structured log on standard error: trace, debug, info, warn, error or silent; also SLUICE_LOG')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice process pipelines/swat-kafka.yaml\n  sluice process pipelines/swat-kafka.yaml --until-end --json\n  sluice process pipelines/swat-kafka.yaml --set bus.group=second-opinion --set store.bucket=second-opinion',
    )
    .action(run);
}

async function run(file: string, options: ProcessOptions): Promise<void> {
  const { beforeTheFirstRow, interruption } = await import('../signals.ts');
  const signal = interruption();
  const begun = beforeTheFirstRow(signal);
  const [
    { loadPipeline },
    { processTopic },
    { openBroker, groupOf, Services },
    { openDisplay },
    { makeMetrics },
    { PipelineRecorder },
    { ProcessRecorder, processLines },
    { trainingOf },
    { ServedStore },
    { typedCommand, storeSettings },
    { remoteSimulator },
    { environment },
    { tokenFor },
    { openScoringWorkers },
  ] = await Promise.all([
    import('../load-pipeline.ts'),
    import('../../processor/processor.ts'),
    import('../broker.ts'),
    import('../display.ts'),
    import('../../core/metrics.ts'),
    import('../pipeline-recorder.ts'),
    import('../process-recorder.ts'),
    import('../pipeline-input.ts'),
    import('../served-store.ts'),
    import('../invocation.ts'),
    import('../remote-simulator.ts'),
    import('../environment.ts'),
    import('../../serve/token.ts'),
    import('../open-scoring-workers.ts'),
  ]);
  const { config, registry } = await loadPipeline(file, { set: options.set ?? [] });
  const token = config.serve && tokenFor(config.serve.host, 'serve.host', await environment());
  const { progress, log, people, colour } = await openDisplay(options);
  const warn = (message: string): void => log.warn(message);
  const metrics = makeMetrics();
  const services = new Services(warn, signal, metrics);
  services.expect('store');
  const group = groupOf(config);
  const pipelines = new PipelineRecorder({ config, log, metrics, print: people.line });
  const simulator = await remoteSimulator(config);
  const recorder = new ProcessRecorder({ config, group, log, metrics, pipelines, progress, services, print: people.line, simulator });
  const store = await registry.load('store', config.store.type);
  const bus = await openBroker(config, registry, services.context('bus'));
  const outputs = new Map<string, import('../../core/component.ts').Output[]>();
  const workers = openScoringWorkers(config, warn);
  const served = new ServedStore(() => store.open(config.store.options, 'own'));
  let server: { url: string; close(): Promise<void> } | undefined;
  try {
    const training = await trainingOf({ config, registry, watch: { warn } });
    for (const topic of config.topics) {
      const own = [];
      for (const { type, options: of } of config.outputs) {
        const context = { ...services.context(`output ${type}`), stream: config.stream, topic, bus: config.bus, colour };
        own.push((await registry.load('output', type)).create(of, { ...context, print: people.line }));
      }
      outputs.set(topic, own);
    }
    if (config.serve) {
      const { startServer } = await import('../../serve/server.ts');
      server = await startServer(recorder.runtime, { ...config.serve, token, log, api: { registry, store: () => served.open() } });
    }
    people.line(`topic    ${config.topics.join(', ')}, group ${group}`);
    if (server) for (const line of [`page     ${server.url}`, `watch    ${server.url}/metrics  ${server.url}/readyz`]) people.line(line);
    // When one topic's processor breaks down, the others finish and commit.
    const failed = new AbortController();
    const stop = AbortSignal.any([signal, failed.signal]);
    const watch = (topic: string): ProcessorWatch => {
      const own = recorder.watch(topic);
      return {
        ...own,
        joined() {
          begun();
          own.joined?.();
        },
      };
    };
    const results = await Promise.allSettled(
      config.topics.map((topic) =>
        processTopic({
          ...{ config, registry, bus, topic, group, signal: stop, workers, ...training },
          openStore: () => store.open(config.store.options, 'own', { ...services.context('store'), worked: pipelines.processed > 0 }),
          transactional: store.transactional,
          outputs: outputs.get(topic) ?? [],
          fresh: options.fresh === true,
          untilEnd: options.untilEnd === true,
          watch: watch(topic),
        }).catch((error: unknown) => {
          failed.abort(error);
          throw error;
        }),
      ),
    );
    progress.stop();
    const broken = results.find((result) => result.status === 'rejected');
    if (broken) throw services.told(broken.reason);
    const summary = recorder.summary(results.every((result) => result.status === 'fulfilled' && result.value === 'end'));
    if (options.json) process.stdout.write(`${JSON.stringify(summary)}\n`);
    else {
      for (const line of ['', ...processLines(summary)]) people.line(line);
      process.stdout.write(`${'next'.padEnd(10)}${typedCommand(['query', 'incidents', file, ...storeSettings(options.set ?? [])])}\n`);
    }
  } finally {
    begun();
    progress.stop();
    await server?.close();
    await served.close();
    // All are closed, whatever one of them says.
    const closed = await Promise.allSettled([...outputs.values()].flat().map((output) => output.close()));
    await workers.close();
    await bus.close();
    for (const { reason } of closed.filter((result) => result.status === 'rejected')) warn(`an output did not close: ${(reason as Error).message}`);
  }
}
