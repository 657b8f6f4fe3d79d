import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestNumber, writeInteger, writeNumber } from './number-text.ts';
import { withoutVectors } from './simd/simd.ts';

const room = Buffer.alloc(longestNumber + 2);

/** With a byte before and behind that has to stay as it is. */
function written(write: () => number): string {
  room.fill(0x78);
  const end = write();
  return room.toString('latin1', 0, end + 1);
}

const number = (value: number): string => written(() => writeNumber(room, 1, value));
const integer = (value: bigint): string => written(() => writeInteger(room, 1, value));
const shown = (value: number): string => `x${Object.is(value, -0) ? '-0' : value}x`;
const wrong = (values: readonly number[]): string[] =>
  values.filter((value) => number(value) !== shown(value)).map((value) => `${shown(value)}: ${number(value)}`);

describe('numbers are written as JavaScript writes them', () => {
  it('whatever bits they have, by the module and without it', () => {
    const bits = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map((each) => new Float64Array(BigUint64Array.of(each).buffer)[0]);
    const decimal = fc.tuple(fc.integer(), fc.integer({ min: -320, max: 300 })).map(([n, e]) => Number(`${n}e${e}`));
    const value = fc.oneof(bits, fc.double(), decimal).filter(Number.isFinite);
    fc.assert(
      fc.property(fc.array(value, { maxLength: 50 }), (values) => {
        expect(wrong(values)).toEqual([]);
        expect(withoutVectors(() => wrong(values))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it('where the next double below is nearer than that above, at both ends and between the forms', () => {
    const values = [0, -0, 5e-324, Number.MAX_VALUE, -Number.MAX_VALUE, 2 ** 53 + 2, 5e-7, 123456789012345680000, 2e23, 9e-265, -0.0000012345678901234567];
    for (let e = -1074; e < 1024; e++) values.push(2 ** e, -(2 ** e), 2 ** e * (1 + 2 ** -52), 2 ** e * (1 - 2 ** -53));
    for (let e = -324; e < 308; e++) for (const digits of ['1', '1.7', '9.999999999999999', '1.0000000000000002']) values.push(Number(`${digits}e${e}`));
    expect(wrong(values)).toEqual([]);
    expect(number(-0.0000012345678901234567)).toHaveLength(longestNumber + 2);
  });

  it('integers of 64 bits too', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (value) => {
        expect(integer(value)).toBe(`x${value}x`);
        expect(withoutVectors(() => integer(value))).toBe(`x${value}x`);
      }),
    );
    const values = [0n, -(2n ** 63n), 2n ** 63n - 1n];
    for (let size = 1n; size < 2n ** 63n; size *= 10n) values.push(size, size - 1n, -size);
    expect(values.map(integer)).toEqual(values.map((value) => `x${value}x`));
  });
});
