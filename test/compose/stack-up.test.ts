import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository, temporaryFolder } from '../house/temporary-clone.ts';
import { onPath } from '../stack/programs.ts';

const tools = ['sh', 'awk', 'cat', 'dirname', 'mkdir', 'mv', 'od', 'printenv', 'readlink', 'rm', 'rmdir', 'sed', 'tail', 'tr'];

/** run.sh and its scripts in a folder of their own, on a PATH with nothing but the tools that they name and this docker. */
function machine(docker?: string) {
  const root = join(temporaryFolder('stack-up'), 'a folder');
  const programs = join(root, 'programs');
  mkdirSync(programs, { recursive: true });
  for (const file of ['run.sh', 'scripts/prepare.sh', ...['up', 'backup', 'docker', 'secrets', 'settings', 'links'].map((name) => `scripts/stack-${name}.sh`)])
    cpSync(join(repository, file), join(root, file));
  for (const tool of tools) symlinkSync(onPath(tool) as string, join(programs, tool));
  const log = join(root, 'docker.log');
  if (docker !== undefined) {
    writeFileSync(join(programs, 'docker'), `#!/bin/sh\necho "$*" >>'${log}'\n${docker}\n`);
    chmodSync(join(programs, 'docker'), 0o755);
  }
  return {
    root,
    environmentFile: join(root, '.env'),
    calls: () => readFileSync(log, 'utf8').trimEnd().split('\n'),
    run: (...args: string[]) => spawnSync('sh', [join(root, 'run.sh'), ...args], { encoding: 'utf8', cwd: '/', env: { PATH: programs } }),
    backup: (...args: string[]) => spawnSync('sh', [join(root, 'scripts/stack-backup.sh'), ...args], { encoding: 'utf8', cwd: root, env: { PATH: programs } }),
  };
}

const works = `case "$*" in
  'compose run '*) printf 'INFLUX_OPERATOR_TOKEN=other\\nINFLUX_TOKEN=w==\\nINFLUX_READER_TOKEN=r==\\nINFLUX_TELEGRAF_TOKEN=t==\\n' ;;
  'compose port '*) echo "127.0.0.1:$4" ;;
  *) echo chatter ;;
esac`;

/** What a machine can lack, what its docker is then, and what is said of it. */
const lacking: [string, string | undefined, RegExp][] = [
  ['no Docker', undefined, /needs Docker with Compose, found none.*docs\.docker\.com/],
  ['no Compose', 'test "$1" != compose', /there is no docker compose.*docs\.docker\.com/],
  ['no service', 'test "$1" != version', /its service does not answer.*systemctl start docker/],
];

