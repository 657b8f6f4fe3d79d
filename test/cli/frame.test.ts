import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { root, sluice } from './sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));

const commands = ['init', 'check', 'run', 'train', 'backfill', 'query', 'export', 'list', 'schema'];

describe('help', () => {
  const { status, stdout, stderr } = sluice(['--help']);

  test('names every command and every exit code', () => {
    expect([status, stderr]).toEqual([0, '']);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^  ${command}[ |]`, 'm'));
    for (const code of [0, 1, 2, 3, 4, 5, 130]) expect(stdout).toMatch(new RegExp(`^  ${code} +\\S`, 'm'));
    expect(stdout).toContain('Examples:\n');
  });

  test.each(commands)('of %s has examples', (command) => {
    const help = sluice([command, '--help']);
    expect(help.status).toBe(0);
    expect(help.stdout).toMatch(new RegExp(`Examples:\\n.*sluice ${command}`, 's'));
    expect(help.stdout).toContain('--json');
  });

  test('is also what the help command prints', () => {
    expect(sluice(['help']).stdout).toBe(stdout);
    expect(sluice(['help', 'list'])).toMatchObject({ status: 0, stdout: sluice(['list', '--help']).stdout });
  });

  test('loads nothing but the command line itself and commander', () => {
    const imports = join(folder, 'imports');
    const hooks = `import { appendFileSync } from 'node:fs';
export async function resolve(specifier, context, next) {
  const result = await next(specifier, context);
  appendFileSync(${JSON.stringify(imports)}, result.url + '\\n');
  return result;
}`;
    const preload = join(folder, 'record-imports.mjs');
    writeFileSync(preload, `import { register } from 'node:module';\nregister(${JSON.stringify(`data:text/javascript,${encodeURIComponent(hooks)}`)});\n`);
    sluice(['--help'], { node: ['--import', pathToFileURL(preload).href] });
    const loaded = readFileSync(imports, 'utf8').trim().split('\n');
    expect(loaded.some((url) => url.includes('/dist/cli/commands/list.js'))).toBe(true);
    expect(loaded.filter((url) => !/^node:|\/commander\/|\/dist\/(cli|core)\//.test(url))).toEqual([]);
    expect(loaded.filter((url) => /\/dist\/core\/(?!errors|colour)|registry\.generated/.test(url))).toEqual([]);
  });
});

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  expect(sluice(['--version']).stdout).toBe(`${version}\n`);
});

describe('an error', () => {
  test.each([
    [['lst'], "error [USAGE] unknown command 'lst'\n(Did you mean list?)\n"],
    [['list', '--frob'], "error [USAGE] unknown option '--frob'\n"],
    [
      ['list', 'detectr'],
      "error [USAGE] kind: there is no 'detectr'. Did you mean 'detector'? There are: source, step, detector, threshold, combiner, output, bus, store.\n",
    ],
    [['check'], "error [USAGE] missing required argument 'pipeline'\n"],
    [['check', 'a', 'b'], 'error [USAGE] too many arguments'],
    [['check', 'pipelines/swat.yaml', '--set', 'x'], "error [USAGE] cannot read --set 'x'. Write a path, an equals sign and a value: --set source.pace=max.\n"],
    [[], 'error [USAGE] a command is missing; see sluice --help\n'],
  ])('of usage: %j', (args, message) => {
    const { status, stdout, stderr } = sluice(args);
    expect(stderr).toContain(message);
    expect([status, stdout]).toEqual([2, '']);
  });

  test('is JSON on standard error with --json, and standard output stays empty', () => {
    const missing = sluice(['check', 'nowhere.yaml', '--json']);
    expect([missing.status, missing.stdout]).toEqual([2, '']);
    expect(JSON.parse(missing.stderr)).toEqual({
      error: {
        code: 'CONFIG_NOT_FOUND',
        message: "there is no pipeline file 'nowhere.yaml'",
        fix: "Name a YAML or JSON file; 'sluice init' writes one to start from.",
      },
    });
    expect(JSON.parse(sluice(['list', '--frob', '--json']).stderr)).toEqual({ error: { code: 'USAGE', message: "unknown option '--frob'" } });
  });

  test('of ours is told with its stack, wherever it is thrown', () => {
    const preload = join(folder, 'throws.mjs');
    writeFileSync(preload, "process.on('newListener', (name) => name === 'uncaughtException' && setImmediate(() => { throw new Error('boom'); }));\n");
    const run = (...args: string[]) => sluice(args, { node: ['--import', pathToFileURL(preload).href] });
    const text = run('list');
    expect(text.status).toBe(1);
    expect(text.stderr).toMatch(/^error \[INTERNAL\] Error: boom\n {4}at /);
    const json = run('list', '--json');
    expect(json.status).toBe(1);
    expect(JSON.parse(json.stderr)).toEqual({ error: { code: 'INTERNAL', message: 'boom', stack: expect.stringContaining('throws.mjs') } });
  });

  test('has no colour where there is no terminal', () => {
    expect(sluice(['check', 'nowhere.yaml'], { env: { FORCE_COLOR: '1' } }).stderr).toMatch(/^error \[CONFIG_NOT_FOUND\] /);
  });
});

test('output that nobody reads to its end is no error', () => {
  const { status, stdout, stderr } = spawnSync('bash', ['-c', `set -o pipefail; '${process.execPath}' dist/cli/main.js schema | head -c 10 | wc -c`], {
    cwd: root,
    encoding: 'utf8',
  });
  expect([status, stdout.trim(), stderr]).toEqual([0, '10', '']);
});

describe('Ctrl-C', () => {
  const script = join(folder, 'waits.mjs');
  writeFileSync(
    script,
    `import { interruption } from ${JSON.stringify(pathToFileURL(join(root, 'dist/cli/signals.js')).href)};
const signal = interruption();
if (interruption() !== signal) throw new Error('two signals');
const alive = setInterval(() => {}, 1000);
signal.addEventListener('abort', () => {
  console.log('aborted');
  if (process.argv[2] === 'finish') clearInterval(alive);
});
console.log('ready');
`,
  );

  const start = async (mode: string) => {
    const child = spawn(process.execPath, [script, mode], { stdio: ['ignore', 'pipe', 'pipe'] });
    const lines: string[] = [];
    child.stdout.setEncoding('utf8').on('data', (text: string) => lines.push(...text.trim().split('\n')));
    const says = async (line: string): Promise<void> => {
      while (!lines.includes(line)) await once(child.stdout, 'data');
    };
    const ended = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
    await says('ready');
    return { child, says, ended };
  };

  test('lets the command finish, which then ends as usual', async () => {
    const { child, says, ended } = await start('finish');
    child.kill('SIGINT');
    await says('aborted');
    expect(await ended).toEqual([0, null]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)('a second time, or %s after it, ends at once with 130', async (second) => {
    const { child, says, ended } = await start('hang');
    child.kill('SIGINT');
    await says('aborted');
    child.kill(second);
    expect(await ended).toEqual([130, null]);
  });
});
