import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import kafkajs from 'kafkajs';
import { describe, expect, it, onTestFinished } from 'vitest';
import kafka from '../../connectors/kafka/output.ts';
import { allocateBatch } from '../../core/batch.ts';
import { partitionOf } from '../../core/bus.ts';
import type { Output, OutputContext } from '../../core/component.ts';
import type { Incident } from '../../core/incident.ts';
import { makeSchema } from '../../core/schema.ts';
import type { StoreWrite } from '../../core/store.ts';
import { parseTime } from '../../core/time.ts';
import { topContributions, type Verdicts } from '../../core/verdict.ts';
import { describeWithStack } from './describe-with-stack.ts';
import { sharedKafka, startKafka } from './servers.ts';

const tags = ['FIT101', 'LIT101', 'P"1\\02', 'Wasser °C', 'MV101', 'PIT501', 'AIT202'];
const schema = makeSchema(tags.map((name) => ({ name, kind: 'continuous' as const })));
const start = parseTime('2015-12-28T10:00:00Z') as bigint;
const noContributions = { rows: [], tags: [], shares: [], rest: [] };

interface Told {
  readonly key: string;
  readonly value: Record<string, unknown>;
  readonly partition: number;
}

/** Everything in a topic, partition by partition in order. */
async function readAll(brokers: string[], topic: string): Promise<Told[]> {
  const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  const groupId = `read-${topic}-${Math.random()}`;
  const consumer = client.consumer({ groupId });
  const told: Told[] = [];
  const left = new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  const wanted = [...left.values()].reduce((sum, high) => sum + high, 0);
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await new Promise<void>((done, fail) => {
    if (wanted === 0) done();
    consumer
      .run({
        eachMessage: async ({ partition, message: { key, value } }) => {
          told.push({ key: String(key), value: JSON.parse(String(value)), partition });
          if (told.length === wanted) done();
        },
      })
      .catch(fail);
  });
  await consumer.disconnect();
  await admin.deleteGroups([groupId]);
  await admin.disconnect();
  return told.sort((a, b) => a.partition - b.partition);
}

async function countAll(brokers: string[], topic: string): Promise<number> {
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const offsets = await admin.fetchTopicOffsets(topic);
  await admin.disconnect();
  return offsets.reduce((sum, { high }) => sum + Number(high), 0);
}

async function topicsOf(brokers: string[]): Promise<string[]> {
  const admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const topics = await admin.listTopics();
  await admin.disconnect();
  return topics;
}

/** Rows of a stream with verdicts; `first` counts seconds. */
function writeOf(stream: string, first: number, rows: number, detectors: readonly string[], change: Partial<Verdicts> = {}): StoreWrite {
  const batch = allocateBatch(stream, schema, rows);
  for (let i = 0; i < rows; i++) batch.times[i] = start + BigInt(first + i) * 1_000_000_000n;
  const verdicts = detectors.map((detector) => ({
    detector,
    score: Float64Array.from({ length: rows }, (_, i) => first + i),
    grade: new Float64Array(rows),
    status: new Int8Array(rows).fill(1),
    contributions: noContributions,
    ...change,
  }));
  return { batch, verdicts, incidents: [], thresholds: [], buckets: [] };
}

interface Place {
  readonly topic: string;
  readonly brokers: string[];
  make(options?: Record<string, unknown>, context?: Partial<OutputContext>): Output;
  readVerdicts(): Promise<Told[]>;
}

async function place(): Promise<Place> {
  const { brokers, freshName } = await sharedKafka();
  const topic = freshName('plant');
  return {
    topic,
    brokers,
    make(options = {}, context = {}) {
      const output = kafka.create(kafka.options.parse({ cluster: { brokers }, ...options }), {
        ...{ stream: 'swat', topic, bus: { type: 'memory', options: {} }, colour: false, print: () => {} },
        ...context,
      });
      onTestFinished(() => output.close());
      return output;
    },
    readVerdicts: () => readAll(brokers, `${topic}.verdicts`),
  };
}

