// biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is the syntax of pipeline files
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
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

  test('takes a kind in the plural too, and no other form of it', () => {
    const all = JSON.parse(sluice(['list', '--json']).stdout) as { kind: string }[];
    const kinds = [...new Set(all.map(({ kind }) => kind))];
    expect(kinds).toHaveLength(8);
    for (const kind of kinds) {
      const { stdout } = sluice(['list', kind === 'bus' ? 'buses' : `${kind}s`, '--json']);
      expect(JSON.parse(stdout)).toEqual(all.filter((component) => component.kind === kind));
    }
    const { status, stderr } = sluice(['list', 'detectorss']);
    expect(status).toBe(2);
    expect(stderr).toContain("kind: there is no 'detectorss'");
    expect(stderr).toContain("Did you mean 'detector'?");
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
      const file = `from-${type}.yaml`;
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
    expect(text).toContain('\n  path: plant 7.csv\n');
    expect(text).toContain('\n  timezone: Europe/Berlin\n');
    expect(text).toMatch(/\n {2}# delimiter: .* {3}# \S/);
    const { status, stdout } = sluice(['check', 'pipeline.yaml'], { cwd: folder });
    expect(status).toBe(0);
    expect(stdout).toContain('FLOW LEVEL');
  });

  /** Writes a pipeline file and gives back its values. */
  const written = (file: string, ...args: string[]) => {
    const { status, stderr } = sluice(['init', file, '--force', ...args], { cwd: folder });
    expect(status, stderr).toBe(0);
    const text = readFileSync(join(folder, file), 'utf8');
    return { text, stderr, keys: parse(text) as { [key: string]: never } };
  };
  /** Rows so many milliseconds apart, from 2024 on. */
  const csv = (name: string, count: number, apart: number, time = (text: string): string => text): void => {
    const row = (i: number): string => `${time(new Date(Date.UTC(2024, 0, 1) + i * apart).toISOString())},${i % 17},${(i * i) % 101}`;
    writeFileSync(join(folder, name), `time,FLOW,LEVEL\n${Array.from({ length: count }, (_, i) => row(i)).join('\n')}\n`);
  };

  test.each(['1', '007', '1e3', 'true', 'null', '0x1f', '1.5'])('a plant named %s stays text', (name) => {
    const { keys } = written('name.yaml', '--stream', name);
    expect(keys).toMatchObject({ stream: name, store: { path: `.sluice/${name}.duckdb` } });
    expect(sluice(['check', 'name.yaml', '--no-open'], { cwd: folder })).toMatchObject({ status: 0, stderr: '' });
  });

  test.each(['1.csv', 'a: b #c.csv', '${HOME}, {x}.csv', 'it\'s "so".csv', '- x.csv'])('a file named %s is found again', (path) => {
    csv(path, 90, 1000);
    expect(written('path.yaml', '--path', path).stderr).toBe('');
    expect(sluice(['check', 'path.yaml'], { cwd: folder })).toMatchObject({ status: 0, stdout: expect.stringMatching(/^rows +90, /m) });
  });

  test.each([
    ['x.xlsx', 'xlsx'],
    ['X.XLSX', 'xlsx'],
    ['x.jsonl', 'jsonl'],
    ['x.ndjson', 'jsonl'],
    ['x.csv.gz', 'csv'],
    ['x.txt', 'csv'],
  ])('%s is read as %s, and said to be missing', (path, type) => {
    const { keys, stderr } = written('type.yaml', '--path', path);
    expect(keys).toMatchObject({ source: { type, path }, train: { rows: 4000 } });
    expect(stderr).toBe(`warning: there is no file '${path}' yet; training rows and spans of time are for rows of one a second\n`);
    expect(written('type.yaml', '--path', path, '--source', 'csv').keys).toMatchObject({ source: { type: 'csv' } });
  });

  test.each([
    [600, 300_000, { rows: 200, hold: '150m', open: '25m', close: '5h', merge: '10h' }],
    [60, 1000, { rows: 50, hold: '30s', open: '5s', close: '1m', merge: '2m' }],
    [13_000, 100, { rows: 4000, hold: '3s', open: '5s', close: '1m', merge: '2m' }],
  ])('%d rows, %d ms apart, decide on training rows and spans of time', (count, apart, { rows, hold, ...incidents }) => {
    csv('apart.csv', count, apart);
    const { keys, text, stderr } = written('apart.yaml', '--path', 'apart.csv');
    expect(stderr).toBe('');
    expect(keys).toMatchObject({ train: { rows }, incidents });
    expect((keys.views as { plain: unknown[] }).plain[1]).toEqual({ impute: { hold } });
    expect(text).toContain(`The file has ${count.toLocaleString('en-US')} rows: `);
    expect(sluice(['check', 'apart.yaml'], { cwd: folder }).stdout).not.toMatch(/^warning +(train|views|incidents)/m);
  });

  test('times without a zone ask for one, and nothing is written', () => {
    csv('zoneless.csv', 90, 1000, (text) => text.slice(0, 19));
    const args = ['init', 'zoneless.yaml', '--path', 'zoneless.csv'];
    expect(sluice(args, { cwd: folder })).toMatchObject({
      status: 3,
      stderr: "error [SOURCE_TIME] the time '2024-01-01T00:00:00' has no zone (zoneless.csv). Name the zone of its clock, e.g. --timezone Europe/Berlin.\n",
    });
    expect(existsSync(join(folder, 'zoneless.yaml'))).toBe(false);
    expect(sluice([...args, '--timezone', 'Asia/Singapore'], { cwd: folder })).toMatchObject({ status: 0, stderr: '' });
  });

  test('a file without times gets a period, guessed unless it is named', () => {
    writeFileSync(join(folder, 'timeless.csv'), `FLOW,LEVEL\n${rows.map((row) => row.split(',').slice(1).join(',')).join('\n')}\n`);
    const guessed = written('timeless.yaml', '--path', 'timeless.csv');
    expect(guessed.keys).toMatchObject({ source: { period: '1s' } });
    expect(guessed.stderr).toMatch(/^warning: timeless\.csv: no time column was found, so `period: 1s` is a guess; .*--period/);
    const named = written('timeless.yaml', '--path', 'timeless.csv', '--period', '10 min');
    expect(named).toMatchObject({ stderr: '', keys: { source: { period: '10 min' }, incidents: { open: '50m' } } });
    expect(sluice(['check', 'timeless.yaml'], { cwd: folder }).stdout).toMatch(/^interval +10 min /m);
  });

  test('a file that cannot be read is a warning', () => {
    writeFileSync(join(folder, 'text.xlsx'), 'no workbook');
    expect(written('text.yaml', '--path', 'text.xlsx').stderr).toMatch(/^warning: cannot look at the rows: .*text\.xlsx/);
  });

  test('prints the incidents of the combination alone', () => {
    expect(written('outputs.yaml').keys).toMatchObject({ outputs: [{ terminal: { detectors: ['combined'] } }] });
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
    [['zone.yaml', '--timezone', 'Berlin'], "there is no time zone 'Berlin' (--timezone). Did you mean 'Europe/Berlin'?"],
    [['zone.yaml', '--timezone', 'Asia/Singapur'], "Did you mean 'Asia/Singapore'?"],
    [['zone.yaml', '--timezone', 'new york'], "Did you mean 'America/New_York'?"],
    [['zone.yaml', '--timezone', 'nowhere at all'], 'Use an IANA name such as Europe/Berlin or UTC.'],
    [['period.yaml', '--period', '10'], "--period '10' is no span of time. Write a number and a unit, e.g. --period 1s."],
    [['name.yaml', '--force', '--stream', 'my plant'], 'stream: expected a name of letters, digits, dots, dashes and underscores'],
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

  test('warns of spans shorter than rows are apart and of too few rows', () => {
    const minutes = Array.from({ length: 500 }, (_, i) => `${new Date(Date.UTC(2024, 0, 1) + i * 60_000).toISOString()},${i % 7},${i % 3}`);
    writeFileSync(join(folder, 'minutes.csv'), `time,FLOW,LEVEL\n${minutes.join('\n')}\n`);
    const file = (name: string, text: string): string => {
      writeFileSync(join(folder, name), `stream: plant\nsource: { type: csv, path: minutes.csv }\ndetectors: { mahalanobis: {} }\n${text}`);
      return name;
    };
    const warnings = (...args: string[]): string[] => {
      const { status, stdout } = sluice(['check', ...args, '--json'], { cwd: folder });
      expect(status).toBe(0);
      return JSON.parse(stdout).warnings;
    };
    const hold = 'views.default: impute holds a value for 30 s, but rows are 1 min apart: no value is ever held';
    const open = 'incidents.open is 5 s, but rows are 1 min apart: two flagged rows open an incident';
    const few = (q: number, calibration: number, level: string, rows: string) =>
      `threshold.${level}: quantile ${q} of ${calibration} rows, too few to tell: near the largest score; it takes ${rows} training rows (train.rows) or a lower quantile`;
    const soon = file('soon.yaml', '');
    expect(warnings(soon)).toEqual([
      'train.rows ends at row 3,600, the source after row 500: nothing would be learned; try train.rows=166',
      hold,
      open,
      few(0.999, 125, 'error', '4,000'),
    ]);
    expect(warnings(soon, '--set', 'train.rows=200')).toEqual([hold, open, few(0.99, 50, 'warn', '400'), few(0.999, 50, 'error', '4,000')]);
    const fitting = file(
      'fitting.yaml',
      'views: { default: [{ impute: 5m }] }\nincidents: { open: 1m }\ntrain: { rows: 400 }\nthreshold: { error: { quantile: 0.99 } }\n',
    );
    expect(warnings(fitting)).toEqual([]);
    expect(sluice(['check', soon], { cwd: folder }).stdout).toContain(`\nwarning    ${hold}\n`);
    expect(warnings(soon, '--no-open', '--set', 'train.rows=4000')).toEqual([]);
  });

  test('shows what was resolved', () => {
    const set = ['source.pace=60x', 'threshold.warn.fixed=3', 'incidents.open=90s', 'store={type: duckdb, path: x.duckdb}', 'serve.port=9000'].flatMap(
      (each) => ['--set', each],
    );
    const { stdout } = sluice(['check', 'plant.yaml', '--no-open', ...set], { cwd: folder });
    expect(stdout).toMatch(/^pace +60x$/m);
    expect(stdout).toMatch(/^threshold +warn from fixed 3, error from quantile 0\.999$/m);
    expect(stdout).toMatch(/^incidents +opened after 1 min 30 s flagged, closed after 1 min quiet, one where less than 2 min apart$/m);
    expect(stdout).toMatch(/^store +duckdb x\.duckdb$/m);
    expect(stdout).toMatch(/^serve +http:\/\/127\.0\.0\.1:9000$/m);
    expect(sluice(['check', 'plant.yaml', '--no-open', '--set', 'serve=false'], { cwd: folder }).stdout).toMatch(/^serve +off$/m);
    expect(sluice(['check', 'plant.yaml', '--no-open'], { cwd: folder }).stdout).toMatch(/^serve +http:\/\/127\.0\.0\.1:8080 or the next free port$/m);
  });

  test('--all names the first three unreadable rows, and groups digits', () => {
    const many = Array.from({ length: 1300 }, (_, i) => `${new Date(Date.UTC(2024, 0, 1) + i * 1000).toISOString()},${i % 300 === 7 ? 'broken' : i % 9}`);
    writeFileSync(join(folder, 'broken.csv'), `time,FLOW\n${many.join('\n')}\n`);
    const args = ['check', 'plant.yaml', '--all', '--set', 'source.path=broken.csv'];
    const { stdout } = sluice(args, { cwd: folder });
    expect(stdout).toMatch(/^rows +1,295 from .*; 5 unreadable; /m);
    expect(stdout.match(/^unreadable .*/gm)).toHaveLength(3);
    expect(stdout).toMatch(/^unreadable +row 307 \(number\): 'broken' in column 'FLOW' /m);
    const { source } = JSON.parse(sluice([...args, '--json'], { cwd: folder }).stdout);
    expect(source).toMatchObject({ rows: 1295, dead: 5, intervalMs: 1000 });
    expect(source.unreadable.map(({ row, reason }: { row: number; reason: string }) => [row, reason])).toEqual([7, 307, 607].map((row) => [row, 'number']));
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

test('train --help shows how to learn from a file, and it can be written so', () => {
  const setting = 'train={file: {type: csv, path: normal.csv}}';
  expect(sluice(['train', '--help']).stdout).toContain(`--set ${setting.replace('=', "='")}'`);
  expect(sluice(['check', 'plant.yaml', '--no-open', '--set', setting], { cwd: folder }).stdout).toMatch(/^train +csv normal\.csv: /m);
});
