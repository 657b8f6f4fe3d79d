import fc from 'fast-check';
import { expect, it } from 'vitest';
import { formatTime } from '../../core/time.ts';
import { CsvResponse, type PointSink, type SeriesKey } from './csv-response.ts';
import { KeyCollector, KeyCursor, type PointKeys } from './point-keys.ts';
import { compareTexts } from './text-order.ts';

interface Key {
  readonly time: bigint;
  readonly seq: number;
  readonly detector: string;
}

const anyTime = fc.oneof(
  fc.bigInt({ min: -5n, max: 5n }),
  fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
  fc.constantFrom(2n ** 32n, 2n ** 32n - 1n, -(2n ** 32n)),
);
const anyKey = fc.record({ time: anyTime, seq: fc.integer({ min: 0, max: 12 }), detector: fc.constantFrom('a', 'B', '\uff01', '😀') });
const anyKeys = fc.uniqueArray(anyKey, { selector: nameOf, maxLength: 60 });

function nameOf({ time, seq, detector }: Key): string {
  return `${time}/${seq}/${detector}`;
}

function inOrder(a: Key, b: Key): number {
  return a.time < b.time ? -1 : a.time > b.time ? 1 : a.seq - b.seq || compareTexts(a.detector, b.detector);
}

/** Series by series in the order that a server has them in: that of their texts. */
function answer<Sink extends PointSink>(keys: readonly Key[], sink: Sink): Sink {
  const series = new Map<string, Key[]>();
  for (const key of [...keys].sort(inOrder)) {
    const name = `${key.seq === 0 ? '' : key.seq}/${key.detector}`;
    series.set(name, [...(series.get(name) ?? []), key]);
  }
  let text = '';
  for (const [table, [name, points]] of [...series].sort(([a], [b]) => (a < b ? -1 : 1)).entries()) {
    const [seq, detector] = name.split('/');
    text += `,result,table,_time,_value,_field,detector${seq === '' ? '' : ',seq'}\r\n`;
    for (const { time } of points) text += `,_result,${table},${formatTime(time)},${time},f,${detector}${seq === '' ? '' : `,${seq}`}\r\n`;
    text += '\r\n';
  }
  new CsvResponse(sink).push(Buffer.from(text));
  return sink;
}

function listed({ names, times, series }: PointKeys): Key[] {
  return Array.from(times, (time, i) => ({ time, ...names[series[i]] }));
}

it('keys come in the order (time, seq, detector), with their values', () => {
  fc.assert(
    fc.property(anyKeys, (keys) => {
      const found = answer(keys, new KeyCollector()).keys();
      expect(listed(found)).toEqual([...keys].sort(inOrder));
      expect([...found.values]).toEqual(Array.from(found.times, Number));
    }),
  );
});

it('points of other fields are found among them, and no others', () => {
  fc.assert(
    fc.property(anyKeys, anyKeys, (keys, asked) => {
      const among = answer(keys, new KeyCollector()).keys();
      const cursor = new KeyCursor(among);
      const hits: string[] = [];
      answer(asked, {
        series: (key: SeriesKey) => cursor.begin(key),
        point(response: CsvResponse) {
          const at = cursor.find(response);
          if (at >= 0) hits.push(nameOf(listed(among)[at]));
        },
      });
      const stored = new Set(keys.map(nameOf));
      expect(hits.sort()).toEqual(
        asked
          .map(nameOf)
          .filter((name) => stored.has(name))
          .sort(),
      );
    }),
  );
});

it('where series were cut, those up to a moment are whole', () => {
  fc.assert(
    fc.property(anyKeys, fc.integer({ min: 1, max: 10 }), fc.boolean(), (keys, limit, last) => {
      const series = new Map<string, Key[]>();
      for (const key of [...keys].sort(inOrder)) series.set(`${key.seq}/${key.detector}`, [...(series.get(`${key.seq}/${key.detector}`) ?? []), key]);
      const cut = [...series.values()].flatMap((own) => (last ? own.slice(-limit) : own.slice(0, limit)));
      const collector = answer(cut, new KeyCollector());
      const bound = collector.bound(limit, last);
      const whole = (key: Key): boolean => bound === undefined || (last ? key.time >= bound : key.time <= bound);
      expect(listed(collector.keys()).filter(whole)).toEqual([...keys].sort(inOrder).filter(whole));
      // And there is something to go on with.
      expect(keys.length === 0 || keys.some(whole)).toBe(true);
    }),
  );
});
