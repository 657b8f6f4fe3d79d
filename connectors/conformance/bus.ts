import assert from 'node:assert/strict';
import { allocateBatch, type Batch } from '../../core/batch.ts';
import { type Bus, partitionOf } from '../../core/bus.ts';
import { type Chunk, type DeadLetter, rowsIn } from '../../core/chunk.ts';
import type { Check } from '../../core/conformance.ts';
import { type ErrorCode, SluiceError } from '../../core/errors.ts';
import { makeSchema } from '../../core/schema.ts';
import { checkAgainstModel } from './bus-model.ts';
import {
  chunkOf,
  gate,
  join,
  later,
  nextChunk,
  numberedRows,
  numbersIn,
  patience,
  range,
  readChunks,
  schema,
  startProducer,
  streamIn,
  topic,
  untilShared,
} from './bus-rows.ts';

export interface BusUnderTest {
  readonly bus: Bus;
  /** Rows per partition that may wait before a sender has to, at least 1,000; absent = the bus takes whatever comes. */
  readonly capacity?: number;
  /** A member may have a partition before its former reader has finished with it, as on a broker; what keeps that one from harm is a ManifestLog. */
  readonly handsOverAtOnce?: boolean;
  /** Frees what the bus needs beside itself; the bus itself is closed by then. */
  close(): Promise<void>;
}

/**
 * What every bus promises, as checks for any runner. `make` is called for each check (and each run of the model check)
 * and gives an empty bus.
 *
 * @param options.runs random interleavings that the model check tries
 */
