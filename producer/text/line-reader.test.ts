import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { found } from './byte-window.ts';
import { LineReader } from './line-reader.ts';

const encoder = new TextEncoder();

function readAll(text: string, size = 1 << 20, limit = 1 << 20) {
  const reader = new LineReader(limit);
  const bytes = encoder.encode(text);
  const lines: [number, number, string][] = [];
  const drain = () => {
    for (let result = reader.next(); result !== found.nothing; result = reader.next()) {
      lines.push([reader.line, result, Buffer.from(reader.record()).toString()]);
    }
  };
  for (let at = 0; at < bytes.length; at += size) {
    reader.window.feed(bytes.subarray(at, at + size));
    drain();
  }
  reader.window.finish();
  drain();
  return lines;
}

describe('LineReader', () => {
  it('gives the lines that are not blank, with their numbers, however the text is cut into blocks', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', ' ', '\n', '\r\n'), maxLength: 40 }), fc.integer({ min: 1, max: 9 }), (text, size) => {
        const expected = text.split('\n').flatMap((line, i) => (line.trim() === '' ? [] : [[i + 1, found.record, line.replace(/[ \r]+$/, '')]]));
        expect(readAll(text, size)).toEqual(expected);
      }),
      { numRuns: 1000 },
    );
  });

  it('cuts a line over the limit and goes on after it', () => {
    for (const size of [3, 100]) {
      expect(readAll('12345678901234567890\n2\n12345678901', size, 10)).toEqual([
        [1, found.tooLong, '1234567890'],
        [2, found.record, '2'],
        [3, found.tooLong, '1234567890'],
      ]);
    }
  });

  it('holds no more than the limit and a block', () => {
    const reader = new LineReader(1000);
    const block = encoder.encode('x'.repeat(100_000));
    for (let i = 0; i < 300; i++) {
      reader.window.feed(block);
      expect(reader.next()).toBe(i === 0 ? found.tooLong : found.nothing);
      expect(reader.next()).toBe(found.nothing);
    }
    expect(reader.window.bytes.length).toBeLessThan(1 << 20);
  });
});
