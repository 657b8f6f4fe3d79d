import { describe, expect, test } from 'vitest';
import { type Batch, sliceBatch } from '../../core/batch.ts';
import type { Bus, BusConsumer, BusProducer } from '../../core/bus.ts';
import type { Chunk, DeadLetter } from '../../core/chunk.ts';
import { makeSchema } from '../../core/schema.ts';
import { busConformance } from '../conformance/bus.ts';
import { checkAgainstModel } from '../conformance/bus-model.ts';
import { chunkOf, join, nextChunk, numberedRows, numbersIn, range, readChunks, schema, startProducer, streamIn, topic } from '../conformance/bus-rows.ts';
import memory from './bus.ts';

const make = (options: { capacity?: number; keep?: number; partitions?: number } = {}): Promise<Bus> => memory.create(memory.options.parse(options));

const letter = (position: number, stream?: string): DeadLetter => ({
  source: 'plant.csv',
  partition: 0,
  position,
  reason: 'cells',
  message: 'too few cells',
  payload: '1,2',
  ...(stream === undefined ? {} : { stream }),
});

async function start(options: Parameters<typeof make>[0] = {}): Promise<{ bus: Bus; producer: BusProducer; consumer: BusConsumer }> {
  const bus = await make(options);
  return { bus, producer: await startProducer(bus), consumer: await join(bus, 'g') };
}

/** Has the promise settled once everything that could settle it now has had its turn? */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  const settle = (): void => {
    settled = true;
  };
  promise.then(settle, settle);
  for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

describe('the memory bus keeps the contract of a bus', () => {
  for (const { name, run } of busConformance(async () => {
    const { capacity, ...rest } = memory.options.parse({ capacity: 1000 });
    return { bus: await memory.create({ capacity, ...rest }), capacity, close: async () => {} };
  })) {
    test(name, run);
  }

  test('also where senders wait most of the time', () => checkAgainstModel(async () => ({ bus: await make({ capacity: 3 }), close: async () => {} }), 100));
});

describe('offsets', () => {
  test('are the origins; one that does not grow is refused and quoted with the one that was due', async () => {
    const { producer, consumer } = await start();
    await producer.send(chunkOf([numberedRows('a', 7, 3)]));
    await expect(producer.send(chunkOf([numberedRows('a', 9, 1)]))).rejects.toMatchObject({
      code: 'BUS_ORDER',
      message: expect.stringMatching(/offset 9 .* 10 .*stream 'a'/),
    });
    await producer.send(chunkOf([numberedRows('a', 10, 1)]));
    await producer.end();
    const [chunk] = await readChunks(consumer);
    expect([...chunk.batches[0].origins]).toEqual([7, 8, 9, 10]);
  });

  test('a refused chunk leaves nothing behind, in no partition', async () => {
    const bus = await make();
    const streams = [streamIn(0, 2), streamIn(1, 2)];
    const producer = await startProducer(bus, streams, 2);
    const consumer = await join(bus, 'g');
    const wrong = numberedRows(streams[1], 5, 2);
    wrong.origins[1] = 5;
    await expect(producer.send(chunkOf([numberedRows(streams[0], 0, 5), wrong]))).rejects.toMatchObject({ code: 'BUS_ORDER' });
    await producer.send(chunkOf([numberedRows(streams[0], 0, 2)]));
    await producer.end();
    expect((await readChunks(consumer)).flatMap(numbersIn)).toEqual([0, 1]);
  });

  test('NaN is no offset', async () => {
    const { producer } = await start();
    const batch = numberedRows('a', 0, 1);
    batch.origins[0] = Number.NaN;
    await expect(producer.send(chunkOf([batch]))).rejects.toMatchObject({ code: 'BUS_ORDER', message: expect.stringContaining('NaN') });
  });

  test('a dead letter takes one of its own', async () => {
    const { producer } = await start();
    await expect(producer.send(chunkOf([numberedRows('a', 0, 3)], [letter(1, 'a')]))).rejects.toMatchObject({
      code: 'BUS_ORDER',
      message: expect.stringMatching(/offset 1 .* 2/),
    });
  });

  test('a dead letter without a stream goes to partition 0', async () => {
    const bus = await make();
    const producer = await startProducer(bus, [streamIn(1, 2)], 2);
    const consumer = await join(bus, 'g');
    await producer.send(chunkOf([numberedRows(streamIn(1, 2), 1, 1)], [letter(0)]));
    await producer.end();
    expect((await readChunks(consumer)).map(({ partition, dead }) => [partition, dead.length])).toEqual([
      [0, 1],
      [1, 0],
    ]);
  });

  test.each([
    [1, 1, [0], []],
    [2, 3, [0, 1], []],
    [3, 4, [0, 1], [3]],
    [4, 7, [0, 1], [3, 4]],
    [5, 8, [0, 1, 7], [3, 4]],
    [6, 12, [0, 1, 7, 8], [3, 4]],
    [7, 20, [0, 1, 7, 8], [3, 4, 12]],
  ])('after %i rows and dead letters reading goes on at offset %i', async (maxRows, nextOffset, rows, dead) => {
    const { producer, consumer } = await start();
    const chunk = chunkOf([numberedRows('a', 0, 2), numberedRows('a', 7, 2)], [letter(3, 'a'), letter(4, 'a'), letter(12, 'a')]);
    await producer.send({ ...chunk, nextOffset: 20 });
    const got = await nextChunk(consumer, maxRows);
    expect(numbersIn(got)).toEqual(rows);
    expect(got.dead.map(({ position }) => position)).toEqual(dead);
    expect(got.nextOffset).toBe(nextOffset);
  });

  test('a chunk that came in pieces for want of room ends at its own next offset, its pieces do not', async () => {
    const { producer, consumer } = await start({ capacity: 2 });
    const sending = producer.send({ ...chunkOf([numberedRows('a', 0, 5)]), nextOffset: 50 });
    const offsets: number[] = [];
    for (let i = 0; i < 3; i++) offsets.push((await nextChunk(consumer, 10)).nextOffset);
    await sending;
    expect(offsets).toEqual([2, 4, 50]);
    await expect(producer.send(chunkOf([numberedRows('a', 49, 1)]))).rejects.toMatchObject({ code: 'BUS_ORDER' });
  });
});

