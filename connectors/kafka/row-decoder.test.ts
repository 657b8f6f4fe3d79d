import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBatch } from '../../core/batch.ts';
import { makeSchema } from '../../core/schema.ts';
import { parseTime } from '../../core/time.ts';
import { inferSchema, RowDecoder } from './row-decoder.ts';
import { RowEncoder } from './row-encoder.ts';

const schemaOf = (...names: string[]) => makeSchema(names.map((name) => ({ name, kind: 'continuous' })));

interface Outcome {
  readonly reason?: string;
  readonly time?: bigint;
  readonly label?: number;
  readonly values?: readonly number[];
}

function decode(names: readonly string[], message: Buffer): Outcome {
  const decoder = new RowDecoder(schemaOf(...names));
  const values = new Float64Array(names.length + 2).fill(99);
  const fault = decoder.decode(message, values, 1);
  expect([values[0], values[names.length + 1]], 'values of other rows').toEqual([99, 99]);
  if (fault) return { reason: fault.reason };
  return { time: decoder.time, label: decoder.label, values: [...values.subarray(1, names.length + 1)] };
}

/** What the row says, by JSON.parse alone. */
function reference(names: readonly string[], message: Buffer): Outcome {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(message);
  } catch {
    return { reason: 'encoding' };
  }
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    return { reason: 'syntax' };
  }
  if (row === null || typeof row !== 'object' || Array.isArray(row)) return { reason: 'syntax' };
  const entries = new Map(Object.entries(row));
  const stamp = entries.get('Timestamp');
  const time = typeof stamp === 'string' ? parseTime(stamp) : undefined;
  if (time === undefined || BigInt.asIntN(64, time) !== time) return { reason: 'time' };
  const values: number[] = [];
  for (const name of names) {
    const value = entries.get(name);
    if (value === undefined || value === null || (typeof value === 'string' && value.trim() === '')) values.push(Number.NaN);
    else if (typeof value === 'boolean') values.push(Number(value));
    else if (typeof value === 'number' && Number.isFinite(value)) values.push(value);
    else if (typeof value === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value) && Number.isFinite(Number(value)))
      values.push(Number(value));
    else return { reason: 'number' };
  }
  const mark = entries.get('Normal/Attack');
  const label = new Map<unknown, number>([
    ...['normal', '0', 'false', 0, false].map((each): [unknown, number] => [each, 0]),
    ...['attack', '1', 'true', 1, true].map((each): [unknown, number] => [each, 1]),
  ]).get(typeof mark === 'string' ? mark.replaceAll(/\s/g, '').toLowerCase() : mark);
  return { time, label: label ?? -1, values };
}

/** Says the message when it fails. */
function expectSame(names: readonly string[], message: Buffer): void {
  const [got, wanted] = [decode(names, message), reference(names, message)];
  const same =
    got.reason === wanted.reason &&
    got.time === wanted.time &&
    got.label === wanted.label &&
    (got.values ?? []).length === (wanted.values ?? []).length &&
    (got.values ?? []).every((value, i) => Object.is(value, wanted.values?.[i]));
  if (!same) {
    const shown = (outcome: Outcome) => JSON.stringify(outcome, (_, value) => (typeof value === 'bigint' || typeof value === 'number' ? String(value) : value));
    throw new Error(`${message.toString()}\n  is read as ${shown(got)}\n  instead of ${shown(wanted)}`);
  }
}

const names = ['FIT101', 'LIT101', 'MV101', 'P1"x\\', 'Ünï', '__proto__', 'constructor'];