describe('sh run.sh --stack', () => {
  it.each(lacking)('says on a machine with %s what to install or start, and what else can be done', (_, docker, message) => {
    const { run, environmentFile } = machine(docker);
    const { status, stdout, stderr } = run('--stack');
    expect(status).toBe(4);
    expect(stdout).toBe('');
    expect(stderr).toMatch(message);
    expect(stderr).toContain('docs/stack.md');
    expect(existsSync(environmentFile)).toBe(false);
  });

  it('makes the secrets, then builds, starts and waits, then takes the tokens, and says where all is', () => {
    const { run, calls, environmentFile } = machine(works);
    const { status, stdout, stderr } = run('--stack');
    expect(status, stderr).toBe(0);
    const up = calls().indexOf('compose up --detach --build --wait --wait-timeout 600 processor telegraf grafana chronograf');
    expect(up).toBeGreaterThan(0);
    expect(calls()[up + 1]).toBe('compose up --detach producer');
    expect(calls()[up + 2]).toBe('compose run --rm --no-deps -T --entrypoint cat init /var/lib/sluice/tokens/stack.env');
    const text = readFileSync(environmentFile, 'utf8');
    expect(statSync(environmentFile).mode & 0o777).toBe(0o600);
    expect(text).toMatch(/^INFLUX_OPERATOR_TOKEN=[0-9a-f]{64}\nINFLUX_ADMIN_PASSWORD=[0-9a-f]{64}\nGRAFANA_ADMIN_PASSWORD=[0-9a-f]{64}\nGRAFANA_SECRET_KEY=/);
    expect(text).toContain('\nINFLUX_TOKEN=w==\nINFLUX_READER_TOKEN=r==\nINFLUX_TELEGRAF_TOKEN=t==\n');
    const places = [
      'http://127.0.0.1:8080  asks for the token SLUICE_TOKEN in .env',
      'http://127.0.0.1:8086',
      '127.0.0.1:9092',
      'http://127.0.0.1:8888',
      'docker compose down',
    ];
    for (const place of places) expect(stdout).toContain(place);
    // Without curl, or before there are rows, the time is the board's own.
    for (const board of ['start', 'plant', 'incidents', 'health']) expect(stdout).toContain(` http://127.0.0.1:3000/d/sluice-${board}\n`);
    expect(stdout).toContain('user sluice, password GRAFANA_ADMIN_PASSWORD in .env');
    for (const [, secret] of text.matchAll(/=(.+)$/gm)) {
      expect(stdout + stderr).not.toContain(secret);
      expect(calls().join('\n')).not.toContain(secret);
    }
    expect(stdout).not.toContain('chatter');
  });

  it('keeps the secrets when it is started again', () => {
    const { run, environmentFile } = machine(works);
    run('--stack');
    const before = readFileSync(environmentFile, 'utf8');
    expect(run('--stack').status).toBe(0);
    expect(readFileSync(environmentFile, 'utf8')).toBe(before);
  });

  it('says where to look when it does not come up, and takes no tokens', () => {
    const { run, calls } = machine(`case "$*" in 'compose up '*) echo 'port is already allocated' >&2; exit 1 ;; esac`);
    const { status, stdout, stderr } = run('--stack');
    expect(status).toBe(4);
    expect(stdout).toBe('');
    for (const text of ['port is already allocated', 'docker compose logs', 'KAFKA_PORT, INFLUX_PORT, SLUICE_PORT, GRAFANA_PORT, CHRONOGRAF_PORT'])
      expect(stderr).toContain(text);
    expect(calls().at(-1)).toMatch(/^compose up .* processor telegraf grafana chronograf$/);
  });

  it('fails, and leaves .env as it is, when the tokens cannot be read', () => {
    const { run, environmentFile } = machine(`case "$*" in 'compose run '*) exit 1 ;; esac`);
    const { status, stderr } = run('--stack');
    expect(status).toBe(4);
    expect(stderr).toContain('tokens could not be read');
    expect(readFileSync(environmentFile, 'utf8')).not.toContain('INFLUX_TOKEN');
  });

  it.each([
    ['--fresh', '--stack'],
    ['--stack', '--until-end'],
  ])('stands alone: not %s %s', (...args) => {
    const { run } = machine(works);
    const { status, stderr } = run(...args);
    expect(status).toBe(2);
    expect(stderr).toContain('takes no other option');
  });
});

describe('sh scripts/stack-backup.sh', () => {
  describe.each(lacking)('on a machine with %s', (_, docker, message) => {
    it.each(['make', 'restore'])('%s says what to install or start, and leaves nothing behind', (todo) => {
      const { backup, root } = machine(docker);
      const { status, stdout, stderr } = backup(todo, 'copy');
      expect({ status, stdout }).toEqual({ status: 4, stdout: '' });
      expect(stderr).toMatch(message);
      expect(existsSync(join(root, 'copy'))).toBe(false);
    });
  });

  it('makes no folder of a misspelt one, nor where the services cannot be stopped, nor for what it cannot do', () => {
    const { backup, root } = machine(`test "$*" != 'compose stop'`);
    expect(backup('restore', 'copy')).toMatchObject({ status: 2, stderr: 'sluice: there is no folder copy. Nothing was changed\n' });
    expect(backup('make', 'copy')).toMatchObject({ status: 4, stderr: expect.stringContaining('Nothing was copied') });
    expect(backup('copy', 'copy')).toMatchObject({ status: 2, stderr: 'sluice: there is no copy, only make and restore\n' });
    expect(existsSync(join(root, 'copy'))).toBe(false);
  });
});
