import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { root, sluice } from './sluice.ts';

const folder = mkdtempSync(join(tmpdir(), 'sluice-simulate-'));
afterAll(() => rmSync(folder, { recursive: true }));

const simulate = (...args: string[]) => sluice(['simulate', 'plant', ...args], { cwd: folder });
const read = (file: string): string => readFileSync(join(folder, file), 'utf8');

describe('simulate plant', () => {
  const first = simulate('--hours', '2', '--seed', '7', '--out', 'plant.csv');

  test('writes a labelled recording and its attacks, and shows them', () => {
    expect([first.status, first.stderr]).toEqual([0, '']);
    const lines = read('plant.csv').trimEnd().split('\n');
    expect(lines).toHaveLength(7201);
    expect(lines[0]).toMatch(/^Timestamp,FIT101,LIT101,MV101,P101,P102,AIT201,.*,P603,Normal\/Attack$/);
    expect(lines[1]).toMatch(/^2015-12-28T10:00:00Z,[\d.,]+,Normal$/);
    const { attacks } = JSON.parse(read('plant.attacks.json'));
    expect(attacks.length).toBeGreaterThanOrEqual(6);
    const labelled = lines.slice(1).flatMap((line, row) => (line.endsWith(',Attack') ? [row] : []));
    expect(labelled).toEqual(
      attacks.flatMap((a: { firstRow: number; lastRow: number }) => Array.from({ length: a.lastRow - a.firstRow + 1 }, (_, i) => a.firstRow + i)),
    );
    expect(first.stdout).toMatch(/^plant\.csv: 7,200 rows, 2 h, seed 7\nplant\.attacks\.json: \d+ attacks\n\n# {2}START/);
    for (const { start, effect } of attacks)
      expect(first.stdout).toMatch(new RegExp(`${start}.*${effect.replaceAll('.', '\\.').replaceAll('(', '\\(').replaceAll(')', '\\)')}`));
  });

  test('writes the same for the same seed, and another for another', () => {
    expect(simulate('--hours', '2', '--seed', '7', '--out', 'again.csv').status).toBe(0);
    expect(read('again.csv')).toBe(read('plant.csv'));
    expect(simulate('--hours', '2', '--seed', '8', '--out', 'other.csv').status).toBe(0);
    expect(read('other.csv')).not.toBe(read('plant.csv'));
  });

  test('overwrites neither of the two files unless told to', () => {
    writeFileSync(join(folder, 'kept.attacks.json'), 'mine');
    for (const [out, held] of [
      ['plant.csv', 'plant.csv'],
      ['kept.xlsx', 'kept.attacks.json'],
    ]) {
      const { status, stderr } = simulate('--hours', '0.1', '--attacks', 'none', '--out', out);
      expect(status).toBe(2);
      expect(stderr).toContain(`'${held}' exists already. Name another file, or overwrite it with --force.`);
    }
    expect(existsSync(join(folder, 'kept.xlsx'))).toBe(false);
    expect(simulate('--hours', '0.1', '--attacks', 'none', '--out', 'kept.xlsx', '--force').status).toBe(0);
    expect(JSON.parse(read('kept.attacks.json'))).toMatchObject({ recording: 'kept.xlsx', rows: 360, attacks: [] });
  });

  test('leaves the list of attacks to the recording that it belongs to, while that is there', () => {
    const short = ['--hours', '0.1', '--attacks', 'none'];
    expect(simulate(...short, '--out', 'both.csv').status).toBe(0);
    for (const force of [[], ['--force']]) {
      const { status, stderr } = simulate(...short, '--out', 'both.xlsx', ...force);
      expect(status).toBe(2);
      expect(stderr).toContain("'both.attacks.json' lists the attacks of 'both.csv'. Give this recording another name, e.g. 'both-2.xlsx'.");
    }
    expect(JSON.parse(read('both.attacks.json'))).toMatchObject({ recording: 'both.csv' });
    expect(simulate(...short, '--out', 'both.csv', '--force').status).toBe(0);
    rmSync(join(folder, 'both.csv'));
    expect(simulate(...short, '--out', 'both.xlsx', '--force').status).toBe(0);
    expect(JSON.parse(read('both.attacks.json'))).toMatchObject({ recording: 'both.xlsx' });
  });

  test('a pipeline reads what it wrote', () => {
    expect(simulate('--hours', '2', '--out', 'book.xlsx', '--start', '2024-05-20T00:00:00+02:00', '--interval', '5s', '--json').status).toBe(0);
    writeFileSync(
      join(folder, 'book.yaml'),
      'stream: book\nsource: { type: xlsx, path: book.xlsx, timezone: UTC }\ndetectors: { mahalanobis: {} }\ntrain: { rows: 700 }\n',
    );
    const { source } = JSON.parse(sluice(['check', 'book.yaml', '--all', '--json'], { cwd: folder }).stdout);
    expect(source).toMatchObject({ rows: 1440, dead: 0, labelled: true, missing: {}, first: '2024-05-19T22:00:00Z', last: '2024-05-19T23:59:55Z' });
  });

  test('a pipeline runs over the source itself', () => {
    writeFileSync(
      join(folder, 'direct.yaml'),
      'stream: direct\nsource: { type: plant, hours: 2, seed: 7, interval: 5s }\nstore: { type: duckdb, path: direct.duckdb }\ndetectors: { mahalanobis: {} }\ntrain: { rows: 720 }\nserve: false\n',
    );
    const { status, stdout } = sluice(['run', 'direct.yaml', '--until-end', '--json'], { cwd: folder });
    expect(status).toBe(0);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ rowsRead: 1440, rowsStored: 1440, ended: true });
  });

  test('takes a list of attacks', () => {
    writeFileSync(join(folder, 'list.yaml'), 'attacks: [{ start: 10m, length: 2m, tag: LIT101, kind: offset, size: 0.5 }]\n');
    const { status, stdout } = simulate('--hours', '0.5', '--attacks', 'list.yaml', '--out', 'list.csv', '--json');
    expect(status).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      out: 'list.csv',
      attacksFile: 'list.attacks.json',
      rows: 1800,
      attacks: [{ number: 1, firstRow: 600, lastRow: 719, kind: 'offset', tags: ['LIT101'], size: 0.5, stealthy: false, effect: 'LIT101 is offset.' }],
    });
  });

  test.each([
    [['--out', 'plant'], /'plant' does not say its format.*\.xlsx or \.csv/],
    [['--out', 'x.csv', '--hours', 'four'], /--hours 'four'/],
    [['--out', 'x.csv', '--hours', '0'], /--hours 0/],
    [['--out', 'x.csv', '--seed', '1.5'], /--seed 1\.5/],
    [['--out', 'x.csv', '--interval', '1.5s'], /--interval '1\.5s': expected whole seconds/],
    [['--out', 'x.csv', '--interval', '10m'], /\[CONFIG_INVALID\] the attack after .* lies between two rows \(random\)/],
    [['--out', 'x.csv', '--interval', '100ms', '--start', 'noon'], /--start 'noon'.*--interval|--interval.*--start 'noon'/],
    [['--out', 'x.csv', '--hours', '1'], /too short.*--attacks none/],
    [['--out', 'x.xlsx', '--hours', '300'], /no more than 1,048,574 rows.*\.csv/],
    [['--out', 'nowhere/x.csv'], /no folder 'nowhere'/],
    [[], /--out/],
  ])('%j is a mistake', (args, message) => {
    const { status, stdout, stderr } = simulate(...args);
    expect(stderr).toMatch(message);
    expect([status, stdout]).toEqual([2, '']);
    expect(existsSync(join(folder, 'x.csv'))).toBe(false);
  });

  test.each([
    ['a list that is not there', ['--attacks', 'none.yaml'], 3],
    ['a list with a mistake', ['--attacks', 'bad.yaml'], 2],
  ])('%s is named', (_, args, code) => {
    writeFileSync(join(folder, 'bad.yaml'), 'attacks: [{ start: 1m, length: 1m, tag: LIT10, kind: frozen }]\n');
    const { status, stderr } = simulate('--out', 'y.csv', ...args);
    expect(status).toBe(code);
    expect(stderr).toContain(args[1]);
  });

  test.each([1, 2])('%d Ctrl-C leave nothing behind', async (signals) => {
    const place = mkdtempSync(join(folder, 'interrupted-'));
    const args = ['simulate', 'plant', '--hours', '2000', '--seed', '1', '--out', 'long.csv'];
    const child = spawn(process.execPath, [join(root, 'dist/cli/main.js'), ...args], { cwd: place, env: { PATH: process.env.PATH }, stdio: 'ignore' });
    const ended = once(child, 'exit');
    while (readdirSync(place).length === 0) await new Promise((next) => setTimeout(next, 20));
    for (let i = 0; i < signals; i++) child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(readdirSync(place)).toEqual([]);
  });
});