describe('rows', () => {
  test('of a batch that fits a micro-batch are handed on as they came, without a copy', async () => {
    const { producer, consumer } = await start();
    const batch = numberedRows('a', 0, 100);
    await producer.send(chunkOf([batch]));
    expect((await nextChunk(consumer, 100)).batches[0]).toBe(batch);
  });

  test('of a batch that is split share its memory', async () => {
    const { producer, consumer } = await start();
    const batch = numberedRows('a', 0, 100);
    await producer.send(chunkOf([batch]));
    const chunk = await nextChunk(consumer, 40);
    expect(chunk.batches[0].values.buffer).toBe(batch.values.buffer);
  });

  test('with labels and rows without merge: unknown is -1', async () => {
    const { producer, consumer } = await start();
    const labelled: Batch = { ...numberedRows('a', 0, 2), labels: Int8Array.of(1, 0) };
    await producer.send(chunkOf([labelled, numberedRows('a', 2, 1)]));
    expect([...((await nextChunk(consumer, 3)).batches[0].labels ?? [])]).toEqual([1, 0, -1]);
  });

  test('of a stream that was not announced, or with other tags, are refused', async () => {
    const { producer } = await start();
    await expect(producer.send(chunkOf([numberedRows('never', 0, 1)]))).rejects.toMatchObject({
      code: 'INTERNAL',
      message: expect.stringContaining("'never'"),
    });
    const other = { ...numberedRows('a', 0, 1), schema: makeSchema([{ name: 'FIT201', kind: 'continuous' }]), values: Float64Array.of(1) };
    await expect(producer.send(chunkOf([other]))).rejects.toMatchObject({ code: 'SCHEMA_MISMATCH', message: expect.stringContaining('FIT201') });
  });

  test('an empty chunk or batch changes nothing', async () => {
    const { producer, consumer } = await start();
    await producer.send({ partition: 0, nextOffset: 0, batches: [sliceBatch(numberedRows('a', 0, 3), 1, 1)], dead: [] });
    await producer.send({ partition: 0, nextOffset: 0, batches: [], dead: [] });
    await producer.end();
    expect(await consumer.poll({ maxRows: 1, maxWaitMs: 1 })).toBe('end');
  });
});

