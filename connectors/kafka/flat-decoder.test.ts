import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocateBatch } from '../../core/batch.ts';
import { parseTime } from '../../core/time.ts';
import { FlatDecoder } from './flat-decoder.ts';
import { type MessageFormat, messageOptions, schemaOf } from './message-format.ts';
import { RowEncoder } from './row-encoder.ts';

const simulated = messageOptions.parse({ time: 'timestamp', stream: 'source_id', tags: ['value'] });
const wide = messageOptions.parse({ time: 't"1', stream: 'Ort', tags: ['value', 'Ünï', '__proto__', 'constructor'] });
const keyed = messageOptions.parse({ time: 'timestamp', tags: ['value', 'load'] });

interface Outcome {
  readonly reason?: string;
  readonly time?: bigint;
  readonly stream?: string;
  readonly values?: readonly number[];
}

function outcomeOf(decoder: FlatDecoder, message: Buffer): Outcome {
  const fault = decoder.decode(message);
  return fault ? { reason: fault.reason } : { time: decoder.time, stream: decoder.stream, values: [...decoder.values] };
}

/** What the message says, by JSON.parse alone. */
function reference({ time: timeKey, stream: streamKey, tags }: MessageFormat, message: Buffer): Outcome {
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
  const stamp = entries.get(timeKey);
  let time: bigint | undefined;
  if (typeof stamp === 'string') time = parseTime(stamp);
  else if (typeof stamp === 'number' && stamp >= 1e11 && stamp <= 9_223_372_036_854) {
    time = BigInt(Math.floor(stamp)) * 1_000_000n + BigInt(Math.round((stamp - Math.floor(stamp)) * 1e6));
  }
  if (time === undefined || BigInt.asIntN(64, time) !== time) return { reason: 'time' };
  let stream: unknown = '';
  if (streamKey !== undefined) {
    stream = entries.get(streamKey);
    if (Number.isSafeInteger(stream)) stream = String(stream);
    if (typeof stream !== 'string' || stream === '' || stream.length > 200) return { reason: 'rejected' };
  }
  if (!tags.some((tag) => entries.has(tag))) return { reason: 'rejected' };
  const values: number[] = [];
  for (const tag of tags) {
    const value = entries.get(tag);
    if (value === undefined || value === null || (typeof value === 'string' && value.trim() === '')) values.push(Number.NaN);
    else if (typeof value === 'boolean') values.push(Number(value));
    else if (typeof value === 'number' && Number.isFinite(value)) values.push(value);
    else if (typeof value === 'string' && /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(value) && Number.isFinite(Number(value)))
      values.push(Number(value));
    else return { reason: 'number' };
  }
  return { time, stream: stream as string, values };
}

/** Says the message when it fails. */
function expectSame(format: MessageFormat, messages: readonly Buffer[]): void {
  const decoder = new FlatDecoder(format, 1 << 20);
  for (const message of messages) {
    const [got, wanted] = [outcomeOf(decoder, message), reference(format, message)];
    const same =
      got.reason === wanted.reason &&
      got.time === wanted.time &&
      got.stream === wanted.stream &&
      (got.values ?? []).length === (wanted.values ?? []).length &&
      (got.values ?? []).every((value, i) => Object.is(value, wanted.values?.[i]));
    const shown = (outcome: Outcome) => JSON.stringify(outcome, (_, value) => (typeof value === 'bigint' || typeof value === 'number' ? String(value) : value));
    if (!same) throw new Error(`${message.toString()}\n  is read as ${shown(got)}\n  instead of ${shown(wanted)}`);
  }
}

