import type { Command } from 'commander';

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
  program
    .command('init')
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
      '\nExamples:\n  sluice init\n  sluice init plant.yaml --path plant.csv --timezone Europe/Berlin\n  sluice init swat.yaml --path SWaT_Dataset_Attack_v0.xlsx --timezone Asia/Singapore',
    )
    .action(init);
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
