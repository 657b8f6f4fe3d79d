import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Chunk } from '../../core/chunk.ts';
import { makeSchema } from '../../core/schema.ts';
import { range } from '../conformance/bus-rows.ts';
import { PartitionQueue } from './partition-queue.ts';

const schema = makeSchema([
  { name: 'LIT101', kind: 'continuous' },
  { name: 'MV101', kind: 'discrete' },
]);

/** Rows that carry their offset as value, time and seq. */
function addRows(queue: PartitionQueue, stream: string, offsets: readonly number[], { arrived = 0, label = -1 } = {}): void {
  for (const offset of offsets) {
    const block = queue.blockFor(stream, schema);
    block.values[2 * block.rows] = offset;
    block.values[2 * block.rows + 1] = -offset;
    queue.addRow(block, BigInt(offset), offset, offset, label, arrived);
  }
}

function addDead(queue: PartitionQueue, offset: number): void {
  queue.addDead({ source: 't', partition: 0, position: offset, reason: 'syntax', message: 'no JSON', payload: '' }, offset, 0);
}

/** Rows by stream as they lie in the chunk; every column of a row must agree on its offset. */
function rowsOf({ batches }: Chunk): { stream: string; offsets: number[] }[] {
  return batches.map(({ stream, rows, values, times, seqs, origins }) => {
    const offsets = [...origins];
    expect(offsets.length).toBe(rows);
    expect([...values]).toEqual(offsets.flatMap((offset) => [offset, -offset]));
    expect([...times]).toEqual(offsets.map(BigInt));
    expect([...seqs]).toEqual(offsets);
    return { stream, offsets };
  });
}

test('however it is filled and taken from, it gives what was put in, in order, with the offset to go on from', () => {
  const stream = fc.constantFrom('a', 'b');
  const gap = fc.integer({ min: 0, max: 3 });
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('rows' as const),
        stream,
        gap,
        count: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 500, max: 1100 })),
      }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('dead' as const), gap }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), gap }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('take' as const), max: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 300, max: 2500 })) }),
    },
  );
  fc.assert(
    fc.property(fc.nat(10), fc.array(step, { maxLength: 40 }), (begin, steps) => {
      const queue = new PartitionQueue(begin);
      /** What waits: offset, stream (undefined = dead) and where to go on behind it. */
      let model: { offset: number; stream?: string; end: number }[] = [];
      let [end, taken] = [begin, begin];
      for (const [i, one] of steps.entries()) {
        if (one.do === 'rows') {
          const offsets = range(end + one.gap, end + one.gap + one.count);
          addRows(queue, one.stream, offsets, { arrived: i });
          model.push(...offsets.map((offset) => ({ offset, stream: one.stream, end: offset + 1 })));
          end += one.gap + one.count;
        } else if (one.do === 'dead') {
          addDead(queue, end + one.gap);
          model.push({ offset: end + one.gap, end: end + one.gap + 1 });
          end += one.gap + 1;
        } else if (one.do === 'pass') {
          end += one.gap;
          queue.passTo(end);
          const last = model.at(-1);
          if (last) last.end = end;
          else taken = end;
        } else if (model.length > 0) {
          const chunk = queue.take(3, one.max);
          const due = model.slice(0, one.max);
          model = model.slice(one.max);
          taken = due[due.length - 1].end;
          expect(chunk.partition).toBe(3);
          expect(chunk.nextOffset).toBe(taken);
          expect(chunk.dead.map(({ position }) => position)).toEqual(due.filter((x) => x.stream === undefined).map((x) => x.offset));
          const rows = due.filter((x) => x.stream !== undefined);
          const runs: { stream: string; offsets: number[] }[] = [];
          for (const { stream, offset } of rows) {
            if (runs.at(-1)?.stream === stream) runs.at(-1)?.offsets.push(offset);
            else runs.push({ stream: stream as string, offsets: [offset] });
          }
          expect(rowsOf(chunk)).toEqual(runs);
        }
        expect([queue.size, queue.end, queue.taken]).toEqual([model.length, end, taken]);
        expect(queue.bytes).toBe(model.filter((x) => x.stream !== undefined).length * (2 * 8 + 21));
      }
    }),
    { numRuns: 200 },
  );
});

test('rows of one block come without a copy, also when they were added at different times', () => {
  const queue = new PartitionQueue(0);
  addRows(queue, 'a', [0, 1, 2], { arrived: 1 });
  addRows(queue, 'a', [3, 4], { arrived: 2 });
  const first = queue.take(0, 4);
  const second = queue.take(0, 4);
  expect([first, second].map(rowsOf)).toEqual([[{ stream: 'a', offsets: [0, 1, 2, 3] }], [{ stream: 'a', offsets: [4] }]]);
  expect(second.batches[0].values.buffer).toBe(first.batches[0].values.buffer);
  expect(first.batches[0].values.buffer).toBeInstanceOf(SharedArrayBuffer);
});

test('tells when what waits longest came', () => {
  const queue = new PartitionQueue(0);
  expect(queue.arrived).toBeUndefined();
  addRows(queue, 'a', [0, 1], { arrived: 5 });
  addRows(queue, 'a', [2], { arrived: 9 });
  queue.take(0, 1);
  expect(queue.arrived).toBe(5);
  queue.take(0, 1);
  expect(queue.arrived).toBe(9);
});

test('a stream has labels once a row of it had one', () => {
  const queue = new PartitionQueue(0);
  addRows(queue, 'a', [0]);
  expect(queue.take(0, 1).batches[0].labels).toBeUndefined();
  addRows(queue, 'a', [1], { label: 1 });
  addRows(queue, 'a', [2]);
  expect([...(queue.take(0, 2).batches[0].labels ?? [])]).toEqual([1, -1]);
});

test('rows of other tags are another batch', () => {
  const queue = new PartitionQueue(0);
  addRows(queue, 'a', [0]);
  const other = makeSchema([{ name: 'FIT201', kind: 'continuous' }]);
  const block = queue.blockFor('a', other);
  block.values[0] = 7;
  queue.addRow(block, 1n, 0, 1, -1, 0);
  expect(queue.take(0, 9).batches.map((batch) => [batch.schema.hash, [...batch.values]])).toEqual([
    [schema.hash, [0, -0]],
    [other.hash, [7]],
  ]);
});
