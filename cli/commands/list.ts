import type { Command } from 'commander';
import type { ComponentKind } from '../../core/component.ts';
import { choiceArgument } from '../choice.ts';

const kinds: readonly ComponentKind[] = ['source', 'step', 'detector', 'threshold', 'combiner', 'output', 'bus', 'store'];

export function register(program: Command): void {
  program
    .command('list')
    .summary('the components that a pipeline can name')
    .description('Lists the components that a pipeline can name: kind, type and what each is.')
    .addArgument(choiceArgument('[kind]', 'only this kind', kinds))
    .option('--json', 'print JSON: an array of {kind, type, summary}')
    .addHelpText('after', '\nExamples:\n  sluice list\n  sluice list detector\n  sluice list step --json')
    .action(list);
}

async function list(kind: ComponentKind | undefined, { json }: { json?: true }): Promise<void> {
  const [{ builtInRegistry }, { textTable }] = await Promise.all([import('../load-pipeline.ts'), import('../text-table.ts')]);
  const registry = await builtInRegistry();
  const components = await Promise.all(
    kinds.filter((each) => kind === undefined || each === kind).flatMap((each) => registry.types(each).map((type) => registry.load(each, type))),
  );
  const rows = components.map(({ kind, type, summary }) => ({ kind, type, summary }));
  process.stdout.write(
    json
      ? `${JSON.stringify(rows, undefined, 2)}\n`
      : textTable(
          ['KIND', 'TYPE', 'WHAT IT IS'],
          rows.map((row) => [row.kind, row.type, row.summary]),
        ),
  );
}
