import type { Command } from 'commander';

export function register(program: Command): void {
  program
    .command('schema')
    .summary('the JSON Schema of pipeline files, for editors')
    .description('Prints the JSON Schema of pipeline files, with every component. Editors use it to complete and to check while you type.')
    .option('--json', 'the same: the schema is JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  sluice schema > pipeline.schema.json\n  # then, as the first line of a pipeline:\n  # yaml-language-server: $schema=pipeline.schema.json',
    )
    .action(schema);
}

async function schema(): Promise<void> {
  const [{ builtInRegistry }, { pipelineJsonSchema }] = await Promise.all([import('../load-pipeline.ts'), import('../../core/config/json-schema.ts')]);
  const registry = await builtInRegistry();
  process.stdout.write(`${JSON.stringify(pipelineJsonSchema(await registry.all()), undefined, 2)}\n`);
}
