import type { Command } from 'commander';
import { collect, setHelp } from '../load-pipeline.ts';

interface ListOptions {
  readonly set?: readonly string[];
  readonly store?: string;
  readonly last?: string;
  readonly json?: true;
}

export interface RetryFlags {
  readonly set?: readonly string[];
  readonly source?: string;
  readonly reason?: string;
  readonly limit: string;
  readonly dryRun?: true;
  readonly json?: true;
  readonly quiet?: true;
}

export function register(program: Command): void {
  const dead = program
    .command('dead')
    .summary('rows that could not be taken: list them, take them in after all')
    .description('Rows that could not be read, came too late or were refused by the store are kept as dead letters, with the reason and the raw row.')
    .addHelpText('after', '\nExamples:\n  sluice dead list pipelines/swat.yaml --last 20 --json\n  sluice dead retry pipelines/swat.yaml --dry-run');
  dead
    .command('list')
    .summary('the dead letters of a pipeline')
    .description(
      'Lists dead letters, also while the pipeline runs; many are counted by their reason unless --last asks for single ones. The same as `sluice query dead`.',
    )
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
      'Tries dead letters again. Rows that came too late or were refused are stored as they were kept; the others are read again at their place in the ' +
        'source, with the settings as they are now. What can be taken is stored in its place, unscored (status undefined), the statistics around it are ' +
        'made anew and its letter goes; what cannot stays, with the reason. The pipeline goes on afterwards as if nothing had happened. With DuckDB it must ' +
        'not be running meanwhile; beside a pipeline that runs elsewhere, a row is stored at once, and its letter goes when this is called again after its hour.',
    )
    .argument('<pipeline>', 'the pipeline file')
    .option('--set <path=value>', setHelp, collect)
    .option('--source <id>', 'only letters of this source or topic')
    .option('--reason <reason>', 'only letters of this reason, e.g. too-late')
    .option('--limit <n>', 'so many letters at most, up to 100000', '10000')
    .option('--dry-run', 'tell what would be taken, change nothing')
    .option('--json', 'print JSON: {tried, taken, known, waiting, left, dryRun}')
    .option('--quiet', 'no progress')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice dead retry pipelines/swat.yaml --dry-run\n  sluice dead retry pipelines/swat.yaml --reason time --set source.dateOrder=dmy\n  sluice dead retry pipelines/swat-kafka.yaml --reason too-late --json',
    )
    .action(async (file: string, flags: RetryFlags) => await (await import('../dead-retry.ts')).retry(file, flags));
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
