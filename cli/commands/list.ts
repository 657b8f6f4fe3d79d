import type { Command } from 'commander';
import type { ComponentKind } from '../../core/component.ts';
import { choiceArgument, oneOf } from '../choice.ts';

const kinds: readonly ComponentKind[] = ['source', 'step', 'detector', 'threshold', 'combiner', 'output', 'bus', 'store'];

export function register(program: Command): void {
  program
    .command('list')
    .summary('the components that a pipeline can name')
    .description('Lists the components that a pipeline can name: kind, type and what each is.')
    .addArgument(choiceArgument('[kind]', 'only this kind, in the singular or plural', kinds).argParser(kindOf))
    .option('--json', 'print JSON: an array of {kind, type, summary}')
    .addHelpText('after', '\nExamples:\n  sluice list\n  sluice list detectors\n  sluice list step --json')
    .action(list);
}

/** The kind that is meant by `detector` as by `detectors`. */
function kindOf(value: string): ComponentKind {
  return oneOf('kind', kinds.find((kind) => value === (kind === 'bus' ? 'buses' : `${kind}s`)) ?? value, kinds);
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
