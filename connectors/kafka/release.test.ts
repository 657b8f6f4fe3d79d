import { expect, test } from 'vitest';
import { releaseOf } from './release.ts';
import { WireReader } from './wire-reader.ts';

const bytes = (...parts: (number[] | string)[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part as never)));

/** An answer to ApiVersions 3: Produce in versions 0 to 9, features in the tagged fields. */
function answer(features: Record<string, number>): WireReader {
  const listed = Object.entries(features).map(([name, most]) => bytes([name.length + 1], name, [0, 1, most >> 8, most & 255, 0]));
  const supported = Buffer.concat([Buffer.of(listed.length + 1), ...listed]);
  const epoch = [1, 8, 0, 0, 0, 0, 0, 0, 0, 7];
  const tagged = listed.length === 0 ? [[0]] : [[2, 0, supported.length], [...supported], epoch];
  return new WireReader(bytes([0, 0], [2, 0, 0, 0, 0, 0, 9, 0], [0, 0, 0, 0], ...tagged));
}

test.each([
  [1, 'Kafka 3.0'],
  [3, 'Kafka 3.2'],
  [7, 'Kafka 3.3'],
  [14, 'Kafka 3.6'],
  [21, 'Kafka 3.9'],
  [25, 'Kafka 4.0'],
  [29, 'Kafka 4.2'],
  [30, 'Kafka 4.3'],
  [31, 'Kafka 4.3 or newer'],
  [300, 'Kafka 4.3 or newer'],
])('metadata up to version %d are those of %s', (level, release) => {
  expect(releaseOf(answer({ 'group.version': 1, 'metadata.version': level, 'transaction.version': 2 }))).toBe(release);
});

test('a broker without KRaft tells no more than which requests it takes', () => {
  expect(releaseOf(answer({}))).toBe('Kafka 2.4 to 3.9 without KRaft, or one that speaks like it (Produce 0 to 9)');
  expect(releaseOf(answer({ 'group.version': 1 }))).toMatch(/without KRaft/);
});

test('an older one does not understand the question', () => {
  expect(releaseOf(new WireReader(bytes([0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 2])))).toBe('Kafka before 2.4');
});

test('an answer that is cut short is an error', () => {
  expect(() => releaseOf(new WireReader(bytes([0, 0, 9])))).toThrow(RangeError);
});