const numberText = fc.oneof(
  { weight: 4, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? '-0' : String(value))) },
  fc.integer().map(String),
  fc.bigInt().map(String),
  fc.tuple(fc.integer({ min: -999_999, max: 999_999 }), fc.integer({ min: 0, max: 400 })).map(([digits, power]) => `${digits}e${power - 200}`),
  fc.stringMatching(/^-?\d{0,3}\.?\d{0,3}([eE][+-]?\d{0,3})?$/),
  fc.stringMatching(/^-?(0|[1-9]\d{0,18})(\.\d{1,22})?$/),
  fc.stringMatching(/^-?[1-9]\d{13,16}(\.\d{1,2})?$/),
);
const otherText = fc.oneof(
  fc.constantFrom('null', 'true', 'false', '""', '" "', '"2.5"', '"-0"', '"+1e3"', '"1e999"', '"0x10"', '"Bad Input"', '"NaN"', 'NaN', 'Infinity', '[]', '{}'),
  fc.constantFrom('[1]', '{"FIT101":5}', '"1', 'nul', '1 2', '+1', '.5', '5.', '01', '1e999', '-1e999', '"\\u0031"', '"Infinity"'),
  fc.json({ maxDepth: 1 }),
);
const timeText = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom('"2015-12-28T10:00:00Z"', '"2015-12-28T10:00:00.123456789+08:00"', '"2016-02-29 10:00:00.5-03:30"') },
  fc.constantFrom(
    '"2015-12-28T10:00:00"',
    '"2015-12-28T10:00Z"',
    '"2015-02-30T10:00:00Z"',
    '" 2015-12-28T10:00:00Z"',
    '"2015-12-28T10:00:00,5z"',
    '1451296800000',
    'null',
  ),
  fc.constantFrom(
    '"1600-01-01T00:00:00Z"',
    '"2262-04-11T23:47:16.854775807Z"',
    '"2262-04-11T23:47:16.854775808Z"',
    '"9999-01-01T00:00:00Z"',
    '"2015-12-28T24:00:00Z"',
  ),
  fc.constantFrom('"2015-12-28T10:00:0\\u0030Z"', '"noon"', '""', '{}'),
);
const labelText = fc.constantFrom('"Normal"', '"Attack"', '"A ttack"', '"Normal', '"?"', 'null', '-1', '""');
const keyText = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...names.map((name) => JSON.stringify(name))) },
  fc.constantFrom('"\\u0046IT101"', '"fit101"', '"P1\\u0022x\\\\"', '"\\u00dcnï"', 'FIT101', '"Timestamp"', '"Normal/Attack"', '""', '"note"', '"toString"'),
);
const blank = fc.oneof({ weight: 12, arbitrary: fc.constant('') }, fc.constantFrom(' ', '\n', '\t ', '\u00a0', '\ufeff'));

/** Rows as the encoder writes them, with tags left out and other texts for values. */
const tidyRow = fc
  .record({
    time: timeText,
    values: fc.array(fc.option(fc.oneof({ weight: 12, arbitrary: numberText }, otherText), { freq: 6 }), { minLength: names.length, maxLength: names.length }),
    label: fc.option(labelText),
  })
  .map(({ time, values, label }) => {
    const tags = values.flatMap((value, i) => (value === null ? [] : [`,${JSON.stringify(names[i])}:${value}`]));
    return `{"Timestamp":${time}${tags.join('')}${label === null ? '' : `,"Normal/Attack":${label}`}}`;
  });

/** Any order, names that come twice, other names and blanks. */
const untidyRow = fc
  .tuple(
    fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.tuple(keyText, fc.oneof({ weight: 8, arbitrary: numberText }, otherText)) },
        { weight: 2, arbitrary: fc.tuple(fc.constant('"Timestamp"'), timeText) },
        fc.tuple(fc.constant('"Normal/Attack"'), labelText),
      ),
      { maxLength: 10 },
    ),
    fc.infiniteStream(blank),
  )
  .map(([entries, blanks]) => {
    const gap = () => blanks.next().value as string;
    return `${gap()}{${entries.map(([key, value]) => `${gap()}${key}${gap()}:${gap()}${value}${gap()}`).join(',')}}${gap()}`;
  });