const numberText = fc.oneof(
  { weight: 4, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? '-0' : String(value))) },
  fc.stringMatching(/^-?\d{0,3}\.?\d{0,3}([eE][+-]?\d{0,3})?$/),
  fc.stringMatching(/^-?(0|[1-9]\d{0,18})(\.\d{1,22})?$/),
);
const otherText = fc.oneof(
  fc.constantFrom('null', 'true', '""', '"2.5"', '"-0"', '"1e999"', '"Bad Input"', 'NaN', '[]', '{}', '1e999', '01', '"\\u0031"'),
  fc.json({ maxDepth: 1 }),
);
const timeText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('"2024-03-01T10:00:00.123Z"', '"2024-03-01T10:00:00+08:00"', '"2024-02-29 10:00:00.123456789-03:30"') },
  { weight: 3, arbitrary: fc.integer({ min: 1e11, max: 9_223_372_036_854 }).map(String) },
  fc.double({ min: 9e10, max: 1e13, noNaN: true }).map(String),
  fc.constantFrom(
    '1709287200',
    '1709287200123.4567',
    '1.7092872e12',
    '-1',
    '0',
    '9223372036855',
    'null',
    '"noon"',
    '"2024-03-01T10:00:00"',
    '[]',
    '"1709287200123"',
  ),
);
const streamText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('"pump-1"', '"x"', '"a b/c"') },
  fc.string({ maxLength: 6 }).map((text) => JSON.stringify(text)),
  fc.constantFrom('7', '-0', '1.5', '""', 'null', '"\\u0041"', '"ü"', `"${'n'.repeat(200)}"`, `"${'n'.repeat(201)}"`, '"tab\t"', '"del\u007f"', '{}'),
);
const blank = fc.oneof({ weight: 8, arbitrary: fc.constant('') }, { weight: 4, arbitrary: fc.constant(' ') }, fc.constantFrom('  ', '\n', '\u00a0'));

/** Messages of one sender: mostly the fields of the format, in one order. */
const messagesOf = (format: MessageFormat) => {
  const names = [format.time, ...(format.stream === undefined ? [] : [format.stream]), ...format.tags];
  const textOf = (name: string): fc.Arbitrary<string> =>
    name === format.time ? timeText : name === format.stream ? streamText : fc.oneof({ weight: 6, arbitrary: numberText }, otherText);
  const field = (name: string) => fc.tuple(fc.constant(JSON.stringify(name)), textOf(name));
  const odd = fc.oneof(fc.tuple(fc.constantFrom('"\\u0076alue"', '"note"', '""', '"toString"', 'value'), otherText), fc.constantFrom(...names).chain(field));
  const message = (order: readonly string[]) =>
    fc
      .tuple(
        fc.tuple(...order.map((name) => fc.option(field(name), { freq: 20 }))),
        fc.oneof({ weight: 5, arbitrary: fc.constant([]) }, fc.array(odd, { maxLength: 2 })),
        fc.infiniteStream(blank),
        fc.boolean(),
      )
      .map(([fields, more, blanks, tidy]) => {
        const gap = () => (tidy ? '' : (blanks.next().value as string));
        const entries = [...fields, ...more].flatMap((entry) => (entry ? [entry] : []));
        return `${gap()}{${entries.map(([key, value]) => `${gap()}${key}${gap()}:${gap()}${value}${gap()}`).join(',')}}${gap()}`;
      });
  return fc.shuffledSubarray(names, { minLength: names.length }).chain((order) => fc.array(message(order), { minLength: 1, maxLength: 4 }));
};

