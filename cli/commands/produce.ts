import type { Command } from 'commander';
import { collect, setHelp } from '../load-pipeline.ts';

interface ProduceOptions {
  readonly set?: readonly string[];
  readonly pace?: string;
  readonly json?: true;
  readonly quiet?: true;
  readonly logLevel?: string;
}

export function register(program: Command): void {
  program
    .command('produce')
    .summary("send a source's rows to the pipeline's topic")
    .description(
      'Reads the source and sends each row to the topic as one JSON message. Goes on behind the last row that the topic holds of this source, so that a row is sent once however often this is started. Ends at the end of the source; Ctrl-C sends what is in hand and ends.',
    )
    .argument('<pipeline>', 'the pipeline file, with a bus that connects processes, such as kafka')
    .option('--set <path=value>', setHelp, collect)
    .option('--pace <pace>', "max, a multiple of the rows' own time such as 60x, or a rate such as 100/s; default: the pipeline's source.pace")
    .option('--json', 'print the summary as one line of JSON on standard output, everything else on standard error')
    .option('--quiet', 'no progress, only the summary and errors')
    .option('--log-level <level>', 'structured log on standard error: trace, debug, info, warn, error or silent; also SLUICE_LOG')
    .addHelpText('after', '\nExamples:\n  sluice produce pipelines/swat-kafka.yaml\n  sluice produce pipelines/swat-kafka.yaml --pace max --json')
    .action(produce);
}

async function produce(file: string, options: ProduceOptions): Promise<void> {
  const { beforeTheFirstRow, interruption } = await import('../signals.ts');
  const signal = interruption();
  const begun = beforeTheFirstRow(signal);
  const [{ loadPipeline }, { produceSource }, { openBroker, Services }, { openDisplay }, { formatPace, parsePace }] = await Promise.all([
    import('../load-pipeline.ts'),
    import('../producing.ts'),
    import('../broker.ts'),
    import('../display.ts'),
    import('../../core/pace.ts'),
  ]);
  const { config, registry } = await loadPipeline(file, { set: options.set ?? [] });
  const pace = options.pace === undefined ? config.source.pace : parsePace(options.pace);
  const { progress, log, people } = await openDisplay(options);
  const services = new Services((message) => log.warn(message), signal);
  const bus = await openBroker(config, registry, services.context('bus'));
  const count = (n: number): string => n.toLocaleString('en-US');
  const began = performance.now();
  let resumedAt = 0;
  let topic = '';
  let read = 0;
  try {
    const totals = await produceSource({
      config,
      registry,
      bus,
      pace,
      signal,
      watch: {
        warn: (message) => log.warn(message),
        started({ description, position, topic: name }) {
          begun();
          resumedAt = position.nextOffset;
          read = resumedAt;
          topic = name;
          const at = resumedAt > 0 ? `goes on at row ${count(resumedAt)}` : 'begins at the first row';
          people.line(`source   ${description}`);
          people.line(`topic    ${topic}, ${at}, pace ${formatPace(pace)}`);
        },
        progress({ nextOffset, progress: share }) {
          read = nextOffset;
          progress.update({
            read,
            stage: services.away ?? `sending, pace ${formatPace(pace)}`,
            ...(share === undefined ? {} : { progress: share }),
          });
        },
        gap(wait) {
          progress.update({ read, stage: `next row in ${Math.round(wait / 1000)} s` });
        },
      },
    });
    progress.stop();
    const seconds = Math.round(performance.now() - began) / 1000;
    const { rows, dead, missing, nextOffset, aborted } = totals;
    const rowsPerSecond = seconds > 0 ? Math.round(rows / seconds) : 0;
    if (options.json) {
      const summary = {
        topic,
        rowsSent: rows,
        deadLetters: dead,
        missing: Object.fromEntries(missing),
        resumedAt,
        nextOffset,
        ended: !aborted,
        seconds,
        rowsPerSecond,
      };
      process.stdout.write(`${JSON.stringify(summary)}\n`);
    } else {
      const end = aborted ? 'stopped' : rows + dead === 0 && resumedAt > 0 ? 'nothing new' : 'end of the source';
      people.line(`${end} at row ${count(nextOffset)}: ${count(rows)} rows sent to ${topic}, ${count(dead)} dead, ${count(rowsPerSecond)} rows/s`);
    }
  } catch (error) {
    throw services.told(error);
  } finally {
    begun();
    progress.stop();
    await bus.close();
  }
}
