import { execFile, type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { pageText, repository, temporaryClone, temporaryFolder, writePage, writeProgram } from './temporary-clone.ts';

function call(command: string, args: string[], options: { cwd?: string; env?: Record<string, string> } = {}): SpawnSyncReturns<string> {
  return spawnSync(command, args, { encoding: 'utf8', cwd: options.cwd ?? '/', env: { ...process.env, ...options.env } });
}

/** PATH with programs of our own in front. */
function withPrograms(programs: Record<string, string>): { PATH: string } {
  const folder = temporaryFolder('programs');
  for (const [name, text] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(folder, name), 0o755);
  }
  return { PATH: `${folder}${delimiter}${process.env.PATH}` };
}

const later = (file: string): void => {
  const time = Date.now() / 1000 + 5;
  utimesSync(file, time, time);
};

describe('./sluice', () => {
  it('builds what was never built, and keeps standard output to the program', () => {
    const root = temporaryClone();
    const run = call(join(root, 'sluice'), ['query', 'a b', '--json'], { cwd: '/' });
    expect(run.status, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ version: 'first', arguments: ['query', 'a b', '--json'], folder: '/' });
    expect(run.stderr).toContain('building');
  });

  it('builds again after a source changed, and only then', () => {
    const root = temporaryClone();
    call(join(root, 'sluice'), []);
    const second = call(join(root, 'sluice'), []);
    expect(second.stderr).toBe('');
    writeProgram(root, 'second');
    later(join(root, 'cli/main.ts'));
    expect(JSON.parse(call(join(root, 'sluice'), []).stdout).version).toBe('second');
  });

  it('builds again after the servers that benches start changed', () => {
    const root = temporaryClone();
    call(join(root, 'sluice'), []);
    mkdirSync(join(root, 'test/stack'), { recursive: true });
    writeFileSync(join(root, 'test/stack/servers.ts'), 'export {};\n');
    later(join(root, 'test/stack/servers.ts'));
    expect(call(join(root, 'sluice'), []).stderr).toContain('building');
  });

  it('does not build for a changed test', () => {
    const root = temporaryClone();
    call(join(root, 'sluice'), []);
    writeFileSync(join(root, 'cli/main.test.ts'), 'this is no TypeScript');
    later(join(root, 'cli/main.test.ts'));
    const run = call(join(root, 'sluice'), []);
    expect(run.status).toBe(0);
    expect(run.stderr).toBe('');
  });

  it('builds the page apart from the program: what changed, and nothing else', () => {
    const root = temporaryClone();
    writePage(root, 'first');
    expect(call(join(root, 'sluice'), []).stderr).toBe('sluice: building the program\nsluice: building the page\n');
    expect(pageText(root)).toContain('first');
    expect(call(join(root, 'sluice'), []).stderr).toBe('');
    writePage(root, 'second');
    later(join(root, 'dashboard/main.css'));
    expect(call(join(root, 'sluice'), []).stderr).toBe('sluice: building the page\n');
    expect(pageText(root)).toContain('second');
    const page = join(root, 'dist/dashboard');
    const soon = Date.now() / 1000 + 10;
    utimesSync(join(root, 'dist/.built-page'), soon, soon);
    writeProgram(root, 'third');
    later(join(root, 'cli/main.ts'));
    const before = statSync(page).mtimeMs;
    expect(call(join(root, 'sluice'), []).stderr).toBe('sluice: building the program\n');
    expect(statSync(page).mtimeMs).toBe(before);
  });

  it('says that the build failed, runs nothing, and tries again the next time', () => {
    const root = temporaryClone();
    writeFileSync(join(root, 'cli/main.ts'), 'const n: number = "text";\nconsole.log(n);\nexport {};\n');
    for (let time = 0; time < 2; time++) {
      const run = call(join(root, 'sluice'), []);
      expect(run.status).toBe(1);
      expect(run.stdout).toBe('');
      expect(run.stderr).toContain('cli/main.ts');
      expect(run.stderr).toContain('the build failed');
    }
    writeProgram(root, 'mended');
    expect(JSON.parse(call(join(root, 'sluice'), []).stdout).version).toBe('mended');
  });

  it('takes over the lock of a build that was killed', () => {
    const root = temporaryClone();
    mkdirSync(join(root, 'dist'));
    const { pid } = spawnSync('true');
    symlinkSync(String(pid), join(root, 'dist/.building'));
    expect(call(join(root, 'sluice'), []).status).toBe(0);
    expect(existsSync(join(root, 'dist/.built'))).toBe(true);
  });

  it('builds once when started several times at once', async () => {
    const root = temporaryClone();
    const start = promisify(execFile);
    const runs = await Promise.all(['a', 'b', 'c'].map((name) => start(join(root, 'sluice'), [name])));
    expect(runs.map(({ stdout }) => JSON.parse(stdout).arguments[0])).toEqual(['a', 'b', 'c']);
    expect(runs.filter(({ stderr }) => stderr.includes('building'))).toHaveLength(1);
    expect(existsSync(join(root, 'dist/.building'))).toBe(false);
  });

  it('runs through links, relative ones too, and by a relative path', () => {
    const root = temporaryClone();
    const bin = temporaryFolder('bin');
    symlinkSync(join(root, 'sluice'), join(bin, 'absolute'));
    symlinkSync('absolute', join(bin, 'relative'));
    for (const [command, cwd] of [
      [join(bin, 'absolute'), '/'],
      [join(bin, 'relative'), '/'],
      ['./relative', bin],
      ['./sluice', root],
      ['../sluice', join(root, 'cli')],
    ] as const) {
      const run = call(command, ['x'], { cwd });
      expect(run.status, run.stderr).toBe(0);
      expect(JSON.parse(run.stdout).folder).toBe(cwd);
    }
  });

  it('passes the exit code on and is the process itself, so that signals reach the program', () => {
    const root = temporaryClone();
    const run = call(join(root, 'sluice'), [], { env: { EXIT: '3' } });
    expect(run.status).toBe(3);
    expect(JSON.parse(run.stdout).pid).toBe(run.pid);
  });

  it('needs no sources where it is installed without them', () => {
    const root = temporaryClone();
    writePage(root, 'first');
    call(join(root, 'sluice'), []);
    for (const part of ['cli', 'dashboard', 'tsconfig.build.json', 'node_modules']) rmSync(join(root, part), { recursive: true });
    expect(JSON.parse(call(join(root, 'sluice'), []).stdout).version).toBe('first');
  });
});

