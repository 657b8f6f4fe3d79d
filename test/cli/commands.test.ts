// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of pipeline files
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { root, sluice } from './sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-commands-'));
afterAll(() => rmSync(folder, { recursive: true }));

const rows = Array.from({ length: 20 }, (_, i) => `2024-01-01T00:00:${String(i).padStart(2, '0')}Z,${i},${i % 3}`);
writeFileSync(join(folder, 'plant 7.csv'), `time,FLOW,LEVEL\n${rows.join('\n')}\n2024-01-01T00:01:00Z,,1\n`);

describe('list', () => {
  test('prints every component, its kind and what it is', () => {
    const { status, stdout } = sluice(['list']);
    expect(status).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines[0]).toMatch(/^KIND +TYPE +WHAT IT IS$/);
    expect(lines.find((line) => /^detector +mahalanobis /.test(line))).toMatch(/Distance from the training mean/);
    expect(lines.find((line) => /^source +csv /.test(line))).toBeDefined();
    expect(new Set(lines.map((line) => line.search(/\S+$/) > 0)).has(true)).toBe(true);
  });

  test('of one kind, as JSON', () => {
    const list = JSON.parse(sluice(['list', 'threshold', '--json']).stdout) as { kind: string; type: string; summary: string }[];
    expect(list.map(({ type }) => type)).toEqual(expect.arrayContaining(['fixed', 'quantile']));
    expect(new Set(list.map(({ kind }) => kind))).toEqual(new Set(['threshold']));
    expect(list.every(({ summary }) => summary.endsWith('.'))).toBe(true);
  });
});

test('schema prints the editor schema that is in docs/', () => {
  expect(sluice(['schema']).stdout).toBe(readFileSync(join(root, 'docs/pipeline.schema.json'), 'utf8'));
});

describe('init', () => {
  test('writes a pipeline that has no mistakes, for every source', () => {
    const sources = JSON.parse(sluice(['list', 'source', '--json']).stdout) as { type: string }[];
    expect(sources.length).toBeGreaterThan(0);
    for (const { type } of sources) {
      const file = `${type}.yaml`;
      expect(sluice(['init', file, '--source', type], { cwd: folder })).toMatchObject({
        status: 0,
        stdout: `wrote ${file}; see what it makes of your data with: sluice check ${file}\n`,
      });
      expect(sluice(['check', file, '--no-open'], { cwd: folder })).toMatchObject({ status: 0, stderr: '' });
    }
  });

  test('fills in path, stream and zone, and comments the options that are left', () => {
    sluice(['init', '--path', 'plant 7.csv', '--timezone', 'Europe/Berlin'], { cwd: folder });
    const text = readFileSync(join(folder, 'pipeline.yaml'), 'utf8');
    expect(text).toContain('\nstream: plant-7\n');
    expect(text).toContain('\n  path: "plant 7.csv"\n');
    expect(text).toContain('\n  timezone: "Europe/Berlin"\n');
    expect(text).toMatch(/\n {2}# delimiter: .* {3}# \S/);
    const { status, stdout } = sluice(['check', 'pipeline.yaml'], { cwd: folder });
    expect(status).toBe(0);
    expect(stdout).toContain('FLOW LEVEL');
  });

  test('never overwrites a file unless told to', () => {
    writeFileSync(join(folder, 'mine.yaml'), 'mine');
    expect(sluice(['init', 'mine.yaml'], { cwd: folder })).toMatchObject({
      status: 2,
      stderr: "error [USAGE] 'mine.yaml' exists already. Name another file, or overwrite it with --force.\n",
    });
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toBe('mine');
    expect(JSON.parse(sluice(['init', 'mine.yaml', '--force', '--json'], { cwd: folder }).stdout)).toEqual({ file: 'mine.yaml' });
    expect(readFileSync(join(folder, 'mine.yaml'), 'utf8')).toContain('stream: plant\n');
  });

  test.each([
    [['--source', 'cvs'], "there is no source 'cvs'. Did you mean 'csv'?"],
    [['no/such/folder.yaml'], "cannot write 'no/such/folder.yaml'"],
  ])('%j is refused', (args, message) => {
    const { status, stderr } = sluice(['init', ...args], { cwd: folder });
    expect(status).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(join(folder, 'no'))).toBe(false);
  });
});

