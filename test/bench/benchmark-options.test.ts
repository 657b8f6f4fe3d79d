import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { readOptions } from '../../bench/benchmark/options.ts';
import { repository } from '../command-line.ts';

test.each([
  [['--only', 'pipelin'], "there is no part 'pipelin'. Parts: kernels, detectors, pipeline,"],
  [['--only', ''], "there is no part ''. Parts: kernels, detectors,"],
  [['--memory-rows', 'many'], "--memory-rows takes a whole number from 10000 on, not 'many'."],
  [['--memory-rows', '9999'], "--memory-rows takes a whole number from 10000 on, not '9999'."],
  [['--write', '--only', 'memory', '--require-peers'], '--write goes with all parts, not with --only.'],
  [['--write'], '--write needs --require-peers.'],
  [['--colour'], "Unknown option '--colour'"],
  [['memory'], "Unexpected argument 'memory'"],
  [['--json'], "Option '--json <value>' argument missing"],
])('%j is told what is wrong', (words, message) => {
  expect(() => readOptions(words)).toThrowError(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(message) }));
});

test('parts are measured in the order named, all of them by default', () => {
  expect(readOptions(['--only', 'start-up, memory', '--memory-rows', '10000000', '--json', 'out.json'])).toMatchObject({
    only: ['start-up', 'memory'],
    memoryRows: 10_000_000,
    json: 'out.json',
  });
  const { only, write } = readOptions(['--write', '--require-peers']);
  expect(write).toBe(true);
  expect(only).toContain('detectors');
  expect(only).toContain('profile');
});

const bench = (words: readonly string[], env: Record<string, string> = {}) =>
  spawnSync(process.execPath, [join(repository, 'dist/bench/all.js'), ...words], { cwd: repository, encoding: 'utf8', env: { ...process.env, ...env } });

test('the command says what is wrong on standard error, and its help on standard output', () => {
  expect(bench(['--only', 'nothing'])).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining("USAGE: there is no part 'nothing'") });
  const { status, stdout } = bench(['--help']);
  expect(status).toBe(0);
  expect(stdout).toContain('Examples:\n  npm run bench -- --only pipeline,start-up');
});

test('a part whose peers are required and missing fails, and the page names it', () => {
  const { status, stdout, stderr } = bench(['--only', 'detectors', '--require-peers'], { SLUICE_PEERS_PYTHON: join(repository, 'no-python') });
  expect(status).toBe(1);
  expect(stderr).toContain('no Python with the peers is there; for figures beside it: python3 -m venv bench/peers/.venv');
  expect(stdout).toContain('## Not measured\n\n- detectors: failed with exit code 1\n');
});
