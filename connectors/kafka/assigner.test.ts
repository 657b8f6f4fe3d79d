import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { range } from '../conformance/bus-rows.ts';
import { type Claim, divide } from './assigner.ts';

const claims = (generation: number, ...partitions: number[]): Claim => ({ generation, partitions });

describe('dividing partitions', () => {
  const reader = fc.record({
    generation: fc.nat(5),
    partitions: fc.uniqueArray(fc.nat(20)),
  });

  test('gives each to one reader, as evenly as can be, whatever they claim', () => {
    fc.assert(
      fc.property(fc.nat(20), fc.array(reader, { minLength: 1, maxLength: 7 }), (partitions, claimed) => {
        const readers = claimed.map((claim, i) => ({ memberId: `m${i}`, claim }));
        const shares = [...divide(range(0, partitions), readers).values()];
        expect(shares.flat().sort((a, b) => a - b)).toEqual(range(0, partitions));
        const sizes = shares.map((share) => share.length);
        expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('leaves a division that is even as it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 6 }), fc.nat(), (partitions, members, turn) => {
        const owners = range(0, partitions).map((partition) => (partition + turn) % members);
        const before = range(0, members).map((me) => range(0, partitions).filter((partition) => owners[partition] === me));
        const after = divide(
          range(0, partitions),
          before.map((share, i) => ({ memberId: `m${i}`, claim: claims(1, ...share) })),
        );
        expect([...after.values()]).toEqual(before);
      }),
    );
  });

  test('whoever got it later has what two claim', () => {
    const shares = divide(
      [0, 1],
      [
        { memberId: 'stopped', claim: claims(3, 0, 1) },
        { memberId: 'took over', claim: claims(4, 0) },
      ],
    );
    expect([...shares]).toEqual([
      ['stopped', [1]],
      ['took over', [0]],
    ]);
  });
});
