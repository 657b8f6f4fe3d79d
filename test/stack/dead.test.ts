import { expect, it } from 'vitest';
import { parseTime } from '../../core/time.ts';
import { Status } from '../../core/verdict.ts';
import { type Ended, settings } from '../command-line.ts';
import { plantPipeline } from '../plant-file.ts';
import { contentOfFile, differences, type StoreContent } from '../store-content.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedInflux } from './servers.ts';
import { stackPlace, type Target } from './stack-place.ts';

const yaml = plantPipeline.replace('rows: 1500', 'rows: 400');
const start = Date.parse('2017-07-14T10:00:00Z');

/** A row every ten seconds; those of `late` come in the place given, far too late. */
function plantFile(rows: number, late: ReadonlyMap<number, number>, wrong?: number): string {
  const line = (row: number): string => {
    const clock = new Date(start + row * 10_000).toISOString().replace('.000', '');
    return [clock, row === wrong ? '2.x' : 2 + Math.sin(row / 5), 600 + 40 * Math.cos(row / 30), 1 + (row % 2), 1, 2, 7 + Math.sin(row / 9) / 5].join(',');
  };
  const order = Array.from({ length: rows }, (_, row) => row).filter((row) => !late.has(row));
  for (const [row, place] of late) if (place < rows) order.splice(place, 0, row);
  return `Timestamp,FIT101,LIT101,MV101,P101,P102,AIT201\n${order.map(line).join('\n')}\n`;
}

interface Retried {
  readonly tried: number;
  readonly taken: number;
  readonly known: number;
  readonly waiting: number;
  readonly left: readonly { readonly reason: string; readonly why: string }[];
}

function retried({ code, stdout, stderr }: Ended): Retried {
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as Retried;
}

/** What does not depend on where it is stored, nor on what was put aside where. */
function compared({ rows, verdicts, incidents, buckets }: StoreContent): StoreContent {
  return { rows, verdicts, incidents, buckets };
}

describeWithStack('dead letters over Kafka and InfluxDB', { kafka: 'shared', influx: 'shared' }, () => {
  it('are taken in as with the embedded store; a letter whose hour is not over stays until it is', async () => {
    // Rows 100 and 101 come an hour late, row 780 ten minutes, in the last hour of the first 900 rows; row 500 cannot be read at first.
    const late = new Map([
      [100, 460],
      [101, 461],
      [780, 850],
    ]);
    const place = await stackPlace({ 'plant.csv': plantFile(900, late, 500), 'plant.yaml': yaml });
    const target: Target = { group: 'plant', bucket: await place.bucket() };
    const retry = async (...args: readonly string[]) => retried(await place.call('dead', 'retry', 'plant.yaml', '--json', ...args));
    const both = async (): Promise<[Retried, Retried]> => [await retry(), await retry(...place.on(target))];

    await place.run('plant.yaml');
    await place.produce('plant.yaml', target);
    expect(await place.process('plant.yaml', target)).toMatchObject({ rowsStored: 896, deadLetters: 4 });
    expect(await retry(...place.on(target), '--dry-run')).toMatchObject({ tried: 4, taken: 3 });
    const [embedded, stack] = await both();
    expect(embedded).toMatchObject({ tried: 4, taken: 3, waiting: 0, left: [{ reason: 'number' }] });
    expect(stack).toMatchObject({ tried: 4, taken: 2, waiting: 1, left: [{ reason: 'number' }] });
    const content = async (): Promise<[StoreContent, StoreContent]> => [
      compared(await place.content(target.bucket, 'plant')),
      compared(await contentOfFile(place.path('plant.duckdb'), 'plant')),
    ];
    expect(differences(...(await content()))).toEqual([]);

    // Corrected and grown by another two hours.
    await place.write('plant.csv', plantFile(1600, late));
    expect(await retry(...place.on(target), '--reason', 'number')).toMatchObject({ tried: 1, taken: 1, waiting: 0 });
    expect(await retry('--reason', 'number')).toMatchObject({ tried: 1, taken: 1 });
    await place.run('plant.yaml');
    await place.produce('plant.yaml', target);
    await place.process('plant.yaml', target);
    expect(await retry(...place.on(target))).toMatchObject({ tried: 1, known: 1, waiting: 0, left: [] });
    expect(await retry(...place.on(target))).toMatchObject({ tried: 0 });
    const [actual, expected] = await content();
    expect(differences(actual, expected)).toEqual([]);
    expect((actual.rows as { times: unknown }).times).toHaveLength(1600);
    const time = parseTime(new Date(start + 1_000_000).toISOString());
    const statuses = (actual.verdicts as { time: bigint; status: number }[]).filter((verdict) => verdict.time === time).map(({ status }) => status);
    expect(statuses).toEqual(Array.from({ length: 6 }, () => Status.undefined));
  });

  it('stay, with what is wrong, while InfluxDB refuses the row or its source is not the one that is read now', async () => {
    const may = '2017-05-01T00:00:00Z,1,2,1,1,2,7\n';
    const place = await stackPlace({ 'plant.csv': plantFile(600, new Map(), 450) + may, 'plant.yaml': yaml });
    const target: Target = { group: 'plant', bucket: await place.bucket() };
    const retry = async (...args: readonly string[]) => retried(await place.call('dead', 'retry', 'plant.yaml', '--json', ...place.on(target), ...args));
    // Another program wrote text where that week has numbers.
    const { url, org } = await sharedInflux();
    const foreign = await fetch(`${url}/api/v2/write?org=${encodeURIComponent(org)}&bucket=${target.bucket.bucket}`, {
      method: 'POST',
      headers: { Authorization: `Token ${target.bucket.token}` },
      body: `sensors,stream=other FIT101="pump" ${parseTime('2017-05-01T01:00:00Z')}`,
    });
    expect(foreign.status).toBe(204);
    await place.produce('plant.yaml', target);
    expect(await place.process('plant.yaml', target)).toMatchObject({ rowsStored: 599, deadReasons: { 'too-late': 1, number: 1 } });
    for (let time = 0; time < 2; time++) {
      const { left } = await retry('--reason', 'too-late');
      expect(left).toMatchObject([{ reason: 'too-late', why: expect.stringMatching(/'FIT101' is stored as text .* a number came/) }]);
    }
    expect((await retry('--reason', 'number', ...settings({ 'source.id': 'another' }))).left).toMatchObject([
      { why: expect.stringContaining('set source.path') },
    ]);
    expect((await place.content(target.bucket, 'plant')).dead).toHaveLength(2);
  });
});
