import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { onTestFinished } from 'vitest';

export const repository = resolve(import.meta.dirname, '../..');

/** A folder that is gone after the test. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `sluice-${name}-`));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * A small clone with the real scripts, compiler and settings around a program of one file, which prints its arguments,
 * folder and process id, and ends with the exit code in EXIT.
 */
export function temporaryClone(): string {
  const root = join(temporaryFolder('clone'), 'a folder');
  mkdirSync(join(root, 'scripts'), { recursive: true });
  for (const file of ['sluice', 'run.sh', 'scripts/prepare.sh', 'package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json']) {
    cpSync(join(repository, file), join(root, file), { preserveTimestamps: true });
  }
  mkdirSync(join(root, 'node_modules'));
  for (const part of ['typescript', '@typescript', '@types', 'undici-types', 'vite'])
    symlinkSync(join(repository, 'node_modules', part), join(root, 'node_modules', part));
  cpSync(join(repository, 'package-lock.json'), join(root, 'node_modules/.installed-lock'));
  mkdirSync(join(root, 'cli'));
  writeProgram(root, 'first');
  return root;
}

export function writeProgram(root: string, version: string): void {
  const program = [
    `const version: string = '${version}';`,
    'console.log(JSON.stringify({ version, arguments: process.argv.slice(2), folder: process.cwd(), pid: process.pid }));',
    'process.exitCode = Number(process.env.EXIT ?? 0);',
    'export {};',
  ];
  writeFileSync(join(root, 'cli/main.ts'), `${program.join('\n')}\n`);
}

/** A page of one style sheet, built by the real settings. */
export function writePage(root: string, words: string): void {
  mkdirSync(join(root, 'dashboard'), { recursive: true });
  for (const file of ['dashboard/vite.config.ts', 'dashboard/src/early-theme.js'])
    cpSync(join(repository, file), join(root, file), { preserveTimestamps: true });
  writeFileSync(join(root, 'dashboard/index.html'), '<!doctype html><link rel="stylesheet" href="./main.css">');
  writeFileSync(join(root, 'dashboard/main.css'), `body::before { content: "${words}" }\n`);
}

/** All style sheets of the built page. */
export function pageText(root: string): string {
  const folder = join(root, 'dist/dashboard/assets');
  return readdirSync(folder)
    .map((file) => readFileSync(join(folder, file), 'utf8'))
    .join('\n');
}
