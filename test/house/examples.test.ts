import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { repository, temporaryFolder } from './temporary-clone.ts';

/**
 * Runs the `@example`s of the doc comments. A line `expression; // value` must come to that value, written as Node prints it;
 * other lines are statements. Names come from the example's own module, from what that module imports, or from the one
 * module of the product that exports the name.
 */
interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: readonly string[];
}

const folders = ['core', 'kernels', 'connectors', 'producer', 'processor', 'evaluate', 'serve', 'cli'];
const files = folders
  .filter((folder) => existsSync(join(repository, folder)))
  .flatMap((folder) => readdirSync(join(repository, folder), { recursive: true, encoding: 'utf8' }).map((file) => `${folder}/${file}`))
  .filter((file) => file.endsWith('.ts') && !/\.(test|generated)\.ts$|fixtures/.test(file));
const texts = new Map(files.map((file) => [file, readFileSync(join(repository, file), 'utf8')]));

function examplesOf(file: string, text: string): Example[] {
  const found: Example[] = [];
  for (const comment of text.matchAll(/\/\*\*[\s\S]*?\*\//g)) {
    const lines = comment[0].split('\n').map((line) => line.replace(/^\s*(\/\*\*|\*\/|\*)\s?|\s*\*\/$/g, ''));
    for (const [i, line] of lines.entries()) {
      if (!line.startsWith('@example')) continue;
      const end = lines.findIndex((later, j) => j > i && later.startsWith('@'));
      const code = lines.slice(i + 1, end < 0 ? undefined : end).filter((codeLine) => codeLine.trim() !== '' && !codeLine.startsWith('```'));
      found.push({ file, line: text.slice(0, comment.index).split('\n').length + i, code });
    }
  }
  return found;
}

/** Name -> file, for values that one module exports under that name. */
const exporters = new Map<string, string[]>();
for (const [file, text] of texts) {
  for (const [, name] of text.matchAll(/^export (?:async )?(?:const|function\*?|class) (\w+)/gm)) exporters.set(name, [...(exporters.get(name) ?? []), file]);
}
/** Components are default exports; in an example they go by their file's name in camel case. */
const components = new Map(
  [...texts]
    .filter(([, text]) => /^export default /m.test(text))
    .map(([file]) => [basename(file, '.ts').replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()), file]),
);

function importsFor({ file, code }: Example): string[] {
  const text = texts.get(file) ?? '';
  const declared = new Set(code.flatMap((line) => [...line.matchAll(/\b(?:const|let)\s+(\w+)/g)].map(([, name]) => name)));
  const used = new Set(code.flatMap((line) => [...line.replace(/;\s*\/\/.*$/, ';').matchAll(/(?<=\.\.\.|^|[^.\w'"])[A-Za-z_]\w*/g)].map(([name]) => name)));
  const imports: string[] = [];
  for (const name of used) {
    if (declared.has(name)) continue;
    const candidates = exporters.get(name);
    const component = components.get(name);
    if (component && !candidates) imports.push(`import ${name} from '${join(repository, component)}';`);
    if (!candidates) continue;
    const imported = new RegExp(`import [^;]*\\b${name}\\b[^;]*from '([^']+)'`).exec(text)?.[1];
    const from = candidates.includes(file) ? file : imported ? join(file, '..', imported) : candidates[0];
    imports.push(`import { ${name} } from '${join(repository, from)}';`);
  }
  return imports;
}

/** A module that leaves what each line came to in `results`. */
function moduleOf(example: Example): string {
  const body = example.code.map((line) => {
    const match = /^(?!\s*(?:const|let)\b)(.*?);\s*\/\/ (.*)$/.exec(line);
    return match ? `results.push([(${match[1]}), ${JSON.stringify(match[2])}]);` : line;
  });
  return [...importsFor(example), 'export const results: [unknown, string][] = [];', '{', ...body, '}'].join('\n');
}

/** As Node prints it, on one line, without lengths, in double quotes, fractions to twelve digits. */
const normal = (text: string): string =>
  text
    .replace(/\b((?:Float64|Int8|Int32|Uint8|BigInt64|Float32)?Array|Map|Set)\(\d+\)/g, '$1')
    .replace(/'/g, '"')
    .replace(/\s+/g, ' ')
    .replace(/([[{(]) | ([\]})])/g, '$1$2')
    .replace(/(?<![\w."])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w."])/g, (number) => (/[.e]/.test(number) ? String(Number(Number(number).toPrecision(12))) : number))
    .trim();
const printed = (value: unknown): string => inspect(value, { depth: null, breakLength: Number.POSITIVE_INFINITY, maxArrayLength: null });

describe('the examples in doc comments', () => {
  const examples = [...texts].flatMap(([file, text]) => examplesOf(file, text));

  it('are there', () => {
    expect(examples.length).toBeGreaterThan(20);
  });

  it.each(examples)('$file:$line', async (example) => {
    const path = join(temporaryFolder('example'), 'example.ts');
    writeFileSync(path, moduleOf(example));
    const { results } = (await import(path)) as { results: [unknown, string][] };
    expect(results.length, 'an example shows at least one value').toBeGreaterThan(0);
    for (const [value, shown] of results) expect(normal(printed(value))).toBe(normal(shown));
  });
});
