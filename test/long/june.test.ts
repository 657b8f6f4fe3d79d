import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { repository, settings, workplace } from '../command-line.ts';
import { contentOfFile } from '../store-content.ts';

const data = process.env.SLUICE_DATA;
describe.skipIf(!data)('pipelines/swat.yaml over the SWaT June 2017 export (needs SLUICE_DATA)', () => {
  const files = settings({ 'source.path': join(data ?? '', 'swat/swat-june-2017.xlsx'), 'store.path': 'june.duckdb', serve: 'false' });

  it.each([
    { train: [], judged: 13_661 - 7200 },
    { train: settings({ 'train.rows': '3500-8000' }), judged: 13_661 - 8000 },
  ])('stores all of its rows, trained with $train', async ({ train, judged }) => {
    const place = await workplace();
    const summary = await place.run(join(repository, 'pipelines/swat.yaml'), '--fresh', ...files, ...train);
    expect(summary).toMatchObject({ tags: 51, rowsRead: 13_661, deadLetters: 0, ended: true });
    expect(summary.rowsStored + summary.duplicates).toBe(13_661);
    const { rows, verdicts } = await contentOfFile(place.path('june.duckdb'), 'swat');
    const { tags, times } = rows as { tags: string[]; times: BigInt64Array };
    expect(times).toHaveLength(13_661);
    expect(tags).toEqual(expect.arrayContaining(['FIT101', 'LIT101', 'MV101', 'AIT201', 'P603']));
    expect(tags.every((tag) => /^[A-Z]+\d{3}$/.test(tag))).toBe(true);
    const defined = (verdicts as { detector: string; status: number }[]).filter(({ detector, status }) => detector === 'mahalanobis' && status !== 2);
    expect(defined.length).toBe(judged);
  });
});
