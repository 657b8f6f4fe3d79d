import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { partitionOf } from './bus.ts';

it.each([
  // Published FNV-1a 32-bit values: http://www.isthe.com/chongo/tech/comp/fnv/, test vectors.
  ['', 0x811c9dc5],
  ['a', 0xe40c292c],
  ['foobar', 0xbf9cf968],
])('the partition of %j is its FNV-1a hash modulo their number', (stream, hash) => {
  for (const partitions of [1, 2, 3, 7, 1000]) expect(partitionOf(stream, partitions)).toBe(hash % partitions);
});

it('names of several bytes a letter count byte by byte', () => {
  let hash = 0x811c9dc5n;
  for (const byte of Buffer.from('Kläranlage 水')) hash = ((hash ^ BigInt(byte)) * 0x01000193n) & 0xffffffffn;
  expect(partitionOf('Kläranlage 水', 1013)).toBe(Number(hash % 1013n));
});

it('streams spread evenly', () => {
  const counts = new Float64Array(8);
  for (let i = 0; i < 8000; i++) counts[partitionOf(createHash('md5').update(`${i}`).digest('hex'), 8)]++;
  for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(150);
});
