import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatTime } from '../../core/time.ts';
import { CsvResponse, type PointSink, type SeriesKey } from './csv-response.ts';

interface Table {
  readonly tags: Readonly<Record<string, string>>;
  readonly points: readonly { readonly time: bigint; readonly value: string }[];
}

/** As the server writes it: RFC 4180, a header where the columns change. */
function csvOf(tables: readonly Table[]): string {
  const cell = (text: string): string => (/[",\r\n]|^ /.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  let header = '';
  let text = '';
  for (const [table, { tags, points }] of tables.entries()) {
    const columns = ['', 'result', 'table', '_time', '_value', ...Object.keys(tags)].map(cell).join(',');
    if (columns !== header) text += `${header === '' ? '' : '\r\n'}${columns}\r\n`;
    header = columns;
    for (const { time, value } of points) text += `${['', '_result', String(table), formatTime(time), value, ...Object.values(tags)].map(cell).join(',')}\r\n`;
  }
  return `${text}\r\n`;
}

class Collector implements PointSink {
  readonly found: { tags: SeriesKey; points: { time: bigint; value: string; number: number }[] }[] = [];

  series({ result: _, ...tags }: SeriesKey): void {
    this.found.push({ tags, points: [] });
  }

  point(response: CsvResponse): void {
    this.found[this.found.length - 1].points.push({ time: response.time(), value: response.text(), number: response.number() });
  }
}

const anyTime = fc.bigInt({ min: -9_223_372_036_854_775_806n, max: 9_223_372_036_854_775_806n });
const anyText = fc.string({ unit: fc.constantFrom('a', ',', '"', ' ', '\r\n', '\\', '%', 'é', '😀', '#', '=') });
const anyTable: fc.Arbitrary<Table> = fc.record({
  tags: fc.dictionary(fc.constantFrom('_field', 'seq', 'detector', 'stream'), anyText),
  points: fc.array(fc.record({ time: anyTime, value: fc.oneof(anyText, fc.double({ noNaN: true }).map(String)) }), { minLength: 1, maxLength: 20 }),
});

describe('an answer', () => {
  it('is the same points, however it is cut into pieces', () => {
    fc.assert(
      fc.property(fc.array(anyTable, { maxLength: 8 }), fc.infiniteStream(fc.integer({ min: 1, max: 60 })), (tables, sizes) => {
        const bytes = Buffer.from(csvOf(tables));
        const sink = new Collector();
        const response = new CsvResponse(sink);
        for (let at = 0; at < bytes.length; ) {
          const size = sizes.next().value ?? 1;
          response.push(new Uint8Array(bytes.subarray(at, at + size)));
          at += size;
        }
        expect(response.isWhole).toBe(true);
        expect(response.failure).toBeUndefined();
        const plain = sink.found.map(({ tags, points }) => ({ tags: { ...tags }, points: points.map(({ time, value }) => ({ time, value })) }));
        expect(plain).toEqual(tables.map(({ tags, points }) => ({ tags, points })));
        for (const [t, { points }] of sink.found.entries()) {
          for (const [p, { number }] of points.entries()) {
            const { value } = tables[t].points[p];
            if (/^-?\d/.test(value)) expect(number).toBe(Number(value));
          }
        }
      }),
    );
  });

  it('has each double as the server writes it, in all its digits', () => {
    const texts = ['-0', `0.${'0'.repeat(323)}5`, `1${'0'.repeat(308)}`, '0.1', '-12345678.90123', '9007199254740993'];
    const sink = new Collector();
    const response = new CsvResponse(sink);
    response.push(Buffer.from(csvOf([{ tags: {}, points: texts.map((value, i) => ({ time: BigInt(i), value })) }])));
    expect(sink.found[0].points.map(({ number }) => number)).toEqual([-0, 5e-324, 1e308, 0.1, -12345678.90123, 9007199254740992]);
  });

  it('that ends in an error says so', () => {
    const sink = new Collector();
    const response = new CsvResponse(sink);
    response.push(
      Buffer.from(`${csvOf([{ tags: { _field: 'a' }, points: [{ time: 1n, value: '1' }] }])}\r\n,error,reference\r\n,"no ""luck"", \r\n sorry",\r\n`),
    );
    expect(sink.found.length).toBe(1);
    expect(response.failure).toBe('no "luck", \r\n sorry');
  });

  it('that was cut short is not whole', () => {
    const text = csvOf([{ tags: { _field: 'a' }, points: [{ time: 1n, value: '12' }, { time: 2n, value: '3' }] }]); // biome-ignore format: one line
    const sink = new Collector();
    const response = new CsvResponse(sink);
    response.push(Buffer.from(text.slice(0, text.indexOf('12') + 1)));
    expect(response.isWhole).toBe(false);
    expect(sink.found).toEqual([]);
  });
});
