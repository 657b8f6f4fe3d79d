import { chmodSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { changeEnvironmentFile, environmentPath, openEnvironment } from './environment.ts';
import { changeSettings, parseSettings } from './environment-text.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-environment-'));
afterAll(() => rmSync(folder, { recursive: true }));

let count = 0;
function file(text?: string, mode = 0o600): string {
  const path = join(folder, `${count++}.env`);
  if (text !== undefined) writeFileSync(path, text, { mode });
  return path;
}
const pairs = (text: string): string[][] => parseSettings(text, '.env').map(({ name, value }) => [name, value]);
const rights = (path: string): number => statSync(path).mode & 0o777;

describe('what an environment file says', () => {
  test.each([
    ['A=1', [['A', '1']]],
    [
      'A=1\r\nB=2\r\n',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['\ufeffA=1', [['A', '1']]],
    ['# A=0\n\n  export A = x y  # z\n', [['A', 'x y']]],
    ['A=', [['A', '']]],
    ['A=# nothing', [['A', '']]],
    ['A=a#b', [['A', 'a#b']]],
    ['A=a=b==', [['A', 'a=b==']]],
    ["A='x # $y\\n' # z", [['A', 'x # $y\\n']]],
    ['A="x # \\"y\\"\\n\\t\\\\"', [['A', 'x # "y"\n\t\\']]],
    [
      'A="1\n2"\nB=3',
      [
        ['A', '1\n2'],
        ['B', '3'],
      ],
    ],
    ['A=it\'s "so"', [['A', 'it\'s "so"']]],
    [
      'A=1\nA=2',
      [
        ['A', '1'],
        ['A', '2'],
      ],
    ],
    ['', []],
    ['#', []],
  ])('%j', (text, expected) => expect(pairs(text)).toEqual(expected));

  test.each([
    ['A=1\nhunter2\n', '.env:2', 'this line is no NAME=value'],
    ['A=1\n\n1A=hunter2\n', '.env:3', 'this line is no NAME=value'],
    ['# x\nA="hunter2\nB=1\n', '.env:2', 'the value of A begins with a quote that is not closed'],
    ["A='1' hunter2\n", '.env:1', 'something follows the quoted value of A'],
  ])('%j is refused, with the line and without the value', (text, place, what) => {
    try {
      parseSettings(text, '.env');
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code: 'CONFIG_INVALID', what, place });
      expect((error as Error).message).not.toContain('hunter2');
    }
  });
});

describe('changing it', () => {
  test('replaces values where they stand, adds the others, and keeps every other line and comment', () => {
    const before = '# mine\n\nexport A = "old" # why\nAA=old\nB=old\nOTHER=x y  \nA=older';
    expect(changeSettings(before, { A: 'new==', C: 'it is', B: '' }, '.env')).toBe(
      "# mine\n\nexport A = new== # why\nAA=old\nB=\nOTHER=x y  \nA=new==\nC='it is'\n",
    );
    expect(changeSettings('A=1\r\n', { B: '2' }, '.env')).toBe('A=1\r\nB=2\r\n');
    expect(changeSettings('A=', { A: '1' }, '.env')).toBe('A=1');
    expect(changeSettings('A=  # to come\n', { A: '1' }, '.env')).toBe('A=1  # to come\n');
  });

  test('what was written is read again, whatever stands around it', () => {
    const line = fc.constantFrom('# c', '', 'X=1', "Y='a b' # c", 'export Z="q\\"r"', 'W=');
    const text = fc.array(line).map((lines) => lines.join('\n'));
    const name = fc.constantFrom('A', 'B', 'X', 'Z');
    fc.assert(
      fc.property(text, fc.dictionary(name, fc.string({ unit: 'binary' })), (before, values) => {
        const after = changeSettings(before, values, '.env');
        const wanted = new Map<string, string>([...pairs(before), ...Object.entries(values)] as [string, string][]);
        expect(new Map(pairs(after) as [string, string][])).toEqual(wanted);
        expect(changeSettings(after, values, '.env')).toBe(after);
      }),
    );
  });

  test('the file is for its owner alone, and never half written', async () => {
    const path = file();
    await changeEnvironmentFile(path, { A: '1' });
    expect([readFileSync(path, 'utf8'), rights(path)]).toEqual(['A=1\n', 0o600]);
    chmodSync(path, 0o664);
    await changeEnvironmentFile(path, { B: '2' });
    expect([readFileSync(path, 'utf8'), rights(path)]).toEqual(['A=1\nB=2\n', 0o600]);
    expect(readdirSync(folder).filter((name) => name.startsWith(`${count - 1}.env`))).toHaveLength(1);
  });

  test('it writes through a link', async () => {
    const path = file('A=1\n');
    const link = join(folder, 'link');
    symlinkSync(path, link);
    await changeEnvironmentFile(link, { A: '2' });
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(path, 'utf8')).toBe('A=2\n');
  });

  test('what cannot be written or read is an error that names it, and nothing changes', async () => {
    await expect(changeEnvironmentFile(join(folder, 'none/.env'), { A: '1' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      what: expect.stringMatching(/^cannot write the environment file '.*none\/\.env': ENOENT/),
      fix: expect.stringContaining('--env-file'),
    });
    const path = file('what?\n');
    await expect(changeEnvironmentFile(path, { A: '1' })).rejects.toMatchObject({ code: 'CONFIG_INVALID', place: `${path}:1` });
    expect(readFileSync(path, 'utf8')).toBe('what?\n');
  });
});

describe('the variables', () => {
  test('are those of the process, then those of the file; an empty one counts as missing', async () => {
    const path = file('A=file\nB=file\nC=\nD=first\nD=\nE=1\nE=2\n');
    const { values } = await openEnvironment({ SLUICE_ENV_FILE: path, A: 'process', B: '', F: '' });
    expect(values).toEqual({ SLUICE_ENV_FILE: path, A: 'process', B: 'file', D: 'first', E: '2', F: '' });
  });

  test('come from .env unless another file is named', () => {
    expect(environmentPath({})).toEqual({ path: '.env', asked: false });
    expect(environmentPath({ SLUICE_ENV_FILE: '' })).toEqual({ path: '.env', asked: false });
    expect(environmentPath({ SLUICE_ENV_FILE: 'x' })).toEqual({ path: 'x', asked: true });
  });

  test('a file that was asked for must be there', async () => {
    await expect(openEnvironment({ SLUICE_ENV_FILE: join(folder, 'none') })).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND', place: 'SLUICE_ENV_FILE' });
    mkdirSync(join(folder, 'a-folder'));
    await expect(openEnvironment({ SLUICE_ENV_FILE: join(folder, 'a-folder') })).rejects.toMatchObject({ code: 'CONFIG_NOT_FOUND' });
  });

  test('secrets that others can read are named, not shown', async () => {
    const text = 'INFLUX_TOKEN=x\nADMIN_PASSWORD=y\nAPI_KEY=z\nINFLUX_URL=u\nOLD_TOKEN=\nMONKEY=m\n';
    for (const mode of [0o640, 0o604, 0o660]) {
      const path = file(text, 0o600);
      chmodSync(path, mode);
      expect((await openEnvironment({ SLUICE_ENV_FILE: path })).file?.exposed).toEqual(['INFLUX_TOKEN', 'ADMIN_PASSWORD', 'API_KEY']);
    }
    expect((await openEnvironment({ SLUICE_ENV_FILE: file(text, 0o600) })).file?.exposed).toEqual([]);
    expect((await openEnvironment({ SLUICE_ENV_FILE: file('INFLUX_URL=u\n', 0o644) })).file?.exposed).toEqual([]);
  });
});