describe('FlatDecoder', () => {
  it.each([
    ['a stream, a time and a value', simulated],
    ['names of every kind', wide],
    ['no stream', keyed],
  ])('reads as JSON.parse does messages of a format with %s, in any order, tidy or not', (_, format) => {
    fc.assert(
      fc.property(messagesOf(format), (texts) =>
        expectSame(
          format,
          texts.map((text) => Buffer.from(text)),
        ),
      ),
      { numRuns: 700 },
    );
  });

  it('reads as JSON.parse does messages that were cut or altered', () => {
    const alteration = fc.tuple(fc.nat(200), fc.oneof(fc.constantFrom(...Buffer.from('{}[]":,.-+eE0159 \\u\n')), fc.nat(255)), fc.constantFrom(0, 1, 2));
    const text = fc
      .tuple(fc.constantFrom('"2024-03-01T10:00:00.123Z"', '1709287200123'), numberText)
      .map(([time, value]) => `{"source_id":"pump-1","value":${value},"timestamp":${time}}`);
    fc.assert(
      fc.property(text, fc.array(alteration, { minLength: 1, maxLength: 3 }), fc.option(fc.nat(100), { freq: 3 }), (whole, alterations, cut) => {
        let bytes = Buffer.from(whole);
        for (const [where, byte, removed] of alterations) {
          const at = where % bytes.length;
          bytes = Buffer.concat([bytes.subarray(0, at), Buffer.of(byte), bytes.subarray(at + removed)]);
        }
        expectSame(simulated, [Buffer.from(whole), cut === null ? bytes : bytes.subarray(0, cut), Buffer.from(whole)]);
      }),
      { numRuns: 1500 },
    );
  });

  it('reads what the encoder writes in the same format', () => {
    const batch = allocateBatch('pump "1"', schemaOf(simulated), 1);
    batch.times[0] = parseTime('2024-03-01T10:00:00.5Z') as bigint;
    batch.values[0] = -0;
    const message = new RowEncoder(batch.schema, simulated, batch.stream).encode(batch, 0);
    expect(message.toString()).toBe('{"source_id":"pump \\"1\\"","timestamp":"2024-03-01T10:00:00.5Z","value":-0}'.replace('.5Z', '.500Z'));
    expect(outcomeOf(new FlatDecoder(simulated, 1000), message)).toEqual({ time: batch.times[0], stream: 'pump "1"', values: [-0] });
    expect(() => new RowEncoder(schemaOf(keyed), simulated, 'pump')).toThrow("the rows have the tags 'value', 'load', and their messages 'value'");
  });

  it.each([
    ['syntax', '{"timestamp":', 'is not JSON'],
    ['syntax', '{"source_id":"a","value":1,"timestamp":"2024-03-01T10:00:00Z",}', 'is not JSON'],
    [
      'time',
      '{"source_id":"a","value":1}',
      'the row has no timestamp. Send the time as ISO 8601 with a zone, such as 2015-12-28T10:00:00Z, or as milliseconds',
    ],
    ['time', '{"source_id":"a","value":1,"timestamp":1709287200}', 'the time 1709287200 would be before March 1973: are those seconds?'],
    ['rejected', '{"value":1,"timestamp":"2024-03-01T10:00:00Z"}', "the message names no stream: it has no 'source_id'"],
    ['rejected', '{"source_id":null,"value":1,"timestamp":"2024-03-01T10:00:00Z"}', 'null is no name of a stream'],
    ['rejected', '{"source_id":"a","timestamp":"2024-03-01T10:00:00Z"}', "the message has no 'value'. Send a value, or null where it is missing."],
    ['number', '{"source_id":"a","value":"high","timestamp":"2024-03-01T10:00:00Z"}', "cannot read 'high' as a number in tag 'value'"],
    ['line-too-long', `{"source_id":"a","value":1.${'0'.repeat(80)},"timestamp":"2024-03-01T10:00:00Z"}`, 'may have 100'],
  ])('a fault %s quotes what is wrong: %s', (reason, text, message) => {
    expect(new FlatDecoder(simulated, 100).decode(Buffer.from(text))).toEqual({ reason, message: expect.stringContaining(message) });
  });

  it('counts names that the format does not have', () => {
    const decoder = new FlatDecoder(simulated, 1000);
    for (let i = 0; i < 3; i++) decoder.decode(Buffer.from(`{"source_id":"a","quality":"good","value":${i},"timestamp":"2024-03-01T10:00:00Z"}`));
    expect([[...decoder.unknown], [...decoder.values]]).toEqual([[['quality', 3]], [2]]);
  });
});
