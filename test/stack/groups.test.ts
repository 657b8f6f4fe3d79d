import { expect, it, onTestFinished } from 'vitest';
import { connectionOptions, makeClient } from '../../connectors/kafka/client.ts';
import { openManifestLog } from '../../connectors/kafka/manifest-log.ts';
import { partitionOf } from '../../core/bus.ts';
import { formatTime } from '../../core/time.ts';
import { type Sluice, settings } from '../command-line.ts';
import { plantSchema, smallPlant } from '../pipeline/small-plant.ts';
import { plantPipeline } from '../plant-file.ts';
import { differences } from '../store-content.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedKafka } from './servers.ts';
import { stackPlace } from './stack-place.ts';

const rowsEach = 1500;
const partitions = 4;
/** Six plants of which every partition has one at least. */
const streams = spread(6);

function spread(count: number): string[] {
  const names: string[] = [];
  for (let i = 0; names.length < count; i++) {
    const taken = names.map((name) => partitionOf(name, partitions));
    const fits = names.length < partitions ? !taken.includes(partitionOf(`plant-${i}`, partitions)) : true;
    if (fits) names.push(`plant-${i}`);
  }
  return names;
}

/** The rows of all plants in one file, one of each in turn. */
function plants(): string {
  const attacks = [{ from: 900, to: 960, tag: 'LIT101', value: 1200 }];
  const batches = streams.map((_, s) => smallPlant(rowsEach, attacks, s + 1));
  const tags = plantSchema.tags.length;
  const out = [`Timestamp,plant,${plantSchema.tags.map(({ name }) => name).join(',')}`];
  for (let row = 0; row < rowsEach; row++) {
    for (const [s, { times, values }] of batches.entries()) {
      const cells = Array.from(values.subarray(row * tags, (row + 1) * tags), (value) => (Number.isNaN(value) ? '' : value));
      out.push([formatTime(times[row]), streams[s], ...cells].join(','));
    }
  }
  return `${out.join('\n')}\n`;
}

const pipeline = plantPipeline.replace('path: plant.csv', 'path: plants.csv, streamColumn: plant').replace('rows: 1500', 'rows: 400');

describeWithStack('processors that share a topic of four partitions and six streams', { kafka: 'shared', influx: 'shared' }, () => {
  it('come and go under load: every stream in order, each row once', async () => {
    const place = await stackPlace({ 'plants.csv': plants(), 'plants.yaml': pipeline });
    const shared = { group: 'shared', bucket: await place.bucket() };
    const alone = { group: 'alone', bucket: await place.bucket() };
    const set = settings({ 'bus.partitions': partitions, 'batch.rows': 40, 'batch.wait': '50ms' });
    const taken = new Map<string, string[]>();
    const start = (name: string): Sluice => {
      const run = place.startProcess('plants.yaml', shared, '--until-end', '--json', '--log-level', 'debug', ...set);
      run.onLine(({ log }) => {
        if (log?.msg === 'partition taken') taken.set(name, [...(taken.get(name) ?? []), `${log.partition}@${log.nextOffset}`]);
      });
      return run;
    };
    const first = start('first');
    const producing = place.start('produce', 'plants.yaml', ...place.on(shared), ...set, '--pace', '400/s', '--json');
    await first.logged('committed', ({ nextOffset }) => Number(nextOffset) >= 100);
    // Rows are held back while one starts: however long that takes, there are some left for it.
    producing.kill('SIGSTOP');
    const second = start('second');
    await second.logged('partition taken');
    producing.kill('SIGCONT');
    await second.logged('committed');
    // One leaves, another comes in its place.
    producing.kill('SIGSTOP');
    first.kill('SIGTERM');
    const left = await first.ended;
    expect(left.code, left.stderr.slice(-2000)).toBe(0);
    const third = start('third');
    await third.logged('partition taken');
    producing.kill('SIGCONT');
    const sent = await producing.ended;
    expect(sent.code, sent.stderr.slice(-2000)).toBe(0);
    expect(JSON.parse(sent.stdout)).toMatchObject({ rowsSent: rowsEach * streams.length, deadLetters: 0 });
    const ended = await Promise.all([second.ended, third.ended]);
    for (const { code, stderr } of ended) expect(code, stderr.slice(-2000)).toBe(0);
    console.log([...taken].map(([name, own]) => `${name} took ${own.map((at) => at.replace(`${place.topic}/`, '')).join(' ')}`).join('; '));
    const read = [left, ...ended].map(({ stdout }) => JSON.parse(stdout).rowsRead as number);
    console.log(`rows read: ${read.join(', ')}`);
    expect(Math.min(...read)).toBeGreaterThan(0);

    await place.process('plants.yaml', alone, ...set);
    for (const stream of streams) {
      const content = await place.content(shared.bucket, stream);
      expect((content.rows as { times: BigInt64Array }).times).toHaveLength(rowsEach);
      expect(content.incidents).not.toHaveLength(0);
      expect(differences(content, await place.content(alone.bucket, stream))).toEqual([]);
    }
  });

  it('one whose partition another takes while it has rows of it in hand gives it up, and takes it again', async () => {
    const place = await stackPlace({ 'plants.csv': plants(), 'plants.yaml': pipeline });
    const disturbed = { group: 'disturbed', bucket: await place.bucket() };
    const alone = { group: 'alone', bucket: await place.bucket() };
    const set = settings({ 'bus.partitions': 1, 'batch.rows': 40, 'batch.wait': '50ms' });
    const { brokers } = await sharedKafka();
    const client = makeClient(connectionOptions.parse({ brokers }));
    const run = place.startProcess('plants.yaml', disturbed, '--until-end', '--json', '--log-level', 'trace', ...set);
    const offsets: number[] = [];
    run.onLine(({ log }) => {
      if (log?.msg === 'partition taken') offsets.push(Number(log.nextOffset));
    });
    const producing = place.produce('plants.yaml', disturbed, ...set, '--pace', '1000/s');
    await run.logged('partition taken');
    const other = await openManifestLog(client, place.topic, disturbed.group, { create: false });
    onTestFinished(() => other.close());
    for (let times = 1; times <= 3; times++) {
      const from = offsets.at(-1) ?? 0;
      const { log } = await run.logged('committed', ({ nextOffset }) => Number(nextOffset) > from);
      await run.logged('processed, not yet committed', ({ nextOffset }) => Number(nextOffset) >= Number(log?.nextOffset) + 200);
      // One who fences it off and has no use for the partition.
      await (await other.take(`${disturbed.group}/${place.topic}/0`)).close();
      await expect.poll(() => offsets.length).toBe(times + 1);
    }
    await producing;
    const { code, stderr, stdout } = await run.ended;
    expect(code, stderr.slice(-2000)).toBe(0);
    console.log(`taken at ${offsets.join(', ')}`);
    expect(offsets).toHaveLength(4);
    expect(offsets[3]).toBeGreaterThan(0);
    // What was processed and lost to the other came again, and counts once.
    expect(JSON.parse(stdout)).toMatchObject({ rowsStored: rowsEach * streams.length, ended: true });
    await place.process('plants.yaml', alone, ...set);
    for (const stream of streams) expect(differences(await place.content(disturbed.bucket, stream), await place.content(alone.bucket, stream))).toEqual([]);
  });
});
