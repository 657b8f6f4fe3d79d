import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { storeSettings, typedCommand } from './invocation.ts';

describe('a command as it can be typed', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await realpath(await mkdtemp(join(tmpdir(), 'sluice-invocation-')));
    await mkdir(join(folder, 'clone/dist/cli'), { recursive: true });
    await mkdir(join(folder, 'clone/deep/er'), { recursive: true });
    await mkdir(join(folder, 'node_modules/sluice/dist/cli'), { recursive: true });
    for (const name of ['clone/sluice', 'clone/tsconfig.build.json', 'clone/dist/cli/main.js', 'node_modules/sluice/dist/cli/main.js']) {
      await writeFile(join(folder, name), '');
    }
    await symlink(join(folder, 'node_modules/sluice/dist/cli/main.js'), join(folder, 'installed'));
    await symlink(join(folder, 'clone'), join(folder, 'link'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([
    ['in the clone', 'clone/dist/cli/main.js', 'clone', './sluice list'],
    ['in a folder of the clone', 'clone/dist/cli/main.js', 'clone/deep/er', '../../sluice list'],
    ['through a link to the clone', 'link/dist/cli/main.js', 'link', './sluice list'],
    ['beside the clone', 'clone/dist/cli/main.js', '.', './clone/sluice list'],
    ['installed', 'node_modules/sluice/dist/cli/main.js', '.', 'sluice list'],
    ['installed, through its link', 'installed', '.', 'sluice list'],
    ['gone', 'no-such-file.js', '.', 'sluice list'],
  ])('%s', (_, program, cwd, typed) => {
    expect(typedCommand(['list'], { program: join(folder, program), cwd: join(folder, cwd) })).toBe(typed);
  });

  test('far away by its whole path', () => {
    expect(typedCommand(['list'], { program: join(folder, 'clone/dist/cli/main.js'), cwd: '/usr/bin' })).toBe(`${join(folder, 'clone/sluice')} list`);
  });

  test('a shell takes every word as it was', () => {
    const words = ['plain', 'data/my plant.yaml', "it's", '$HOME', '*', '', 'store={ path: x }', 'a;b'];
    const typed = typedCommand(words, { program: undefined }).replace(/^sluice/, "printf '%s\\n'");
    expect(execFileSync('sh', ['-c', typed], { encoding: 'utf8' })).toBe(`${words.join('\n')}\n`);
  });
});

test('only what decides which store and stream are read is given again', () => {
  expect(storeSettings(['train.rows=50', 'store.path=x.duckdb', 'stream=wadi', 'streams=2', 'store={ duckdb: y }'])).toEqual([
    '--set',
    'store.path=x.duckdb',
    '--set',
    'stream=wadi',
    '--set',
    'store={ duckdb: y }',
  ]);
});

test.each([
  ['store.token=s3cret==', 'store.token=***'],
  ['store.readToken=s3cret', 'store.readToken=***'],
  [`store={type: influxdb, token: 's3cret==', bucket: plant}`, 'store={type: influxdb, token: ***, bucket: plant}'],
  ['store={type: influxdb, bucket: plant, token: s3cret}', 'store={type: influxdb, bucket: plant, token: ***}'],
  ['store={"type": "influxdb", "token": "s3\\"cret", "bucket": "plant"}', 'store={"type": "influxdb", "token": ***, "bucket": "plant"}'],
  ['store.bucket=tokens', 'store.bucket=tokens'],
])('a secret is not shown: %s', (setting, shown) => {
  expect(storeSettings([setting])).toEqual(['--set', shown]);
});