export function busConformance(make: () => Promise<BusUnderTest>, { runs = 100 }: { runs?: number } = {}): Check[] {
  const check = (name: string, body: (bus: Bus, under: BusUnderTest) => Promise<void>): Check => ({
    name,
    async run() {
      const under = await make();
      try {
        await body(under.bus, under);
      } finally {
        await under.bus.close();
        await under.close();
      }
    },
  });

  return [
    check('rows of a stream keep their order, and offsets strictly increase', async (bus) => {
      const producer = await startProducer(bus);
      const consumer = await join(bus, 'g');
      for (let i = 0; i < 1000; i += 50) await producer.send(chunkOf([numberedRows('a', i, 50)]));
      await producer.end();
      const chunks = await readChunks(consumer, undefined, 70);
      assert.deepEqual(chunks.flatMap(numbersIn), range(0, 1000));
      let before = -1;
      for (const { batches, nextOffset } of chunks) {
        for (const origin of batches.flatMap(({ origins }) => [...origins])) {
          assert.ok(origin > before, `offset ${origin} came after ${before}`);
          before = origin;
        }
        assert.ok(nextOffset > before, `the offset to go on from, ${nextOffset}, is not behind ${before}`);
        before = nextOffset - 1;
      }
    }),

    check('offsets may have gaps', async (bus) => {
      const producer = await startProducer(bus);
      const consumer = await join(bus, 'g');
      for (const first of [3, 100, 100_000]) await producer.send(chunkOf([numberedRows('a', first, 2)]));
      await producer.end();
      assert.deepEqual((await readChunks(consumer)).flatMap(numbersIn), [3, 4, 100, 101, 100_000, 100_001]);
    }),

    check('a stream stays in the partition of its name', async (bus) => {
      const streams = range(0, 8).map((i) => `plant-${i}`);
      const producer = await startProducer(bus, streams, 4);
      assert.equal(await bus.partitions(topic), 4);
      const consumer = await join(bus, 'g');
      await producer.send(chunkOf(streams.map((stream, i) => numberedRows(stream, i * 10, 10))));
      await producer.end();
      const seen = new Map<string, number[]>();
      for (const chunk of await readChunks(consumer)) {
        for (const batch of chunk.batches) {
          assert.equal(chunk.partition, partitionOf(batch.stream, 4));
          seen.set(batch.stream, [...(seen.get(batch.stream) ?? []), ...numbersIn({ ...chunk, batches: [batch] })]);
        }
      }
      assert.deepEqual([...seen].sort(), streams.map((stream, i) => [stream, range(i * 10, i * 10 + 10)]).sort());
    }),

    check('a topic that exists keeps its partitions', async (bus) => {
      await bus.ensureTopic(topic, { partitions: 3 });
      await bus.ensureTopic(topic, { partitions: 5 });
      assert.equal(await bus.partitions(topic), 3);
    }),

    check('every group sees everything', async (bus) => {
      const producer = await startProducer(bus);
      const consumers = [await join(bus, 'one'), await join(bus, 'two')];
      await producer.send(chunkOf([numberedRows('a', 0, 300)]));
      await producer.end();
      for (const consumer of consumers) {
        const chunks = await readChunks(consumer);
        assert.deepEqual(chunks.flatMap(numbersIn), range(0, 300));
        for (const { partition, nextOffset } of chunks) await consumer.commit(partition, nextOffset);
      }
    }),

    check('members of a group share the partitions, and each row goes to one of them', async (bus) => {
      const streams = range(0, 4).map((partition) => streamIn(partition, 4));
      const producer = await startProducer(bus, streams, 4);
      const members = [await join(bus, 'g'), await join(bus, 'g')];
      await untilShared(members, 4);
      await producer.send(chunkOf(streams.map((stream, i) => numberedRows(stream, i * 10, 10))));
      await producer.end();
      const got = await Promise.all(members.map((member) => readChunks(member)));
      const numbers = got.map((chunks) => chunks.flatMap(numbersIn));
      assert.deepEqual(
        numbers.map((own) => own.length),
        [20, 20],
      );
      assert.deepEqual(
        numbers.flat().sort((a, b) => a - b),
        range(0, 40),
      );
    }),

    check('a member that joins gets a partition once its reader has finished with it, from the position on', async (bus, { handsOverAtOnce }) => {
      const streams = range(0, 2).map((partition) => streamIn(partition, 2));
      const producer = await startProducer(bus, streams, 2);
      const manifest = new Map<number, number>();
      const asked = gate<number>();
      const finished = gate<void>();
      const first = await join(bus, 'g', manifest, {
        revoked(partition) {
          asked.open(partition);
          return finished.opened;
        },
      });
      await producer.send(chunkOf(streams.map((stream, i) => numberedRows(stream, i * 10, 10))));
      for (const chunk of await readChunks(first, 20)) {
        manifest.set(chunk.partition, chunk.nextOffset);
        await first.commit(chunk.partition, chunk.nextOffset);
      }
      const second = await join(bus, 'g', manifest);
      await producer.send(chunkOf(streams.map((stream, i) => numberedRows(stream, 20 + i * 10, 10))));
      const reading = readChunks(first, 10);
      // The group agrees on the change while both poll; the first one's work is then still going on.
      if (!handsOverAtOnce) assert.equal(await second.poll({ maxRows: 10, maxWaitMs: 100 }), 'idle');
      const moved = await Promise.race([asked.opened, reading.then(() => assert.fail('nothing was revoked'))]);
      if (!handsOverAtOnce) assert.equal(await second.poll({ maxRows: 10, maxWaitMs: 100 }), 'idle');
      finished.open();
      const [kept, taken] = [await reading, await readChunks(second, 10)];
      assert.deepEqual(taken.flatMap(numbersIn), range(20 + moved * 10, 30 + moved * 10));
      assert.deepEqual(kept.flatMap(numbersIn), range(30 - moved * 10, 40 - moved * 10));
    }),

    check('the partitions of a member that leaves go to the others', async (bus) => {
      const streams = range(0, 2).map((partition) => streamIn(partition, 2));
      const producer = await startProducer(bus, streams, 2);
      const members = [await join(bus, 'g'), await join(bus, 'g')];
      await untilShared(members, 2);
      await members[0].close();
      await producer.send(chunkOf(streams.map((stream, i) => numberedRows(stream, i * 10, 10))));
      await producer.end();
      const numbers = (await readChunks(members[1])).flatMap(numbersIn);
      assert.deepEqual(
        numbers.sort((a, b) => a - b),
        range(0, 20),
      );
    }),

    check('reading goes on exactly at the position, also in the middle of what was sent', async (bus) => {
      const producer = await startProducer(bus);
      const manifest = new Map<number, number>();
      await producer.send(chunkOf([numberedRows('a', 0, 10)]));
      const first = await join(bus, 'g', manifest);
      const { partition, nextOffset } = await nextChunk(first, 3);
      manifest.set(partition, nextOffset);
      await first.close();
      const second = await join(bus, 'g', manifest);
      await producer.end();
      assert.deepEqual((await readChunks(second)).flatMap(numbersIn), range(3, 10));
    }),

    check('what comes below the position is passed over', async (bus) => {
      const producer = await startProducer(bus);
      await producer.send(chunkOf([numberedRows('a', 0, 10)]));
      const early = await join(bus, 'early');
      const { nextOffset } = await nextChunk(early, 4);
      const late = await join(bus, 'late', new Map([[0, nextOffset]]));
      await producer.end();
      assert.deepEqual((await readChunks(late)).flatMap(numbersIn), range(4, 10));
    }),

    check('what a consumer has read but not committed comes again after it has closed', async (bus) => {
      const producer = await startProducer(bus);
      const manifest = new Map<number, number>();
      const first = await join(bus, 'g', manifest);
      await producer.send(chunkOf([numberedRows('a', 0, 100)]));
      const chunk = await nextChunk(first, 40);
      assert.deepEqual(numbersIn(chunk), range(0, 40));
      await first.commit(chunk.partition, chunk.nextOffset);
      manifest.set(chunk.partition, chunk.nextOffset);
      assert.deepEqual((await readChunks(first, 60)).flatMap(numbersIn), range(40, 100));
      await first.close();
      const second = await join(bus, 'g', manifest);
      await producer.end();
      assert.deepEqual((await readChunks(second)).flatMap(numbersIn), range(40, 100));
    }),

    check('a sender waits for a slow consumer, and nothing is lost', async (bus, { capacity }) => {
      const producer = await startProducer(bus);
      const consumer = await join(bus, 'g');
      const rows = 3 * (capacity ?? 1000);
      const step = Math.max(1, Math.floor(rows / 30));
      let sent = 0;
      const sending = (async () => {
        for (; sent < rows; sent += step) await producer.send(chunkOf([numberedRows('a', sent, step)]));
        await producer.end();
      })();
      if (capacity === undefined) await sending;
      else {
        // Time for a sender that does not wait to give itself away.
        assert.equal(await Promise.race([sending, later(100)]), 'later');
        assert.ok(sent <= capacity, `${sent} rows were taken where ${capacity} may wait`);
      }
      const read = await readChunks(consumer, undefined, 7);
      await sending;
      assert.deepEqual(read.flatMap(numbersIn), range(0, sent));
    }),

    check('a sender that waits gives up when its signal aborts', async (bus, { capacity }) => {
      const producer = await startProducer(bus);
      await join(bus, 'g');
      const abort = new AbortController();
      const rows = (capacity ?? 1000) + 1;
      const sending = producer.send(chunkOf([numberedRows('a', 0, rows)]), { signal: abort.signal });
      if (capacity === undefined) return sending;
      const refused = assert.rejects(sending, /interrupted/);
      abort.abort(new Error('interrupted'));
      await refused;
      await producer.end();
    }),

    check('values, times, seqs, labels and tags arrive as they were sent', async (bus) => {
      const producer = await startProducer(bus);
      const other = makeSchema([{ name: 'FIT201', kind: 'continuous', unit: 'm3/h' }]);
      await producer.announce('b', other);
      const consumer = await join(bus, 'g');
      const doubles = [
        Number.NaN,
        -0,
        0,
        0.1,
        1 / 3,
        -1.5e-7,
        Number.MIN_VALUE,
        2.2250738585072014e-308,
        Number.MAX_VALUE,
        -Number.MAX_VALUE,
        2 ** 53 + 2,
        1e21,
      ];
      const sent = allocateBatch('b', other, doubles.length, true);
      sent.values.set(doubles);
      for (let i = 0; i < sent.rows; i++) {
        sent.times[i] = [1_500_000_000_123_456_789n, 1_500_000_000_123_456_789n, -1n, 0n, 4_102_444_799_999_999_999n][i % 5];
        sent.seqs[i] = i % 5 === 1 ? i + 1 : 0;
        sent.origins[i] = i;
        sent.labels![i] = (i % 3) - 1;
      }
      await producer.send(chunkOf([sent, numberedRows('a', 100, 2)]));
      await producer.end();
      const batches = (await readChunks(consumer)).flatMap((chunk) => chunk.batches);
      const got = batches.filter((batch) => batch.stream === 'b');
      const all = <T>(column: (batch: Batch) => Iterable<T>, of: readonly Batch[]): T[] => of.flatMap((batch) => [...column(batch)]);
      const bits = ({ values }: Batch): BigUint64Array => new BigUint64Array(Float64Array.from(values).buffer);
      assert.deepEqual(all(bits, got), all(bits, [sent]));
      assert.deepEqual(
        all((batch) => batch.times, got),
        [...sent.times],
      );
      assert.deepEqual(
        all((batch) => batch.seqs, got),
        [...sent.seqs],
      );
      assert.deepEqual(
        all((batch) => batch.labels ?? [], got),
        [...(sent.labels ?? [])],
      );
      for (const batch of got) assert.deepEqual(batch.schema.tags, other.tags);
      assert.deepEqual(consumer.schema('b'), other);
      assert.deepEqual(consumer.schema('a'), schema);
      assert.equal(consumer.schema('never announced'), undefined);
      const unlabelled = batches.filter((batch) => batch.stream === 'a');
      assert.ok(
        unlabelled.every(({ labels }) => labels === undefined || labels.every((label) => label === -1)),
        'a stream without labels got some',
      );
    }),

    check('a stream that comes with other tags is refused', async (bus) => {
      const producer = await startProducer(bus);
      const other = makeSchema([{ name: 'FIT201', kind: 'continuous' }]);
      await rejects('SCHEMA_MISMATCH', producer.announce('a', other));
    }),

    check('dead letters arrive once, in order and whole', async (bus) => {
      const producer = await startProducer(bus);
      const consumer = await join(bus, 'g');
      const letters = [2, 5, 6, 9].map((position): DeadLetter => {
        const message = `cannot read 'Bad' as a number (plant.csv row ${position}).`;
        return { source: 'plant.csv', partition: 0, position, stream: 'a', reason: 'number', message, payload: `${position},"Bad",\u00e9\u0000` };
      });
      const rows = [0, 3, 7].map((first, i) => numberedRows('a', first, [2, 2, 2][i]));
      await producer.send(chunkOf(rows, letters));
      await producer.end();
      const chunks = await readChunks(consumer, undefined, 3);
      assert.deepEqual(chunks.flatMap(numbersIn), [0, 1, 3, 4, 7, 8]);
      const got = chunks.flatMap((chunk) => chunk.dead);
      assert.deepEqual(
        got.map(({ reason, message, payload }) => ({ reason, message, payload })),
        letters.map(({ reason, message, payload }) => ({ reason, message, payload })),
      );
    }),

    check('a chunk has at most maxRows rows, neighbours of one stream merged', async (bus) => {
      const producer = await startProducer(bus);
      const consumer = await join(bus, 'g');
      await producer.send(chunkOf([numberedRows('a', 0, 10)]));
      for (let i = 10; i < 20; i++) await producer.send(chunkOf([numberedRows('a', i, 1)]));
      const chunks: Chunk[] = [];
      for (const maxRows of [1, 4, 15]) chunks.push(await nextChunk(consumer, maxRows, patience));
      assert.deepEqual(chunks.map(rowsIn), [1, 4, 15]);
      assert.deepEqual(chunks.flatMap(numbersIn), range(0, 20));
      assert.ok(
        chunks.every(({ batches }) => batches.length === 1),
        'consecutive rows of one stream lie in several batches',
      );
    }),

    check('streams that share a partition keep their places', async (bus) => {
      const producer = await startProducer(bus, ['a', 'b']);
      const consumer = await join(bus, 'g');
      const order = ['a', 'b', 'b', 'a', 'a', 'b'];
      for (const [i, stream] of order.entries()) await producer.send(chunkOf([numberedRows(stream, i * 2, 2)]));
      await producer.end();
      const chunks = await readChunks(consumer);
      assert.deepEqual(chunks.flatMap(numbersIn), range(0, 12));
      const streams = chunks.flatMap(({ batches }) => batches.flatMap(({ stream, rows }) => range(0, rows).map(() => stream)));
      assert.deepEqual(
        streams,
        order.flatMap((stream) => [stream, stream]),
      );
    }),

    check('fewer rows than maxRows come when the first has waited', async (bus) => {
      const producer = await startProducer(bus);
      const consumer = await join(bus, 'g');
      await producer.send(chunkOf([numberedRows('a', 0, 5)]));
      assert.deepEqual((await readChunks(consumer, 5)).flatMap(numbersIn), range(0, 5));
      const waiting = readChunks(consumer, 5);
      await producer.send(chunkOf([numberedRows('a', 5, 5)]));
      assert.deepEqual((await waiting).flatMap(numbersIn), range(5, 10));
    }),

    check('rows that come while the first one waits join its micro-batch', async (bus) => {
      const producer = await startProducer(bus);
      const consumer = await join(bus, 'g');
      const waiting = nextChunk(consumer, 10, patience);
      for (const first of [0, 5]) await producer.send(chunkOf([numberedRows('a', first, 5)]));
      assert.deepEqual(numbersIn(await waiting), range(0, 10));
    }),

    check('idle while nothing comes, the end when every producer has ended and all is read', async (bus) => {
      const consumer = await join(bus, 'g');
      assert.equal(await consumer.poll({ maxRows: 10, maxWaitMs: 10 }), 'idle');
      const first = await startProducer(bus);
      const second = await bus.producer(topic);
      assert.equal(await consumer.poll({ maxRows: 10, maxWaitMs: 0 }), 'idle');
      await first.send(chunkOf([numberedRows('a', 0, 10)]));
      await first.end();
      assert.deepEqual((await readChunks(consumer, 10)).flatMap(numbersIn), range(0, 10));
      assert.equal(await consumer.poll({ maxRows: 10, maxWaitMs: 20 }), 'idle');
      await second.announce('a', schema);
      await second.send(chunkOf([numberedRows('a', 10, 10)]));
      await second.end();
      assert.deepEqual((await readChunks(consumer)).flatMap(numbersIn), range(10, 20));
      assert.equal(await consumer.poll({ maxRows: 10, maxWaitMs: patience }), 'end');
    }),

    check('a poll that waits learns of the end', async (bus) => {
      const producer = await startProducer(bus);
      const consumer = await join(bus, 'g');
      const waiting = consumer.poll({ maxRows: 10, maxWaitMs: patience });
      await producer.end();
      assert.equal(await waiting, 'end');
    }),

    check('lag counts the rows that wait in the partitions of a member', async (bus) => {
      const producer = await startProducer(bus);
      const consumer = await join(bus, 'g');
      await untilShared([consumer], 1);
      await producer.send(chunkOf([numberedRows('a', 0, 100)]));
      assert.deepEqual(await consumer.lag(), new Map([[0, 100]]));
      await readChunks(consumer, 30, 30);
      assert.deepEqual(await consumer.lag(), new Map([[0, 70]]));
      await readChunks(consumer, 70);
      assert.deepEqual(await consumer.lag(), new Map([[0, 0]]));
    }),

    check('closing wakes what waits and refuses what comes', async (bus) => {
      const producer = await startProducer(bus);
      const [waiting, closing] = [await join(bus, 'one'), await join(bus, 'two')];
      const refused = [waiting, closing].map((consumer) => rejects('BUS_UNAVAILABLE', consumer.poll({ maxRows: 1, maxWaitMs: patience })));
      await closing.close();
      await refused[1];
      await rejects('BUS_UNAVAILABLE', closing.poll({ maxRows: 1, maxWaitMs: 1 }));
      await bus.close();
      await refused[0];
      await rejects('BUS_UNAVAILABLE', producer.send(chunkOf([numberedRows('a', 0, 1)])));
      await rejects('BUS_UNAVAILABLE', bus.producer(topic));
      await rejects('BUS_UNAVAILABLE', bus.consumer(topic, { group: 'three', position: async () => undefined }));
      await bus.close();
    }),

    {
      name: 'random interleavings of sends, polls, commits, joins and leaves agree with a list per partition',
      run: () => checkAgainstModel(make, runs),
    },
  ];
}

async function rejects(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof SluiceError && error.code === code);
}