describe('run.sh', () => {
  it('runs the main job from any folder with the options given, its own words on standard error', () => {
    const root = temporaryClone();
    const run = call('sh', [join(root, 'run.sh'), '--until-end', '--json']);
    expect(run.status, run.stderr).toBe(0);
    expect(JSON.parse(run.stdout)).toMatchObject({ arguments: ['run', 'pipelines/swat.yaml', '--until-end', '--json'], folder: root });
  });

  it('calls npm only when the lock file is not the installed one', () => {
    const root = temporaryClone();
    const log = join(root, 'npm.log');
    const env = withPrograms({ npm: `echo "$@" >> '${log}'; echo chatter` });
    expect(call('sh', [join(root, 'run.sh')], { env }).status).toBe(0);
    expect(existsSync(log)).toBe(false);
    writeFileSync(join(root, 'package-lock.json'), `${readFileSync(join(root, 'package-lock.json'), 'utf8')}\n`);
    const second = call('sh', [join(root, 'run.sh')], { env });
    expect(readFileSync(log, 'utf8')).toMatch(/^ci .*--prefer-offline/);
    expect(second.stdout).not.toContain('chatter');
    call('sh', [join(root, 'run.sh')], { env });
    expect(readFileSync(log, 'utf8').trim().split('\n')).toHaveLength(1);
  });

  it('says so when the packages cannot be installed, and does not take them for installed the next time', () => {
    const root = temporaryClone();
    rmSync(join(root, 'node_modules/.installed-lock'));
    const env = withPrograms({ npm: 'echo "no network" >&2; exit 1' });
    for (let time = 0; time < 2; time++) {
      const run = call('sh', [join(root, 'run.sh')], { env });
      expect(run.status).toBe(4);
      expect(run.stderr).toContain('no network');
      expect(run.stderr).toContain('could not be installed');
    }
  });

  it.each(['v18.20.8', 'v20.18.3', 'v8.17.0'])('refuses Node %s and names what it needs', (version) => {
    const run = call('sh', [join(repository, 'run.sh')], { env: withPrograms({ node: `echo ${version}` }) });
    expect(run.status).toBe(2);
    expect(run.stdout).toBe('');
    expect(run.stderr).toContain('Node 20.19');
    expect(run.stderr).toContain(version);
  });

  it.each(['v20.19.0', 'v22.0.0', 'v100.1.2'])('takes Node %s', (version) => {
    const run = call('sh', ['-c', '. "$0"; require_node && echo fine', join(repository, 'scripts/prepare.sh')], {
      env: withPrograms({ node: `echo ${version}` }),
    });
    expect(run.stdout).toBe('fine\n');
  });

  it('refuses a machine without Node', () => {
    const run = call('sh', [join(repository, 'run.sh')], { env: withPrograms({ node: 'exit 127' }) });
    expect(run.status).toBe(2);
    expect(run.stderr).toContain('found none');
  });

  it('explains itself without installing or building anything', () => {
    const root = temporaryClone();
    rmSync(join(root, 'node_modules'), { recursive: true });
    for (const flag of ['--help', '-h']) {
      const run = call('sh', [join(root, 'run.sh'), flag]);
      expect(run.status).toBe(0);
      expect(run.stdout).toContain('--until-end');
      expect(run.stderr).toBe('');
    }
    expect(existsSync(join(root, 'dist'))).toBe(false);
  });
});
