/**
 * Writes what derives from the declarations: the registry, the list of commands, docs/components/, docs/errors.md,
 * docs/cli.md, docs/pipeline.schema.json and grafana/provisioning. `--check` writes nothing and fails when something differs.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import type { ComponentDefinition } from '../core/component.ts';
import { pipelineJsonSchema } from '../core/config/json-schema.ts';
import { provisioningFiles } from '../grafana/src/provisioning.ts';
import { type Component, componentIndexPage, componentPage } from './generate/component-page.ts';
import { requireSound } from './generate/declaration-rules.ts';
import { differences } from './generate/differences.ts';
import { pipelinePage } from './generate/pipeline-page.ts';
import { cliPage, errorsPage } from './generate/reference-pages.ts';
import { commandsFile, registryFile } from './generate/registry-file.ts';
import { type ComponentFile, projectRoot, scanCommands, scanComponents } from './generate/scan.ts';
import { vectorModuleFile } from './generate/vector-module.ts';

const root = projectRoot();
const check = process.argv.includes('--check');
const changed: string[] = [];

const files = scanComponents(root);
const commands = scanCommands(root);
const codeChanged = [emit('cli/registry.generated.ts', registryFile(files)), emit('cli/commands.generated.ts', commandsFile(commands))].some(Boolean);

const components: Component[] = await Promise.all(files.map(async (file) => ({ file, definition: await load(file) })));
requireSound(components);
for (const component of components) emit(`docs/components/${component.definition.kind}/${component.definition.type}.md`, componentPage(component));
emit('docs/components/README.md', componentIndexPage(components));
emit('docs/pipeline.schema.json', `${JSON.stringify(pipelineJsonSchema(components.map(({ definition }) => definition)), undefined, 2)}\n`);
emit('docs/pipeline.md', pipelinePage());
emit('kernels/simd/module.generated.ts', vectorModuleFile(root));
emit('docs/errors.md', errorsPage());
emit('docs/cli.md', cliPage(await program()));
const provisioning = provisioningFiles();
for (const [path, text] of provisioning) emit(`grafana/provisioning/${path}`, text);
removeOrphans('docs/components', new Set(['README.md', ...components.map(({ definition }) => join(definition.kind, `${definition.type}.md`))]));
removeOrphans('grafana/provisioning', new Set(provisioning.keys()));

if (check && changed.length > 0) {
  process.stderr.write(
    `${changed.join('\n')}\n\n${changed.length} generated files differ from the declarations: run \`npm run generate\` and commit the result.\n`,
  );
  process.exitCode = 1;
} else if (!check)
  process.stdout.write(
    `${components.length} components, ${commands.length} commands; ${changed.length === 0 ? 'nothing changed' : `written:\n${changed.join('\n')}`}\n`,
  );
if (!check && codeChanged) process.stdout.write('the registry or the commands changed: build again to run them\n');

/** Writes a file when its content differs; notes what differs. True when it did. */
function emit(path: string, text: string): boolean {
  const full = join(root, path);
  const before = existsSync(full) ? readFileSync(full, 'utf8') : undefined;
  if (before === text) return false;
  changed.push(check ? differences(path, before, text) : path);
  if (check) return true;
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, text);
  return true;
}

/** Files of a folder that nothing makes any more. */
function removeOrphans(folder: string, made: ReadonlySet<string>): void {
  for (const entry of readdirSync(join(root, folder), { recursive: true, withFileTypes: true })) {
    const path = relative(join(root, folder), join(entry.parentPath, entry.name));
    if (!entry.isFile() || made.has(path)) continue;
    changed.push(`${folder}/${path}: nothing declares it any more`);
    if (!check) rmSync(join(root, folder, path));
  }
}

/** Imports a component from the build, or from its source where the sources are what runs. */
async function load({ path }: ComponentFile): Promise<ComponentDefinition> {
  return ((await built(path)) as { default: ComponentDefinition }).default;
}

/** The command line as the commands' files say, whatever the list of commands was when it was built. */
async function program(): Promise<Command> {
  const { makeProgram } = (await built('cli/program.ts')) as typeof import('../cli/program.ts');
  const modules = await Promise.all(commands.map((command) => built(`cli/commands/${command}.ts`)));
  return makeProgram(modules.map((module) => (module as { register: (program: Command) => void }).register));
}

async function built(path: string): Promise<unknown> {
  const file = import.meta.url.endsWith('.ts') ? join(root, path) : join(root, 'dist', path.replace(/\.ts$/, '.js'));
  return import(pathToFileURL(file).href);
}
