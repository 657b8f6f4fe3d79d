import fc from 'fast-check';
import { expect, test } from 'vitest';
import { allocateBatch } from '../../core/batch.ts';
import type { DeadLetter } from '../../core/chunk.ts';
import { makeSchema } from '../../core/schema.ts';
import { PartitionLog, type Run } from './partition-log.ts';

const schema = makeSchema([{ name: 'LIT101', kind: 'continuous' }]);

function run(kind: 'rows' | 'dead', offsets: readonly number[]): Run {
  if (kind === 'dead') {
    return { dead: offsets.map((position): DeadLetter => ({ source: 's', partition: 0, position, reason: 'time', message: '', payload: '' })) };
  }
  const batch = allocateBatch('a', schema, offsets.length);
  batch.origins.set(offsets);
  return { batch };
}

const steps = fc.array(
  fc.oneof(
    fc.record({
      do: fc.constant('append' as const),
      kind: fc.constantFrom('rows' as const, 'dead' as const),
      gaps: fc.array(fc.nat(3), { minLength: 1, maxLength: 8 }),
    }),
    fc.record({ do: fc.constant('free' as const), part: fc.double({ min: 0, max: 1, noNaN: true }) }),
  ),
  { maxLength: 300 },
);

test('finds, reads and frees like a plain list of offsets', () => {
  fc.assert(
    fc.property(steps, (list) => {
      const log = new PartitionLog();
      const all: { kind: 'rows' | 'dead'; offset: number }[] = [];
      let end = 0;
      let freed = 0;
      for (const step of list) {
        if (step.do === 'append') {
          const offsets = step.gaps.map((gap) => {
            end += gap + 1;
            return end - 1;
          });
          log.append(run(step.kind, offsets), end, all.length);
          all.push(...offsets.map((offset) => ({ kind: step.kind, offset })));
        } else {
          freed = Math.max(freed, Math.floor(step.part * all.length));
          log.free(freed);
        }
        const { base } = log;
        expect(base).toBeLessThanOrEqual(freed);
        expect(freed - base).toBeLessThan(8);
        expect(log.tail).toBe(all.length);
        for (const offset of [0, end >> 1, end - 1, end]) {
          const expected = all.findIndex((element, rank) => rank >= base && element.offset >= offset);
          expect(log.seek(offset)).toBe(expected < 0 ? all.length : expected);
        }
        const middle = base + ((all.length - base) >> 1);
        expect(log.offset(middle)).toBe(middle < all.length ? all[middle].offset : end);
        if (middle < all.length) {
          const { batches, dead, length } = log.read(middle, 10);
          const expected = all.slice(middle, middle + 10);
          const offsets = (kind: string): number[] => expected.filter((element) => element.kind === kind).map((element) => element.offset);
          expect(length).toBe(expected.length);
          expect(batches.flatMap(({ origins }) => [...origins])).toEqual(offsets('rows'));
          expect(dead.map(({ position }) => position)).toEqual(offsets('dead'));
        }
      }
    }),
    { numRuns: 50 },
  );
});

test('an element keeps the time of its arrival', () => {
  const log = new PartitionLog();
  log.append(run('rows', [0, 1]), 2, 10);
  log.append(run('dead', [5]), 6, 20);
  expect([0, 1, 2].map((rank) => log.arrived(rank))).toEqual([10, 10, 20]);
});

test('an empty run moves the end only', () => {
  const log = new PartitionLog();
  log.append(run('rows', [3]), 4, 0);
  log.append(run('dead', []), 9, 0);
  expect(log.tail).toBe(1);
  expect(log.offset(1)).toBe(9);
});
