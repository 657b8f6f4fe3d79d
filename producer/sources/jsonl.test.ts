import { appendFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DeadLetter, deadPayloadLimit } from '../../core/chunk.ts';
import type { Source } from '../../core/component.ts';
import { formatTime, parseTime } from '../../core/time.ts';
import { type SourceTable, sourceConformance } from '../conformance/source.ts';
import jsonl from './jsonl.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-jsonl-'));
});
afterAll(() => rm(folder, { recursive: true }));

let files = 0;
async function write(content: string | Uint8Array): Promise<string> {
  const path = join(folder, `${++files}.jsonl`);
  await writeFile(path, content);
  return path;
}

type Given = Record<string, unknown>;

function make(path: string, options: Given = {}): Source {
  return jsonl.create(jsonl.options.parse({ path, ...options }), { stream: 'plant', lateness: 60_000, seed: 1, warn: () => undefined });
}

async function rowsFrom(source: Source, from = 0) {
  const rows: { time: string; seq: number; origin: number; values: (number | null)[]; label?: number; stream: string }[] = [];
  const dead: DeadLetter[] = [];
  for await (const chunk of source.read(from)) {
    dead.push(...chunk.dead);
    for (const batch of chunk.batches) {
      const tags = batch.schema.tags.length;
      for (let row = 0; row < batch.rows; row++) {
        rows.push({
          time: formatTime(batch.times[row]),
          seq: batch.seqs[row],
          origin: batch.origins[row],
          values: Array.from(batch.values.subarray(row * tags, (row + 1) * tags), (value) => (Number.isNaN(value) ? null : value)),
          ...(batch.labels ? { label: batch.labels[row] } : {}),
          stream: batch.stream,
        });
      }
    }
  }
  return { rows, dead };
}

async function load(content: string | Uint8Array, options: Given = {}) {
  const source = make(await write(content), options);
  const info = await source.open();
  const { rows, dead } = await rowsFrom(source);
  return { source, info, rows, dead, values: rows.map((row) => row.values), missing: Object.fromEntries(source.missing()) };
}

const plain = [
  '{"Timestamp":"2015-12-28T10:00:00.5+08:00","FIT101":2.5,"MV101":2,"Normal/Attack":"Normal"}',
  '{"Timestamp":"2015-12-28T10:00:01+08:00","FIT101":-1e-3,"MV101":1,"Normal/Attack":"Attack"}',
  '',
].join('\n');

const tableText = ({ header, rows }: SourceTable) =>
  rows.map((cells) => `${JSON.stringify(Object.fromEntries(header.map((key, column) => [key, cells[column]])))}\n`).join('');

describe('the promises of every source', () => {
  for (const { name, run } of sourceConformance(async (table, context) =>
    jsonl.create(jsonl.options.parse({ path: await write(tableText(table)), ...table.options }), context),
  )) {
    it(name, run);
  }
});

