import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { batchEnds } from './batch-ends.ts';
import { committedRecords, type FetchedPartition, type FetchedRecord } from './committed-records.ts';

interface LoggedBatch {
  readonly offset: number;
  /** Records that compaction has left, of `size` that there were. */
  readonly kept: readonly number[];
  readonly size: number;
  readonly producer: number;
  readonly control?: 'commit' | 'abort';
  readonly transaction: number | undefined;
}

/** A partition as a broker has it: batches of several producers, and how each transaction went. */
interface Log {
  readonly batches: LoggedBatch[];
  readonly aborted: { producerId: string; firstOffset: string; last: number; transaction: number }[];
  readonly end: number;
}

type Step = { producer: number; do: 'send' | 'plain' | 'commit' | 'abort'; size: number; kept: number };

/** Several producers at once, each with one transaction after the other; those that are still open at the end are not readable. */
function logOf(steps: readonly Step[]): Log {
  const batches: LoggedBatch[] = [];
  const aborted: Log['aborted'] = [];
  const open = new Map<number, { transaction: number; first: number }>();
  let [offset, transactions] = [0, 0];
  const add = (batch: Omit<LoggedBatch, 'offset'>): void => {
    batches.push({ offset, ...batch });
    offset += batch.size;
  };
  const end = (producer: number, control: 'commit' | 'abort'): void => {
    const transaction = open.get(producer);
    if (!transaction) return;
    open.delete(producer);
    if (control === 'abort') {
      aborted.push({ producerId: String(producer), firstOffset: String(transaction.first), last: offset, transaction: transaction.transaction });
    }
    add({ producer, control, transaction: transaction.transaction, size: 1, kept: [0] });
  };
  for (const { producer, do: what, size, kept } of steps) {
    const left = Array.from({ length: size }, (_, i) => i).filter((i) => (kept >> i) & 1);
    if (what === 'plain') add({ producer: producer + 100, transaction: undefined, size, kept: left });
    else if (what === 'send') {
      const transaction = open.get(producer) ?? { transaction: transactions++, first: offset };
      open.set(producer, transaction);
      add({ producer, transaction: transaction.transaction, size, kept: left });
    } else end(producer, what);
  }
  for (const producer of [...open.keys()]) end(producer, 'abort');
  return { batches, aborted, end: offset };
}

const control = { commit: Buffer.from([0, 0, 0, 1]), abort: Buffer.from([0, 0, 0, 0]) };

/** What the broker answers from an offset on, so many batches. */
function fetchFrom({ batches, aborted, end }: Log, from: number, count: number): FetchedPartition {
  const first = batches.findIndex(({ offset, size }) => offset + size > from);
  const part = first < 0 ? [] : batches.slice(first, first + count);
  const last = part.at(-1);
  const upTo = last ? last.offset + last.size : from;
  const messages = part.flatMap((batch) =>
    batch.kept.map(
      (i): FetchedRecord => ({
        offset: String(batch.offset + i),
        key: batch.control ? control[batch.control] : Buffer.from(`key ${batch.offset + i}`),
        value: null,
        isControlRecord: batch.control !== undefined,
        batchContext: {
          firstOffset: String(batch.offset),
          lastOffsetDelta: batch.size - 1,
          producerId: String(batch.producer),
          inTransaction: batch.transaction !== undefined,
        },
      }),
    ),
  );
  return {
    messages,
    abortedTransactions: aborted.filter(({ firstOffset, last }) => last >= from && Number(firstOffset) < upTo),
    highWatermark: String(end),
    lastStableOffset: String(end),
    ...(last ? { end: upTo } : {}),
  };
}

const steps = fc.array(
  fc.record({
    producer: fc.integer({ min: 0, max: 3 }),
    do: fc.constantFrom('send' as const, 'send' as const, 'plain' as const, 'commit' as const, 'abort' as const),
    size: fc.integer({ min: 1, max: 4 }),
    kept: fc.integer({ min: 0, max: 15 }),
  }),
  { maxLength: 40 },
);

