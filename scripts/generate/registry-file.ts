import { type ComponentFile, componentKinds } from './scan.ts';

const header = '// Written by `npm run generate` from the folders; do not edit.\n';

/** cli/registry.generated.ts: every component type and how to load it. */
export function registryFile(files: readonly ComponentFile[]): string {
  const kinds = componentKinds.map((kind) => {
    const lines = files.filter((file) => file.kind === kind).map(({ type, path }) => `    ${key(type)}: () => import('../${path}'),\n`);
    return lines.length === 0 ? `  ${kind}: {},\n` : `  ${kind}: {\n${lines.join('')}  },\n`;
  });
  return `${header}import type { ComponentIndex } from '../core/registry.ts';\n\nexport const components: ComponentIndex = {\n${kinds.join('')}};\n`;
}

/** cli/commands.generated.ts: every command, in the order of the help. */
export function commandsFile(commands: readonly string[]): string {
  const name = (command: string): string => command.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  const imports = [...commands].sort().map((command) => `import { register as ${name(command)}Command } from './commands/${command}.ts';\n`);
  return `${header}import type { Command } from 'commander';\n${imports.join('')}\nexport const commands: readonly ((program: Command) => void)[] = [${commands.map((command) => `${name(command)}Command`).join(', ')}];\n`;
}

function key(type: string): string {
  return /^[a-z]+$/.test(type) ? type : `'${type}'`;
}
