import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openStoreForReading } from '../../connectors/duckdb/open.ts';
import { repository, type Sluice, settings, workplace } from '../command-line.ts';
import { type Kill, type Seen, watch } from '../kill-points.ts';
import { countLines, linesUntilStored, plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { contentOfFile, differences } from '../store-content.ts';
import { nightly } from '../tier.ts';

/** Runs until the log shows the point, kills with -9 in the same turn, and gives what the log had told by then. */
async function killAt(run: Sluice, { at, when }: Kill): Promise<Seen> {
  let reached = false;
  const seen = watch(run, (told) => {
    if (reached || told.processed <= told.resumedAt || !at(told)) return;
    reached = true;
    run.kill('SIGKILL');
  });
  const { signal, stderr } = await run.ended;
  expect(signal, `it ended before it was killed ${when}: ${stderr.slice(-2000)}`).toBe('SIGKILL');
  return seen;
}

/** Kills one run after the other, each resuming the one before; gives all commits and the last one before each kill. */
async function killAll(
  kills: readonly Kill[],
  { store, source }: { store: string; source: string },
  start: (args: string[]) => Sluice,
): Promise<{ commits: number[]; offsets: number[] }> {
  const commits: number[] = [];
  const offsets: number[] = [];
  for (const [n, kill] of kills.entries()) {
    // Commits come after so many rows, never because of the time.
    const batching = settings({ 'batch.rows': kill.batch, 'commit.rows': kill.commit, 'commit.interval': '1h' });
    const seen = await killAt(start(['--log-level', 'trace', ...batching]), kill);
    commits.push(...seen.commits);
    offsets.push(seen.committed);
    console.log(
      `kill ${n + 1} of ${kills.length}, ${kill.when}: resumed at ${seen.resumedAt}, last committed offset ${seen.committed}, rows seen ${seen.processed}`,
    );
    // What was said to be committed is there, what was not even processed is not, and the store is whole.
    const after = await standing(store, source);
    expect(after.nextOffset).toBeGreaterThanOrEqual(seen.committed);
    expect(after.nextOffset).toBeLessThanOrEqual(seen.processed);
    expect(after.rows).toBe(after.stored);
  }
  return { commits, offsets };
}

/** How far the store of a killed run has come, read without changing it. */
async function standing(path: string, source: string): Promise<{ nextOffset: number; stored: number; rows: number }> {
  const store = await openStoreForReading(path);
  try {
    const [manifest] = await store.manifests();
    const [stream] = await store.streams();
    return {
      nextOffset: Object.entries(manifest?.positions ?? {}).find(([id]) => id.endsWith(source))?.[1].nextOffset ?? 0,
      stored: manifest?.totals.stored ?? 0,
      rows: stream?.rows ?? 0,
    };
  } finally {
    await store.close();
  }
}

const strictlyBetween = (offsets: readonly number[], first: number, last: number): number => offsets.filter((at) => at > first && at < last).length;
const past =
  (offset: number) =>
  ({ committed, processed }: Seen): boolean =>
    committed >= offset && processed > committed;

describe('kill -9', () => {
  it('again and again over a file with everything that can be wrong leaves what an undisturbed run leaves', async () => {
    const lines = plantLines(5200, {
      dirt: true,
      attacks: [
        { from: 2600, to: 2680, tag: 'LIT101', value: 1200 },
        { from: 3300, to: 3360, tag: 'P102', value: 2 },
        { from: 4200, to: 4290, tag: 'FIT101', value: 4.5 },
      ],
    });
    // The first rows came from another file before: every one of them that was stored is a duplicate later.
    const head = lines.slice(0, 900);
    const [all, first] = [countLines(lines), countLines(head)];
    const place = await workplace({ 'plant.csv': plantText(lines), 'head.csv': plantText(head), 'plant.yaml': plantPipeline });
    const beginning = await place.call('run', 'plant.yaml', '--until-end', '--json', ...settings({ 'source.path': 'head.csv' }));
    expect(beginning.code, beginning.stderr).toBe(3);
    await copyFile(place.path('plant.duckdb'), place.path('undisturbed.duckdb'));

    const undisturbed = await place.run('plant.yaml', ...settings({ 'store.path': 'undisturbed.duckdb' }));
    expect(undisturbed).toMatchObject({
      rowsRead: all.read,
      rowsStored: all.stored - first.stored,
      duplicates: first.stored,
      deadLetters: all.dead,
      late: all.late - first.late,
      missing: { empty: expect.any(Number), 'Bad Input': expect.any(Number) },
    });
    expect(Math.min(all.dead, all.late, all.missing, first.stored)).toBeGreaterThan(20);
    expect(undisturbed.incidents).toMatchObject({ combined: 3, 'constant-broken': 1 });

    const fit = linesUntilStored(lines, 1500);
    const points: Kill[] = [
      { when: 'before the first commit', at: () => true, batch: 20, commit: 200 },
      { when: 'among the duplicates', at: past(400), batch: 50, commit: 200 },
      { when: 'while the warm-up collects', at: past(1000), batch: 7, commit: 100 },
      { when: 'while the warm-up collects, between commits', at: past(1250), batch: 33, commit: 130 },
      { when: 'at the fit', at: ({ processed }) => processed >= fit - 40, batch: 20, commit: 60 },
      { when: 'after the fit, before it is committed', at: ({ warm }) => warm, batch: 10, commit: 100 },
      { when: 'in the first attack', at: past(2620), batch: 25, commit: 200 },
      { when: 'while it commits', at: ({ committed, processed }) => processed > 2900 && processed - committed >= 120, batch: 40, commit: 120 },
      { when: 'in the second attack', at: past(3350), batch: 1, commit: 40 },
      { when: 'in the third attack', at: past(4260), batch: 64, commit: 100 },
    ];
    const { commits, offsets } = await killAll(
      points.filter((_, n) => nightly || n % 2 === 1),
      { store: place.path('plant.duckdb'), source: 'plant.csv' },
      (args) => place.start('run', 'plant.yaml', '--until-end', '--json', ...args),
    );
    expect(strictlyBetween(offsets, commits[0], lines.length)).toBeGreaterThanOrEqual(offsets.length - 2);

    const last = await place.run('plant.yaml');
    expect(last.resumedAt).toBeGreaterThanOrEqual(offsets[offsets.length - 1]);
    expect(last.total).toEqual(undisturbed.total);
    const content = await contentOfFile(place.path('plant.duckdb'), 'plant');
    expect(differences(content, await contentOfFile(place.path('undisturbed.duckdb'), 'plant'))).toEqual([]);
    // And both hold what the lines say.
    expect((content.rows as { times: BigInt64Array }).times).toHaveLength(all.stored);
    expect(content.verdicts).toHaveLength(all.stored * 6);
    expect(content.dead).toHaveLength(all.dead + first.dead);
  });

  const atNight = nightly ? it : undefined;
  atNight?.('over the sample workbook leaves what an undisturbed run leaves', async () => {
    const place = await workplace();
    const pipeline = join(repository, 'pipelines/swat.yaml');
    const set = (store: string): string[] =>
      settings({ 'source.path': join(repository, 'data/swat-sample.xlsx'), 'store.path': store, serve: 'false', outputs: '[]' });
    await place.run(pipeline, ...set('undisturbed.duckdb'));
    const { offsets } = await killAll(
      [
        { when: 'at the fit', at: ({ processed }) => processed >= 7000, batch: 250, commit: 1000 },
        { when: 'in an attack', at: past(8200), batch: 500, commit: 500 },
      ],
      { store: place.path('disturbed.duckdb'), source: 'swat-sample.xlsx' },
      (args) => place.start('run', pipeline, '--until-end', '--json', ...set('disturbed.duckdb'), ...args),
    );
    expect(strictlyBetween(offsets, 0, 14_400)).toBe(2);
    const last = await place.run(pipeline, ...set('disturbed.duckdb'));
    expect(last.total.rowsStored).toBe(14_400);
    const [disturbed, undisturbed] = await Promise.all(['disturbed', 'undisturbed'].map((name) => contentOfFile(place.path(`${name}.duckdb`), 'swat')));
    expect(differences(disturbed, undisturbed)).toEqual([]);
  });
});
