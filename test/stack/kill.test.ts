import { afterAll, beforeAll, expect, it } from 'vitest';
import { settings } from '../command-line.ts';
import { type Kill, type Seen, watch } from '../kill-points.ts';
import { countLines, linesUntilStored, plantLines, plantPipeline, plantText } from '../plant-file.ts';
import { differences } from '../store-content.ts';
import { nightly } from '../tier.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { type InfluxServer, type KafkaServer, startInflux, startKafka } from './servers.ts';
import { stackPlace } from './stack-place.ts';

const past =
  (offset: number) =>
  ({ committed, processed }: Seen): boolean =>
    committed >= offset && processed > committed;

const attacks = [
  { from: 2600, to: 2680, tag: 'LIT101', value: 1200 },
  { from: 3300, to: 3360, tag: 'P102', value: 2 },
  { from: 4200, to: 4290, tag: 'FIT101', value: 4.5 },
];
/** Rows that cannot be read, come twice, late or far too late, and missing values; the first ones came from another file before. */
const lines = plantLines(5200, { dirt: true, attacks });
const head = lines.slice(0, 900);
const [all, first] = [countLines(lines), countLines(head)];
const files = { 'plant.csv': plantText(lines), 'head.csv': plantText(head), 'plant.yaml': plantPipeline };
const outageSeconds = nightly ? 30 : 6;
/** A processor that was killed is missed after this time. */
const session = { 'bus.sessionTimeout': '1500ms' };

