import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { TagStatistics } from '../../core/store.ts';
import { repository, settings } from '../command-line.ts';
import { contentOfFile, differences, type StoreContent } from '../store-content.ts';
import { nightly } from '../tier.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { stackPlace } from './stack-place.ts';

const embedded = join(repository, 'pipelines/swat.yaml');
const onStack = join(repository, 'pipelines/swat-kafka.yaml');
const june = join(process.env.SLUICE_DATA ?? '', 'swat/swat-june-2017.xlsx');

/** What both are asked for; positions and state lie elsewhere on Kafka. */
function compared({ manifests: _, ...content }: StoreContent): StoreContent {
  return content;
}

describeWithStack('the same job embedded, and over Kafka into InfluxDB', { kafka: 'shared', influx: 'shared' }, () => {
  const recordings: (readonly [string, string, number, Record<string, string>])[] = [
    ['the sample', join(repository, 'data/swat-sample.xlsx'), 14_400, {}],
    ...(nightly ? [['June 2017', june, 13_661, { 'train.rows': '3500-8000' }] as const] : []),
  ];
  for (const [name, path, rows, training] of recordings) {
    it.skipIf(!existsSync(path))(
      `${name}: the same rows, verdicts, incidents, levels and statistics${nightly ? '; a new group changes nothing' : ''}`,
      async () => {
        const place = await stackPlace();
        const set = settings({ 'source.path': path, outputs: '[]', ...training });
        await place.run(embedded, ...set, ...settings({ 'store.path': 'embedded.duckdb', serve: 'false' }));
        const first = { group: 'first', bucket: await place.bucket() };
        const sent = await place.produce(onStack, first, ...set);
        expect(sent).toMatchObject({ rowsSent: rows, deadLetters: 0, resumedAt: 0, ended: true });
        expect(await place.produce(onStack, first, ...set)).toMatchObject({ rowsSent: 0, resumedAt: rows });
        const processed = await place.process(onStack, first, ...set);
        expect(processed).toMatchObject({ rowsRead: rows, rowsStored: rows, deadLetters: 0, ended: true });
        const expected = compared(await contentOfFile(place.path('embedded.duckdb'), 'swat'));
        const { statistics, ...exact } = await place.content(first.bucket, 'swat');
        const { statistics: reference, ...rest } = expected;
        expect(differences(exact, rest)).toEqual([]);
        expect(furthest(statistics as TagStatistics[], reference as TagStatistics[])).toBeLessThanOrEqual(1e-12);
        console.log(`${name}: ${rows} rows, ${(exact.verdicts as unknown[]).length} verdicts, ${(exact.incidents as unknown[]).length} incidents equal`);

        if (!nightly) return;
        const again = await place.process(onStack, { ...first, group: 'second' }, ...set, ...settings({ 'batch.rows': 333 }));
        expect(again).toMatchObject({ rowsRead: rows, rowsStored: rows });
        expect(differences(await place.content(first.bucket, 'swat'), { statistics, ...exact })).toEqual([]);
      },
    );
  }
});

/** The largest relative difference of two tables of statistics. */
function furthest(actual: readonly TagStatistics[], expected: readonly TagStatistics[]): number {
  expect(actual.map(({ tag }) => tag)).toEqual(expected.map(({ tag }) => tag));
  const pairs = expected.flatMap((tag, t) =>
    (['count', 'missing', 'min', 'max', 'mean', 'deviation'] as const).map((figure) => [actual[t][figure], tag[figure]]),
  );
  return Math.max(...pairs.map(([a, b]) => (Object.is(a, b) ? 0 : Math.abs(a - b) / Math.abs(b))));
}