describe('check', () => {
  writeFileSync(join(folder, 'plant.yaml'), 'stream: plant\nsource: { type: csv, path: plant 7.csv }\ndetectors: { mahalanobis: {} }\n');

  test('says what the source holds', () => {
    const { status, stdout } = sluice(['check', 'plant.yaml'], { cwd: folder });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^pipeline +plant\.yaml: no mistakes$/m);
    expect(stdout).toMatch(/^tags +2: \d continuous, \d discrete \(FLOW LEVEL\)$/m);
    expect(stdout).toMatch(/^rows .*the first at 2024-01-01T00:00:00Z$/m);
    expect(stdout).toMatch(/^detector +mahalanobis: on default$/m);
  });

  test('reads all of it when asked to', () => {
    const { stdout } = sluice(['check', 'plant.yaml', '--all'], { cwd: folder });
    expect(stdout).toMatch(/^rows +21 from 2024-01-01T00:00:00Z to 2024-01-01T00:01:00Z; 0 unreadable; missing values: 1 empty$/m);
    const json = JSON.parse(sluice(['check', 'plant.yaml', '--all', '--json'], { cwd: folder }).stdout);
    expect(json).toMatchObject({
      file: 'plant.yaml',
      stream: 'plant',
      source: { type: 'csv', rows: 21, dead: 0, first: '2024-01-01T00:00:00Z', last: '2024-01-01T00:01:00Z', missing: { empty: 1 }, labelled: false },
      detectors: { mahalanobis: { view: 'default' } },
    });
    expect(json.source.tags.map(({ name }: { name: string }) => name)).toEqual(['FLOW', 'LEVEL']);
  });

  test('takes --set and the environment', () => {
    writeFileSync(join(folder, 'env.yaml'), 'stream: plant\nsource: { type: csv, path: ${PLANT} }\ndetectors: { mahalanobis: {} }\n');
    expect(sluice(['check', 'env.yaml'], { cwd: folder, env: { PLANT: 'plant 7.csv' } }).status).toBe(0);
    expect(sluice(['check', 'env.yaml'], { cwd: folder }).stderr).toContain("2:28 source.path: the environment variable 'PLANT' is not set");
    const { stdout } = sluice(['check', 'plant.yaml', '--set', 'stream=other', '--set', 'train.rows=5-10', '--no-open'], { cwd: folder });
    expect(stdout).toMatch(/^stream +other /m);
    expect(stdout).toMatch(/^train +rows 5 to 10: /m);
  });

  test('a source that is not there is its own error', () => {
    const { status, stdout, stderr } = sluice(['check', 'plant.yaml', '--set', 'source.path=nowhere.csv'], { cwd: folder });
    expect([status, stdout]).toEqual([3, '']);
    expect(stderr).toMatch(/^error \[SOURCE_NOT_FOUND\] .*nowhere\.csv/);
  });

  test('with --json an error says what, where and what to do once each', () => {
    const { error } = JSON.parse(sluice(['check', 'nowhere.yaml', '--json'], { cwd: folder }).stderr);
    expect(error).toEqual({
      code: 'CONFIG_NOT_FOUND',
      message: "there is no pipeline file 'nowhere.yaml'",
      fix: "Name a YAML or JSON file; 'sluice init' writes one to start from.",
    });
  });

  test('lists all mistakes at once, with --json as data', () => {
    writeFileSync(join(folder, 'wrong.yaml'), 'stream: a b\nsource: { type: csv }\nbatch: { rows: 0 }\ndetectors: { x: {} }\n');
    const text = sluice(['check', 'wrong.yaml'], { cwd: folder });
    expect(text.status).toBe(2);
    expect(text.stderr).toMatch(
      /^error \[CONFIG_INVALID\] 4 mistakes in wrong\.yaml\n {2}1\. 1:9 stream: .*\n {2}2\. 2:1 source\.path: .*\n {2}3\. 3:16 batch\.rows: .*\n {2}4\. 4:14 detectors\.x: .*\n$/,
    );
    const { error } = JSON.parse(sluice(['check', 'wrong.yaml', '--json'], { cwd: folder }).stderr);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.mistakes.map(({ path, place }: { path: string; place: string }) => [path, place])).toEqual([
      ['stream', '1:9'],
      ['source.path', '2:1'],
      ['batch.rows', '3:16'],
      ['detectors.x', '4:14'],
    ]);
  });
});