describe('what a JSON Lines file may look like', () => {
  it('reads rows with time, tags by name and label', async () => {
    const { info, rows, dead } = await load(plain);
    expect(info.labelled).toBe(true);
    expect(info.schema.tags).toMatchObject([
      { name: 'FIT101', kind: 'continuous' },
      { name: 'MV101', kind: 'discrete' },
    ]);
    expect(info.description).toMatch(/^JSON Lines, 2 tags \(SWaT\), time in 'Timestamp', label in 'Normal\/Attack'/);
    expect(rows).toEqual([
      { time: '2015-12-28T02:00:00.500Z', seq: 0, origin: 0, values: [2.5, 2], label: 0, stream: 'plant' },
      { time: '2015-12-28T02:00:01Z', seq: 0, origin: 1, values: [-0.001, 1], label: 1, stream: 'plant' },
    ]);
    expect(dead).toEqual([]);
  });

  it.each<[string, string | Uint8Array]>([
    ['CRLF', plain.replaceAll('\n', '\r\n')],
    ['no newline at the end', plain.trimEnd()],
    ['blank lines', `\n${plain.replaceAll('\n', '\n\n  \n')}`],
    ['a byte order mark', `\ufeff${plain}`],
    ['UTF-16', Buffer.from(`\ufeff${plain}`, 'utf16le')],
    ['gzip', gzipSync(plain)],
    ['keys in another order', plain.replace('"FIT101":-1e-3,"MV101":1', '"MV101":1,"FIT101":-1e-3')],
    ['spaces in keys', plain.replaceAll('"FIT101"', '" FIT101"')],
    ['numbers as text', plain.replace('2.5', '" 2.5"')],
  ])('takes %s', async (_, content) => {
    const { values, dead, info } = await load(content);
    expect(dead).toEqual([]);
    expect(values).toEqual([
      [2.5, 2],
      [-0.001, 1],
    ]);
    expect(info.schema.tags.map((tag) => tag.name)).toEqual(['FIT101', 'MV101']);
  });

  it('counts what is missing: keys, nulls, NaN and status words', async () => {
    const { values, missing } = await load(
      `${plain}{"Timestamp":"2015-12-28T10:00:02+08:00","FIT101":null}\n{"Timestamp":"2015-12-28T10:00:03+08:00","FIT101":"Bad Input","MV101":"NaN"}`,
    );
    expect(values.slice(2)).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(missing).toEqual({ empty: 2, 'Bad Input': 1, NaN: 1 });
  });

  it('takes the stream from a key, spaces rows without times, reads truth as 1 and 0', async () => {
    const text = '{"unit":"north","a":true}\n{"unit":7,"a":false}\n{"unit":"","a":1}\n';
    const { rows, dead } = await load(text, { streamColumn: 'unit', period: '1s' });
    expect(rows.map((row) => [row.stream, row.time, ...row.values])).toEqual([
      ['north', '1970-01-01T00:00:00Z', 1],
      ['7', '1970-01-01T00:00:01Z', 0],
    ]);
    expect(dead).toMatchObject([{ reason: 'cells', position: 2 }]);
  });

  it('reads epochs', async () => {
    expect((await load('{"ts":1451268000123,"a":1}\n')).rows[0].time).toBe('2015-12-28T02:00:00.123Z');
  });
});

const good = (second: number) => `{"time":"2020-01-01T00:00:0${second}Z","a":${second},"b":0}`;

describe('bad lines become dead letters, and the rest is read', () => {
  it.each<[string, string | Uint8Array, string, RegExp]>([
    ['broken JSON', '{"time":"2020-01-01T00:00:02Z","a":1', 'syntax', /is no JSON.*line 3/],
    ['a bare NaN', '{"time":"2020-01-01T00:00:02Z","a":NaN}', 'syntax', /is no JSON.*line 3/],
    ['a list', '[1,2]', 'syntax', /holds \[1,2\], not an object .*line 3/],
    ['null', 'null', 'syntax', /holds null, not an object/],
    ['1e400', '{"time":"2020-01-01T00:00:02Z","a":1e400,"b":1}', 'number', /in 'a' is beyond the range.*line 3/],
    ['text', '{"time":"2020-01-01T00:00:02Z","a":"open","b":1}', 'number', /'open' in 'a' is text/],
    ['an object', '{"time":"2020-01-01T00:00:02Z","a":{"v":1},"b":1}', 'number', /\{"v":1\} in 'a' is an object/],
    ['a list of numbers', '{"time":"2020-01-01T00:00:02Z","a":1,"b":[1]}', 'number', /\[1\] in 'b' is a list/],
    ['an unknown key', '{"time":"2020-01-01T00:00:02Z","a":1,"b":1,"c":3}', 'cells', /unknown key 'c'.*line 3/],
    ['a key that objects have', '{"time":"2020-01-01T00:00:02Z","__proto__":1}', 'cells', /unknown key '__proto__'/],
    ['no time', '{"a":1,"b":2}', 'time', /no 'time' .*line 3/],
    ['a time that cannot be read', '{"time":"noon","a":1}', 'time', /'noon' in 'time' .*line 3.*expected/],
    ['a time that is an object', '{"time":{},"a":1}', 'time', /'\{\}' in 'time'/],
    ['bad UTF-8', Buffer.from([...Buffer.from('{"time":"2020-01-01T00:00:02Z","a":"'), 0xc3, 0x22, 0x7d]), 'encoding', /not UTF-8/],
    ['a line over the limit', `{"time":"2020-01-01T00:00:02Z","a":${'2'.repeat(9000)}}`, 'line-too-long', /maxLineBytes.*line 3/],
  ])('%s', async (_, line, reason, message) => {
    const text = Buffer.concat([Buffer.from(`${good(0)}\n${good(1)}\n`), Buffer.from(line as string), Buffer.from(`\n${good(3)}\n${good(4)}`)]);
    const { rows, dead } = await load(text, { maxLineBytes: 8000 });
    expect(rows.map(({ origin, values }) => [origin, values[0]])).toEqual([
      [0, 0],
      [1, 1],
      [3, 3],
      [4, 4],
    ]);
    expect(dead).toMatchObject([
      {
        reason,
        position: 2,
        message: expect.stringMatching(message),
        payload: Buffer.from(line as string)
          .toString()
          .slice(0, deadPayloadLimit),
      },
    ]);
  });
});

