import type { Command } from 'commander';
import type { ExportRequest } from '../../core/store.ts';
import { choiceArgument, choiceOption } from '../choice.ts';
import { collect, setHelp, timeHelp } from '../load-pipeline.ts';
import type { StoredOptions } from '../stored.ts';

interface ExportOptions extends StoredOptions {
  readonly format?: ExportRequest['format'];
  readonly out: string;
  readonly force?: true;
  readonly json?: true;
}

const columns = `Columns:
  rows       time, seq (counts rows of the same time), one per tag, label (1 attack, 0 normal, empty unknown)
  verdicts   time, seq, detector, score, grade (0.5 at the warning level, 1 at the error level), status (ok, warning, error or undefined),
             tag_1 and share_1 to tag_5 and share_5 (part of the score; below zero: lower than expected), rest (of the other tags)
  incidents  id, stream, detector, start, end, open, rows, peak_time, peak_score, peak_grade, causes, tag_1 and share_1 to tag_5 and share_5`;

export function register(program: Command): void {
  program
    .command('export')
    .summary('write rows, verdicts or incidents to a csv or parquet file')
    .description(
      'Writes what is stored to a file, also while the pipeline runs. The file appears, or is replaced with --force, when it is complete. Times are in UTC, numbers exact.',
    )
    .addArgument(choiceArgument('<what>', '', ['rows', 'verdicts', 'incidents']))
    .argument('[pipeline]', 'the pipeline file whose store is read')
    .requiredOption('--out <file>', 'where to, in a folder that exists')
    .option('--force', 'overwrite the file')
    .addOption(choiceOption('--format <format>', 'default: as the name of the file ends', ['csv', 'parquet']))
    .option('--set <path=value>', setHelp, collect)
    .option('--store <path>', "a store file, instead of the pipeline's")
    .option('--stream <name>', "default: the pipeline's, or the only one")
    .option('--from <time>', `from this time on: ${timeHelp}`)
    .option('--to <time>', 'before this time')
    .option('--last <duration>', 'so much of the end of the stream, e.g. 2h')
    .option('--json', 'print JSON: {file, what, format, stream, rows}')
    .addHelpText(
      'after',
      `\n${columns}\n\nExamples:\n  sluice export rows pipelines/swat.yaml --out swat.parquet\n  sluice export verdicts pipelines/swat.yaml --last 1h --out verdicts.csv\n  sluice export incidents --store .sluice/swat.duckdb --format csv --out incidents.txt`,
    )
    .action(write);
}

async function write(what: ExportRequest['what'], file: string | undefined, options: ExportOptions): Promise<void> {
  const [{ openStored, spanOf }, { SluiceError }, { requireFree }, { extname, resolve }] = await Promise.all([
    import('../stored.ts'),
    import('../../core/errors.ts'),
    import('../write-whole.ts'),
    import('node:path'),
  ]);
  const ending = extname(options.out).slice(1).toLowerCase();
  const format = options.format ?? (ending === 'csv' || ending === 'parquet' ? ending : undefined);
  if (!format) throw new SluiceError('USAGE', `'${options.out}' does not say its format`, { fix: 'Add --format csv or --format parquet.' });
  requireFree(options.out, options);
  const stored = await openStored(file, options);
  const { store, stream } = stored;
  try {
    if (!stream) throw new SluiceError('USAGE', 'nothing is stored yet', { fix: 'Run the pipeline first.' });
    const { last, ...range } = spanOf(options, stored);
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