describe('RowDecoder', () => {
  it('reads what the encoder wrote to the bit, for any names, doubles, times and labels', () => {
    const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }).filter((text) => text.trim() !== '' && text !== 'Timestamp');
    const double = fc.oneof(
      { weight: 5, arbitrary: fc.double({ noDefaultInfinity: true }) },
      fc.constantFrom(Number.NaN, -0, Number.MIN_VALUE, Number.MAX_VALUE, 2 ** 53 + 2),
    );
    const time = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
    const row = fc
      .uniqueArray(name, { minLength: 1, maxLength: 6 })
      .chain((tags) => fc.tuple(fc.constant(tags), fc.array(double, { minLength: tags.length, maxLength: tags.length })));
    fc.assert(
      fc.property(row, time, fc.constantFrom(-1, 0, 1), ([tags, doubles], nanos, label) => {
        const schema = schemaOf(...tags);
        const batch = allocateBatch('swat', schema, 1, true);
        batch.values.set(doubles);
        batch.times[0] = nanos;
        batch.labels![0] = label;
        const got = decode(tags, new RowEncoder(schema).encode(batch, 0));
        expect([got.reason, got.time, got.label]).toEqual([undefined, nanos, label]);
        for (const [i, value] of doubles.entries()) expect(Object.is(got.values?.[i], value), `${value}`).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  it('reads as JSON.parse does what a row may look like, in order or not', () => {
    fc.assert(
      fc.property(fc.oneof(tidyRow, untidyRow), (text) => expectSame(names, Buffer.from(text))),
      { numRuns: 20_000 },
    );
  });

  it('reads as JSON.parse does rows that were cut or altered', () => {
    const alteration = fc.tuple(fc.nat(400), fc.oneof(fc.constantFrom(...Buffer.from('{}[]":,.-+eE0159 \\u\n')), fc.nat(255)), fc.constantFrom(0, 1, 2));
    fc.assert(
      fc.property(tidyRow, fc.array(alteration, { minLength: 1, maxLength: 3 }), fc.option(fc.nat(400), { freq: 3 }), (text, alterations, cut) => {
        let bytes = Buffer.from(text);
        for (const [where, byte, removed] of alterations) {
          const at = where % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(byte), bytes.subarray(at + removed)]);
        }
        expectSame(names, cut === null ? bytes : bytes.subarray(0, cut));
      }),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ['syntax', '{"Timestamp":"2015-12-28T10:00:00Z","FIT101":2.4', 'is not JSON'],
    ['syntax', '[1,2]', "the message '[1,2]' is not a JSON object"],
    ['time', '{"FIT101":2.4}', 'the row has no Timestamp'],
    ['time', '{"Timestamp":"2015-12-28 10:00:00","FIT101":2.4}', "cannot read '2015-12-28 10:00:00' as a time. Send the time as ISO 8601 with a zone"],
    ['time', '{"Timestamp":1451296800,"FIT101":2.4}', 'cannot read 1451296800 as a time'],
    ['time', '{"Timestamp":"1492-10-12T00:00:00Z","FIT101":2.4}', "the time '1492-10-12T00:00:00Z' is not between the years 1677 and 2262"],
    ['number', '{"Timestamp":"2015-12-28T10:00:00Z","FIT101":"Bad Input"}', "cannot read 'Bad Input' as a number in tag 'FIT101'"],
    ['number', '{"Timestamp":"2015-12-28T10:00:00Z","FIT101":1e400}', "cannot read Infinity as a number in tag 'FIT101'"],
    ['number', '{"Timestamp":"2015-12-28T10:00:00Z","FIT101":{"value":2}}', `cannot read {"value":2} as a number in tag 'FIT101'`],
  ])('a fault %s quotes what is wrong: %s', (reason, text, message) => {
    const fault = new RowDecoder(schemaOf('FIT101')).decode(Buffer.from(text), new Float64Array(1), 0);
    expect(fault).toEqual({ reason, message: expect.stringContaining(message) });
  });

  it('refuses what is not UTF-8 and what is too long', () => {
    const decoder = new RowDecoder(schemaOf('FIT101'), { maxMessageBytes: 60 });
    const latin = Buffer.from('{"Timestamp":"2015-12-28T10:00:00Z","Füllstand":2.4}', 'latin1');
    expect(decoder.decode(latin, new Float64Array(1), 0)).toEqual({ reason: 'encoding', message: expect.stringContaining('Füllstand') });
    const long = Buffer.from(`{"Timestamp":"2015-12-28T10:00:00Z","FIT101":2.${'0'.repeat(40)}}`);
    expect(decoder.decode(long, new Float64Array(1), 0)).toEqual({
      reason: 'line-too-long',
      message: expect.stringContaining(`${long.length} bytes and may have 60`),
    });
  });

  it('counts names that are no tags, the first thousand of them', () => {
    const decoder = new RowDecoder(schemaOf('FIT101'));
    const values = new Float64Array(1);
    for (let i = 0; i < 1200; i++) {
      const message = Buffer.from(`{"Timestamp":"2015-12-28T10:00:00Z","note":"x","new${i}":1,"FIT101":${i}}`);
      expect(decoder.decode(message, values, 0)).toBeUndefined();
      expect(values[0]).toBe(i);
    }
    expect([decoder.unknown.get('note'), decoder.unknown.get('new0'), decoder.unknown.size]).toEqual([1200, 1, 1000]);
  });
});

describe('inferSchema', () => {
  const tagsOf = (text: string) => inferSchema(Buffer.from(text))?.tags.map(({ name }) => name);

  it('takes every name with a number, or with nothing, in order', () => {
    expect(tagsOf('{"LIT101":1,"Timestamp":"2015-12-28T10:00:00Z","FIT101":null,"note":"pump","P101":"2.5","Normal/Attack":"Normal","nested":{}}')).toEqual([
      'LIT101',
      'FIT101',
      'P101',
    ]);
  });

  it('gives nothing for what is no row', () => {
    for (const text of [
      '{',
      '5',
      '{"FIT101":1}',
      '{"Timestamp":"noon","FIT101":1}',
      '{"Timestamp":"2015-12-28T10:00:00Z"}',
      '{"Timestamp":"2015-12-28T10:00:00Z","a":"b"}',
    ]) {
      expect(tagsOf(text), text).toBeUndefined();
    }
  });
});
