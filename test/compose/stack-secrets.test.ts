import { spawnSync } from 'node:child_process';
import { chmodSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository, temporaryFolder } from '../house/temporary-clone.ts';
import { settingsIn } from './environment-file.ts';

const operator = 'INFLUX_OPERATOR_TOKEN';
const password = 'INFLUX_ADMIN_PASSWORD';
const others = ['GRAFANA_ADMIN_PASSWORD', 'GRAFANA_SECRET_KEY', 'SLUICE_TOKEN'];
const names = [operator, password, ...others];
const made = (...which: string[]): string => which.map((name) => `sluice: made a random ${name}\n`).join('');

function call(todo: 'make' | 'take', file: string, more: { input?: string; env?: Record<string, string> } = {}) {
  const run = spawnSync('sh', [join(repository, 'scripts/stack-secrets.sh'), todo, file], {
    encoding: 'utf8',
    cwd: dirname(file),
    input: more.input ?? '',
    env: { PATH: process.env.PATH, ...more.env },
  });
  expect(run.status, run.stderr).toBe(0);
  return run;
}

function environmentFile(text?: string): string {
  const file = join(temporaryFolder('secrets'), '.env');
  if (text !== undefined) writeFileSync(file, text, { mode: 0o644 });
  return file;
}

const rights = (file: string): number => statSync(file).mode & 0o777;

