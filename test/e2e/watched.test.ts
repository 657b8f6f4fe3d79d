import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository, settings, summaryOf, workplace } from '../command-line.ts';
import { plantLines, plantPipeline, plantText } from '../plant-file.ts';

const yaml = plantPipeline.replace('rows: 1500', 'rows: 400').replace('outputs: []', 'outputs: [terminal]');
const lines = plantLines(1000, { attacks: [{ from: 700, to: 760, tag: 'LIT101', value: 1200 }] });
const files = { 'plant.csv': plantText(lines), 'plant.yaml': yaml };
const main = join(repository, 'dist/cli/main.js');

describe('what a run tells who watches it', () => {
  it('at the end of the source that it waits, and at the next start that nothing is new', async () => {
    const place = await workplace(files);
    const first = place.start('run', 'plant.yaml', '--json');
    expect((await first.line(({ text }) => text.startsWith('end of '))).text).toBe(
      'end of plant.csv after 1,000 rows; rows appended later are read at the next start, Ctrl-C ends',
    );
    first.kill('SIGINT');
    const ended = await first.ended;
    expect(ended.code).toBe(0);
    expect(ended.stderr).toMatch(/^progress .*, at the end, waiting for Ctrl-C$/m);
    expect(ended.stderr).toContain('warmed up on 400 rows: fitted on 280, thresholds from 100');
    const again = place.start('run', 'plant.yaml', '--json');
    expect((await again.line(({ text }) => text.startsWith('nothing new'))).text).toBe('nothing new since row 1,000; --fresh begins anew');
    again.kill('SIGINT');
    expect(summaryOf(await again.ended)).toMatchObject({ rowsRead: 0, ended: true });
    await place.write('plant.csv', plantText([...lines, ...plantLines(1100).slice(1000)]));
    expect((await place.run('plant.yaml')).rowsRead).toBe(100);
  });

  it('incidents and summary on standard output, progress on standard error, one apart from the other', async () => {
    const place = await workplace(files);
    const { stdout, stderr } = await place.call('run', 'plant.yaml', '--until-end');
    expect(stdout).toMatch(/^\d{4}\S+Z combined INCIDENT score [\d.]+: LIT101 /m);
    expect(stdout).not.toMatch(/^progress /m);
    expect(stderr.trimEnd().split('\n')).toEqual(stderr.match(/^progress .*$/gm));
    expect(stdout).toMatch(/^speed +[\d,]+ rows\/s: 1,000 rows in /m);
  });

  it('a next command that can be typed as it stands, with the store that was named', async () => {
    const place = await workplace(files);
    const { stdout } = await place.call('run', 'plant.yaml', '--until-end', ...settings({ 'store.path': 'an other.duckdb', 'train.rows': 350 }));
    const next = /^next +(\S+) (query .*)$/m.exec(stdout);
    expect(next?.[1]).toMatch(/(^|\/)sluice$/);
    expect(next?.[2]).toBe("query incidents plant.yaml --set 'store.path=an other.duckdb'");
    // The root script itself would build first.
    const typed = spawnSync('sh', ['-c', `"$0" "$1" ${next?.[2]}`, process.execPath, main], { cwd: place.folder, encoding: 'utf8' });
    expect(typed.status, typed.stderr).toBe(0);
    expect(typed.stdout).toContain('combined');
  });

  it('nothing when nobody reads any more: commits what is in hand and ends, not as done, and goes on from there', async () => {
    const place = await workplace({ ...files, 'plant.yaml': yaml.replace('[terminal]', '[{ terminal: { format: jsonl } }]') });
    const run = `"$0" "$1" run plant.yaml --pace 400/s --log-level error; echo "code $?" >&2`;
    // The three lines of the start come one by one: who closes after the first may be gone before the second, with nothing in hand.
    const { stderr } = spawnSync('sh', ['-c', `{ ${run}; } | head -n 3 >/dev/null`, process.execPath, main], { cwd: place.folder, encoding: 'utf8' });
    expect(stderr).toMatch(/^code 141$/m);
    expect(stderr).not.toMatch(/error|EPIPE|^ +at /m);
    const rest = await place.run('plant.yaml');
    expect(rest.resumedAt).toBeGreaterThan(400);
    expect(rest.resumedAt).toBeLessThan(1000);
    expect(rest.total).toMatchObject({ rowsRead: 1000, rowsStored: 1000, duplicates: 0 });
  });

  it('is no fault where there is nothing to finish', () => {
    const command = '{ "$0" "$1" list; echo "code $?" >&2; } | true';
    expect(spawnSync('sh', ['-c', command, process.execPath, main], { encoding: 'utf8' }).stderr).toBe('code 0\n');
  });
});