describe('room', () => {
  test('a sender goes on as soon as the slowest group has read, however large its chunk', async () => {
    const bus = await make({ capacity: 10 });
    const producer = await startProducer(bus);
    const [fast, slow] = [await join(bus, 'fast'), await join(bus, 'slow')];
    const sending = producer.send(chunkOf([numberedRows('a', 0, 25)]));
    expect((await readChunks(fast, 10)).flatMap(numbersIn)).toEqual(range(0, 10));
    expect(await fast.poll({ maxRows: 10, maxWaitMs: 0 })).toBe('idle');
    expect(await isSettled(sending)).toBe(false);
    await readChunks(slow, 4);
    expect((await readChunks(fast, 4)).flatMap(numbersIn)).toEqual(range(10, 14));
    await Promise.all([readChunks(slow, 21), readChunks(fast, 11)]);
    await sending;
  });

  test('without a group there is room for the capacity, and the first group sees all of it', async () => {
    const bus = await make({ capacity: 10 });
    const producer = await startProducer(bus);
    await producer.send(chunkOf([numberedRows('a', 0, 10)]));
    const sending = producer.send(chunkOf([numberedRows('a', 10, 1)]));
    expect(await isSettled(sending)).toBe(false);
    expect((await readChunks(await join(bus, 'g'), 11)).flatMap(numbersIn)).toEqual(range(0, 11));
    await sending;
  });

  test('a full partition is no obstacle to the others', async () => {
    const bus = await make({ capacity: 10 });
    const streams = [streamIn(0, 2), streamIn(1, 2)];
    const producer = await startProducer(bus, streams, 2);
    const blocked = producer.send(chunkOf([numberedRows(streams[0], 0, 11)]));
    await producer.send(chunkOf([numberedRows(streams[1], 11, 10)]));
    expect(await isSettled(blocked)).toBe(false);
    await bus.close();
    await expect(blocked).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
  });

  test('a poll does not wait for more rows than there is room for', async () => {
    const { producer, consumer } = await start({ capacity: 10 });
    const polled = consumer.poll({ maxRows: 500, maxWaitMs: 3_600_000 });
    const sending = producer.send(chunkOf([numberedRows('a', 0, 12)]));
    expect(numbersIn((await polled) as Chunk)).toEqual(range(0, 10));
    await sending;
  });

  test('dead letters take room too', async () => {
    const { producer, consumer } = await start({ capacity: 3 });
    const letters = range(0, 4).map((position) => letter(position, 'a'));
    const sending = producer.send(chunkOf([], letters));
    expect(await isSettled(sending)).toBe(false);
    expect((await nextChunk(consumer, 3)).dead).toEqual(letters.slice(0, 3));
    await sending;
    expect((await nextChunk(consumer, 3)).dead).toEqual(letters.slice(3));
  });

  test('a group whose members have left holds nobody up while another reads', async () => {
    const bus = await make({ capacity: 10 });
    const producer = await startProducer(bus);
    const [stays, leaves] = [await join(bus, 'stays'), await join(bus, 'leaves')];
    await leaves.close();
    for (let i = 0; i < 50; i += 10) {
      await producer.send(chunkOf([numberedRows('a', i, 10)]));
      await readChunks(stays, 10);
    }
    const returned = await join(bus, 'leaves');
    expect((await readChunks(returned, 50)).flatMap(numbersIn)).toEqual(range(0, 50));
  });

  test('what has to be read again, because its reader left without a commit, takes room', async () => {
    const { producer, consumer } = await start({ capacity: 10 });
    await producer.send(chunkOf([numberedRows('a', 0, 10)]));
    await readChunks(consumer, 10);
    await consumer.close();
    expect(await isSettled(producer.send(chunkOf([numberedRows('a', 10, 1)])))).toBe(false);
  });

  test('two producers take turns, each chunk whole', async () => {
    const { bus, producer, consumer } = await start({ capacity: 4 });
    const other = await bus.producer(topic);
    const sending = [
      producer.send(chunkOf([numberedRows('a', 0, 9)])),
      other.send(chunkOf([numberedRows('a', 9, 9)])),
      producer.send(chunkOf([numberedRows('a', 18, 9)])),
    ];
    expect((await readChunks(consumer, 27, 5)).flatMap(numbersIn)).toEqual(range(0, 27));
    await Promise.all(sending);
  });

  test('a sender that waits gives up when its signal aborts; what was taken stays, and others go on', async () => {
    const { bus, producer, consumer } = await start({ capacity: 4 });
    const other = await bus.producer(topic);
    const abort = new AbortController();
    const sending = producer.send(chunkOf([numberedRows('a', 0, 9)]), { signal: abort.signal });
    const behind = other.send(chunkOf([numberedRows('a', 9, 3)]));
    expect(await isSettled(sending)).toBe(false);
    abort.abort(new Error('interrupted'));
    await expect(sending).rejects.toThrow('interrupted');
    await expect(producer.send(chunkOf([numberedRows('a', 12, 1)]), { signal: abort.signal })).rejects.toThrow('interrupted');
    const ending = Promise.all([producer.end(), other.end()]);
    expect((await readChunks(consumer)).flatMap(numbersIn)).toEqual([0, 1, 2, 3, 9, 10, 11]);
    await Promise.all([behind, ending]);
  });

  test('a producer ends when what it sends has been taken', async () => {
    const { producer, consumer } = await start({ capacity: 4 });
    const sending = producer.send(chunkOf([numberedRows('a', 0, 9)]));
    const ending = producer.end();
    await expect(producer.send(chunkOf([numberedRows('a', 9, 1)]))).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringContaining('ended'),
    });
    expect((await readChunks(consumer)).flatMap(numbersIn)).toEqual(range(0, 9));
    await Promise.all([sending, ending, producer.end()]);
  });
});