describe('make', () => {
  it('writes random secrets for the owner alone, and says which, not what', () => {
    const files = [environmentFile(), environmentFile()];
    const runs = files.map((file) => call('make', file));
    const values = files.flatMap((file) => Object.values(settingsIn(file)));
    expect(new Set(values).size).toBe(10);
    for (const value of values) {
      expect(value).toMatch(/^[0-9a-f]{64}$/);
      for (const { stdout, stderr } of runs) expect(stdout + stderr).not.toContain(value);
    }
    for (const file of files) {
      expect(Object.keys(settingsIn(file))).toEqual(names);
      expect(rights(file)).toBe(0o600);
      expect(readdirSync(dirname(file))).toEqual(['.env']);
    }
    for (const { stdout, stderr } of runs) {
      expect(stdout).toBe('');
      expect(stderr).toBe(made(...names));
    }
  });

  it('changes nothing the second time', () => {
    const file = environmentFile();
    call('make', file);
    const before = readFileSync(file, 'utf8');
    expect(call('make', file).stderr).toBe('');
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it.each([
    ['as it is', `${operator}=mine`],
    ['exported', `export ${operator}=mine`],
    ['in quotes', `${operator}="mine"`],
    ['with spaces and a comment', `  ${operator} = mine # of the old server`],
    ['after an empty one', `${operator}=\n${operator}=mine`],
  ])('keeps a value that stands there %s', (_, line) => {
    const file = environmentFile(`# mine\n${line}\nOTHER=a b\n`);
    expect(call('make', file).stderr).toBe(made(password, ...others));
    const text = readFileSync(file, 'utf8');
    expect(text.startsWith(`# mine\n${line.split('\n').at(-1)}\nOTHER=a b\n${password}=`)).toBe(true);
    expect(text.match(new RegExp(operator, 'g'))).toHaveLength(1);
  });

  it.each(['', '""', "''", '   ', '# to come'])('fills in one that is empty: <%s>', (nothing) => {
    const file = environmentFile(`${operator}=${nothing}\nOTHER=x\n`);
    call('make', file);
    expect(settingsIn(file)[operator]).toMatch(/^[0-9a-f]{64}$/);
    expect(readFileSync(file, 'utf8').match(new RegExp(`^${operator}`, 'gm'))).toHaveLength(1);
  });

  it('is not misled by names that only begin or end alike, nor by comments', () => {
    const before = `#${operator}=no\nMY_${operator}=no\n${operator}_FILE=no\n`;
    const file = environmentFile(before);
    call('make', file);
    expect(readFileSync(file, 'utf8').startsWith(before)).toBe(true);
    expect(settingsIn(file)[operator]).toMatch(/^[0-9a-f]{64}$/);
  });

  it('takes the environment for an answer, as docker compose does', () => {
    const file = environmentFile();
    call('make', file, { env: { [operator]: 'mine' } });
    expect(Object.keys(settingsIn(file))).toEqual([password, ...others]);
  });

  it('closes a file that others could read', () => {
    const file = environmentFile(names.map((name) => `${name}=of-${name}\n`).join(''));
    chmodSync(file, 0o664);
    call('make', file);
    expect(rights(file)).toBe(0o600);
    expect(settingsIn(file)).toEqual(Object.fromEntries(names.map((name) => [name, `of-${name}`])));
  });

  it('writes through a link, and ends a last line that was not ended', () => {
    const file = environmentFile('OTHER=x');
    const link = join(temporaryFolder('link'), 'a=b');
    symlinkSync(file, link);
    call('make', link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(Object.keys(settingsIn(file))).toEqual(['OTHER', ...names]);
  });
});

describe('take', () => {
  const tokens = 'INFLUX_TOKEN=w==\nINFLUX_READER_TOKEN=r==\nINFLUX_TELEGRAF_TOKEN=t==\n';

  it('adds the tokens that were made, and nothing else that stands beside them', () => {
    const file = environmentFile('OTHER=x\n');
    const { stdout, stderr } = call('take', file, { input: `${tokens}${operator}=secret\nINFLUX_ORG=x\n` });
    expect(settingsIn(file)).toEqual({ OTHER: 'x', INFLUX_TOKEN: 'w==', INFLUX_READER_TOKEN: 'r==', INFLUX_TELEGRAF_TOKEN: 't==' });
    expect(stdout + stderr).toBe('');
    expect(rights(file)).toBe(0o600);
  });

  it('changes nothing when the tokens are the same, and replaces them when the server is a new one', () => {
    const file = environmentFile('OTHER=x\n');
    call('take', file, { input: tokens });
    const before = readFileSync(file, 'utf8');
    call('take', file, { input: tokens });
    expect(readFileSync(file, 'utf8')).toBe(before);
    call('take', file, { input: tokens.replaceAll('==', '2') });
    expect(settingsIn(file)).toEqual({ OTHER: 'x', INFLUX_TOKEN: 'w2', INFLUX_READER_TOKEN: 'r2', INFLUX_TELEGRAF_TOKEN: 't2' });
    expect(readFileSync(file, 'utf8').split('\n')).toHaveLength(before.split('\n').length);
  });

  it("leaves a token of the user's own, and says so without showing it", () => {
    const file = environmentFile('INFLUX_TOKEN=mine\nINFLUX_READER_TOKEN=\n');
    const { stderr } = call('take', file, { input: tokens });
    expect(settingsIn(file)).toEqual({ INFLUX_TOKEN: 'mine', INFLUX_READER_TOKEN: 'r==', INFLUX_TELEGRAF_TOKEN: 't==' });
    expect(stderr).toContain('INFLUX_TOKEN is set in the environment file already');
    expect(stderr).not.toMatch(/mine|w==/);
  });

  it('loses no line of a block whose end is gone', () => {
    const file = environmentFile();
    call('take', file, { input: tokens });
    writeFileSync(file, `${readFileSync(file, 'utf8').replace('# <<<\n', '')}KAFKA_PORT=9192\n`);
    call('take', file, { input: tokens });
    expect(settingsIn(file)).toMatchObject({ KAFKA_PORT: '9192', INFLUX_TOKEN: 'w==' });
    expect(readFileSync(file, 'utf8').match(/INFLUX_TOKEN/g)).toHaveLength(1);
  });
});

it('says how it is called', () => {
  const run = spawnSync('sh', [join(repository, 'scripts/stack-secrets.sh'), 'make'], { encoding: 'utf8' });
  expect(run.status).toBe(2);
  expect(run.stderr).toContain('make FILE');
});
