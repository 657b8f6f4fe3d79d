import { describe, expect, it } from 'vitest';
import { settings, workplace } from '../command-line.ts';
import { countLines, plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { contentOfFile, differences } from '../store-content.ts';

describe('how rows are batched', () => {
  it('changes no bit of what is stored: batches of 1, 7 and 500 rows, and batches cut by time', async () => {
    const lines = plantLines(1500, {
      dirt: true,
      attacks: [
        { from: 900, to: 960, tag: 'LIT101', value: 1200 },
        { from: 1200, to: 1240, tag: 'P102', value: 2 },
      ],
    });
    const place = await workplace({ 'plant.csv': plantText(lines), 'plant.yaml': plantPipeline.replace('rows: 1500', 'rows: 600') });
    const run = (name: string, ...args: string[]) => place.run('plant.yaml', ...settings({ 'store.path': `${name}.duckdb` }), ...args);
    const whole = await run('b500', ...settings({ 'batch.rows': 500 }));
    expect(whole.rowsStored).toBe(countLines(lines).stored);
    expect(whole.incidents).toMatchObject({ combined: 2, 'constant-broken': 1 });
    const expected = await contentOfFile(place.path('b500.duckdb'), 'plant');

    const cut = ['--pace', '250/s', '--log-level', 'trace', ...settings({ 'batch.rows': 5000, 'batch.wait': '3ms', 'commit.interval': '30ms' })];
    const byTime = place.call('run', 'plant.yaml', '--until-end', '--json', ...settings({ 'store.path': 'time.duckdb' }), ...cut);
    await run('b1', ...settings({ 'batch.rows': 1, 'commit.rows': 300 }));
    await run('b7', ...settings({ 'batch.rows': 7, 'commit.rows': 100 }));
    const { code, stderr } = await byTime;
    expect(code).toBe(0);
    // The clock did cut: pieces of the pace, not the one batch that the rows would have filled.
    expect(stderr.split('\n').filter((line) => line.includes('"processed, not yet committed"')).length).toBeGreaterThan(3);
    for (const name of ['b1', 'b7', 'time']) {
      expect(differences(await contentOfFile(place.path(`${name}.duckdb`), 'plant'), expected), name).toEqual([]);
    }
  });
});
