import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, posix } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { repository } from './temporary-clone.ts';

/** Left to right; a folder imports only what stands left of it. Folders in one place do not import each other. */
const order = [['core'], ['kernels'], ['connectors'], ['producer'], ['processor'], ['evaluate', 'serve'], ['cli']];
const folders = order.flat();
const place = (folder: string): number => order.findIndex((group) => group.includes(folder));
const pairs = folders.flatMap((from) => folders.filter((to) => to !== from).map((to) => ({ from, to, allowed: place(to) < place(from) })));

/** Every import form, once from a file in the folder and once from a deeper one. */
const forms: Record<string, (path: string) => string> = {
  static: (path) => `import { probe } from '${path}';\nexport const probed = probe;\n`,
  'side effect': (path) => `import '${path}';\n`,
  'type-only': (path) => `import type { Probe } from '${path}';\nexport type Probed = Probe;\n`,
  dynamic: (path) => `export const probed = () => import('${path}');\n`,
  're-export': (path) => `export { probe } from '${path}';\n`,
  'type re-export': (path) => `export type { Probe } from '${path}';\n`,
};

interface Diagnostic {
  category: string;
  message: string;
  location: { path: string };
}

/** What the folder rule of the linter says about files planted in a copy of the settings: messages by file. */
function lint(files: ReadonlyMap<string, string>): Map<string, string[]> {
  const root = mkdtempSync(join(tmpdir(), 'sluice-folders-'));
  try {
    cpSync(join(repository, 'biome.json'), join(root, 'biome.json'));
    for (const [file, text] of files) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
    const biome = join(repository, 'node_modules/@biomejs/biome/bin/biome');
    const options = ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '--reporter=json', '.'];
    const run = spawnSync(process.execPath, [biome, ...options], { cwd: root, encoding: 'utf8' });
    const report = JSON.parse(run.stdout) as { summary: { unchanged: number; changed: number }; diagnostics: Diagnostic[] };
    expect(report.summary.unchanged + report.summary.changed).toBeGreaterThanOrEqual(files.size);
    const found = new Map<string, string[]>();
    for (const { category, message, location } of report.diagnostics) {
      if (category === 'lint/style/noRestrictedImports') found.set(location.path, [...(found.get(location.path) ?? []), message]);
    }
    return found;
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('the folder rule of the linter', () => {
  const planted = new Map<string, string>();
  for (const { from, to } of pairs) {
    for (const [form, write] of Object.entries(forms)) {
      const name = form.replace(/ /g, '-');
      planted.set(`${from}/${to}-${name}.ts`, write(`../${to}/probe.ts`));
      planted.set(`${from}/deep/er/${to}-${name}.ts`, write(`../../../${to}/deep/probe.ts`));
    }
  }
  let found: Map<string, string[]>;
  beforeAll(() => {
    found = lint(planted);
  });

  it.each(pairs)('$from -> $to: allowed = $allowed', ({ from, to, allowed }) => {
    for (const form of Object.keys(forms)) {
      for (const folder of [from, `${from}/deep/er`]) {
        const file = `${folder}/${to}-${form.replace(/ /g, '-')}.ts`;
        expect(found.get(file)?.length ?? 0, `${file}: ${planted.get(file)}`).toBe(allowed ? 0 : 1);
      }
    }
    if (!allowed) expect(found.get(`${from}/${to}-static.ts`)?.[0]).toMatch(new RegExp(`^${from}/ imports `));
  });

  it('keeps tools and tests out of the product', () => {
    const tools = ['bench', 'scripts', 'test'];
    const files = new Map(folders.flatMap((from) => tools.map((to) => [`${from}/${to}.ts`, `import '../${to}/x.ts';\n`] as const)));
    expect([...lint(files).keys()].sort()).toEqual([...files.keys()].sort());
  });

  it('leaves packages and the own folder alone', () => {
    const files = new Map(
      folders.map((from) => [`${from}/own.ts`, `import 'node:test';\nimport 'fastify';\nimport './deep/own.ts';\nimport '../${from}/own.ts';\n`]),
    );
    expect([...lint(files).keys()]).toEqual([]);
  });
});

describe('the sources', () => {
  const files = execFileSync('git', ['ls-files', '-z', ...folders.map((folder) => `${folder}/**/*.ts`)], { cwd: repository, encoding: 'utf8' })
    .split('\0')
    .filter((file) => file !== '');

  /** The linter overlooks `import('…').Type` in a type position; this reads every relative path that an import form names. */
  it.each(files)('%s imports only from the left', (file) => {
    const [from] = file.split('/');
    const text = readFileSync(join(repository, file), 'utf8');
    for (const [, path] of text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)['"](\.[^'"]+)['"]/g)) {
      const [to] = posix.join(posix.dirname(file), path).split('/');
      if (to === from || to === 'package.json') continue;
      expect(folders, `${file} imports ${path}`).toContain(to);
      expect(place(to), `${file} imports ${path}`).toBeLessThan(place(from));
    }
  });
});

describe('the page', () => {
  const files = execFileSync('git', ['ls-files', '-z', 'dashboard/src'], { cwd: repository, encoding: 'utf8' })
    .split('\0')
    .filter((file) => /\.tsx?$/.test(file));

  it.each(files)('%s imports nothing of the other folders but types of serve/api.ts', (file) => {
    const text = readFileSync(join(repository, file), 'utf8');
    for (const [statement, path] of text.matchAll(/(?:\bimport\b[^;'"]*?|\bfrom\s*)['"](\.[^'"]+)['"]/g)) {
      const target = posix.join(posix.dirname(file), path);
      if (target.startsWith('dashboard/')) continue;
      expect(target, `${file} imports ${path}`).toBe('serve/api.ts');
      expect(statement, `${file} imports ${path}`).toMatch(/^import type /);
    }
  });

  it('is kept to that by the linter too', () => {
    const forbidden = new Map(folders.map((to) => [`dashboard/src/${to}.ts`, `import type { X } from '../../${to}/x.ts';\nexport type Y = X;\n`] as const));
    const allowed = ['dashboard/src/a.ts', "import type { X } from '../../serve/api.ts';\nimport './b.ts';\nimport 'preact';\nexport type Y = X;\n"] as const;
    expect([...lint(new Map([...forbidden, allowed])).keys()].sort()).toEqual([...forbidden.keys()].sort());
  });
});
