import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { builtInRegistry } from '../../cli/load-pipeline.ts';
import { repository } from './temporary-clone.ts';

const read = (file: string): string => readFileSync(join(repository, file), 'utf8');
const tracked = execFileSync('git', ['ls-files', '-z'], { cwd: repository, encoding: 'utf8' }).split('\0').filter(Boolean);
const pages = tracked.filter((file) => file.endsWith('.md'));

describe('the pages', () => {
  it.each(pages)('%s links to files that exist', (page) => {
    const text = read(page).replace(/```[\s\S]*?```/g, '');
    for (const [, link] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:|^#/.test(link)) continue;
      expect(existsSync(join(repository, dirname(page), link.replace(/#.*/, ''))), `${page} -> ${link}`).toBe(true);
    }
  });

  it('name only commands that there are', () => {
    const commands = new Set(readdirSync(join(repository, 'cli/commands')).map((file) => file.replace(/(\.test)?\.ts$/, '')));
    for (const page of ['README.md', 'CONTRIBUTING.md', 'data/README.md']) {
      for (const [, command] of read(page).matchAll(/\.\/sluice +([a-z]+)/g)) expect(commands, `${page}: sluice ${command}`).toContain(command);
    }
  });

  it('name only npm scripts that there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    for (const page of pages)
      for (const [, script] of read(page).matchAll(/npm run ([a-z:-]+)/g)) expect(Object.keys(scripts), `${page}: npm run ${script}`).toContain(script);
  });

  it('list every decision once', () => {
    const files = readdirSync(join(repository, 'docs/decisions')).filter((file) => /^\d{4}-/.test(file));
    const index = read('docs/decisions/README.md');
    for (const [i, file] of files.sort().entries()) {
      expect(file.startsWith(String(i + 1).padStart(4, '0')), file).toBe(true);
      const title = read(`docs/decisions/${file}`).split('\n')[0].replace('# ', '');
      expect(index).toContain(`- [${title}](${file})`);
    }
  });

  it('promise of every detector what it declares to find', async () => {
    const registry = await builtInRegistry();
    const table = read('docs/detectors.md')
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .map((line) => line.split('|').slice(1, -1))
      .slice(0, registry.types('detector').length + 2);
    const [[, ...families], , ...rows] = table.map((cells) => cells.map((cell) => cell.trim()));
    expect(rows.map(([type]) => type)).toEqual(registry.types('detector'));
    for (const [type, ...areas] of rows) {
      const { finds } = await registry.load('detector', type);
      expect(
        families.filter((_, i) => areas[i].startsWith('**')),
        type,
      ).toEqual(families.filter((family) => finds.some((found) => found === family)));
    }
  });
});

describe('the repository', () => {
  it('has at its top what a newcomer is told to look for', () => {
    const top =
      'package.json tsconfig.json producer processor grafana telegraf chronograf data docker-compose.yml run.sh README.md LICENSE CHANGELOG.md CONTRIBUTING.md';
    for (const name of top.split(' '))
      expect(
        tracked.some((file) => file === name || file.startsWith(`${name}/`)),
        name,
      ).toBe(true);
  });

  it('speaks of the product alone: no path or host of the machine that it was written on', () => {
    const marks = new RegExp([`/${'work'}/`, `/${'root'}/`, `/${'home'}/[a-z]`, `/${'tmp'}/[a-z]`, 'registry\\.npmjs'].join('|'));
    const text = tracked.filter((file) => /\.(ts|mjs|md|ya?ml|json|sh)$|^(sluice|\.ci\/run|Dockerfile)$/.test(file) && existsSync(join(repository, file)));
    expect(text.filter((file) => file !== '.ci/run' && marks.test(read(file)))).toEqual([]);
  });
});
