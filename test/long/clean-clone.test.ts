import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository, temporaryFolder } from '../house/temporary-clone.ts';

/** What is committed, cloned; npm's cache is the user's own, so the first install may or may not need the network. */
function clone(): string {
  const folder = join(temporaryFolder('clean'), 'sluice');
  execFileSync('git', ['clone', '--quiet', repository, folder]);
  return folder;
}

function call(command: string, args: string[], cwd: string, env: Record<string, string> = {}) {
  return spawnSync(command, args, { cwd, encoding: 'utf8', env: { ...process.env, NODE_ENV: '', VITEST: '', ...env } });
}

/** An address that refuses at once: a script that asks the registry fails. */
const noNetwork = { npm_config_registry: 'http://127.0.0.1:9/', npm_config_fetch_retries: '0' };

describe('a clean clone', () => {
  it('installs from the lock file, and again without a network', () => {
    const folder = clone();
    const first = call('npm', ['ci'], folder);
    expect(first.status, first.stderr).toBe(0);
    rmSync(join(folder, 'node_modules'), { recursive: true });
    const second = call('npm', ['ci', '--offline'], folder);
    expect(second.status, second.stderr).toBe(0);
    expect(existsSync(join(folder, 'node_modules/typescript/package.json'))).toBe(true);
    expect(execFileSync('git', ['status', '--short'], { cwd: folder, encoding: 'utf8' })).toBe('');
  });

  it('runs the main job by run.sh from another folder, the second time without a network and with nothing new', () => {
    const folder = clone();
    const main = [join(folder, 'run.sh'), '--until-end', '--json'];
    const first = call('sh', main, '/');
    expect(first.status, first.stderr).toBe(0);
    const summary = JSON.parse(first.stdout.trim().split('\n').at(-1) ?? '');
    expect(summary).toMatchObject({ rowsRead: 14_400, rowsStored: 14_400, deadLetters: 0, tags: 51 });
    const again = call('sh', main, '/', noNetwork);
    expect(again.status, again.stderr).toBe(0);
    expect(JSON.parse(again.stdout.trim().split('\n').at(-1) ?? '').rowsStored).toBe(0);
    expect(execFileSync('git', ['status', '--short'], { cwd: folder, encoding: 'utf8' })).toBe('');
  });
});
