import { Argument, type Command, Option } from 'commander';
import type { ExportRequest } from '../../core/store.ts';
import { collect, setHelp } from '../load-pipeline.ts';
import type { StoredOptions } from '../stored.ts';

interface ExportOptions extends StoredOptions {
  readonly format?: ExportRequest['format'];
  readonly out: string;
  readonly json?: true;
}

export function register(program: Command): void {
  program
    .command('export')
    .summary('write rows, verdicts or incidents to a csv or parquet file')
    .description('Writes what is stored to a file, also while the pipeline runs. The file appears, or is replaced, when it is complete. Times are in UTC.')
    .addArgument(new Argument('<what>').choices(['rows', 'verdicts', 'incidents']))
    .argument('[pipeline]', 'the pipeline file whose store is read')
    .requiredOption('--out <file>', 'where to')
    .addOption(new Option('--format <format>', 'default: as the name of the file ends').choices(['csv', 'parquet']))
    .option('--set <path=value>', setHelp, collect)
    .option('--store <path>', "a store file, instead of the pipeline's")
    .option('--stream <name>', "default: the pipeline's, or the only one")
    .option('--from <time>', 'from this time on, ISO 8601 with zone')
    .option('--to <time>', 'before this time')
    .option('--last <duration>', 'so much of the end of the stream, e.g. 2h')
    .option('--json', 'print JSON: {file, what, format, stream, rows}')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice export rows pipelines/swat.yaml --out swat.parquet\n  sluice export verdicts pipelines/swat.yaml --last 1h --out verdicts.csv\n  sluice export incidents --store .sluice/swat.duckdb --format csv --out incidents.txt',
    )
    .action(write);
}

async function write(what: ExportRequest['what'], file: string | undefined, options: ExportOptions): Promise<void> {
  const [{ openStored, spanOf }, { SluiceError }, { extname, resolve }] = await Promise.all([
    import('../stored.ts'),
    import('../../core/errors.ts'),
    import('node:path'),
  ]);
  const ending = extname(options.out).slice(1).toLowerCase();
  const format = options.format ?? (ending === 'csv' || ending === 'parquet' ? ending : undefined);
  if (!format) throw new SluiceError('USAGE', `'${options.out}' does not say its format`, { fix: 'Add --format csv or --format parquet.' });
  const { store, stream } = await openStored(file, options);
  try {
    if (!stream) throw new SluiceError('USAGE', 'nothing is stored yet', { fix: 'Run the pipeline first.' });
    const { last, ...range } = spanOf(options, stream.last);
    if (last !== undefined) throw new SluiceError('USAGE', `--last '${last}' is no duration`, { fix: 'Use e.g. 30m or 2h.' });
    const { rows } = await store.export({ what, format, path: resolve(options.out), stream: stream.stream, ...range });
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ file: options.out, what, format, stream: stream.stream, rows })}\n`
        : `${options.out}: ${rows.toLocaleString('en-US')} ${what} of ${stream.stream}\n`,
    );
  } finally {
    await store.close();
  }
}
