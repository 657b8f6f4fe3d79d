import fc from 'fast-check';
import { expect, test } from 'vitest';
import { assignPartitions } from './assignment.ts';

const owned = fc.integer({ min: 1, max: 6 }).chain((members) =>
  fc.record({
    members: fc.constant(members),
    owners: fc.array(fc.option(fc.nat(members - 1), { nil: undefined }), { maxLength: 20 }),
  }),
);

const sizes = (targets: readonly (number | undefined)[], members: number): number[] =>
  Array.from({ length: members }, (_, m) => targets.filter((target) => target === m).length);

test('every partition has a reader, and no member has two more than another', () => {
  fc.assert(
    fc.property(owned, ({ members, owners }) => {
      const targets = assignPartitions(owners, members);
      expect(targets).not.toContain(undefined);
      const held = sizes(targets, members);
      expect(Math.max(...held) - Math.min(...held)).toBeLessThanOrEqual(1);
    }),
  );
});

test('only what evenness asks for moves', () => {
  fc.assert(
    fc.property(owned, ({ members, owners }) => {
      const targets = assignPartitions(owners, members);
      const moved = owners.filter((owner, p) => owner !== undefined && targets[p] !== owner).length;
      // The least that any even division has to move: what each member holds above its share, the largest shares to those who hold most.
      const held = sizes(owners, members).sort((a, b) => b - a);
      const share = Math.floor(owners.length / members);
      const least = held.reduce((n, own, i) => n + Math.max(0, own - share - (i < owners.length % members ? 1 : 0)), 0);
      expect(moved).toBe(least);
    }),
  );
});

test('a new group gives in the order of joining', () => {
  expect(assignPartitions([undefined, undefined, undefined, undefined, undefined], 2)).toEqual([0, 0, 0, 1, 1]);
});

test('one partition stays with its reader when another member joins', () => {
  expect(assignPartitions([0], 2)).toEqual([0]);
});

test('more members than partitions: some have none', () => {
  expect(assignPartitions([undefined], 3)).toEqual([0]);
});

test('without members nobody reads', () => {
  expect(assignPartitions([undefined, undefined], 0)).toEqual([undefined, undefined]);
});
