import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { found } from './byte-window.ts';
import { CsvReader } from './csv-reader.ts';

const encoder = new TextEncoder();
const names = ['nothing', 'record', 'tooLong', 'badQuote'] as const;

/** Everything the reader finds when the text comes in blocks of `size` bytes. */
function readAll(text: string, size = 1 << 20, { delimiter = ',', capacity = 100, limit = 1 << 20 } = {}) {
  const reader = new CsvReader({ delimiter: delimiter.charCodeAt(0), decimal: 0x2e, encoding: 'utf-8' }, capacity, limit);
  const bytes = encoder.encode(text);
  const events: { kind: string; line: number; cells?: string[]; raw?: string }[] = [];
  const drain = () => {
    for (let result = reader.next(); result !== found.nothing; result = reader.next()) {
      if (result === found.record) {
        const cells = Array.from({ length: Math.min(reader.cells, capacity) }, (_, c) => reader.text(c));
        events.push({ kind: 'record', line: reader.line, cells });
      } else events.push({ kind: names[result], line: reader.line, raw: reader.record().toString() });
    }
  };
  for (let at = 0; at < bytes.length; at += size) {
    reader.window.feed(bytes.subarray(at, at + size));
    drain();
  }
  reader.window.finish();
  drain();
  return events;
}

const cellsOf = (text: string, options = {}) => readAll(text, undefined, options).map((event) => event.cells);

describe('CsvReader', () => {
  it('reads back what RFC 4180 writes, in whatever blocks the bytes come', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', '7', '.', ',', '"', '\n', '\r\n', 'é', ' ', '#'), maxLength: 6 });
    const row = fc.array(cell, { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 8 }),
        fc.constantFrom('\n', '\r\n', '\r'),
        fc.integer({ min: 1, max: 40 }),
        fc.boolean(),
        (rows, end, size, closed) => {
          const lines = rows.map((cells) => cells.map((text) => `"${text.replaceAll('"', '""')}"`).join(','));
          const text = lines.join(end) + (closed ? end : '');
          expect(readAll(text, size)).toEqual(readAll(text));
          expect(readAll(text, size).map((event) => event.cells)).toEqual(rows);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('finds the same in any text, however it is cut into blocks', () => {
    const text = fc.string({ unit: fc.constantFrom('1', ',', '"', '\n', '\r', ' ', '#', 'é', '""', '","'), maxLength: 60 });
    fc.assert(
      fc.property(text, fc.integer({ min: 1, max: 9 }), fc.integer({ min: 4, max: 70 }), (csv, size, limit) => {
        expect(readAll(csv, size)).toEqual(readAll(csv));
        readAll(csv, size, { limit });
      }),
      { numRuns: 3000 },
    );
  });

  it.each([
    ['LF', 'a,b\n1,2\n'],
    ['CRLF', 'a,b\r\n1,2\r\n'],
    ['CR', 'a,b\r1,2\r'],
    ['no newline at the end', 'a,b\n1,2'],
    ['blank lines', '\n\na,b\n  \n\r\n1,2\n\n'],
    ['comments', '# made by a historian\na,b\n #, another\n1,2\n# end'],
    ['blanks around cells', ' a , b\t\n 1 ,2  \n'],
    ['blanks around quotes', '"a" , "b"\n1,2\n'],
  ])('takes %s', (_, text) => {
    expect(cellsOf(text)).toEqual([
      ['a', 'b'],
      ['1', '2'],
    ]);
  });

  it('knows the delimiter it was given alone', () => {
    expect(cellsOf('a;1,5;"x;y"\n', { delimiter: ';' })).toEqual([['a', '1,5', 'x;y']]);
    expect(cellsOf('a\t\tb\n', { delimiter: '\t' })).toEqual([['a', '', 'b']]);
  });

  it('keeps empty cells, also the last one', () => {
    expect(cellsOf(',\n,,\n"",\n')).toEqual([
      ['', ''],
      ['', '', ''],
      ['', ''],
    ]);
  });

  it('counts physical lines through quoted newlines, comments and blank lines', () => {
    expect(readAll('a,b\n\n# c\n"x\ny",1\r\n2,3\n').map((event) => event.line)).toEqual([1, 4, 6]);
  });

  it('takes a quote inside an unquoted cell as it is', () => {
    expect(cellsOf('5" pipe,2\n')).toEqual([['5" pipe', '2']]);
  });

  it('gives up one line for a quote that is left open or followed by text, and goes on at the next', () => {
    expect(readAll('1,2\n3,"4\n5,6\n7,8\n')).toEqual([
      { kind: 'record', line: 1, cells: ['1', '2'] },
      { kind: 'badQuote', line: 2, raw: '3,"4' },
      { kind: 'record', line: 3, cells: ['5', '6'] },
      { kind: 'record', line: 4, cells: ['7', '8'] },
    ]);
    expect(readAll('1,"2"x\n3,4\n').map((event) => event.kind)).toEqual(['badQuote', 'record']);
    expect(readAll('1,"2', 1).map((event) => event.kind)).toEqual(['badQuote']);
  });

  it('cuts a line over the limit and goes on after it, holding no more than the limit and a block', () => {
    const reader = new CsvReader({ delimiter: 0x2c, decimal: 0x2e, encoding: 'utf-8' }, 4, 1000);
    const block = encoder.encode('9'.repeat(100_000));
    reader.window.feed(encoder.encode('1,2\n'));
    expect(reader.next()).toBe(found.record);
    expect(reader.next()).toBe(found.nothing);
    let cut = 0;
    for (let i = 0; i < 300; i++) {
      reader.window.feed(block);
      for (let result = reader.next(); result !== found.nothing; result = reader.next()) {
        expect(result).toBe(found.tooLong);
        expect(reader.record()).toHaveLength(1000);
        cut++;
      }
    }
    expect(cut).toBe(1);
    expect(reader.window.bytes.length).toBeLessThan(1 << 20);
    reader.window.feed(encoder.encode('\n3,4\n'));
    expect(reader.next()).toBe(found.record);
    expect(reader.number(1)).toBe(4);
    expect(reader.line).toBe(3);
  });

  it('takes a line of exactly the limit, and none longer, wherever it ends', () => {
    const kinds = (text: string, size?: number) => readAll(text, size, { limit: 10 }).map((event) => event.kind);
    expect(kinds('1234567890\n1\n')).toEqual(['record', 'record']);
    expect(kinds('12345678901\n1\n')).toEqual(['tooLong', 'record']);
    expect(kinds('12345678901\n1\n', 4)).toEqual(['tooLong', 'record']);
    expect(kinds('12345678901')).toEqual(['tooLong']);
  });

  it('counts cells past its capacity without looking at them', () => {
    const [event] = readAll('1,2,3,4,5\n', undefined, { capacity: 2 });
    expect(event.cells).toEqual(['1', '2']);
    const reader = new CsvReader({ delimiter: 0x2c, decimal: 0x2e, encoding: 'utf-8' }, 2, 100);
    reader.window.feed(encoder.encode('1,2,3,4,5\n'));
    reader.next();
    expect(reader.cells).toBe(5);
  });

  it('says which records hold more than ASCII', () => {
    const reader = new CsvReader({ delimiter: 0x2c, decimal: 0x2e, encoding: 'utf-8' }, 2, 100);
    reader.window.feed(encoder.encode('1,2\n1,é\n"é",1\n3,4\n'));
    const seen: boolean[] = [];
    while (reader.next() === found.record) seen.push(reader.beyondAscii);
    expect(seen).toEqual([false, true, true, false]);
  });
});