const incident = (changes: Partial<Incident> = {}): Incident => ({
  id: 'f00d',
  stream: 'swat',
  detector: 'combined',
  start,
  end: start + 6_000_000_000n,
  open: true,
  rows: 7,
  peakTime: start + 4_500_000_000n,
  peakScore: 12.34567,
  peakGrade: Number.NaN,
  causes: ['var', 'constant-broken'],
  contributions: Float64Array.of(-0.1, 0.42, 0.075, 0.005, 0, -0.3, 0.1),
  ...changes,
});

describeWithStack('the output kafka', { kafka: 'shared' }, () => {
  it('says of a verdict what there is to say, under its identity', async () => {
    const { make, readVerdicts } = await place();
    const output = make();
    const write = writeOf('swat', 0, 4, ['k-means'], {
      score: Float64Array.of(0.1, 12.5, 1e-7, Number.NaN),
      grade: Float64Array.of(0.25, 1, 0.5, Number.NaN),
      status: Int8Array.of(1, -1, 0, 2),
      contributions: {
        rows: [1, 2],
        tags: [3, 2, -1, -1, -1, 0, 1, 4, 5, 6],
        shares: [0.75, -0.25, 0, 0, 0, 0.3, -0.2, 0.2, 0.1, 0.1],
        rest: [0, 0.1],
      },
    });
    write.batch.seqs[2] = 3;
    write.batch.times[2] += 123_456_789n;
    await output.write?.(write);
    await output.flush?.();
    const verdict = { stream: 'swat', detector: 'k-means' };
    expect(await readVerdicts()).toEqual([
      {
        ...{ partition: 0, key: '["swat","k-means","2015-12-28T10:00:00Z",0]' },
        value: { ...verdict, time: '2015-12-28T10:00:00Z', score: 0.1, grade: 0.25, status: 'ok' },
      },
      {
        ...{ partition: 0, key: '["swat","k-means","2015-12-28T10:00:01Z",0]' },
        value: {
          ...{ ...verdict, time: '2015-12-28T10:00:01Z', score: 12.5, grade: 1, status: 'error', rest: 0 },
          contributions: [
            { tag: 'Wasser °C', share: 0.75 },
            { tag: 'P"1\\02', share: -0.25 },
          ],
        },
      },
      {
        ...{ partition: 0, key: '["swat","k-means","2015-12-28T10:00:02.123456789Z",3]' },
        value: {
          ...{ ...verdict, time: '2015-12-28T10:00:02.123456789Z', seq: 3, score: 1e-7, grade: 0.5, status: 'warning', rest: 0.1 },
          contributions: [
            { tag: 'FIT101', share: 0.3 },
            { tag: 'LIT101', share: -0.2 },
            { tag: 'MV101', share: 0.2 },
            { tag: 'PIT501', share: 0.1 },
            { tag: 'AIT202', share: 0.1 },
          ],
        },
      },
      {
        ...{ partition: 0, key: '["swat","k-means","2015-12-28T10:00:03Z",0]' },
        value: { ...verdict, time: '2015-12-28T10:00:03Z', score: null, grade: null, status: 'undefined' },
      },
    ]);
  });

  it('sends rows with their score under names of their own, keyed by their stream', async () => {
    const { make, topic, brokers } = await place();
    const output = make({ verdicts: false, incidents: false, rows: { topic: `${topic}.out`, stream: 'source_id', time: 'timestamp' } });
    await output.write?.(writeOf('a', 3, 2, ['k-means', 'var']));
    await output.flush?.();
    const told = await readAll(brokers, `${topic}.out`);
    const values = Object.fromEntries(tags.map((tag) => [tag, 0]));
    expect(told.map(({ key, value }) => [key, value])).toEqual([
      ['a', { source_id: 'a', timestamp: '2015-12-28T10:00:03Z', ...values, score: 3 }],
      ['a', { source_id: 'a', timestamp: '2015-12-28T10:00:04Z', ...values, score: 4 }],
    ]);
    expect((await topicsOf(brokers)).filter((name) => name.startsWith(topic))).toEqual([`${topic}.out`]);
  });

  it('says any verdict as JSON.stringify would', async () => {
    const { make, brokers, topic } = await place();
    const name = fc
      .oneof(fc.string({ minLength: 1, maxLength: 12 }), fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }))
      .filter((text) => text.trim() !== '');
    const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, 0.1, Number.NaN));
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(
        name,
        fc.uniqueArray(name, { minLength: 1, maxLength: 3 }),
        fc.array(
          fc.record({
            ...{ score: number, grade: number, share: number, rest: number, seq: fc.nat({ max: 2 }) },
            status: fc.constantFrom(-1, 0, 1, 2),
            time: fc.bigInt({ min: -(10n ** 18n), max: 4n * 10n ** 18n }),
            tags: fc.array(fc.nat({ max: tags.length - 1 }), { maxLength: topContributions }),
          }),
          { minLength: 1, maxLength: 30 },
        ),
        async (stream, detectors, rows) => {
          const write = writeOf(stream, 0, rows.length, detectors);
          const flagged = rows.flatMap(({ status }, i) => (status <= 0 ? [i] : []));
          const five = Array.from({ length: topContributions });
          for (const [i, row] of rows.entries()) {
            write.batch.times[i] = row.time;
            write.batch.seqs[i] = row.seq;
            for (const { score, grade, status } of write.verdicts) [score[i], grade[i], status[i]] = [row.score, row.grade, row.status];
          }
          const contributions = {
            rows: flagged,
            tags: flagged.flatMap((i) => five.map((_, k) => rows[i].tags[k] ?? -1)),
            shares: flagged.flatMap((i) => five.map(() => rows[i].share)),
            rest: flagged.map((i) => rows[i].rest),
          };
          const output = make({ verdicts: `${topic}.${++runs}`, incidents: false });
          await output.write?.({ ...write, verdicts: write.verdicts.map((one) => ({ ...one, contributions })) });
          await output.flush?.();
          const expected = rows.flatMap(({ score, grade, status, seq, time, tags: of, share, rest }) =>
            detectors.map((detector) => {
              const [second, nanos] = [
                time / 1_000_000_000n - (time % 1_000_000_000n < 0n ? 1n : 0n),
                ((time % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n,
              ];
              const fraction =
                nanos === 0n
                  ? ''
                  : `.${String(nanos)
                      .padStart(9, '0')
                      .replace(/(000){1,2}$/, '')}`;
              const iso = `${new Date(Number(second) * 1000).toISOString().slice(0, 19)}${fraction}Z`;
              const why = { contributions: of.map((tag) => ({ tag: tags[tag], share })), rest };
              return {
                key: JSON.stringify([stream, detector, iso, seq]),
                value: {
                  ...{ stream, detector, time: iso, ...(seq > 0 ? { seq } : {}), score, grade },
                  status: ({ [-1]: 'error', 0: 'warning', 1: 'ok', 2: 'undefined' } as Record<number, string>)[status],
                  ...(status <= 0 ? why : {}),
                },
                partition: 0,
              };
            }),
          );
          // By way of bytes, as it went: what is no text there (half a pair) comes back replaced.
          const asSent = JSON.parse(Buffer.from(JSON.stringify(expected)).toString()) as Told[];
          expect(await readAll(brokers, `${topic}.${runs}`)).toEqual(asSent);
        },
      ),
      { numRuns: 15 },
    );
  });

  it('keeps the order of each stream, in the partition of its name', async () => {
    const { make, readVerdicts } = await place();
    const output = make({ partitions: 4 });
    const streams = Array.from({ length: 6 }, (_, i) => `plant-${i}`);
    for (let first = 0; first < 600; first += 60) for (const stream of streams) await output.write?.(writeOf(stream, first, 60, ['a', 'b']));
    await output.flush?.();
    const told = await readVerdicts();
    expect(told).toHaveLength(600 * 6 * 2);
    for (const stream of streams) {
      const mine = told.filter(({ value }) => value.stream === stream);
      expect(mine.map(({ value }) => [value.score, value.detector])).toEqual(Array.from({ length: 1200 }, (_, i) => [i >> 1, 'ab'[i % 2]]));
      expect(new Set(mine.map(({ partition }) => partition))).toEqual(new Set([partitionOf(stream, 4)]));
    }
  });

  it('has everything in the cluster once flushed, and sends it soon otherwise', async () => {
    const { make, brokers, topic } = await place();
    const output = make();
    for (let i = 0; i < 40; i++) {
      await output.write?.(writeOf('swat', 500 * i, 500, ['a', 'b', 'c']));
      if (i % 10 < 9) continue;
      await output.flush?.();
      expect(await countAll(brokers, `${topic}.verdicts`)).toBe((i + 1) * 1500);
    }
    await output.write?.(writeOf('swat', 0, 1, ['a']));
    while ((await countAll(brokers, `${topic}.verdicts`)) < 60_001) await sleep(20);
  });

  it('tells of incidents whenever they change', async () => {
    const { make, brokers, topic } = await place();
    const output = make();
    await output.incident?.(incident(), 'opened', schema);
    await output.incident?.(incident({ rows: 8 }), 'updated', schema);
    await output.incident?.(incident({ rows: 9, open: false, peakGrade: 1, contributions: new Float64Array(0) }), 'closed', schema);
    await output.flush?.();
    const told = await readAll(brokers, `${topic}.incidents`);
    const same = {
      ...{ id: 'f00d', stream: 'swat', detector: 'combined', start: '2015-12-28T10:00:00Z', end: '2015-12-28T10:00:06Z' },
      ...{ peakTime: '2015-12-28T10:00:04.500Z', peakScore: 12.34567, causes: ['var', 'constant-broken'] },
    };
    const worst = [
      { tag: 'LIT101', share: 0.42 },
      { tag: 'PIT501', share: -0.3 },
      { tag: 'FIT101', share: -0.1 },
      { tag: 'AIT202', share: 0.1 },
      { tag: 'P"1\\02', share: 0.075 },
    ];
    expect(told.map(({ key }) => key)).toEqual(['f00d', 'f00d', 'f00d']);
    expect(told.map(({ value }) => value)).toEqual([
      { ...same, change: 'opened', open: true, rows: 7, peakGrade: null, tags: worst },
      { ...same, change: 'updated', open: true, rows: 8, peakGrade: null, tags: worst },
      { ...same, change: 'closed', open: false, rows: 9, peakGrade: 1, tags: [] },
    ]);
  });

  it('tells of the detectors that were asked for, and of flagged rows only where that is wanted', async () => {
    const { make, readVerdicts, brokers, topic } = await place();
    const output = make({ detectors: ['b', 'combined'], flaggedOnly: true });
    await output.write?.(writeOf('swat', 0, 4, ['a', 'b'], { status: Int8Array.of(1, 0, 2, -1) }));
    await output.incident?.(incident(), 'opened', schema);
    await output.incident?.(incident({ detector: 'a' }), 'opened', schema);
    await output.flush?.();
    expect((await readVerdicts()).map(({ value }) => [value.detector, value.score])).toEqual([
      ['b', 1],
      ['b', 3],
    ]);
    expect(await countAll(brokers, `${topic}.incidents`)).toBe(1);
  });

  it('sends to topics of other names, or only one of the two', async () => {
    const { make, brokers, topic } = await place();
    const output = make({ verdicts: false, incidents: `${topic}-alarms` });
    await output.write?.(writeOf('swat', 0, 4, ['a']));
    await output.incident?.(incident(), 'opened', schema);
    await output.flush?.();
    expect(await countAll(brokers, `${topic}-alarms`)).toBe(1);
    expect((await topicsOf(brokers)).filter((name) => name.startsWith(topic))).toEqual([`${topic}-alarms`]);
  });

  it('uses the bus of the pipeline, and makes topics as that does', async () => {
    const { make, brokers, topic, readVerdicts } = await place();
    const bus = (createTopics: boolean): Partial<OutputContext> => ({
      bus: { type: 'kafka', options: { brokers, tls: false, connectTimeout: 5000, requestTimeout: 30_000, partitions: 3, createTopics } },
    });
    await expect(make({ cluster: undefined }, bus(false)).write?.(writeOf('swat', 0, 1, ['a']))).rejects.toThrow(
      `topic '${topic}.verdicts' does not exist and may not be created`,
    );
    const output = make({ cluster: undefined }, bus(true));
    await output.write?.(writeOf('swat', 0, 1, ['a']));
    await output.flush?.();
    expect((await readVerdicts()).map(({ partition }) => partition)).toEqual([partitionOf('swat', 3)]);
  });

  it('begins with an error where no broker is', async () => {
    const { make } = await place();
    const output = make({ cluster: { brokers: '127.0.0.1:9', connectTimeout: '1s' } });
    await expect(output.write?.(writeOf('swat', 0, 1, ['a']))).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    await expect(output.flush?.()).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });

  it('refuses what comes after it was closed', async () => {
    const { make } = await place();
    const output = make();
    await output.write?.(writeOf('swat', 0, 1, ['a']));
    await output.close();
    await expect(Promise.resolve(output.write?.(writeOf('swat', 1, 1, ['a']))).then(() => output.flush?.())).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });
});

