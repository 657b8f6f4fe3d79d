import { connect } from 'node:net';
import { beforeAll, describe, expect, it } from 'vitest';
import { openWorkplace, type Sluice, settings, summaryOf, workplace } from '../command-line.ts';
import { countLines, plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { contentOfFile, differences } from '../store-content.ts';

// Under its own id the source is the same in every folder.
const yaml = plantPipeline.replace('rows: 1500', 'rows: 400').replace('path: plant.csv', 'path: plant.csv, id: plant');
const lines = plantLines(1000, { dirt: true, attacks: [{ from: 700, to: 760, tag: 'LIT101', value: 1200 }] });
const stored = countLines(lines).stored;
const trace = ['--json', '--log-level', 'trace'];

type Rows = { times: BigInt64Array; seqs: Int32Array; columns: Float64Array[] };
const manifestOf = (content: Record<string, unknown>) =>
  (content.manifests as { positions: Record<string, { nextOffset: number; shiftMs: number }>; totals: Record<string, number> }[])[0];
const processed = (run: Sluice, offset: number) => run.logged('processed, not yet committed', ({ nextOffset }) => Number(nextOffset) >= offset);

/** What a run makes of the plant that nothing disturbs. */
let expected: Record<string, unknown>;
beforeAll(async () => {
  const place = await openWorkplace({ 'plant.csv': plantText(lines), 'plant.yaml': yaml });
  await place.run('plant.yaml');
  expected = await contentOfFile(place.path('plant.duckdb'), 'plant');
  await place.close();
});

describe('a run that is interrupted', () => {
  it.each(['SIGINT', 'SIGTERM'] as const)('by %s finishes its batch, commits, ends with 0, and goes on from there', async (signal) => {
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': yaml });
    // The warm-up comes at once, the rest at a rate that would take a minute.
    const run = place.start('run', 'plant.yaml', '--until-end', '--pace', '10/s', ...trace);
    await processed(run, 411);
    run.kill(signal);
    const ended = await run.ended;
    expect(ended).toMatchObject({ code: 0, signal: null });
    const summary = summaryOf(ended);
    expect(summary).toMatchObject({ ended: false, rowsRead: summary.total.rowsRead });
    expect(summary.rowsRead).toBeGreaterThanOrEqual(411);
    expect(summary.rowsRead).toBeLessThan(lines.length);
    // Everything that it says it stored is in the store, and nothing else.
    const content = await contentOfFile(place.path('plant.duckdb'), 'plant');
    expect((content.rows as Rows).times).toHaveLength(summary.rowsStored);
    expect(Object.values(manifestOf(content).positions)[0].nextOffset).toBe(summary.rowsRead);

    expect(await place.run('plant.yaml')).toMatchObject({ resumedAt: summary.rowsRead, rowsRead: lines.length - summary.rowsRead });
    expect(differences(await contentOfFile(place.path('plant.duckdb'), 'plant'), expected)).toEqual([]);
  });

  it('twice ends at once with 130, and nothing that was committed is lost', async () => {
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': yaml });
    const run = place.start('run', 'plant.yaml', '--pace', '10/s', ...trace, ...settings({ serve: '{ port: 0 }', 'commit.interval': '20ms' }));
    const { text } = await run.line((line) => line.text.startsWith('watch'));
    // A request that is still on its way keeps the end waiting for two seconds: the second signal comes inside them.
    const { port } = new URL(/http:\/\/\S+/.exec(text)?.[0] as string);
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET /metrics HTTP/1.1\r\nHost: plant\r\n'));
    socket.on('error', () => undefined);
    await run.logged('committed', ({ nextOffset }) => Number(nextOffset) >= 411);
    run.kill('SIGINT');
    await run.line((line) => line.text.includes('once more ends at once'));
    run.kill('SIGINT');
    expect(await run.ended).toMatchObject({ code: 130, signal: null });
    socket.destroy();
    expect((await place.run('plant.yaml')).resumedAt).toBeGreaterThanOrEqual(411);
    expect(differences(await contentOfFile(place.path('plant.duckdb'), 'plant'), expected)).toEqual([]);
  });
});

describe('a run that stays up', () => {
  it('answers queries while it lives and leaves them to the file afterwards', async () => {
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': yaml });
    const query = async (what: string, ...more: string[]): Promise<unknown> => {
      const { code, stdout, stderr } = await place.call('query', what, 'plant.yaml', '--json', ...more);
      expect(code, stderr).toBe(0);
      return JSON.parse(stdout);
    };
    const run = place.start('run', 'plant.yaml', ...trace);
    // The last row is stored, and the process waits for more.
    await run.logged('committed', ({ nextOffset }) => nextOffset === lines.length);
    const whats = [['incidents'], ['rows', '--last', '50'], ['verdicts', '--flagged', '--last', '10'], ['stats']];
    const alive = await Promise.all(whats.map(([what, ...more]) => query(what, ...more)));
    expect(alive[0]).toMatchObject({ incidents: expect.arrayContaining([expect.objectContaining({ detector: 'combined' })]) });
    expect((alive[1] as { rows: unknown[] }).rows).toHaveLength(50);
    expect(alive[3]).toMatchObject({ stream: 'plant', rows: stored });
    // Another run is refused while this one holds the store.
    const second = await place.call('run', 'plant.yaml', '--until-end', '--json');
    expect(second.code).toBe(4);
    expect(second.stderr).toContain('STORE_LOCKED');
    run.kill('SIGINT');
    expect(await run.ended).toMatchObject({ code: 0 });
    expect(await Promise.all(whats.map(([what, ...more]) => query(what, ...more)))).toEqual(alive);
    // After a crash, too, whatever the dead process left beside the file.
    const crashed = place.start('run', 'plant.yaml', ...trace);
    await crashed.logged('started');
    crashed.kill('SIGKILL');
    await crashed.ended;
    expect(await query('stats')).toEqual(alive[3]);
  });

  it('begins again at the end with `loop`, with times that go on, over a restart too', async () => {
    const pass = plantLines(300);
    const place = await workplace({ 'plant.csv': plantText(pass), 'plant.yaml': yaml.replace('rows: 1500', 'rows: 200') });
    const looped = settings({ 'source.loop': 'true', 'train.rows': 200, 'commit.interval': '50ms' });
    let committed = 0;
    for (const until of [800, 1700]) {
      const run = place.start('run', 'plant.yaml', ...trace, ...looped);
      const { log } = await run.logged('started');
      expect(Number(log?.resumedAt)).toBeGreaterThanOrEqual(committed);
      await processed(run, until);
      run.kill('SIGINT');
      const ended = await run.ended;
      expect(ended.code, ended.stderr).toBe(0);
      committed = summaryOf(ended).total.rowsRead;
      expect(committed).toBeGreaterThanOrEqual(until);
    }
    const content = await contentOfFile(place.path('plant.duckdb'), 'plant');
    const { totals, positions } = manifestOf(content);
    expect(totals).toMatchObject({ read: committed, stored: committed, duplicate: 0, dead: 0 });
    expect(Object.values(positions)[0].nextOffset).toBe(committed);
    const { times, seqs, columns } = content.rows as Rows;
    expect(times).toHaveLength(committed);
    // Each row comes again one pass later, moved on by the same time.
    const span = times[300] - times[0];
    expect(span).toBeGreaterThanOrEqual(300_000_000_000n);
    for (let row = 300; row < committed; row++) {
      expect([times[row] - span, seqs[row]]).toEqual([times[row - 300], seqs[row - 300]]);
      for (const column of columns) expect(column[row]).toBe(column[row - 300]);
    }
  });

  it('with `clock: shifted` ends the recording now, and keeps to that origin over restarts', async () => {
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': yaml });
    const shifted = settings({ clock: 'shifted' });
    const begun = Date.now();
    const run = place.start('run', 'plant.yaml', '--until-end', '--pace', '10/s', ...trace, ...shifted);
    await processed(run, 411);
    run.kill('SIGINT');
    expect((await run.ended).code).toBe(0);
    const before = manifestOf(await contentOfFile(place.path('plant.duckdb'), 'plant'));
    const [{ shiftMs }] = Object.values(before.positions);

    await place.run('plant.yaml', ...shifted);
    const content = await contentOfFile(place.path('plant.duckdb'), 'plant');
    expect(Object.values(manifestOf(content).positions)).toEqual([expect.objectContaining({ nextOffset: lines.length, shiftMs })]);
    const [original, moved] = [expected.rows as Rows, content.rows as Rows];
    const shift = BigInt(shiftMs) * 1_000_000n;
    expect(moved.times).toEqual(original.times.map((time) => time + shift));
    const last = Number(moved.times[moved.times.length - 1] / 1_000_000n);
    expect(last).toBeGreaterThanOrEqual(begun - 1000);
    expect(last).toBeLessThanOrEqual(Date.now());
    // The verdicts are those of the original clock.
    const judged = ({ verdicts }: Record<string, unknown>) =>
      (verdicts as { detector: string; seq: number; score: number; grade: number; status: number }[]).map(({ detector, seq, score, grade, status }) => ({
        detector,
        seq,
        score,
        grade,
        status,
      }));
    expect(differences({ verdicts: judged(content) }, { verdicts: judged(expected) })).toEqual([]);
  });
});
