import { describe, expect, test } from 'vitest';
import type { Bus, BusConsumer, BusProducer } from '../../core/bus.ts';
import type { Chunk } from '../../core/chunk.ts';
import { chunkOf, join, nextChunk, numberedRows, numbersIn, range, readChunks, startProducer, streamIn } from '../conformance/bus-rows.ts';
import memory from './bus.ts';

const make = (): Promise<Bus> => memory.create(memory.options.parse({}));

async function start(): Promise<{ bus: Bus; producer: BusProducer; consumer: BusConsumer }> {
  const bus = await make();
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

describe('polling', () => {
  test('one poll at a time', async () => {
    const { consumer } = await start();
    const waiting = consumer.poll({ maxRows: 1, maxWaitMs: 5 });
    await expect(consumer.poll({ maxRows: 1, maxWaitMs: 5 })).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await waiting).toBe('idle');
  });

  test('a member without a partition learns of the end when the others have read everything', async () => {
    const { bus, producer, consumer } = await start();
    await producer.send(chunkOf([numberedRows('a', 0, 20)]));
    await producer.end();
    const spare = await join(bus, 'g');
    const waiting = spare.poll({ maxRows: 10, maxWaitMs: 3_600_000 });
    await readChunks(consumer, 10);
    expect(await isSettled(waiting)).toBe(false);
    await readChunks(consumer, 10);
    expect(await waiting).toBe('end');
  });

  test('goes round the partitions', async () => {
    const bus = await make();
    const streams = range(0, 3).map((partition) => streamIn(partition, 3));
    const producer = await startProducer(bus, streams, 3);
    const consumer = await join(bus, 'g');
    await producer.send(chunkOf(streams.map((stream, i) => numberedRows(stream, i * 10, 10))));
    const visited: number[] = [];
    for (let i = 0; i < 6; i++) visited.push((await nextChunk(consumer, 5)).partition);
    expect(visited).toEqual([0, 1, 2, 0, 1, 2]);
  });

  test('leaves timers and sockets their turn, however fast rows come', async () => {
    const { producer, consumer } = await start();
    let turn = false;
    setTimeout(() => {
      turn = true;
    }, 1);
    for (let i = 0; !turn && i < 1_000_000; i++) {
      await producer.send(chunkOf([numberedRows('a', i, 1)]));
      const chunk = (await consumer.poll({ maxRows: 1, maxWaitMs: 100 })) as Chunk;
      await consumer.commit(0, chunk.nextOffset);
    }
    expect(turn).toBe(true);
  });

  test('a position that cannot be read fails the poll, and the next one asks again', async () => {
    const bus = await make();
    const producer = await startProducer(bus);
    let asked = 0;
    const position = async (): Promise<number> => {
      if (asked++ === 0) throw new Error('the store is away');
      return 2;
    };
    const consumer = await join(bus, 'g', undefined, { position });
    await producer.send(chunkOf([numberedRows('a', 0, 5)]));
    await expect(consumer.poll({ maxRows: 5, maxWaitMs: 1 })).rejects.toThrow('the store is away');
    expect(numbersIn(await nextChunk(consumer, 5))).toEqual([2, 3, 4]);
  });

  test('a partition whose work could not be finished stays where it is until it can', async () => {
    const bus = await make();
    const producer = await startProducer(bus, [streamIn(0, 2), streamIn(1, 2)], 2);
    let failures = 1;
    const revoked = async (): Promise<void> => {
      if (failures-- > 0) throw new Error('the store is away');
    };
    const first = await join(bus, 'g', undefined, { revoked });
    await producer.send(chunkOf([numberedRows(streamIn(1, 2), 0, 5)]));
    await readChunks(first, 5);
    const second = await join(bus, 'g');
    await expect(first.poll({ maxRows: 5, maxWaitMs: 1 })).rejects.toThrow('the store is away');
    expect(await second.poll({ maxRows: 5, maxWaitMs: 1 })).toBe('idle');
    expect(await first.poll({ maxRows: 5, maxWaitMs: 1 })).toBe('idle');
    expect(numbersIn(await nextChunk(second, 5))).toEqual(range(0, 5));
  });

  test('a member that closes while its work is being finished gives the partition up only then', async () => {
    const bus = await make();
    const producer = await startProducer(bus, [streamIn(0, 2), streamIn(1, 2)], 2);
    let finish = (): void => {};
    const first = await join(bus, 'g', undefined, {
      revoked: () =>
        new Promise((resolve) => {
          finish = resolve;
        }),
    });
    await producer.send(chunkOf([numberedRows(streamIn(1, 2), 0, 5)]));
    await readChunks(first, 5);
    const second = await join(bus, 'g');
    const polling = first.poll({ maxRows: 5, maxWaitMs: 10_000 });
    const refused = expect(polling).rejects.toMatchObject({ code: 'BUS_UNAVAILABLE' });
    expect(await second.poll({ maxRows: 5, maxWaitMs: 1 })).toBe('idle');
    await first.close();
    expect(await second.poll({ maxRows: 5, maxWaitMs: 1 })).toBe('idle');
    finish();
    await refused;
    expect(numbersIn(await nextChunk(second, 5))).toEqual(range(0, 5));
  });
});