describeWithStack('the output kafka, over an outage', { kafka: 'own' }, () => {
  it('loses nothing and keeps the order when the broker is killed', async () => {
    const server = await startKafka();
    onTestFinished(() => server.close());
    const told: (string | undefined)[] = [];
    const warnings: string[] = [];
    const output = kafka.create(kafka.options.parse({ cluster: { brokers: server.brokers } }), {
      ...{ stream: 'swat', topic: 'SWAT', bus: { type: 'memory', options: {} }, colour: false, print: () => {} },
      ...{ warn: (message) => warnings.push(message), unavailable: (reason) => told.push(reason) },
    });
    let [rows, flushed, stop] = [0, 0, false];
    const writing = (async () => {
      for (; !stop; rows += 50) {
        await output.write?.(writeOf('swat', rows, 50, ['a', 'b']));
        if (rows % 500 > 0) continue;
        const before = rows;
        await output.flush?.();
        flushed = before;
        await sleep(5);
      }
      await output.flush?.();
    })();
    const untilFlushed = async (count: number): Promise<void> => {
      while (flushed < count) await Promise.race([sleep(10), writing]);
    };
    await untilFlushed(5000);
    await server.kill();
    while (told.length === 0) await sleep(20);
    const before = flushed;
    await sleep(1000);
    expect(flushed).toBe(before);
    await server.start();
    await untilFlushed(before + 5000);
    stop = true;
    await writing;
    await output.close();
    expect(told).toEqual([expect.any(String), undefined]);
    expect(warnings).toHaveLength(2);
    const all = await readAll(server.brokers, 'SWAT.verdicts');
    const first = new Map<string, Told>();
    for (const one of all) if (!first.has(one.key)) first.set(one.key, one);
    expect([...first.values()].map(({ value }) => [value.score, value.detector])).toEqual(Array.from({ length: 2 * rows }, (_, i) => [i >> 1, 'ab'[i % 2]]));
  });
});

describe('the options of the output kafka', () => {
  const create = (options: Record<string, unknown>): Output =>
    kafka.create(kafka.options.parse(options), {
      ...{ stream: 'swat', topic: 'SWAT', bus: { type: 'memory', options: {} }, colour: false, print: () => {} },
    });

  it('must name a cluster where the pipeline has none', () => {
    expect(() => create({})).toThrow(
      "the output kafka has no cluster to send to: the bus is 'memory' (outputs.kafka.cluster). Give `cluster: { brokers: host:port }`, or use `bus: kafka`.",
    );
  });

  it.each([{ verdicts: '' }, { incidents: 1 }, { detectors: 'combined' }, { brokers: 'a:1' }, { partitions: 0 }])('%j are refused', (options) => {
    expect(kafka.options.safeParse(options).success).toBe(false);
  });
});