describeWithStack('kill -9 and outages over Kafka and InfluxDB', { kafka: 'own', influx: 'own' }, () => {
  let kafka: KafkaServer;
  let influx: InfluxServer;
  beforeAll(async () => {
    [kafka, influx] = await Promise.all([startKafka(), startInflux()]);
  });
  afterAll(() => Promise.all([kafka?.close(), influx?.close()]));

  it('the processor again and again: the store is that of an undisturbed run', async () => {
    const place = await stackPlace(files, { brokers: kafka.brokers, influx });
    const disturbed = { group: 'disturbed', bucket: await place.bucket() };
    const undisturbed = { group: 'undisturbed', bucket: await place.bucket() };
    const sent = [await place.produce('plant.yaml', disturbed, ...settings({ 'source.path': 'head.csv' })), await place.produce('plant.yaml', disturbed)];
    expect(sent.map(({ rowsSent, deadLetters }) => rowsSent + deadLetters)).toEqual([head.length, lines.length]);
    const total = head.length + lines.length;

    const at = head.length;
    const fit = at + linesUntilStored(lines, 1500);
    const points: Kill[] = [
      { when: 'before the first commit', at: ({ processed }) => processed > 0, batch: 20, commit: 200 },
      { when: 'among the rows that come again later', at: past(400), batch: 50, commit: 200 },
      { when: 'among the duplicates', at: past(at + 400), batch: 50, commit: 200 },
      { when: 'while the warm-up collects, between commits', at: past(at + 1250), batch: 33, commit: 130 },
      { when: 'at the fit', at: ({ processed }) => processed >= fit - 40, batch: 20, commit: 60 },
      { when: 'after the fit, before it is committed', at: ({ warm }) => warm, batch: 10, commit: 100 },
      { when: 'in the first attack', at: past(at + 2620), batch: 25, commit: 200 },
      { when: 'while it commits', at: ({ committed, processed }) => processed > at + 2900 && processed - committed >= 120, batch: 40, commit: 120 },
      { when: 'in the second attack', at: past(at + 3350), batch: 1, commit: 40 },
      { when: 'in the third attack', at: past(at + 4260), batch: 64, commit: 100 },
    ];
    const kills = points.filter((_, n) => nightly || n % 2 === 0);
    const offsets: number[] = [];
    for (const [n, kill] of kills.entries()) {
      const batching = settings({ ...session, 'batch.rows': kill.batch, 'commit.rows': kill.commit, 'commit.interval': '1h' });
      const run = place.startProcess('plant.yaml', disturbed, '--until-end', '--json', '--log-level', 'trace', ...batching);
      let reached = false;
      const seen = watch(run, (told) => {
        if (reached || told.processed <= told.resumedAt || !kill.at(told)) return;
        reached = true;
        run.kill('SIGKILL');
      });
      const { signal, stderr } = await run.ended;
      expect(signal, `it ended before it was killed ${kill.when}: ${stderr.slice(-2000)}`).toBe('SIGKILL');
      console.log(
        `kill ${n + 1} of ${kills.length}, ${kill.when}: resumed at ${seen.resumedAt}, last committed offset ${seen.committed}, rows seen ${seen.processed}`,
      );
      // What was said to be committed is where the next one begins, or before what was in hand.
      if (n > 0) expect(seen.resumedAt).toBeGreaterThanOrEqual(offsets[n - 1]);
      offsets.push(seen.committed);
    }
    expect(offsets.filter((offset) => offset > 0 && offset < total).length).toBeGreaterThanOrEqual(kills.length - 2);
    const last = await place.process('plant.yaml', disturbed, ...settings(session));
    expect(last.positions).toEqual({ [`${place.topic}/0`]: total });

    const whole = await place.process('plant.yaml', undisturbed);
    expect(whole).toMatchObject({ rowsRead: total, rowsStored: all.stored, duplicates: first.stored });
    const content = await place.content(disturbed.bucket, 'plant');
    expect(differences(content, await place.content(undisturbed.bucket, 'plant'))).toEqual([]);
    expect((content.rows as { times: BigInt64Array }).times).toHaveLength(all.stored);
    expect(content.verdicts).toHaveLength(all.stored * 6);
    expect(content.dead).toHaveLength(all.dead + first.dead);
    expect(Math.min(all.dead, first.stored)).toBeGreaterThan(20);
  });

  it(`the broker once and the database for ${outageSeconds} s, while rows are sent: nothing lost, nothing doubled`, async () => {
    const place = await stackPlace(files, { brokers: kafka.brokers, influx });
    const disturbed = { group: 'disturbed', bucket: await place.bucket() };
    const undisturbed = { group: 'undisturbed', bucket: await place.bucket() };
    const processing = place.startProcess(
      'plant.yaml',
      disturbed,
      '--until-end',
      '--json',
      '--log-level',
      'trace',
      ...settings({ 'batch.rows': 50, 'batch.wait': '50ms' }),
    );
    const outages = { broker: undefined as Promise<void> | undefined, database: undefined as Promise<void> | undefined };
    const seen = watch(processing, ({ processed }) => {
      if (processed >= 2000) {
        outages.broker ??= (async () => {
          await kafka.kill();
          console.log(`broker killed: ${seen.processed} rows processed, committed offset ${seen.committed}`);
          await kafka.start();
        })();
      }
      if (processed >= 3200) {
        outages.database ??= (async () => {
          await influx.stop();
          console.log(`database stopped: ${seen.processed} rows processed, committed offset ${seen.committed}`);
          await new Promise((resolve) => setTimeout(resolve, outageSeconds * 1000));
          console.log(`database started: ${seen.processed} rows processed, committed offset ${seen.committed}`);
          await influx.start();
        })();
      }
    });
    const sent = await place.produce('plant.yaml', disturbed, '--pace', nightly ? '300/s' : '800/s');
    expect(sent.rowsSent + sent.deadLetters).toBe(lines.length);
    const { code, stdout, stderr } = await processing.ended;
    expect(code, stderr.slice(-3000)).toBe(0);
    await Promise.all([outages.broker, outages.database]);
    expect(Object.values(outages).every(Boolean)).toBe(true);
    expect(JSON.parse(stdout)).toMatchObject({ rowsRead: lines.length, rowsStored: all.stored, deadLetters: all.dead });

    const whole = await place.process('plant.yaml', undisturbed);
    expect(whole).toMatchObject({ rowsRead: lines.length, rowsStored: all.stored });
    const content = await place.content(disturbed.bucket, 'plant');
    expect(differences(content, await place.content(undisturbed.bucket, 'plant'))).toEqual([]);
    expect(content.dead).toHaveLength(all.dead);
  });
});
