import type { Command } from 'commander';
import type { InfluxInitOptions } from '../influxdb-setup.ts';

interface InitOptions {
  readonly source?: string;
  readonly path?: string;
  readonly stream?: string;
  readonly timezone?: string;
  readonly period?: string;
  readonly force?: true;
  readonly json?: true;
}

export function register(program: Command): void {
  const command = program
    .command('init')
    // The word "influxdb" is another command, every other is a file.
    .helpCommand(false)
    .summary('write a commented pipeline file to start from')
    .description(
      'Writes a pipeline file to start from, with a comment at every part, and looks at the file that it is to read: how many rows there are and how far they are apart decides what to train on, what to hold and what is an incident. It never overwrites a file unless told to.',
    )
    .argument('[file]', 'where to', 'pipeline.yaml')
    .option('--source <type>', "kind of source, see 'sluice list source'; default: by the end of the path, else csv")
    .option('--path <path>', 'the file that the source reads')
    .option('--stream <name>', 'name of the plant; default: from the path')
    .option('--timezone <zone>', 'zone of times without one, e.g. Asia/Singapore')
    .option('--period <span>', 'time from row to row of a file without a time column, e.g. 1s')
    .option('--force', 'overwrite the file')
    .option('--json', 'print JSON: {file}')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice init\n  sluice init plant.yaml --path plant.csv --timezone Europe/Berlin\n  sluice init swat.yaml --path SWaT_Dataset_Attack_v0.xlsx --timezone Asia/Singapore\n  sluice init influxdb',
    )
    .action(init);
  command
    .command('influxdb')
    .summary('make an InfluxDB ready: buckets, retention, tokens, down-sampling')
    .description(
      'Sets up an empty InfluxDB 2 (random password and operator token), then makes what is missing: organisation, buckets, mappings for InfluxQL, the task that thins metrics out, and a token for each use that opens nothing else. Addresses and tokens go into the environment file (mode 600), never to the screen. Done again, it keeps what is right.',
    )
    .option('--url <url>', 'address; default: INFLUX_URL, else http://127.0.0.1:8086')
    .option('--org <name>', 'organisation; default: INFLUX_ORG, else sluice')
    .option('--bucket <name>', "bucket for the plant's rows and results, which keeps everything; default: INFLUX_BUCKET, else plant")
    .option('--monitoring-bucket <name>', 'bucket for metrics of the machines; default: INFLUX_MONITORING_BUCKET, else monitoring')
    .option('--monitoring-retention <span>', 'how long it keeps them; 0: for good', '30d')
    .option('--history-bucket <name>', 'bucket for the same by five minutes; default: INFLUX_HISTORY_BUCKET, else the one for metrics with _history')
    .option('--history-retention <span>', 'how long it keeps them; 0: for good', '730d')
    .option('--env-file <path>', 'where the tokens go and are looked for; default: SLUICE_ENV_FILE, else .env')
    .option('--token-file <path>', 'file with the operator token; default: INFLUX_OPERATOR_TOKEN of the environment or the environment file')
    .option('--fix-retention', 'change the retention of buckets that exist already')
    .option('--rotate', 'make every token anew; the old ones stop working')
    .option('--wait <span>', 'how long to wait for a server that does not answer yet', '30s')
    .option('--json', 'print JSON: {url, version, steps, warnings, envFile, variables}')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice init influxdb\n  sluice init influxdb --url https://influx.example.com --token-file operator-token\n  sluice init influxdb --rotate',
    )
    .action(async (_: InfluxInitOptions, influxdb: Command) => await (await import('../influxdb-setup.ts')).initInflux(await withoutFileOptions(influxdb)));
}

/** Options that both have, such as --json, are found with the outer command, wherever they stand. */
async function withoutFileOptions(command: Command): Promise<InfluxInitOptions> {
  const own = new Set(command.options.map((option) => option.attributeName()));
  const all = command.optsWithGlobals<InfluxInitOptions>();
  const foreign = Object.keys(all).find((name) => !own.has(name));
  if (foreign === undefined) return all;
  const { SluiceError } = await import('../../core/errors.ts');
  throw new SluiceError('USAGE', `init influxdb has no --${foreign}`, { fix: 'See sluice init influxdb --help.' });
}

async function init(file: string, options: InitOptions): Promise<void> {
  const [{ writeFile }, { SluiceError, quote }, { builtInRegistry }, { pipelineTemplate }, { prepare }, { parseConfig }, { sourceTypeOf }] = await Promise.all([
    import('node:fs/promises'),
    import('../../core/errors.ts'),
    import('../load-pipeline.ts'),
    import('../pipeline-template.ts'),
    import('../first-pipeline.ts'),
    import('../../core/config/load.ts'),
    import('../../core/config/source-of-path.ts'),
  ]);
  const registry = await builtInRegistry();
  const source = await registry.load('source', options.source ?? sourceTypeOf(options.path ?? ''));
  const { choices, facts, warnings } = await prepare(source, options);
  const text = pipelineTemplate(source, choices, facts);
  await parseConfig(text, file, registry, { environment: process.env });
  try {
    await writeFile(file, text, { flag: options.force ? 'w' : 'wx' });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new SluiceError('USAGE', `${quote(file)} exists already`, { fix: 'Name another file, or overwrite it with --force.', cause });
    throw new SluiceError('USAGE', `cannot write ${quote(file)}: ${(cause as Error).message}`, {
      fix: 'Name a file in a folder that exists and can be written.',
      cause,
    });
  }
  for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
  process.stdout.write(options.json ? `${JSON.stringify({ file })}\n` : `wrote ${file}; see what it makes of your data with: sluice check ${file}\n`);
}