describe('files that cannot be read at all', () => {
  it.each<[string, string | Uint8Array, string, RegExp, Given?]>([
    ['an empty one', '', 'SOURCE_EMPTY', /empty/],
    ['one of blank lines', '\n \n', 'SOURCE_EMPTY', /no rows/],
    ['CSV', 'time,a\n1,2\n', 'SOURCE_UNREADABLE', /no line holds a JSON object; the first reads 'time,a'/],
    ['one JSON list', `[${good(1)},\n${good(2)}]`, 'SOURCE_UNREADABLE', /jq -c/],
    ['one huge line', '9'.repeat(3 << 20), 'SOURCE_LIMIT', /longer than 1048576 bytes/],
    ['no time', '{"a":1}\n', 'SOURCE_TIME', /no time column/],
    ['times without zone', '{"time":"2020-01-01 00:00:00","a":1}\n', 'SOURCE_TIME', /timezone/],
    ['no tags', '{"time":"2020-01-01T00:00:00Z"}\n', 'SOURCE_TAGS', /no column is left/],
    ['other tags than wanted', '{"time":"2020-01-01T00:00:00Z","a":1}\n', 'SOURCE_TAGS', /missing 'b'/, { tags: ['a', 'b'] }],
    ['a key twice but for spaces', '{"time":"2020-01-01T00:00:00Z","a":1,"a ":1}\n', 'SOURCE_TAGS', /'a' comes twice/],
  ])('%s', async (_, content, code, message, options) => {
    await expect(load(content, options)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('reading on', () => {
  it('gives the same rows and identities from any row on', async () => {
    const seconds = [5, 5, 4, 9, 5, 4, 1, 9];
    const lines = seconds.map(good);
    lines[3] = 'broken';
    const { source } = await load(lines.join('\n'));
    const whole = await rowsFrom(source);
    expect(whole.rows.map((row) => row.seq)).toEqual([0, 1, 0, 2, 1, 0, 0]);
    for (let from = 0; from <= 9; from++) {
      const part = await rowsFrom(source, from);
      expect(part.rows).toEqual(whole.rows.filter(({ origin }) => origin >= from));
      expect(part.dead).toEqual(whole.dead.filter(({ position }) => position >= from));
    }
  });

  it('keeps its fingerprint while the file grows, and knows the newest time', async () => {
    const path = await write(`${good(3)}\n${good(1)}\n`);
    const source = make(path);
    const { fingerprint } = await source.open();
    expect(await source.lastTime()).toBe(parseTime('2020-01-01T00:00:03Z'));
    await appendFile(path, `${good(4)}\n`);
    const grown = make(path);
    expect((await grown.open()).fingerprint).toBe(fingerprint);
    expect(await grown.lastTime()).toBe(parseTime('2020-01-01T00:00:04Z'));
    expect((await make(await write(`${good(2)}\n`)).open()).fingerprint).not.toBe(fingerprint);
  });
});
