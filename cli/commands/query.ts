import type { Command } from 'commander';
import { choiceArgument } from '../choice.ts';
import { collect, setHelp, timeHelp } from '../load-pipeline.ts';
import type { Stored, StoredOptions } from '../stored.ts';

export interface QueryOptions extends StoredOptions {
  readonly detector?: string;
  readonly flagged?: true;
  readonly tags?: string;
  readonly level?: string;
  readonly json?: true;
}

/** What a query found: for people, and as JSON. */
export interface Answer {
  readonly text: string;
  readonly json: object;
}

const kinds = ['incidents', 'rows', 'verdicts', 'stats', 'dead'] as const;
export type QueryKind = (typeof kinds)[number];

export function register(program: Command): void {
  program
    .command('query')
    .summary('what is stored: incidents, rows, verdicts, statistics, dead letters')
    .description(
      'Shows what is stored, also while the pipeline runs. Times are in UTC. Rows and verdicts are the last 20 unless a span is given; ' +
        '--last counts back from the last row of the stream, not from now. Dead letters are rows that could not be taken, with the reason and the raw row; ' +
        'many are counted by their reason unless --last asks for single ones. On a terminal a table leaves out what does not fit its width; ' +
        'elsewhere it is whole. Tables round: scores to 4 digits, values to 6; --json is exact. MV304 ↑ 36 % says that the tag was above what was expected and carries 36 % of the score.',
    )
    .addArgument(choiceArgument('<what>', '', kinds))
    .argument('[pipeline]', 'the pipeline file whose store is read')
    .option('--set <path=value>', setHelp, collect)
    .option('--store <path>', "a store file, instead of the pipeline's")
    .option('--stream <name>', "default: the pipeline's, or the only one")
    .option('--from <time>', `from this time on: ${timeHelp}`)
    .option('--to <time>', 'before this time')
    .option('--last <n|duration>', 'so many, or so much of the stream, e.g. 100 or 2h')
    .option('--detector <name>', 'incidents, verdicts: only of this detector or combination')
    .option('--flagged', 'verdicts: only warnings and errors')
    .option('--tags <a,b>', 'rows, stats: only these tags')
    .option('--level <duration>', 'rows: mean, least and greatest of each so much time, e.g. 1m')
    .option('--json', 'print one JSON document; missing values are null')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice query incidents pipelines/swat.yaml\n  sluice query verdicts pipelines/swat.yaml --flagged --detector k-means --last 1h\n  sluice query rows pipelines/swat.yaml --tags LIT101,FIT101 --last 2h --level 10m\n  sluice query stats --store .sluice/swat.duckdb --json\n  sluice query dead plant.yaml --last 5',
    )
    .action(query);
}

async function query(what: QueryKind, file: string | undefined, options: QueryOptions): Promise<void> {
  const [{ openStored }, { terminalWidth }, answers] = await Promise.all([import('../stored.ts'), import('../text-table.ts'), import('../answers.ts')]);
  const stored: Stored = await openStored(file, options, { anyStream: what === 'dead' });
  try {
    const { text, json } = await answers[what](stored, options, terminalWidth());
    process.stdout.write(options.json ? `${JSON.stringify(json, undefined, 2)}\n` : text);
  } finally {
    await stored.store.close();
  }
}