describe('committed records', () => {
  test('are those of transactions that were committed and of none, whatever overlaps and wherever reading is cut', () => {
    fc.assert(
      fc.property(steps, fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }), fc.nat(), (what, counts, start) => {
        const log = logOf(what);
        const from = log.end === 0 ? 0 : start % log.end;
        const gone = new Set(log.aborted.map(({ transaction }) => transaction));
        const expected = log.batches
          .filter((batch) => batch.control === undefined && !gone.has(batch.transaction ?? -1))
          .flatMap(({ offset, kept }) => kept.map((i) => offset + i))
          .filter((offset) => offset >= from);
        const read: number[] = [];
        let next = from;
        for (let i = 0; next < log.end; i++) {
          const answer = committedRecords(fetchFrom(log, next, counts[i % counts.length]), next);
          read.push(...answer.records.map(({ offset }) => Number(offset)));
          expect(answer.next).toBeGreaterThan(next);
          next = answer.next;
        }
        expect(read).toEqual(expected);
      }),
      { numRuns: 2000 },
    );
  });

  test('reading stays where it is when nothing came', () => {
    const answer = { messages: [], abortedTransactions: null, highWatermark: '9', lastStableOffset: '5' };
    expect(committedRecords(answer, 5)).toEqual({ records: [], next: 5 });
  });
});

describe('the ends of batches', () => {
  const int = (bytes: number, value: number): Buffer => {
    const out = Buffer.alloc(bytes);
    out.writeIntBE(value, Math.max(0, bytes - 6), Math.min(6, bytes));
    return out;
  };
  const batch = (offset: number, size: number, records: number): Buffer => {
    const body = Buffer.concat([
      int(4, 0),
      int(1, 2),
      int(4, 0),
      int(2, 0),
      int(4, size - 1),
      Buffer.alloc(8 + 8 + 8 + 2 + 4),
      int(4, records),
      Buffer.alloc(10 * records),
    ]);
    return Buffer.concat([int(8, offset), int(4, body.length), body]);
  };
  const array = (items: readonly Buffer[]): Buffer => Buffer.concat([int(4, items.length), ...items]);
  const partition = (version: number, aborted: number, batches: Buffer): Buffer =>
    Buffer.concat([
      Buffer.alloc(4 + 2 + 8 + 8 + (version >= 5 ? 8 : 0)),
      aborted < 0 ? int(4, -1) : array(Array.from({ length: aborted }, () => Buffer.alloc(16))),
      Buffer.alloc(version >= 11 ? 4 : 0),
      int(4, batches.length),
      batches,
    ]);
  const answer = (version: number, topics: readonly (readonly Buffer[])[]): Buffer =>
    Buffer.concat([
      Buffer.alloc(4 + (version >= 7 ? 6 : 0)),
      array(topics.map((partitions) => Buffer.concat([int(2, 3), Buffer.from('abc'), array(partitions)]))),
    ]);

  test.each([4, 5, 6, 7, 8, 9, 10, 11])('are read from an answer of version %i', (version) => {
    const emptied = batch(7, 5, 0);
    const topics = [
      [partition(version, 0, Buffer.concat([batch(3, 4, 2), emptied])), partition(version, -1, Buffer.alloc(0))],
      [partition(version, 2, Buffer.concat([emptied, batch(2 ** 40, 2, 2).subarray(0, -1)])), partition(version, 1, batch(2 ** 40, 3, 1))],
    ];
    expect(batchEnds(answer(version, topics), version)).toEqual([
      [12, undefined],
      [12, 2 ** 40 + 3],
    ]);
  });

  test('of another version are not guessed', () => {
    expect(() => batchEnds(Buffer.alloc(100), 12)).toThrow('unknown version 12 of Fetch');
  });
});