describe('what is kept', () => {
  test('what every group has committed is freed: a group that comes later begins at the first offset held', async () => {
    const { bus, producer, consumer } = await start();
    for (let i = 0; i < 100; i += 10) await producer.send(chunkOf([numberedRows('a', i, 10)]));
    await readChunks(consumer, 100);
    await consumer.commit(0, 60);
    const late = await join(bus, 'late', new Map([[0, 5]]));
    expect((await readChunks(late, 40)).flatMap(numbersIn)).toEqual(range(60, 100));
  });

  test('a position before everything held begins at the first offset, one behind it waits for its offset', async () => {
    const bus = await make();
    const producer = await startProducer(bus);
    const [early, late] = [await join(bus, 'early', new Map([[0, 3]])), await join(bus, 'late', new Map([[0, 105]]))];
    await producer.send(chunkOf([numberedRows('a', 100, 4)]));
    expect(await late.poll({ maxRows: 10, maxWaitMs: 0 })).toBe('idle');
    expect(await late.lag()).toEqual(new Map([[0, 0]]));
    await producer.send(chunkOf([numberedRows('a', 104, 6)]));
    await producer.end();
    expect((await readChunks(early)).flatMap(numbersIn)).toEqual(range(100, 110));
    expect((await readChunks(late)).flatMap(numbersIn)).toEqual(range(105, 110));
  });

  test('what was read but not committed is kept up to `keep` rows; asking for more is an error, not a gap', async () => {
    const { bus, producer, consumer } = await start({ keep: 30 });
    for (let i = 0; i < 100; i += 10) {
      await producer.send(chunkOf([numberedRows('a', i, 10)]));
      await readChunks(consumer, 10);
    }
    await consumer.close();
    const beginner = await join(bus, 'g');
    await expect(beginner.poll({ maxRows: 1, maxWaitMs: 1 })).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE', message: expect.stringContaining('`keep`') });
    await beginner.close();
    const tooEarly = await join(bus, 'g', new Map([[0, 69]]));
    await expect(tooEarly.poll({ maxRows: 1, maxWaitMs: 1 })).rejects.toMatchObject({
      code: 'BUS_UNAVAILABLE',
      message: expect.stringMatching(/offset 69 .* 70/),
    });
    await tooEarly.close();
    const inTime = await join(bus, 'g', new Map([[0, 70]]));
    expect((await readChunks(inTime, 30)).flatMap(numbersIn)).toEqual(range(70, 100));
  });

  test('a commit beyond what was read, or by a member that has lost the partition, frees nothing', async () => {
    const { bus, producer, consumer } = await start();
    for (const first of [0, 10]) await producer.send(chunkOf([numberedRows('a', first, 10)]));
    await readChunks(consumer, 10);
    await consumer.commit(0, 1_000_000);
    await consumer.close();
    await expect(consumer.commit(0, 20)).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    const owner = await join(bus, 'g');
    const second = await join(bus, 'g');
    await readChunks(owner, 5);
    await second.commit(0, 20);
    await owner.close();
    expect((await readChunks(second, 10)).flatMap(numbersIn)).toEqual(range(10, 20));
  });
});

describe('topics', () => {
  test('one that is used before it was created gets the partitions of the bus', async () => {
    const bus = await make({ partitions: 5 });
    await bus.producer('new');
    expect(await bus.partitions('new')).toBe(5);
    expect(await bus.partitions('other')).toBe(5);
  });

  test('are apart from each other', async () => {
    const bus = await make();
    const producer = await startProducer(bus);
    await producer.send(chunkOf([numberedRows('a', 0, 1)]));
    const elsewhere = await bus.consumer('elsewhere', { group: 'g', position: async () => undefined });
    expect(await elsewhere.poll({ maxRows: 1, maxWaitMs: 0 })).toBe('idle');
    expect(elsewhere.schema('a')).toBeUndefined();
    await producer.announce('a', schema);
  });
});

test.each([{ capacity: 0 }, { keep: -1 }, { partitions: 0 }, { capacity: 1.5 }, { size: 3 }])('the options %j are refused', (options) => {
  expect(memory.options.safeParse(options).success).toBe(false);
});
